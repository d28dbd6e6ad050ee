"""The dtypes of nodes and how they combine.

Real numbers are ``float64`` or ``float32``; ``int64`` is for indices and counts, ``bool`` for masks. Constants are
weakly typed: they take the dtype of what they meet. There is no complex dtype.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["DTYPES", "default_float", "is_float", "item_size", "promote", "using_float"]

DTYPES = ("bool", "int64", "float32", "float64")

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
    return dtype in ("float32", "float64")


def item_size(dtype: str) -> int:
    """Return how many bytes a number takes."""
    return {"bool": 1, "float32": 4}.get(dtype, 8)


def promote(dtypes: Iterable[str]) -> str:
    """Return the smallest dtype that holds all of `dtypes`; a float32 stays float32 beside integers and masks."""
    return max(dtypes, key=_RANK.__getitem__)
