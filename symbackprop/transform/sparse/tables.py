"""Arrays of integers that a sparse derivative has from the compiler.

They are written out where they are short or follow a rule, and else are tables, which are bound to the printed function
as large constants are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from symbackprop.emit.header import Recipe
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Node, constant, make_input
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ops.creation import arange
from symbackprop.ops.literal import literal

__all__ = ["Tables"]

_SHORT = 12  # entries that are written out


class Tables:
    """Hands out nodes for arrays, equal ones once, and puts the inputs that it makes of long ones into a graph."""

    def __init__(self, graph: Graph, recipe: Recipe) -> None:
        self._graph = graph
        self._taken = {spec.name for spec in graph.arguments}
        if recipe.packing is not None:
            self._taken.update(name for name, _ in recipe.packing.arguments)
        self._arrays: dict[str, Any] = {}
        self._nodes: dict[bytes, Node] = {}

    def node(self, name: str, array: Any) -> Node:
        """Return a node for a vector of integers that is called `name`, or that with a number."""
        vector = np.ascontiguousarray(array, dtype=np.int64)
        key = vector.tobytes()
        if key not in self._nodes:
            known = _by_rule(vector)
            self._nodes[key] = self._bound(name, vector) if known is None else known
        return self._nodes[key]

    def onto(self, graph: Graph) -> Graph:
        """Return `graph`, made of the one given, with the tables in use as its last inputs."""
        specs = [ArgumentSpec(name, array.shape, "int64", role="table") for name, array in self._arrays.items()]
        first = len(self._graph.inputs)
        inputs = [make_input(first + i, spec.shape or (), spec.dtype) for i, spec in enumerate(specs)]
        return replace(
            graph, arguments=(*graph.arguments, *specs), inputs=(*graph.inputs, *inputs), tables=dict(self._arrays)
        )

    def _bound(self, name: str, vector: Any) -> Node:
        free, number = name, 2
        while free in self._taken:
            free, number = f"{name}{number}", number + 1
        self._taken.add(free)
        self._arrays[free] = vector
        return make_input(len(self._graph.inputs) + len(self._arrays) - 1, vector.shape, "int64")


def _by_rule(vector: Any) -> Node | None:
    """Return a node that computes a vector, if it is short or an arithmetic progression."""
    size = len(vector)
    if size > 2 and np.array_equal(vector, vector[0] + (vector[1] - vector[0]) * np.arange(size)):
        first, step = int(vector[0]), int(vector[1] - vector[0])
        if step == 0:
            return constant(first, (size,), "int64")
        steps: Node = arange(size=size)
        steps = steps if step == 1 else step * steps
        return steps if first == 0 else first + steps
    if size > _SHORT:
        return None
    return literal(*(constant(int(entry)) for entry in vector), shape=(size,)) if size else constant(0, (0,), "int64")
