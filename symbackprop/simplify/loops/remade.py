"""Loops back that are made anew, with results that come of something behind them."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Protocol, TypeVar

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Node, Output
from symbackprop.ops.loops import Loop
from symbackprop.simplify.loops.unneeded import needed_loops
from symbackprop.simplify.pattern import with_new_arguments

__all__ = ["with_loops_back_remade"]

Found = TypeVar("Found")


class Remade(Protocol):
    """A loop in the place of another one."""

    def result(self, position: int) -> Node:
        """Return what has come of a result of the other one."""


def with_loops_back_remade(
    graph: Graph, find: Callable[[Loop, Set[int]], Found], remake: Callable[[Loop, Found], Remade]
) -> Graph:
    """Return `graph` with its loops back remade in which `find` finds something, given which results are needed."""
    primal = set(graph.primal_nodes)
    places = {
        node: found
        for node, results in needed_loops(graph).items()
        if node not in primal and (found := find(Loop(node), results))  # type: ignore[arg-type]
    }
    if not places:
        return graph
    new: dict[Node, Node] = {}
    made: dict[Node, Remade] = {}
    for node in graph.nodes():
        if isinstance(node, Output) and node.source in made:
            new[node] = made[node.source].result(node.index)
            continue
        new[node] = with_new_arguments(node, new)
        if node in places:
            made[node] = remake(Loop(new[node]), places[node])  # type: ignore[arg-type]
    return graph.mapped(new)
