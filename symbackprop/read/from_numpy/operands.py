"""Arguments of operations in terms of the vocabulary, and as formula text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import DTYPES
from symbackprop.ir.node import constant
from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.from_numpy.constants import dtype_text, number_text
from symbackprop.read.from_numpy.expressions import LOWEST, SUM, UNARY, Expression
from symbackprop.read.from_numpy.sizes import TracedSize
from symbackprop.read.vocabulary.arguments import Listed, Value
from symbackprop.read.vocabulary.indexing import Slice

__all__ = ["Operand", "Operands", "Parts", "argument_parts", "is_basic", "separated"]

Parts = list["str | tuple[Expression, int]"]
Operand = tuple[Value, Parts]


class Operands:
    """Reads the arguments of one trace.

    Parameters
    ----------
    check : callable
        Raises an error on an array of another trace, or one that has ended.
    array_of : callable
        Makes a constant of an array that the function found somewhere.
    """

    def __init__(self, check: Callable[[TracedArray], None], array_of: Callable[[Any], TracedArray]) -> None:
        self._check = check
        self._array_of = array_of

    def of(self, value: Any, level: int = LOWEST) -> Operand:
        """Return an argument in terms of the vocabulary, and its text, which binds at least as `level` does."""
        kind = type(value)
        if kind is TracedArray:
            self._check(value)
            value.refreshed()
            return value.node, [(value.expression, level)]
        if kind is int or kind is float:
            return constant(value), [_number(value, level)]
        if kind is TracedSize:
            return constant(value.size), [(value.expression, level)]
        if value is None or value is Ellipsis or kind is str:
            return value, [_word(value)]
        if isinstance(value, (bool, np.bool_)):
            return bool(value), [str(bool(value))]
        if isinstance(value, (tuple, list, range)):
            return self._several(value)
        if isinstance(value, (np.integer, np.floating, int, float, Fraction)):
            number = int(value) if isinstance(value, (np.integer, int)) else float(value)
            return constant(number), [_number(number, level)]
        if isinstance(value, np.ndarray):
            return self.of(self._array_of(value), level)
        if isinstance(value, (type, np.dtype)):
            return _dtype(value)
        if isinstance(value, (complex, np.complexfloating)):
            raise UnsupportedError(f"{value!r} is complex; real numbers only")
        raise UnsupportedError(
            f"{value!r:.80} is a {kind.__module__}.{kind.__qualname__}, which is no array, number or option of NumPy's"
        )

    def index(self, index: Any) -> Operand:
        """Return what stands in square brackets."""
        if isinstance(index, tuple) and not index:
            index = Ellipsis  # as x[()]: all of an array without axes
        entries = index if isinstance(index, tuple) else (index,)
        operands = [operand for entry in entries for operand in self._entries(entry)]
        parts = separated([own for _, own in operands])
        if len(operands) == 1 and not isinstance(index, tuple):
            return operands[0][0], parts
        return tuple(value for value, _ in operands), [*parts, ","] if len(operands) == 1 else parts

    def _entries(self, entry: Any) -> list[Operand]:
        if isinstance(entry, slice):
            bounds = [None if b is None else self.of(_plain(b), SUM) for b in (entry.start, entry.stop, entry.step)]
            values = Slice(*(None if bound is None else bound[0] for bound in bounds))
            start, stop, step = ([] if bound is None else bound[1] for bound in bounds)
            return [(values, [*start, ":", *stop, *([":", *step] if step else [])])]  # type: ignore[list-item]
        known = entry.concrete if isinstance(entry, TracedArray) else entry
        if _is_mask(known):
            return [self.of(positions) for positions in np.nonzero(np.asarray(known))]  # as it is known: positions
        return [self.of(_plain(entry))]

    def _several(self, values: Any) -> Operand:
        operands = [self.of(value) for value in values]
        parts = separated([own for _, own in operands])
        items = [value for value, _ in operands]
        if isinstance(values, tuple):
            return tuple(items), ["(", *parts, ",)" if len(items) == 1 else ")"]
        return Listed(items), ["[", *parts, "]"]


def separated(several: list[Parts], sign: str = ", ") -> Parts:
    """Return texts with commas between."""
    parts: Parts = []
    for position, own in enumerate(several):
        parts += [sign, *own] if position else own
    return parts


def argument_parts(operands: Sequence[Operand], count: int, names: Sequence[str]) -> Parts:
    """Return the text of arguments, those behind the first `count` with their names."""
    plain = [own for _, own in operands[:count]]
    named: list[Parts] = [[f"{name}=", *own] for name, (_, own) in zip(names, operands[count:], strict=True)]
    return separated([*plain, *named])


def is_basic(index: Any) -> bool:
    """Tell whether an index makes a view: it has no arrays."""
    entries = index if isinstance(index, tuple) else (index,)
    return all(
        entry is None
        or entry is Ellipsis
        or isinstance(entry, (int, np.integer, slice, TracedSize))
        or (isinstance(entry, TracedArray) and not entry.node.shape)
        for entry in entries
    )


def _dtype(value: Any) -> Operand:
    try:
        dtype = np.dtype(value)
    except TypeError:
        dtype = np.dtype(object)
    name = {"i": "int64", "b": "bool"}.get(dtype.kind, dtype.name)
    if name not in DTYPES:
        raise UnsupportedError(f"dtype {value!r} is not supported; use float64, float32, float16, int64 or bool")
    return name, [dtype_text(name)]


def _plain(value: Any) -> Any:
    """Return a number for a traced one that is known, as in ``x[np.argmax(order)]``."""
    if isinstance(value, TracedArray) and value.concrete is not None and not value.node.shape:
        return np.asarray(value.concrete).item()
    return value


def _is_mask(entry: Any) -> bool:
    if isinstance(entry, list):
        return bool(entry) and all(isinstance(flag, (bool, np.bool_)) for flag in entry)
    return isinstance(entry, np.ndarray) and entry.dtype == bool and entry.ndim > 0


def _number(value: float, level: int) -> str:
    text = number_text(value)
    return f"({text})" if text.startswith("-") and level > UNARY else text


def _word(value: Any) -> str:
    if value is Ellipsis:
        return "..."
    if value is None:
        return "None"
    if any(c in value for c in "'\\\n"):
        raise UnsupportedError(f"{value!r:.80} is no option of NumPy's")
    return f"'{value}'"
