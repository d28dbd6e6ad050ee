"""Derivatives inside of a formula, written out; and solvers in the place of the equations that they solve."""

from __future__ import annotations

from collections.abc import Callable

from symbackprop.diff.reverse import Accumulation
from symbackprop.ir.body import Body
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Node
from symbackprop.ops.bodies import loops_among
from symbackprop.ops.derivatives import jacobian, jacobian_of
from symbackprop.ops.implicit import root, solved
from symbackprop.simplify.loops.bodies import in_bodies, replaced

__all__ = ["with_derivatives", "with_solvers"]


def with_derivatives(graph: Graph, ready: Callable[[Graph], Graph]) -> Graph:
    """Return `graph` with its inner derivatives written out, the innermost first; `ready` prepares what is derived."""
    if not loops_among(graph.nodes()):
        return graph
    graph = in_bodies(graph, lambda bodies: ready(with_derivatives(bodies, ready)))
    engine = Accumulation(frozenset())

    def written_out(node: Apply, args: tuple[Node, ...]) -> Node | None:
        if node.op is not jacobian:
            return None
        body: Body = node.param("body")  # type: ignore[assignment]
        return jacobian_of(body, args, engine)

    return replaced(graph, written_out)


def with_solvers(graph: Graph) -> Graph:
    """Return `graph` with the loops that solve equations in the place of these."""
    if not loops_among(graph.nodes()):
        return graph
    graph = in_bodies(graph, with_solvers)
    return replaced(graph, lambda node, args: solved(node, args) if node.op is root else None)
