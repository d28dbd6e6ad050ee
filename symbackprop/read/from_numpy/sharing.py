"""Functions of NumPy whose result shares memory with an argument, or that write into one.

A write into what shares memory must reach what it shares with, or be refused; and a view stands for what its base has
become. Everything that is not named here makes new memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from symbackprop.errors import UnsupportedError
from symbackprop.read.from_numpy.arrays import State, TracedArray

if TYPE_CHECKING:
    from symbackprop.read.from_numpy.calls import Trace

__all__ = ["SHARING", "called_with_sharing", "copied_to"]

_SAME = frozenset(("asarray", "asanyarray", "ascontiguousarray", "asarray_chkfinite", "require"))
_VIEWS = frozenset(
    ("ravel", "reshape", "transpose", "swapaxes", "moveaxis", "rollaxis", "squeeze", "expand_dims", "broadcast_to",
     "diagonal", "diag", "flip", "fliplr", "flipud", "rot90", "permute_dims", "matrix_transpose", "split",
     "array_split", "hsplit", "vsplit", "dsplit", "unstack", "atleast_1d", "atleast_2d", "atleast_3d", "einsum",
     "broadcast_arrays", "real")
)  # fmt: skip
_READ_ONLY = frozenset(("broadcast_to", "broadcast_arrays", "diagonal", "diag"))

SHARING = _SAME | _VIEWS | {"array", "fill_diagonal"}

Made = Callable[[Sequence[Any]], Any]


def called_with_sharing(trace: Trace, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], made: Made) -> Any:
    """Return what the function `name` gives, which `made` computes of positional arguments, sharing what NumPy's shares."""
    if not args or kwargs.get("out") is not None:
        return made(args)
    if name in _SAME or (name == "array" and kwargs.get("copy", True) in (False, None)):
        return _same(name, args, kwargs, made)
    if name == "fill_diagonal" and isinstance(args[0], TracedArray):
        result = made([args[0].writable(), *args[1:]])
        args[0].write((result.node, result.expression, result.concrete))
        return None
    if name == "nan_to_num" and not kwargs.get("copy", True):
        raise trace.located(
            UnsupportedError("nan_to_num: copy=False writes into its argument; bind the result to a name")
        )
    if name in _VIEWS:
        return _views(name, args, made)
    return made(args)


def _same(name: str, args: Sequence[Any], kwargs: Mapping[str, Any], made: Made) -> Any:
    """Return the argument itself where nothing has to be converted."""
    x = args[0]
    dtype = kwargs.get("dtype", args[1] if len(args) > 1 else None)
    if not isinstance(x, TracedArray) or kwargs.get("copy") or kwargs.get("ndmin", 0) > x.ndim:
        return made(args)
    if dtype is not None and np.dtype(dtype) != x.dtype:
        return made(args)
    if kwargs.get("order", "K") in ("K", None, "A") or x.ndim < 2:
        return x
    return x.view_by(lambda y: made([y, *args[1:]]), is_certain=False)


def copied_to(trace: Trace, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Run ``np.copyto(x, values)``."""
    if len(args) != 2 or kwargs or not isinstance(args[0], TracedArray):
        raise trace.located(
            UnsupportedError("np.copyto of two arguments, of an array of the function; write x[mask] = value")
        )
    args[0][...] = args[1]


def _views(name: str, args: Sequence[Any], made: Made) -> Any:
    """Return what `made` gives as views of the one traced array among the arguments, or of one argument each."""
    found = made(args)
    traced = [i for i, arg in enumerate(args) if isinstance(arg, TracedArray)]
    one_each = name in ("atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays") and len(args) > 1
    if (len(traced) != 1 and not one_each) or not _is_view(name, args):
        return found
    certain = name not in ("ravel", "reshape") or (args[traced[0]].ndim < 2 and args[traced[0]].viewed is None)

    def viewing(part: TracedArray, item: int | None) -> TracedArray:
        base = args[item] if one_each and item is not None else args[traced[0]]

        def derive() -> State:
            again = made(args)
            array = again if item is None else again[item]
            return array.node, array.expression, array.concrete

        if not isinstance(base, TracedArray):
            return part
        return part.as_view_of(base, derive, is_certain=certain, is_read_only=name in _READ_ONLY)

    if isinstance(found, TracedArray):
        return viewing(found, None)
    return type(found)([viewing(part, i) for i, part in enumerate(found)])


def _is_view(name: str, args: Sequence[Any]) -> bool:
    """Tell whether a function that can give a view gives one of these arguments."""
    if name == "diag":
        return not isinstance(args[0], TracedArray) or args[0].ndim > 1
    if name != "einsum":
        return True
    if len(args) != 2 or not isinstance(args[0], str):
        return False
    inner, arrow, outer = args[0].replace(" ", "").partition("->")
    kept = set(outer) if arrow else {index for index in inner if inner.count(index) == 1}
    return set(inner) == kept  # else something is summed
