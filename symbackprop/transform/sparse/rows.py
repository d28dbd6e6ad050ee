"""Where the entries of values are made: values taken apart into what their entries are moved, joined and added up of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.arithmetic import add, neg
from symbackprop.ops.broadcasting import reshape, sized, with_shape
from symbackprop.ops.indexing import are_apart, gather, place, scatter_add, slice_
from symbackprop.ops.layout import concatenate, inverse_permutation, transpose
from symbackprop.ops.updates import add_at, add_parts, replace_parts
from symbackprop.transform.sparse.choices import Choices, numbered

__all__ = ["Rows", "rows_of"]


class Rows(NamedTuple):
    """Entries that go into a value.

    Parameters
    ----------
    node : Node
        The entries, or what these are the negatives of.
    positions : Node
        For each of them its position in the value; -1 for none.
    lacks : bool
        Whether there are some that have none.
    negative : bool
        Whether they are the negatives of the node's.
    """

    node: Node
    positions: Node
    lacks: bool = False
    negative: bool = False

    @property
    def entries(self) -> Node:
        """The entries."""
        return neg(self.node) if self.negative else self.node


def rows_of(value: Node, choices: Choices) -> list[Rows]:
    """Return what a value is made of: of entries that go to the same place, the value has the sum."""
    found: list[Rows] = []
    waiting = [Rows(value, numbered(value))]
    while waiting:
        rows = waiting.pop()
        below = _below(rows)
        if below is None:
            found.append(rows)
        else:
            waiting += [own for own in reversed([*below]) if own.node in choices.moving]
    return found


def _below(rows: Rows) -> Iterator[Rows] | None:
    """Return what the entries of a node are made of; None if they are made there."""
    node = rows.node
    if not isinstance(node, Apply):
        return None
    if node.op in _TAKEN_APART:
        return _TAKEN_APART[node.op](node, rows)
    if node.op is add and any(isinstance(arg, Apply) and arg.op in _ADDING for arg in _signed(node.args)):
        return (rows._replace(node=arg) for arg in node.args)
    return None


def _signed(args: Sequence[Node]) -> Iterator[Node]:
    for arg in args:
        yield arg.args[0] if isinstance(arg, Apply) and arg.op is neg else arg


def _negated(node: Apply, rows: Rows) -> Iterator[Rows]:
    yield rows._replace(node=node.args[0], negative=not rows.negative)


def _reshaped(node: Apply, rows: Rows) -> Iterator[Rows]:
    (x,) = node.args
    yield rows._replace(node=x, positions=reshape(rows.positions, shape=x.shape))


def _sized(node: Apply, rows: Rows) -> Iterator[Rows]:
    (x,) = node.args
    yield rows._replace(node=x, positions=with_shape(rows.positions, x.shape))


def _transposed(node: Apply, rows: Rows) -> Iterator[Rows]:
    axes: Any = node.param("axes")
    yield rows._replace(node=node.args[0], positions=transpose(rows.positions, axes=inverse_permutation(axes)))


def _joined(node: Apply, rows: Rows) -> Iterator[Rows]:
    axis: Any = node.param("axis")
    stops = [*accumulate(arg.shape[axis] for arg in node.args)]
    for arg, stop in zip(node.args, stops, strict=True):
        start = stop - arg.shape[axis]
        bound = (start if start != 0 else None, stop if stop != stops[-1] else None, 1)
        bounds = tuple(bound if i == axis else None for i in range(node.rank))
        yield rows._replace(node=arg, positions=with_shape(slice_(rows.positions, bounds=bounds), arg.shape))


def _placed(node: Apply, rows: Rows) -> Iterator[Rows]:
    parts: Any = node.param("bounds")
    for arg, bounds in zip(node.args, parts, strict=True):
        yield rows._replace(node=arg, positions=slice_(rows.positions, bounds=bounds))


def _added(node: Apply, rows: Rows) -> Iterator[Rows]:
    parts: Any = node.param("bounds")
    x, *values = node.args
    yield rows._replace(node=x)
    for value, bounds in zip(values, parts, strict=True):
        yield rows._replace(node=value, positions=slice_(rows.positions, bounds=bounds))


def _replaced(node: Apply, rows: Rows) -> Iterator[Rows]:
    """Yield an array and what replaces parts of it, each without the places where something else is written later."""
    parts: Any = node.param("bounds")
    x, *values = node.args
    for number, value in enumerate(values):
        later = [bounds for bounds in parts[number + 1 :] if not are_apart(parts[number], bounds)]
        left = _without(rows, later)
        yield left._replace(node=value, positions=slice_(left.positions, bounds=parts[number]))
    yield _without(rows, parts)._replace(node=x)


def _without(rows: Rows, parts: Sequence[Any]) -> Rows:
    if not parts:
        return rows
    gaps = [constant(-1, slice_(rows.positions, bounds=bounds).shape, "int64") for bounds in parts]
    return rows._replace(positions=replace_parts(rows.positions, *gaps, bounds=tuple(parts)), lacks=True)


def _scattered(node: Apply, rows: Rows) -> Iterator[Rows]:
    axis, width = node.param("axis"), node.param("indices")
    for start in range(0, len(node.args), width + 1):  # type: ignore[operator]
        *indices, value = node.args[start : start + width + 1]  # type: ignore[operator]
        yield rows._replace(node=value, positions=gather(rows.positions, *indices, axis=axis))


def _added_at(node: Apply, rows: Rows) -> Iterator[Rows]:
    x, *indices, value = node.args
    yield rows._replace(node=x)
    yield rows._replace(node=value, positions=gather(rows.positions, *indices, axis=node.param("axis")))


_ADDING = {concatenate: _joined, place: _placed, add_parts: _added, replace_parts: _replaced,
    scatter_add: _scattered, add_at: _added_at}  # fmt: skip
_TAKEN_APART = {**_ADDING, neg: _negated, reshape: _reshaped, sized: _sized, transpose: _transposed}
