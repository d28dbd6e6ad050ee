"""Methods of arrays that change them, or that formulas have no word for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from symbackprop.errors import UnsupportedError
from symbackprop.read.vocabulary import FUNCTIONS

if TYPE_CHECKING:
    from symbackprop.read.from_numpy.arrays import TracedArray

__all__ = ["OWN"]


def _sort(x: TracedArray, axis: Any = -1, kind: Any = None, order: Any = None, **options: Any) -> None:
    """Sort the array in place."""
    made = x.run.call("np.sort", FUNCTIONS["sort"], (x,), {"axis": axis})
    x.write((made.node, made.expression, made.concrete))


def _partition(x: TracedArray, kth: Any, axis: Any = -1, **options: Any) -> None:
    """Partition the array in place."""
    made = x.run.call("np.partition", FUNCTIONS["partition"], (x, kth), {"axis": axis})
    x.write((made.node, made.expression, made.concrete))


def _fill(x: TracedArray, value: Any) -> None:
    """Set all entries."""
    x[...] = value


def _item(x: TracedArray, *index: Any) -> Any:
    """Return one entry as a number, which a traced array without axes is."""
    if index:
        return x[index[0] if len(index) == 1 else index]
    return x if not x.node.shape else x.reshape(())


def _tolist(x: TracedArray) -> Any:
    """Return nested lists of numbers."""
    if not x.node.shape:
        return x
    return [_tolist(part) for part in x]


def _astype(x: TracedArray, dtype: Any, *args: Any, copy: Any = True, **options: Any) -> Any:
    """Return the array converted; itself where it need not be, and no copy is asked for."""
    if not copy and np.dtype(dtype) == x.dtype:
        return x
    return x.run.method("astype", x, (dtype,), {})


def _refused(name: str, instead: str) -> Callable[..., Any]:
    def refuse(x: TracedArray, *args: Any, **kwargs: Any) -> NoReturn:
        raise x.run.located(UnsupportedError(f"the method {name} is not supported; {instead}"))

    return refuse


OWN: Mapping[str, Callable[..., Any]] = {
    "astype": _astype,
    "sort": _sort,
    "partition": _partition,
    "fill": _fill,
    "item": _item,
    "tolist": _tolist,
    "conj": lambda x: x,
    "conjugate": lambda x: x,
    "put": _refused("put", "write x[index] = value"),
    "resize": _refused("resize", "write np.pad or np.concatenate"),
    "setflags": _refused("setflags", "traced arrays are never written to behind your back"),
    "view": _refused("view", "write .copy() or .astype()"),
    "tobytes": _refused("tobytes", "the entries are not known before the compiled function is called"),
    "tofile": _refused("tofile", "the entries are not known before the compiled function is called"),
    "dump": _refused("dump", "the entries are not known before the compiled function is called"),
    "byteswap": _refused("byteswap", "entries are numbers here, and have no bytes"),
}
