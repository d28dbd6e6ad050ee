"""Reads: choices of entries along some axes of an array, the same along all others.

A read that is made of a node can be made of the node's arguments instead, where these have the axes that it is along:
``(2 * x + y)[i]`` is ``2 * x[i] + y[i]``. What a read does to the axes of an array, its `after` says in terms of
labels, of which each axis has one.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symbackprop.ir.node import Apply, Node, Shape
from symbackprop.ops.broadcasting import reshape
from symbackprop.ops.indexing import gather, slice_
from symbackprop.ops.layout import roll

__all__ = ["Gathered", "Read", "Reshaped", "Rolled", "Slice", "read_of"]

Labels = list[Hashable]


@dataclass(frozen=True, slots=True)
class Slice:
    """Part of an array along some axes, or one position that drops the axis."""

    bounds: tuple[tuple[int, Any], ...]  # of each axis that is not read as a whole

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes along which is read."""
        return tuple(axis for axis, _ in self.bounds)

    def onto(self, places: Mapping[int, int]) -> Slice:
        """Return the read of an array that has those of the axes that are in `places`, which says where."""
        return Slice(tuple(sorted((places[axis], bound) for axis, bound in self.bounds if axis in places)))

    def after(self, labels: Sequence[Hashable]) -> Labels:
        """Return the labels of the axes of what is read, given those of an array."""
        dropped = {axis for axis, bound in self.bounds if not isinstance(bound, tuple)}
        return [label for axis, label in enumerate(labels) if axis not in dropped]

    def of(self, x: Node) -> Node:
        """Return what is read of an array."""
        bounds = dict(self.bounds)
        return slice_(x, bounds=tuple(bounds.get(axis) for axis in range(x.rank)))


@dataclass(frozen=True, slots=True)
class Rolled:
    """An array whose entries are moved around along some axes."""

    shifts: tuple[tuple[int, int], ...]  # axis and distance

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes along which is read."""
        return tuple(axis for axis, _ in self.shifts)

    def onto(self, places: Mapping[int, int]) -> Rolled:
        """Return the read of an array that has those of the axes that are in `places`, which says where."""
        return Rolled(tuple((places[axis], shift) for axis, shift in self.shifts if axis in places))

    def after(self, labels: Sequence[Hashable]) -> Labels:
        """Return the labels of the axes of what is read, given those of an array."""
        return [*labels]

    def of(self, x: Node) -> Node:
        """Return what is read of an array."""
        return roll(x, shifts=tuple(shift for _, shift in self.shifts), axes=self.axes)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Entries at positions along adjacent axes, with an array of positions for each."""

    axes: tuple[int, ...]
    indices: tuple[Node, ...]

    def onto(self, places: Mapping[int, int]) -> Gathered | None:
        """Return the read of an array that has those of the axes that are in `places`, which says where.

        None if these are not adjacent there.
        """
        own = [(places[axis], index) for axis, index in zip(self.axes, self.indices, strict=True) if axis in places]
        axes = tuple(axis for axis, _ in own)
        if axes != tuple(range(axes[0], axes[0] + len(axes))):
            return None
        return Gathered(axes, tuple(index for _, index in own))

    def after(self, labels: Sequence[Hashable]) -> Labels:
        """Return the labels of the axes of what is read, given those of an array."""
        new = [("read", axis) for axis in range(self.indices[0].rank)]
        return [*labels[: self.axes[0]], *new, *labels[self.axes[-1] + 1 :]]

    def of(self, x: Node) -> Node:
        """Return what is read of an array."""
        return gather(x, *self.indices, axis=self.axes[0])


@dataclass(frozen=True, slots=True)
class Reshaped:
    """All entries of an array, in another shape."""

    axes: tuple[int, ...]
    shape: Shape

    def onto(self, places: Mapping[int, int]) -> Reshaped | None:
        """Return the read of an array that has those of the axes that are in `places`, which says where.

        None if these are not all, each in its place.
        """
        return self if places == {axis: axis for axis in self.axes} else None

    def after(self, labels: Sequence[Hashable]) -> Labels:
        """Return the labels of the axes of what is read, given those of an array."""
        return [("read", axis) for axis in range(len(self.shape))]

    def of(self, x: Node) -> Node:
        """Return what is read of an array."""
        return reshape(x, shape=self.shape)


Read = Slice | Rolled | Gathered | Reshaped


def read_of(node: Node) -> Read | None:
    """Return the read of its first argument that a node is, if it is one."""
    if not isinstance(node, Apply):
        return None
    if node.op is slice_:
        bounds: Any = node.param("bounds")
        return Slice(tuple((axis, bound) for axis, bound in enumerate(bounds) if bound is not None))
    if node.op is roll:
        axes, shifts = node.param("axes"), node.param("shifts")
        return Rolled(tuple(zip(axes, shifts, strict=True)))  # type: ignore[call-overload]
    if node.op is reshape:
        return Reshaped(tuple(range(node.args[0].rank)), node.shape)
    if node.op is gather:
        first: Any = node.param("axis")
        return Gathered(tuple(range(first, first + len(node.args) - 1)), node.args[1:])
    return None
