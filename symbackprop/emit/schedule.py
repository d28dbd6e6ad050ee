"""In which order nodes are computed, and what belongs to the forward part.

Forward is what the formula itself computes, in the order of a walk from its value; backward is the rest, in the order
of the reverse pass: an adjoint stands after those of all that its primal flows into.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from symbackprop.emit.order import shortened
from symbackprop.ir.graph import Graph, children, topological
from symbackprop.ir.node import Node, Output

__all__ = ["Schedule", "scheduled"]


@dataclass(frozen=True)
class Schedule:
    """The nodes to print.

    Parameters
    ----------
    forward : list of Node
        All nodes of the formula, needed or not (comments speak of those that are not).
    backward : list of Node
        The other nodes that the outputs need.
    needed : set of Node
        What the outputs reach.
    adjoint_of : dict of Node to Node
        For an adjoint the primal that it belongs to.
    originals : mapping of Node to Node
        For what the backward part computes again what it was the first time.
    turns : mapping of Node to (int, bool)
        The pieces that the backward part falls into where it computes forward values again, segment by segment: for each
        of its nodes the segment, from the last to the first, and whether it is an adjoint.
    sums : mapping of Node to Node
        For what a sum amounts to before the last of these pieces the whole of it.
    """

    forward: list[Node]
    backward: list[Node]
    needed: set[Node]
    adjoint_of: dict[Node, Node]
    originals: Mapping[Node, Node] = field(default_factory=dict)
    turns: Mapping[Node, tuple[int, bool]] = field(default_factory=dict)
    sums: Mapping[Node, Node] = field(default_factory=dict)


def scheduled(graph: Graph, counts: Iterable[str] = (), *, in_buffers: bool = False) -> Schedule:
    """Return the order in which `graph` is printed, with the sizes named in `counts` computed on the way.

    Memory that is used again is that of arrays which nobody needs any more: lifetimes are short then.
    """
    forward = graph.primal_nodes
    primal = set(forward)
    needed = graph.needed(counts)
    adjoint_of: dict[Node, Node] = {}
    for node, adjoint in graph.adjoints.items():
        if adjoint in needed and adjoint not in primal:
            adjoint_of.setdefault(adjoint, node)
    backward = topological([*adjoint_of, *graph.outputs], known=primal)
    again = graph.recomputation
    if again is None:
        backward = shortened(backward, graph.outputs) if in_buffers else backward
        return Schedule(forward, backward, needed, adjoint_of)
    turns = {node: (again.segments[node], _source(node) not in again.originals) for node in backward}
    ordered = _in_turns(backward, turns)
    return Schedule(forward, ordered, needed, adjoint_of, again.originals, turns, again.sums)


def _in_turns(backward: Sequence[Node], turns: Mapping[Node, tuple[int, bool]]) -> list[Node]:
    """Return the backward part segment by segment; what is computed again stands above the first line that reads it."""
    again: dict[int, list[Node]] = {}
    adjoints: dict[int, list[Node]] = {}
    for node in backward:
        segment, is_adjoint = turns[node]
        (adjoints if is_adjoint else again).setdefault(segment, []).append(node)
    ordered: list[Node] = []
    for segment in sorted({*again, *adjoints}, reverse=True):
        waiting = again.get(segment, [])
        for node in adjoints.get(segment, ()):
            if waiting and any(turns.get(child) == (segment, False) for child in children(node)):
                ordered += waiting
                waiting = []
            ordered.append(node)
        ordered += waiting
    return ordered


def _source(node: Node) -> Node:
    """Return what is computed where `node` gets its name."""
    return node.source if isinstance(node, Output) else node
