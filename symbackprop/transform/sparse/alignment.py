"""Patterns for sizes that have names: which axes of a value go along with which axes of an input, and at what distance.

An entry of a node with index i depends on the entries of an input whose index along some axes is ``i[k] + offset``, and
anything along the others. Each node has a set of such relations for every input; they are bands, blocks and diagonals
whatever the sizes are. What moves entries otherwise frees an axis, so that no entry is ever left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import topological
from symbackprop.ir.node import Apply, Input, Node, Operation, Output
from symbackprop.ir.size import Size, product
from symbackprop.ops import primitives
from symbackprop.ops.broadcasting import broadcast, cast, reduce_sum, reshape, sized
from symbackprop.ops.contraction import einsum
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import choose, gather, place, slice_
from symbackprop.ops.layout import concatenate, transpose

__all__ = ["Relation", "alignments_of"]

Relation = tuple[tuple[int, int] | None, ...]  # for each axis of an input, the axis of the node and the offset
Moves = Sequence[tuple[int, int] | None]  # for each axis of an argument, the axis of the node and the offset
Relations = dict[Input, dict[Relation, None]]  # in the order in which they were found

_MOST = 64  # relations of one input: beyond, its axes are free


def alignments_of(values: Sequence[Node], sources: Sequence[Input]) -> list[Relations]:
    """Return for each value its relations to the `sources` that it depends on."""
    found: dict[Node, Relations] = {x: {x: {tuple((axis, 0) for axis in range(x.rank)): None}} for x in sources}
    for node in topological(values):
        if isinstance(node, Output):
            if node.source in found and is_float(node.dtype):
                found[node] = found[node.source]
        elif isinstance(node, Apply) and any(arg in found for arg in node.args):
            relations = _relations(node, found)
            if relations:
                found[node] = relations
    return [found.get(value, {}) for value in values]


def _relations(node: Apply, found: Mapping[Node, Relations]) -> Relations:
    op = node.op
    assert isinstance(op, Primitive)
    together: Relations = {}
    several = op.infer_outputs is not None
    if not several and not is_float(node.dtype):
        return together
    for arg, moves in zip(node.args, _moves(node, op), strict=True):
        if arg not in found or moves is None:
            continue
        for x, relations in found[arg].items():
            own = together.setdefault(x, {})
            for relation in relations:
                own[_moved(relation, moves)] = None
            if len(own) > _MOST:
                together[x] = {(None,) * x.rank: None}
    return together


def _moved(relation: Relation, moves: Moves) -> Relation:
    parts: list[tuple[int, int] | None] = []
    for part in relation:
        move = None if part is None else moves[part[0]]
        parts.append(None if part is None or move is None else (move[0], part[1] + move[1]))
    return tuple(parts)


def _moves(node: Apply, op: Primitive) -> Sequence[Moves | None]:
    """Return for each argument where its axes are in the node; None if the node does not depend on its entries."""
    if op in _RULES:
        return _RULES[op](node)
    if op.kind == "elementwise" or op.name == "add":
        partials = op.partials or (True,) * len(node.args)
        return [_stay(arg) if partial else None for arg, partial in zip(node.args, partials, strict=True)]
    return [_free(arg) for arg in node.args]


def _stay(arg: Node) -> Moves:
    return [(axis, 0) for axis in range(arg.rank)]


def _free(arg: Node) -> Moves:
    return [None] * arg.rank


def _same(node: Apply) -> Sequence[Moves]:
    return [_stay(arg) for arg in node.args]


def _broadcast(node: Apply) -> Sequence[Moves]:
    axes: Any = node.param("axes")
    return [[(axis, 0) for axis in axes]]


def _transposed(node: Apply) -> Sequence[Moves]:
    axes: Any = node.param("axes")
    return [[(axes.index(axis), 0) for axis in range(node.rank)]]


def _reduced(node: Apply) -> Sequence[Moves]:
    axes = _axes(node)
    kept = [axis for axis in range(node.args[0].rank) if axis not in axes]
    return [[(kept.index(axis), 0) if axis in kept else None for axis in range(node.args[0].rank)]]


def _along(node: Apply) -> Sequence[Moves]:
    axes = _axes(node)
    return [[None if axis in axes else (axis, 0) for axis in range(arg.rank)] for arg in node.args]


def _axes(node: Apply) -> Sequence[int]:
    params: dict[str, Any] = dict(node.params)
    return params["axes"] if "axes" in params else (params["axis"],)


def _sliced(node: Apply) -> Sequence[Moves]:
    bounds: Any = node.param("bounds")
    return [_between(bounds, lambda start: start)]


def _between(bounds: Any, offset: Callable[[int], int]) -> Moves:
    """Return where the axes of an array are in its part, with an offset that follows from where that starts."""
    moves: list[tuple[int, int] | None] = []
    axis = 0
    for bound in bounds:
        start = _start(bound)
        moves.append(None if start is None else (axis, offset(start)))
        axis += bound is None or isinstance(bound, tuple)
    return moves


def _start(bound: Any) -> int | None:
    """Return where a part starts, if it goes on from there in steps of one."""
    if bound is None:
        return 0
    if not isinstance(bound, tuple) or bound[2] != 1:
        return None
    start = 0 if bound[0] is None else bound[0]
    return start if isinstance(start, int) and start >= 0 else None


def _placed(node: Apply) -> Sequence[Moves]:
    parts: Any = node.param("bounds")
    found: list[Moves] = []
    for bounds in parts:
        axes = [(axis, bound) for axis, bound in enumerate(bounds) if bound is None or isinstance(bound, tuple)]
        starts = [(axis, _start(bound)) for axis, bound in axes]
        found.append([None if start is None else (axis, -start) for axis, start in starts])
    return found


def _joined(node: Apply) -> Sequence[Moves]:
    along: Any = node.param("axis")
    found: list[Moves] = []
    start: Size = 0
    for arg in node.args:
        moves = list(_stay(arg))
        moves[along] = (along, -start) if isinstance(start, int) else None
        found.append(moves)
        start = start + arg.shape[along]
    return found


def _contracted(node: Apply) -> Sequence[Moves]:
    operands: Any = node.param("operands")
    output: Any = node.param("output")
    return [[(output.index(i), 0) if i in output else None for i in indices] for indices in operands]


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
    return [[*((axis, 0) for axis in range(before)), *[None] * (last - before), *moved]]


def _gathered(node: Apply) -> Sequence[Moves]:
    x, *indices = node.args
    first: Any = node.param("axis")
    last = first + len(indices)
    moved = [(axis - len(indices) + indices[0].rank, 0) for axis in range(last, x.rank)]
    return [[*((axis, 0) for axis in range(first)), *[None] * len(indices), *moved], *([] for _ in indices)]


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
    sized: _reshaped,
    slice_: _sliced,
    transpose: _transposed,
}
