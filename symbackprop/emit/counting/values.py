"""What is known of a value in printed code without running it: an array's shape, a size, or that it is a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from symbackprop.ir.size import Size, SizeExpression, ceil_div, named, names, product
from symbackprop.ir.slices import slice_length

__all__ = [
    "NUMBER", "UNKNOWN", "Array", "Span", "arrays_in", "broadcast", "indexed", "is_size", "loop_index", "stepped",
]  # fmt: skip

Shape = tuple[Size, ...] | None  # None where it is not known

_LOOP = "\0loop"  # begins the names that stand for what loops count


@dataclass(frozen=True)
class Marker:
    """A value of which no more is known than this."""

    name: str


NUMBER = Marker("number")  # or anything else that is no array
UNKNOWN = Marker("unknown")


@dataclass(frozen=True, eq=False)
class Array:
    """An array: its shape, and the bytes of an entry."""

    shape: Shape
    item: int = 8

    @property
    def entries(self) -> Size:
        """How many entries it has; 0 where that is not known."""
        return 0 if self.shape is None else product(self.shape)

    @property
    def bytes(self) -> Size:
        """The bytes of all entries."""
        return self.entries * self.item


@dataclass(frozen=True)
class Span:
    """A slice: sizes, None where nothing is written, or what is not known."""

    start: Any = None
    stop: Any = None
    step: Any = None


def is_size(value: Any) -> bool:
    """Tell whether a value is an integer that is known, in terms of sizes."""
    return isinstance(value, (int, SizeExpression)) and not isinstance(value, bool)


def loop_index(number: int) -> SizeExpression:
    """Return what stands for the count of a loop: it may cancel, as in ``x[i:i + 64]``."""
    return named(f"{_LOOP}{number}")


def arrays_in(values: Iterable[Any]) -> Iterator[Array]:
    """Yield the arrays among values, tuples and lists of these."""
    for value in values:
        if isinstance(value, Array):
            yield value
        elif isinstance(value, tuple):
            yield from arrays_in(value)


def broadcast(values: Sequence[Any], item: int | None = None) -> Any:
    """Return what an operation makes of values entry by entry: an array if one is among them."""
    arrays = [value for value in values if isinstance(value, Array)]
    if not arrays:
        return NUMBER
    item = max(array.item for array in arrays) if item is None else item
    shapes = [array.shape for array in arrays if array.shape is not None]
    if len(shapes) < len(arrays):
        return Array(None, item)
    result: list[Size] = [1] * max(map(len, shapes))
    for shape in shapes:
        for axis, size in enumerate(shape, len(result) - len(shape)):
            result[axis] = size if result[axis] == 1 else result[axis]
    return Array(tuple(result), item)


def _spanned(size: Size, span: Span) -> Size | None:
    """Return the length of a slice of an axis, None where that is not known."""
    parts = (span.start, span.stop, span.step)
    if not all(part is None or is_size(part) for part in parts):
        return None
    step = 1 if span.step is None else span.step
    counted = [part for part in (span.start, span.stop) if part is not None and _counts(part)]
    if counted and len(counted) == 2 and step == 1:
        length = span.stop - span.start
        return None if _counts(length) else length
    if counted or not isinstance(step, int):
        return None
    return slice_length(size, span.start, span.stop, step)


def _counts(size: Size) -> bool:
    """Tell whether a size depends on what a loop counts."""
    return any(name.startswith(_LOOP) for name in names(size))


def indexed(array: Array, index: tuple[Any, ...]) -> tuple[Any, bool]:
    """Return what an index chooses, and whether it is a copy: arrays choose entries, all else is a view."""
    chosen = [part for part in index if isinstance(part, (Array, tuple)) or part is UNKNOWN]
    if array.shape is None or UNKNOWN in index or any(part is not None and part.item == 1 for part in arrays_in(index)):
        return Array(None, array.item), bool(chosen)
    taken = sum(part is not None and part is not Ellipsis for part in index)
    rest = len(array.shape) - taken
    axes = iter(array.shape)
    shape: list[Size] = []
    placed = False
    for part in (*index, *([] if Ellipsis in index else [Ellipsis])):
        if part is Ellipsis:
            shape += [next(axes) for _ in range(rest)]
        elif part is None:
            shape.append(1)
        else:
            size = next(axes)
            if isinstance(part, Span):
                length = _spanned(size, part)
                if length is None:
                    return Array(None, array.item), bool(chosen)
                shape.append(length)
            elif isinstance(part, Array) and not placed:
                together = broadcast(list(arrays_in(index)))
                if together.shape is None:
                    return Array(None, array.item), True
                shape += together.shape
                placed = True
    return (Array(tuple(shape), array.item) if shape or chosen else NUMBER), bool(chosen)


def stepped(start: Size, stop: Size, step: Size) -> Size:
    """Return how many numbers a range has."""
    if isinstance(step, int) and step < 0:
        return ceil_div(start - stop, -step)
    return 1 if stop - start == step else ceil_div(stop - start, step)
