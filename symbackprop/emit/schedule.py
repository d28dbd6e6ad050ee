"""In which order nodes are computed, and what belongs to the forward part.

Forward is what the formula itself computes, in the order of a walk from its value; backward is the rest, in the order
of the reverse pass: an adjoint stands after those of all that its primal flows into.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from symbackprop.ir.graph import Graph, topological
from symbackprop.ir.node import Node

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
    """

    forward: list[Node]
    backward: list[Node]
    needed: set[Node]
    adjoint_of: dict[Node, Node]


def scheduled(graph: Graph, counts: Iterable[str] = ()) -> Schedule:
    """Return the order in which `graph` is printed, with the sizes named in `counts` computed on the way."""
    forward = graph.primal_nodes
    primal = set(forward)
    needed = graph.needed(counts)
    adjoint_of: dict[Node, Node] = {}
    for node, adjoint in graph.adjoints.items():
        if adjoint in needed and adjoint not in primal:
            adjoint_of.setdefault(adjoint, node)
    roots = [*adjoint_of, *graph.outputs]
    return Schedule(forward, topological(roots, known=primal), needed, adjoint_of)
