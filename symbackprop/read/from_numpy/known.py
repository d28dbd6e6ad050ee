"""What depends on no input: its entries are known, and NumPy computes with them beside the notes of the trace."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.from_numpy.sizes import TracedSize

__all__ = ["BINARY", "COMPARE", "NOTHING", "UNARY", "are_found", "is_known", "known_result", "written_copy"]

NOTHING = object()

BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "@": operator.matmul,
    "**": operator.pow,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}
UNARY: Mapping[str, Callable[[Any], Any]] = {"-": operator.neg, "+": operator.pos, "~": operator.invert}
COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def is_known(value: Any) -> bool:
    """Tell whether a value, or all in a structure, is known."""
    if isinstance(value, TracedArray):
        return value.refreshed().concrete is not None
    if isinstance(value, (tuple, list)):
        return all(map(is_known, value))
    if isinstance(value, slice):
        return is_known((value.start, value.stop, value.step))
    return not isinstance(value, TracedSize)


def known_result(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Return what NumPy makes of arguments that are all known, else nothing."""
    if function is None or not is_known((*args, *kwargs.values())):
        return NOTHING
    with np.errstate(all="ignore"):
        return function(*map(_known, args), **{name: _known(value) for name, value in kwargs.items()})


def are_found(known: Any, values: Sequence[Any]) -> bool:
    """Tell whether a result is known and was made of what the function found: it is computed once, not in each call."""
    return known is not NOTHING and any(map(_holds_found, values))


def written_copy(x: Any, symbol: str, index: Any, value: Any) -> Any:
    """Return a copy of a known array after a write into it."""
    copy = np.array(x)
    copy[index] = value if symbol == "=" else BINARY[symbol[:-1]](copy[index], value)
    return copy


def _holds_found(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_holds_found, value))
    return (isinstance(value, TracedArray) and value.is_found) or issubclass(type(value), np.ndarray)


def _known(value: Any) -> Any:
    if isinstance(value, TracedArray):
        return value.concrete
    if isinstance(value, (tuple, list)) and type(value) in (tuple, list):
        return type(value)(map(_known, value))
    if isinstance(value, slice):
        return slice(*map(_known, (value.start, value.stop, value.step)))
    return value
