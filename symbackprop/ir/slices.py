"""Lengths of slices, with sizes that may be symbolic.

The length of ``start:stop:step`` is that of the interval between the bounds, cut off at both ends of the axis, divided
by the step and rounded up. A bound is the minimum (where the slice ends) or the maximum (where it starts) of a few
candidates, so that the length is one minimum over their differences.
"""

from __future__ import annotations

from functools import lru_cache

from symbackprop.errors import ShapeError
from symbackprop.ir.size import Size, ceil_div, is_nonnegative, maximum, minimum

__all__ = ["counts_from_end", "slice_length"]


@lru_cache(2048)  # slices of one array after another have the same bounds
def slice_length(size: Size, start: Size | None, stop: Size | None, step: int | None) -> Size:
    """Return the length of ``range(size)[start:stop:step]``.

    A symbolic bound counts from the end where it is provably at most 0 (``-m``, which must then not be 0), else from
    the start (``n - m``, which must then not be negative): see `counts_from_end`.

    Examples
    --------
    >>> from symbackprop.ir.size import named
    >>> n = named("n")
    >>> slice_length(n, 1, None, None), slice_length(n, None, 3, None), slice_length(n, None, None, 2)
    (max(n - 1, 0), min(n, 3), (n + 1)//2)
    """
    step = 1 if step is None else step
    if step == 0:
        raise ShapeError("a slice's step is 0; take a step of at least 1, or a negative one")
    if step > 0:
        first = [0] if start is None else [size + start, 0] if counts_from_end(start) else [start]
        last = [size] if stop is None else [size + stop] if counts_from_end(stop) else [stop, size]
        span = minimum(*(b - a for a in first for b in last))
    else:
        end = size - 1
        first = [end] if start is None else [size + start] if counts_from_end(start) else [start, end]
        last = [-1] if stop is None else [size + stop, -1] if counts_from_end(stop) else [stop]
        span = minimum(*(a - b for a in first for b in last))
    return maximum(ceil_div(span, abs(step)), 0)


def counts_from_end(bound: Size) -> bool:
    """Tell whether a slice's bound counts from the end, as negative integers do."""
    if isinstance(bound, int):
        return bound < 0
    return is_nonnegative(-bound)
