"""The dtypes of nodes and how they combine.

Real numbers are ``float64`` or ``float32``, and where a formula asks for it half as long: ``float16``, ``bfloat16``.
``int64`` is for indices and counts, ``bool`` for masks. Constants are weakly typed: they take the dtype of what they
meet. There is no complex dtype.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = [
    "DTYPES", "FLOATS", "default_float", "is_float", "is_half", "is_narrow", "item_size", "promote", "using_float",
]  # fmt: skip

_HALVES = ("bfloat16", "float16")
FLOATS = frozenset((*_HALVES, "float32", "float64"))
DTYPES = ("bool", "int64", *_HALVES, "float32", "float64")

_RANK = {dtype: rank for rank, dtype in enumerate(DTYPES)}
_default: ContextVar[str] = ContextVar("default_float", default="float64")


def default_float() -> str:
    """Return the real dtype that integers become in a division or a transcendental function."""
    return _default.get()


@contextmanager
def using_float(dtype: str) -> Iterator[None]:
    """Make `dtype` the default real dtype while a graph is built."""
    token = _default.set(dtype)
    try:
        yield
    finally:
        _default.reset(token)


def is_float(dtype: str) -> bool:
    """Tell whether `dtype` is a real one."""
    return dtype in FLOATS


def is_half(dtype: str) -> bool:
    """Tell whether `dtype` is a real one of two bytes."""
    return dtype in _HALVES


def is_narrow(dtype: str) -> bool:
    """Tell whether `dtype` is a real one that has to be said, as it is not what NumPy makes by itself."""
    return dtype in FLOATS and dtype != "float64"


def item_size(dtype: str) -> int:
    """Return how many bytes a number takes."""
    return {"bool": 1, "bfloat16": 2, "float16": 2, "float32": 4}.get(dtype, 8)


def promote(dtypes: Iterable[str]) -> str:
    """Return the smallest dtype that holds all of `dtypes`; a float32 stays float32 beside integers and masks.

    Neither of the two of two bytes holds the other: together they make a float32.
    """
    found = set(dtypes)
    return "float32" if found.issuperset(_HALVES) and "float64" not in found else max(found, key=_RANK.__getitem__)
