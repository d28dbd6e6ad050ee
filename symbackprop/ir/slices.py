"""Lengths of slices, with sizes that may be symbolic."""

from __future__ import annotations

from symbackprop.errors import ShapeError
from symbackprop.ir.size import Size, ceil_div, is_nonnegative, maximum, minimum

__all__ = ["slice_length"]


def slice_length(size: Size, start: Size | None, stop: Size | None, step: int | None) -> Size:
    """Return the length of ``range(size)[start:stop:step]``."""
    step = 1 if step is None else step
    if step == 0:
        raise ShapeError("a slice's step is 0; take a step of at least 1, or a negative one")
    if all(isinstance(bound, (int, type(None))) for bound in (size, start, stop)):
        return len(range(size)[start:stop:step])  # type: ignore[arg-type, index]
    if step > 0:
        return ceil_div(_forward_span(size, 0 if start is None else start, stop), step)
    first = size - 1 if start is None else _bound(start, size, -1)
    last = -1 if stop is None else _bound(stop, size, -1)
    return maximum(ceil_div(first - last, -step), 0)


def _forward_span(size: Size, start: Size, stop: Size | None) -> Size:
    """Return how many positions lie between two bounds, in the shortest form that is exact."""
    if stop is None:
        if is_nonnegative(start):
            return maximum(size - start, 0)
        return minimum(size, start * -1) if is_nonnegative(start * -1) else maximum(size - _bound(start, size, 0), 0)
    if is_nonnegative(start) and is_nonnegative(stop * -1) and stop != 0:
        return maximum(size + stop - start, 0)
    last = _bound(stop, size, 0)
    return maximum(last - (start if is_nonnegative(start) else _bound(start, size, 0)), 0)


def _bound(bound: Size, size: Size, low: int) -> Size:
    """Return where a slice's bound lies: counted from the end if negative, and cut off at the ends."""
    if isinstance(bound, int):
        if bound < 0:
            return maximum(size + bound, low)
        return minimum(size + low, bound) if bound or low else 0
    return minimum(size + low, bound) if is_nonnegative(bound) else maximum(minimum(bound, size + low), low)
