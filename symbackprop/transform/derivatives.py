"""Derivatives inside of a formula, written out; and solvers in the place of the equations that they solve."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from symbackprop.diff.forward import push_forward
from symbackprop.diff.reverse import pull_back
from symbackprop.ir.body import Body
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Node, Operation, Output
from symbackprop.ops.bodies import inlined, loops_among, nodes_within
from symbackprop.ops.custom_rules import custom_rule
from symbackprop.ops.derivatives import (
    by_columns,
    columns_of,
    jacobian,
    jacobian_of,
    pullback,
    pulled_back,
    pushed_forward,
    pushforward,
)
from symbackprop.ops.implicit import root, solved
from symbackprop.ops.whiles import WhileLoop, while_loop
from symbackprop.simplify.loops.bodies import has_loops, in_bodies, replaced
from symbackprop.simplify.pattern import with_new_arguments
from symbackprop.transform.captured import with_captured
from symbackprop.transform.unit_vectors import with_identities_spread

__all__ = ["with_derivatives", "with_solvers"]

_WrittenOut = Callable[[Apply, Sequence[Node]], list[Node]]


def with_derivatives(graph: Graph, ready: Callable[[Graph], Graph]) -> Graph:
    """Return `graph` with its inner derivatives written out, the innermost first; `ready` prepares what is derived."""
    if not has_loops(graph):
        return graph
    counts = _steps_within(graph.nodes())
    return _written_out(replace(graph, counts={**counts, **graph.counts}) if counts else graph, ready)


def _steps_within(nodes: Iterable[Node]) -> dict[str, Node]:
    """Return how many steps the loops take that derivatives are taken through, by the sizes that these numbers are.

    Derivatives are nested as deep as a person writes them, so this may recurse.
    """
    found: dict[str, Node] = {}
    for node in loops_among(nodes):
        if node.op in _RULES:
            body = _body(node)
            inner = {
                str(loop.size): loop.count for loop in map(WhileLoop, _whiles(body.nodes())) if loop.size is not None
            }
            inner |= _steps_within(body.nodes())
            here = inlined(Body(body.inputs, tuple(inner.values())), node.args[len(node.args) - len(body.inputs) :])
            found |= zip(inner, here, strict=True)
    return found


def _whiles(nodes: Iterable[Node]) -> Iterator[Apply]:
    return (node for node in loops_among(nodes) if node.op is while_loop)


def _written_out(graph: Graph, ready: Callable[[Graph], Graph]) -> Graph:
    if not has_loops(graph):
        return graph
    graph = in_bodies(with_captured(graph), lambda bodies: ready(_written_out(bodies, ready)))
    found: dict[Node, list[Node]] = {}
    new: dict[Node, Node] = {}
    for node in graph.nodes():
        if isinstance(node, Output) and node.source in found:
            new[node] = found[node.source][node.index]
            continue
        rule = _RULES.get(node.op) if isinstance(node, Apply) else None
        if rule is None:
            new[node] = with_new_arguments(node, new)
            continue
        assert isinstance(node, Apply)
        found[node] = rule(node, [new[arg] for arg in node.args])
        new[node] = found[node][0]
    return _spread(graph.mapped(new)) if found else graph


def _spread(graph: Graph) -> Graph:
    """Return `graph` with its Jacobians as array code; not yet where equations and rules stand, which are no array code."""
    operations = {node.op for node in nodes_within(graph.nodes()) if isinstance(node, Apply)}
    return graph if operations & {root, custom_rule} else with_identities_spread(graph)


def _body(node: Apply) -> Body:
    return node.param("body")  # type: ignore[return-value]


def _count(node: Apply) -> int:
    return node.param("count")  # type: ignore[return-value]


def _jacobian(node: Apply, args: Sequence[Node]) -> list[Node]:
    """Return a Jacobian made by rows, or by columns; `leading` are columns as they come, the axes of the argument first."""
    mode = node.param("mode")
    if mode == "reverse":
        return [jacobian_of(_body(node), args, pull_back)]
    return [(by_columns if mode == "forward" else columns_of)(_body(node), args, push_forward)]


_RULES: Mapping[Operation, _WrittenOut] = {
    jacobian: _jacobian,
    pullback: lambda node, args: pulled_back(_body(node), args, _count(node), pull_back),
    pushforward: lambda node, args: pushed_forward(_body(node), args, _count(node), push_forward),
}


def with_solvers(graph: Graph) -> Graph:
    """Return `graph` with the loops that solve equations in the place of these."""
    if not has_loops(graph):
        return graph
    graph = in_bodies(graph, with_solvers)
    return replaced(graph, lambda node, args: solved(node, args) if node.op is root else None)
