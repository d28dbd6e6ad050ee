"""Custom rules are gone once derivatives are taken: what is left are the nodes of the function and of its rule."""

from __future__ import annotations

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Node, Output
from symbackprop.ops.custom_rules import custom_rule
from symbackprop.simplify.loops.bodies import in_bodies
from symbackprop.simplify.pattern import with_new_arguments

__all__ = ["without_rules"]


def without_rules(graph: Graph) -> Graph:
    """Return `graph` with the results of functions in place of those that have a rule of their own."""
    if graph.applies(custom_rule):
        new: dict[Node, Node] = {}
        for node in graph.nodes():
            if isinstance(node, Output) and node.source.op is custom_rule:
                new[node] = new[node.source.args[node.index]]
            else:
                new[node] = with_new_arguments(node, new)
        graph = graph.mapped(new)
    return in_bodies(graph, without_rules)
