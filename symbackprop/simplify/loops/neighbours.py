"""A function of neighbouring slices is one call for all of them, in the steps of loops.

The gates of a recurrent network are sigmoids of parts of one array. Those that lie side by side are computed together,
and stacked together for the way back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Node
from symbackprop.ir.size import Size
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import Bounds, slice_
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.pattern import Rewrites, with_new_arguments

__all__ = ["with_neighbours_together"]

_NAME = "neighbouring slices together"
_CHEAP = 2  # operations of a function that costs no more than the slices that are taken of its results

Part = tuple[Size, Size, Node]  # of an axis: where it begins and ends, and what is computed of it


def with_neighbours_together(graph: Graph, log: Rewrites) -> Graph:
    """Return the graph of the bodies of loops with functions of neighbouring slices computed in one call."""
    rows: dict[object, list[Part]] = {}
    for node in graph.nodes():
        if isinstance(node, Apply) and (span := _span(node)) is not None:
            axis, start, stop = span
            (part,) = node.args
            rows.setdefault((node.op, node.params, args_of(part)[0], axis), []).append((start, stop, node))
    runs = [run for parts in rows.values() for run in _runs(parts)]
    if not runs:
        return graph
    log[_NAME] += len(runs)
    part_of = {part[2]: (part, run) for run in runs for part in run}
    new: dict[Node, Node] = {}
    for node in graph.nodes():
        new[node] = _part_of_whole(*part_of[node], new) if node in part_of else with_new_arguments(node, new)
    return graph.mapped(new)


def _span(node: Apply) -> tuple[int, Size, Size] | None:
    """Return the axis, the start and the stop of the slice, of one axis, that a node is a costly function of."""
    op = node.op
    if not isinstance(op, Primitive) or op.kind != "elementwise" or len(node.args) != 1 or op.flops <= _CHEAP:
        return None
    (part,) = node.args
    if not is_applied(part, slice_):
        return None
    bounds: Bounds = part.param("bounds")  # type: ignore[attr-defined]
    cut = [axis for axis, bound in enumerate(bounds) if bound is not None]
    if len(cut) != 1 or not isinstance(bounds[cut[0]], tuple):
        return None
    axis = cut[0]
    start, stop, step = bounds[axis]  # type: ignore[misc]
    start, stop = start or 0, args_of(part)[0].shape[axis] if stop is None else stop
    from_end = any(isinstance(end, int) and end < 0 for end in (start, stop))
    return None if step != 1 or from_end else (axis, start, stop)


def _runs(parts: list[Part]) -> list[list[Part]]:
    """Return the runs of parts each of which begins where the one before it ends."""
    by_start = {part[0]: part for part in parts}
    followed = {stop for _, stop, _ in parts}
    found = []
    for start, part in by_start.items():
        if start in followed:
            continue
        run = [part]
        while run[-1][1] in by_start and len(run) < len(by_start):
            run.append(by_start[run[-1][1]])
        if len(run) > 1:
            found.append(run)
    return found


def _part_of_whole(part: Part, run: Sequence[Part], new: Mapping[Node, Node]) -> Node:
    """Return what is computed of one part, as that part of what is computed of the whole run."""
    start, stop, node = part
    (first, _, _), (_, last, _) = run[0], run[-1]
    assert isinstance(node, Apply) and isinstance(node.op, Primitive)
    (cut,) = node.args
    base = new[args_of(cut)[0]]
    bounds: Bounds = cut.param("bounds")  # type: ignore[attr-defined]
    (axis,) = (at for at, bound in enumerate(bounds) if bound is not None)
    whole = base if (first, last) == (0, base.shape[axis]) else _cut(base, axis, first, last)
    return _cut(node.op(whole, **dict(node.params)), axis, start - first, stop - first)


def _cut(x: Node, axis: int, start: Size, stop: Size) -> Node:
    return slice_(x, bounds=(*(None,) * axis, (start, stop, 1), *(None,) * (x.rank - axis - 1)))
