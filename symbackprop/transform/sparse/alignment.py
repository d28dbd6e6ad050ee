"""Patterns for sizes that have names: which axes of a value go along with which axes of an input, and at what distance.

An entry of a node with index i depends on the entries of an input whose index along some axes is ``i[k] + offset``, and
along the others in a range, if i itself is in a box. Each node has a set of such relations for every input; they are
bands, blocks and diagonals whatever the sizes are. What moves entries otherwise leaves a range, so that no entry is ever
left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import topological
from symbackprop.ir.node import Apply, Input, Node, Operation, Output, Shape
from symbackprop.ir.size import Size, product
from symbackprop.ops import primitives
from symbackprop.ops.broadcasting import broadcast, cast, reduce_sum, reshape, sized
from symbackprop.ops.contraction import einsum
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import choose, gather, place, slice_
from symbackprop.ops.layout import concatenate, transpose

__all__ = ["Relation", "alignments_of"]

Part = (
    tuple[int, int] | range | None
)  # the axis of the node and the offset; which indices; None for all of a named size


class Relation(NamedTuple):
    """Which entries of an input one entry of a node depends on.

    Parameters
    ----------
    parts : tuple
        For each axis of the input, the axis of the node that it goes along with and the offset, or the indices.
    box : tuple
        For each axis of the node, at which indices; None for all of a size that has a name.
    """

    parts: tuple[Part, ...]
    box: tuple[range | None, ...]


class Moves(NamedTuple):
    """Where the axes of an argument are in a node.

    Parameters
    ----------
    axes : sequence
        For each axis of the argument, the axis of the node and the offset; a number, if only that index is read; or None.
    at : mapping
        The axes of the node along which it has one index only, and this.
    """

    axes: Sequence[tuple[int, int] | int | None]
    at: Mapping[int, int] = {}


Relations = dict[Input, dict[Relation, None]]  # in the order in which they were found

_MOST = 64  # relations of one input: beyond, its axes are free


def alignments_of(values: Sequence[Node], sources: Sequence[Input]) -> list[Relations]:
    """Return for each value its relations to the `sources` that it depends on."""
    found: dict[Node, Relations] = {
        x: {x: {Relation(tuple((axis, 0) for axis in range(x.rank)), _box(x.shape)): None}} for x in sources
    }
    for node in topological(values):
        if isinstance(node, Output):
            if node.source in found and is_float(node.dtype):
                found[node] = {x: {_anything(x, node): None} for x in found[node.source]}
        elif isinstance(node, Apply) and any(arg in found for arg in node.args):
            relations = _relations(node, found)
            if relations:
                found[node] = relations
    return [found.get(value, {}) for value in values]


def _box(shape: Shape) -> tuple[range | None, ...]:
    return tuple(range(size) if isinstance(size, int) else None for size in shape)


def _anything(x: Input, node: Node) -> Relation:
    return Relation(_box(x.shape), _box(node.shape))


def _relations(node: Apply, found: Mapping[Node, Relations]) -> Relations:
    op = node.op
    assert isinstance(op, Primitive)
    together: Relations = {}
    if op.infer_outputs is None and not is_float(node.dtype):
        return together
    for arg, moves in zip(node.args, _moves(node, op), strict=True):
        if arg not in found or moves is None:
            continue
        for x, relations in found[arg].items():
            own = together.setdefault(x, {})
            for relation in relations:
                moved = _moved(relation, moves, x, node)
                if moved is not None:
                    own[moved] = None
            if len(own) > _MOST:
                together[x] = {_anything(x, node): None}
    return {x: relations for x, relations in together.items() if relations}


def _moved(relation: Relation, moves: Moves, x: Input, node: Node) -> Relation | None:
    """Return what a relation of an argument to an input is in a node; None if that has none of its entries."""
    box = list(_box(node.shape))
    for move, own in zip(moves.axes, relation.box, strict=True):
        if isinstance(move, int) and own is not None and move not in own:
            return None
        if isinstance(move, tuple) and own is not None:
            axis, shift = move
            whole = box[axis]
            box[axis] = None if whole is None else _both(whole, range(own.start - shift, own.stop - shift))
    for axis, at in moves.at.items():
        box[axis] = range(at, at + 1)
    if any(own is not None and not own for own in box):
        return None
    parts = [_part(part, relation.box, moves.axes, size) for part, size in zip(relation.parts, x.shape, strict=True)]
    return Relation(tuple(parts), tuple(box))


def _both(a: range, b: range) -> range:
    return range(max(a.start, b.start), min(a.stop, b.stop))


def _part(part: Part, box: Sequence[range | None], axes: Sequence[tuple[int, int] | int | None], size: Size) -> Part:
    """Return which indices along an axis of an input of some size a node depends on, given those of its argument."""
    if not isinstance(part, tuple):
        return part
    axis, offset = part
    move = axes[axis]
    if isinstance(move, tuple):
        return move[0], offset + move[1]
    if not isinstance(size, int):
        return None
    own = range(move, move + 1) if isinstance(move, int) else box[axis]
    return range(size) if own is None else _both(range(size), range(own.start + offset, own.stop + offset))


def _moves(node: Apply, op: Primitive) -> Sequence[Moves | None]:
    """Return for each argument where its axes are in the node; None if the node does not depend on its entries."""
    if op in _RULES:
        return _RULES[op](node)
    if op.kind == "elementwise" or op.name == "add":
        partials = op.partials or (True,) * len(node.args)
        return [_stay(arg) if partial else None for arg, partial in zip(node.args, partials, strict=True)]
    return [_free(arg) for arg in node.args]


def _stay(arg: Node) -> Moves:
    return Moves([(axis, 0) for axis in range(arg.rank)])


def _free(arg: Node) -> Moves:
    return Moves([None] * arg.rank)


def _same(node: Apply) -> Sequence[Moves]:
    return [_stay(arg) for arg in node.args]


def _broadcast(node: Apply) -> Sequence[Moves]:
    axes: Any = node.param("axes")
    return [Moves([(axis, 0) for axis in axes])]


def _transposed(node: Apply) -> Sequence[Moves]:
    axes: Any = node.param("axes")
    return [Moves([(axes.index(axis), 0) for axis in range(node.rank)])]


def _reduced(node: Apply) -> Sequence[Moves]:
    axes = _axes(node)
    kept = [axis for axis in range(node.args[0].rank) if axis not in axes]
    return [Moves([(kept.index(axis), 0) if axis in kept else None for axis in range(node.args[0].rank)])]


def _along(node: Apply) -> Sequence[Moves]:
    axes = _axes(node)
    return [Moves([None if axis in axes else (axis, 0) for axis in range(arg.rank)]) for arg in node.args]


def _axes(node: Apply) -> Sequence[int]:
    params: dict[str, Any] = dict(node.params)
    return params["axes"] if "axes" in params else (params["axis"],)


def _sliced(node: Apply) -> Sequence[Moves]:
    bounds: Any = node.param("bounds")
    moves: list[tuple[int, int] | int | None] = []
    axis = 0
    for bound, size in zip(bounds, node.args[0].shape, strict=True):
        if bound is None or isinstance(bound, tuple):
            start = _start(bound)
            moves.append(None if start is None else (axis, start))
            axis += 1
        else:
            moves.append(_index(bound, size))
    return [Moves(moves)]


def _start(bound: Any) -> int | None:
    """Return where a part starts, if it goes on from there in steps of one."""
    if bound is None:
        return 0
    if bound[2] != 1:
        return None
    start = 0 if bound[0] is None else bound[0]
    return start if isinstance(start, int) and start >= 0 else None


def _index(at: Any, size: Size) -> int | None:
    """Return an index counted from the start, if it is a number."""
    if not isinstance(at, int) or (at < 0 and not isinstance(size, int)):
        return None
    return at if at >= 0 else at + size  # type: ignore[return-value]


def _placed(node: Apply) -> Sequence[Moves]:
    parts: Any = node.param("bounds")
    found: list[Moves] = []
    for bounds in parts:
        moves: list[tuple[int, int] | int | None] = []
        at: dict[int, int] = {}
        for axis, (bound, size) in enumerate(zip(bounds, node.shape, strict=True)):
            if bound is None or isinstance(bound, tuple):
                start = _start(bound)
                moves.append(None if start is None else (axis, -start))
            else:
                place = _index(bound, size)
                at |= {} if place is None else {axis: place}
        found.append(Moves(moves, at))
    return found


def _joined(node: Apply) -> Sequence[Moves]:
    along: Any = node.param("axis")
    found: list[Moves] = []
    start: Size = 0
    for arg in node.args:
        moves = list(_stay(arg).axes)
        moves[along] = (along, -start) if isinstance(start, int) else None
        found.append(Moves(moves))
        start = start + arg.shape[along]
    return found


def _contracted(node: Apply) -> Sequence[Moves]:
    operands: Any = node.param("operands")
    output: Any = node.param("output")
    return [Moves([(output.index(i), 0) if i in output else None for i in indices]) for indices in operands]


def _reshaped(node: Apply) -> Sequence[Moves]:
    """Axes before and behind those that are split or merged stay."""
    (x,) = node.args
    before = behind = 0
    while before < min(x.rank, node.rank) and x.shape[before] == node.shape[before]:
        before += 1
    while behind < min(x.rank, node.rank) - before and x.shape[-1 - behind] == node.shape[-1 - behind]:
        behind += 1
    split = [shape[before : len(shape) - behind] for shape in (x.shape, node.shape)]
    if product(split[0]) != product(split[1]):
        behind = 0
    last = x.rank - behind
    moved = [(axis - x.rank + node.rank, 0) for axis in range(last, x.rank)]
    return [Moves([*((axis, 0) for axis in range(before)), *[None] * (last - before), *moved])]


def _gathered(node: Apply) -> Sequence[Moves]:
    x, *indices = node.args
    first: Any = node.param("axis")
    last = first + len(indices)
    moved = [(axis - len(indices) + indices[0].rank, 0) for axis in range(last, x.rank)]
    read = Moves([*((axis, 0) for axis in range(first)), *[None] * len(indices), *moved])
    return [read, *map(_free, indices)]


_REDUCTIONS = ("mean", "max", "min", "prod", "logsumexp", "power_norm", "order_statistic")
_ALONG = (
    "softmax", "log_softmax", "divided_by_rms", "sort", "prod_others", "cumsum", "cumprod", "cummax", "linear_recurrence",
    "gradient",
)  # fmt: skip

_RULES: Mapping[Operation, Callable[[Apply], Sequence[Moves]]] = {
    **{primitives()[name]: _reduced for name in _REDUCTIONS},
    **{primitives()[name]: _along for name in _ALONG},
    broadcast: _broadcast,
    cast: _same,
    choose: _same,
    concatenate: _joined,
    einsum: _contracted,
    gather: _gathered,
    place: _placed,
    reduce_sum: _reduced,
    reshape: _reshaped,
    sized: _same,
    slice_: _sliced,
    transpose: _transposed,
}
