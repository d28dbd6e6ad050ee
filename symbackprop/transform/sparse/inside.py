"""Which entries there are inside of a block: along axes that are free, and whose sizes are numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.ir.node import Shape
from symbackprop.ir.size import product
from symbackprop.transform.sparse.alignment import Relation

__all__ = ["entries_kept", "inner_axes"]

_LARGEST = 4096  # entries of a block that are looked at one by one
_WRITTEN_OUT = 256  # positions that are printed; of more, all of the block is kept


def inner_axes(value: Shape, source: Shape, axes: Mapping[int, int]) -> tuple[list[int], list[int]] | None:
    """Return the axes of a value and of a source that are inside of a block, if these come last and are not too many.

    Those of the value are the last ones that no axis of the source goes along with; of the source all that are free.
    """
    free = [axis for axis in range(len(source)) if axis not in axes]
    last: list[int] = []
    for axis in reversed(range(len(value))):
        if axis in axes.values() or not isinstance(value[axis], int):
            break
        last.insert(0, axis)
    count = product([*(value[axis] for axis in last), *(source[axis] for axis in free)])
    return (last, free) if isinstance(count, int) and 1 < count <= _LARGEST else None


def entries_kept(
    value: Shape, source: Shape, axes: Mapping[int, int], relations: Sequence[Relation]
) -> tuple[int, ...] | None:
    """Return the positions of the entries of a block that some relation has; None if these are all, or too many."""
    inner = inner_axes(value, source, axes)
    if inner is None:
        return None
    last, free = inner
    shape: Any = (*(value[axis] for axis in last), *(source[axis] for axis in free))
    grid = np.indices(shape)
    found = np.zeros(shape, dtype=bool)
    for relation in relations:
        found |= _within(relation, grid, last, free)
    kept = np.flatnonzero(found)
    return None if found.all() or len(kept) > _WRITTEN_OUT else tuple(kept.tolist())


def _within(relation: Relation, grid: Any, last: Sequence[int], free: Sequence[int]) -> Any:
    """Return for the entries of a block whether a relation has them."""
    inside = np.ones(grid.shape[1:], dtype=bool)
    places = dict(zip(last, grid, strict=False))
    for axis, index in places.items():
        box = relation.box[axis]
        if box is not None:
            inside &= (index >= box.start) & (index < box.stop)
    for axis, index in zip(free, grid[len(last) :], strict=True):
        part = relation.parts[axis]
        if isinstance(part, range):
            inside &= (index >= part.start) & (index < part.stop)
        elif part is not None and part[0] in places:
            inside &= index == places[part[0]] + part[1]
    return inside
