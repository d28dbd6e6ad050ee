"""Checkpoints: the backward part computes forward values again, segment by segment, instead of finding them kept.

The forward part is cut into segments. What a later segment takes from an earlier one is kept, as are inputs, scalars,
and what views show of these; of the last segment everything is at hand. What else the way back through a segment reads
is cloned with the segment's number, which is part of what a node is: no pass takes the second time for the first.

This stands behind all rewriting: what is computed again are the very operations of the first time, so that results
are the same bit by bit.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace

from symbackprop.ir.graph import Graph, children
from symbackprop.ir.node import Apply, Node, Output, make_apply, make_output
from symbackprop.ir.recomputation import Recomputation
from symbackprop.ops.bodies import bodies_of
from symbackprop.simplify.pattern import with_new_arguments
from symbackprop.transform.cuts import cuts_behind, cuts_by_bytes, named_values
from symbackprop.transform.forward_part import ForwardPart
from symbackprop.transform.sums_in_turn import with_sums_in_turn

__all__ = ["checkpointed", "in_segments"]


def checkpointed(graph: Graph, wanted: Sequence[str] | str) -> Graph:
    """Return `graph`, value and gradient ready for printing, with what is not kept computed again.

    Parameters
    ----------
    graph : Graph
    wanted : sequence of str or "sqrt"
        The names of values that are kept, each the last of its segment; "sqrt" chooses about sqrt(n) segments.

    Raises
    ------
    UnknownNameError, UnsupportedError
        On a name that no value of the formula has, or one that is inside of a loop.
    """
    part = ForwardPart(graph)
    named = [] if isinstance(wanted, str) else named_values(graph, wanted)
    return in_segments(graph, part, cuts_by_bytes(part) if isinstance(wanted, str) else cuts_behind(named, part), named)


def in_segments(graph: Graph, part: ForwardPart, cuts: Sequence[int], kept: Sequence[Node] = ()) -> Graph:
    """Return `graph` with the segments of its forward part that end at `cuts` computed again, but for what is `kept`."""
    return with_sums_in_turn(_Checkpoints(graph, part, cuts, kept).applied())


class _Checkpoints:
    """A forward part in segments, the first of which is number 1."""

    def __init__(self, graph: Graph, part: ForwardPart, cuts: Sequence[int], named: Sequence[Node]) -> None:
        self._graph = graph
        self._part = part
        self._last = len(cuts) + 1
        self._segment = {node: bisect_left(cuts, place) + 1 for node, place in part.place.items()}
        kept = self._crossing() | {part.base[node] for node in (*named, *graph.outputs) if node in part.base}
        self._kept = kept | {node.source for node in kept if isinstance(node, Output) and not bodies_of(node.source)}

    def applied(self) -> Graph:
        """Return the graph whose backward part reads clones."""
        clones = self._clones()
        new: dict[Node, Node] = {node: clones.get(node, node) for node in self._part.nodes}
        for node in self._part.backward:
            new[node] = with_new_arguments(node, new)
        changed = {node: new[node] for node in self._part.backward}
        graph = self._graph.mapped(changed)
        names = {clones[node]: name for node, name in graph.names.items() if node in clones}
        segments = {clone: self._segment[node] for node, clone in clones.items()}
        segments.update((new[node], turn) for node, turn in self._turns().items())
        originals = {clone: node for node, clone in clones.items()}
        kept = tuple(node for node in self._part.nodes if node in self._kept and not self._part.is_given(node))
        return replace(graph, names={**graph.names, **names}, recomputation=Recomputation(kept, originals, segments))

    def _crossing(self) -> set[Node]:
        """Return the arrays that a segment takes from earlier ones."""
        base, segment = self._part.base, self._segment
        return {
            base[child]
            for node in self._part.nodes
            if not isinstance(node, Output)
            for child in children(node)
            if segment[base[child]] < segment[node]
        }

    def _is_kept(self, node: Node) -> bool:
        base = self._part.base[node]
        with_it = isinstance(base, Output) and base.source in self._kept  # factors come together
        return with_it or base in self._kept or self._part.is_given(base) or self._part.is_given(node)

    def _is_at_hand(self, node: Node) -> bool:
        return self._segment[node] == self._last or self._is_kept(node)

    def _clones(self) -> dict[Node, Node]:
        """Return for the forward nodes that the way back has to compute again their clones, arguments first."""
        forward = self._part.base
        wanted = {child for node in self._part.backward for child in children(node) if child in forward}
        again: set[Node] = set()
        for node in reversed(self._part.nodes):
            if node in wanted and not self._is_at_hand(node):
                again.add(node)
                wanted.update(children(node))
        clones: dict[Node, Node] = {}
        for node in self._part.nodes:
            if node in again:
                clones[node] = _cloned(node, clones, self._segment[node])
        return clones

    def _turns(self) -> dict[Node, int]:
        """Return for each node of the backward part the segment in whose turn it is computed.

        What reads values of a segment waits for its turn, and no longer. What it needs is computed when it is needed
        first, and what only results are made of as soon as it can be.
        """
        part = self._part
        earliest: dict[Node, int] = {}
        reading: set[Node] = set()
        for node in part.backward:
            turn = self._last
            for child in children(node):
                if child in earliest:
                    turn = min(turn, earliest[child])
                elif child in part.base and not self._is_kept(child):
                    turn = min(turn, self._segment[child])
                    reading.add(node)
            earliest[node] = turn
        turns: dict[Node, int] = {}
        for node in reversed(part.backward):
            if node in reading:
                turns[node] = earliest[node]
            if node in turns:
                for child in children(node):
                    if child in earliest:
                        turns[child] = max(turns.get(child, 1), turns[node])
        for node in part.backward:
            if node not in turns:
                turns[node] = min([turns[child] for child in children(node) if child in turns], default=self._last)
        return turns


def _cloned(node: Node, clones: Mapping[Node, Node], segment: int) -> Node:
    """Return `node` computed again, from what is computed again or kept."""
    if isinstance(node, Output):
        return make_output(clones[node.source], node.index, node.shape, node.dtype)  # type: ignore[arg-type]
    assert isinstance(node, Apply)
    args = tuple([clones.get(arg, arg) for arg in node.args])
    return make_apply(node.op, args, node.params, node.shape, node.dtype, segment)
