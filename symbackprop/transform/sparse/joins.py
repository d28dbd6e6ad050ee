"""Joins: arrays that are concatenated of what is computed part by part.

What is computed of a join entry by entry, or along other axes, is a join of what is computed of its parts; where several
are cut at different places, each part lies in one part of all of them. Sizes that have names do not tell which of two
cuts comes first: a part that lies nowhere is empty when the code runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from symbackprop.ir.node import Apply, Node, Shape, constant
from symbackprop.ir.size import Size, maximum, minimum
from symbackprop.ir.slices import counts_from_end, slice_length
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import reduce_sum, sized, with_shape
from symbackprop.ops.contraction import einsum
from symbackprop.ops.indexing import place
from symbackprop.ops.layout import concatenate
from symbackprop.transform.sparse.axes import labelled, rebuilt_of
from symbackprop.transform.sparse.moves import Read, Rolled, Slice

__all__ = ["computed_by_parts", "join_of", "joined_among_zeros", "read_by_parts"]

Reader = Callable[[Node, Read], Node]
IsJoin = Callable[[Node], bool]

_MOST = 16  # parts of a join: beyond, it is taken as a whole


class Part(NamedTuple):
    """What lies from one cut to the next.

    Parameters
    ----------
    start, stop : Size
        The cuts, counted from where the join begins.
    size : Size
        How far they are apart.
    of : tuple of int
        The number of the part of each join that it lies in.
    """

    start: Size
    stop: Size
    size: Size
    of: tuple[int, ...]


class Join(NamedTuple):
    """Arrays one behind the other along an axis, and how long they are together."""

    args: Sequence[Node]
    axis: int
    total: Size

    @property
    def parts(self) -> list[Part]:
        """The parts, as far as they go."""
        sizes = [arg.shape[self.axis] for arg in self.args]
        stops: list[Size] = [*accumulate(sizes[:-1]), self.total]
        return [Part(*own, (i,)) for i, own in enumerate(zip((0, *stops), stops, sizes, strict=False))]


def join_of(node: Node) -> Join | None:
    """Return the join that a node is, if it is one, be it with a shape in other sizes."""
    whole = node
    while isinstance(node, Apply) and node.op is sized:
        (node,) = node.args
    if not isinstance(node, Apply) or node.op is not concatenate:
        return None
    axis: Any = node.param("axis")
    return Join(node.args, axis, whole.shape[axis])


def _common(joins: Sequence[Join]) -> list[Part] | None:
    """Return the parts of which each lies in one part of every join; None if they are too many."""
    first, *others = (join.parts for join in joins)
    for parts in others:
        if [part[:3] for part in first] == [part[:3] for part in parts]:
            first = [Part(*a[:3], (*a.of, *b.of)) for a, b in zip(first, parts, strict=True)]
        else:
            first = [part for a in first for b in parts for part in _within_both(a, b)]
    return first if 0 < len(first) <= _MOST else None


def _within_both(a: Part, b: Part) -> Iterator[Part]:
    start, stop = maximum(a.start, b.start), minimum(a.stop, b.stop)
    inside = next((part for part in (a, b) if part[:2] == (start, stop)), None)
    size = maximum(stop - start, 0) if inside is None else inside.size
    if size != 0:
        yield Part(start, stop if inside is not None else start + size, size, (*a.of, *b.of))


# --- what is computed of joins -----------------------------------------------------------------------------------------


def computed_by_parts(node: Apply, is_join: IsJoin, read: Reader) -> Node | None:
    """Return a node as it is computed of the parts of its arguments; None if it is not."""
    if node.op is concatenate:
        flat = [*_flattened(node, is_join)]
        if len(flat) > len(node.args):
            return _joined(flat, node.param("axis"), node.shape)  # type: ignore[arg-type]
    known = labelled(node)
    if known is None or node.op is sized:
        return None
    labels, blocked = known
    joins = [join_of(arg) if is_join(arg) else None for arg in node.args]
    along = {own[join.axis] for join, own in zip(joins, labels, strict=True) if join is not None}
    if len(along) != 1 or not along.isdisjoint(blocked):
        return None
    (label,) = along
    if not isinstance(label, int) and node.op not in (reduce_sum, einsum):
        return None
    parts = _common([join for join in joins if join is not None])
    if parts is None:
        return None
    made = []
    for part in parts:
        inside = iter(part.of)
        args = []
        for arg, join, own in zip(node.args, joins, labels, strict=True):
            if join is not None:
                number = next(inside)
                args.append(_cut(join.args[number], join.axis, part, join.parts[number].start, read))
            else:
                args.append(_cut(arg, own.index(label), part, 0, read) if label in own else arg)
        shape = _with_size(node.shape, label, part.size) if isinstance(label, int) else node.shape
        made.append(rebuilt_of(node, args, labels, range(node.rank), shape))
    return _joined(made, label, node.shape) if isinstance(label, int) else add(*made)


def _flattened(node: Apply, is_join: IsJoin) -> Iterator[Node]:
    """Yield what is joined, with the parts of joins along the same axis in their place."""
    for arg in node.args:
        join = join_of(arg) if is_join(arg) else None
        yield from join.args if join is not None and join.axis == node.param("axis") else [arg]


def _with_size(shape: Shape, axis: int, size: Size) -> Shape:
    return tuple(size if i == axis else own for i, own in enumerate(shape))


def _cut(x: Node, axis: int, part: Part, begin: Size, read: Reader) -> Node:
    """Return what lies in a part, of an array that begins at some place."""
    start, stop, size = part.start - begin, part.stop - begin, x.shape[axis]
    if (start, part.size) == (0, size):
        return x
    bound = (start, None if stop == size else stop, 1)
    return with_shape(read(x, Slice(((axis, bound),))), _with_size(x.shape, axis, part.size))


def _joined(parts: Sequence[Node], axis: int, shape: Shape) -> Node:
    return with_shape(parts[0] if len(parts) == 1 else concatenate(*parts, axis=axis), shape)


# --- what is read of joins ---------------------------------------------------------------------------------------------


def read_by_parts(node: Node, own: Read, read: Reader) -> Node | None:
    """Return a read of a join along the axis that it is along, as it is made of its parts; None if it is not."""
    join = join_of(node)
    assert join is not None
    if isinstance(own, Rolled):
        return _rolled(join, own, node.shape, read)
    if not isinstance(own, Slice):
        return None
    bounds = dict(own.bounds)
    bound = bounds.pop(join.axis)
    if not isinstance(bound, tuple):
        return _entry(join, bound, bounds, read)
    made = _rest_of(_sliced(join, bound, read), bounds, read)
    return _joined(made, own.after(range(node.rank)).index(join.axis), own.of(node).shape) if made else None


def _rest_of(parts: Iterable[Node], bounds: Mapping[int, Any], read: Reader) -> list[Node]:
    """Return what is read of parts along other axes."""
    return [read(part, Slice(tuple(bounds.items()))) if bounds else part for part in parts]


def _entry(join: Join, at: Size, bounds: Mapping[int, Any], read: Reader) -> Node | None:
    """Return what has one position along the axis of a join: the sum of the parts of it, all of which but one are empty."""
    if not isinstance(at, int):
        return None
    parts = [*_sliced(join, (at, at + 1 if at != -1 else None, 1), read)]
    dropped = join.axis - sum(1 for axis, bound in bounds.items() if axis < join.axis and not isinstance(bound, tuple))
    found = [reduce_sum(part, axes=(dropped,)) for part in _rest_of(parts, bounds, read)]
    return add(*found) if found else None


def _sliced(join: Join, bound: tuple[Size | None, Size | None, int], read: Reader) -> Iterator[Node]:
    """Yield what a slice reads of each part that it reaches; a step backwards begins with the last part."""
    first, last, step = bound
    total, backwards = join.total, step < 0
    start, stop = (_from_start(first, total, 0), _from_start(last, total, total))
    if backwards:
        start = 0 if first is None else maximum(total - 1 - start, 0)
        stop = total if last is None else total - 1 - stop
    for part in reversed(join.parts) if backwards else join.parts:
        x = join.args[part.of[0]]
        x = read(x, Slice(((join.axis, (None, None, -1)),))) if backwards else x
        ahead = start - (total - part.stop if backwards else part.start)
        begin = maximum(ahead, ahead % abs(step))
        end = minimum(maximum(ahead + stop - start, 0), part.size)
        if slice_length(part.size, begin, end, abs(step)) != 0:
            whole = (begin, end, step) == (0, part.size, 1)
            within = (begin, None if end == part.size else end, abs(step))
            yield x if whole or (begin, *within[1:]) == (0, None, 1) else read(x, Slice(((join.axis, within),)))


def _from_start(end: Size | None, total: Size, default: Size) -> Size:
    """Return an end of a slice as it is counted from the start."""
    if end is None:
        return default
    return maximum(total + end, 0) if counts_from_end(end) else end


def _rolled(join: Join, own: Rolled, shape: Shape, read: Reader) -> Node | None:
    """Return a join whose last entries have become the first ones."""
    shifts = dict(own.shifts)
    begin = join.total - shifts.pop(join.axis) % maximum(join.total, 1)
    parts = [part for bound in ((begin, None, 1), (None, begin, 1)) for part in _sliced(join, bound, read)]
    rest = Rolled(tuple(shifts.items()))
    return _joined([read(part, rest) for part in parts] if shifts else parts, join.axis, shape) if parts else None


# --- what is among zeros -----------------------------------------------------------------------------------------------


def joined_among_zeros(node: Apply) -> Node | None:
    """Return an array that has been placed among zeros, as a join with these; None if it is not one part by itself."""
    if node.op is not place or len(node.args) != 1:
        return None
    parts: Any = node.param("bounds")
    (bounds,), (made,) = parts, node.args
    if any(isinstance(bound, int) or (isinstance(bound, tuple) and bound[2] != 1) for bound in bounds):
        return None
    for axis, bound in enumerate(bounds):
        if bound is not None:
            total = node.shape[axis]
            start = _from_start(bound[0], total, 0)
            sizes = start, total - start - made.shape[axis]
            ahead, behind = (constant(0, _with_size(made.shape, axis, size), node.dtype) for size in sizes)
            made = _joined([ahead, made, behind], axis, _with_size(made.shape, axis, total))
    return made
