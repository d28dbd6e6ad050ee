"""Values that are known when compiling: numbers, what is made of them, and arrays that are bound to the formula."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from symbackprop.emit.header import Recipe
from symbackprop.emit.load import load_function
from symbackprop.emit.module import print_module
from symbackprop.ir.graph import Graph, children
from symbackprop.ir.node import Const, Input, Node
from symbackprop.ir.signature import ArgumentSpec, Label
from symbackprop.ir.size import product
from symbackprop.version import __version__

__all__ = ["Known"]

_LARGEST = 10_000_000  # entries of an array that is worked out


class Known:
    """Works out nodes that depend on no argument of a call, each by the text that would be printed of it.

    Parameters
    ----------
    inputs : mapping of Input to array
        The inputs that are known.
    """

    def __init__(self, inputs: Mapping[Input, Any]) -> None:
        self._inputs = dict(inputs)
        self._values: dict[Node, Any] = {}
        self._reached: dict[Node, frozenset[Input] | None] = {}  # the known inputs; None where others are reached

    @classmethod
    def of(cls, graph: Graph, constants: Mapping[str, Any]) -> Known:
        """Return what is known of a formula's graph, some of whose arguments are bound to `constants`."""
        by_name = {spec.name: node for spec, node in zip(graph.arguments, graph.inputs, strict=True)}
        return cls({by_name[name]: array for name, array in constants.items() if name in by_name})

    def __call__(self, node: Node) -> Any:
        """Return the value of a node as an array, or None if it is not known, or too large to be worked out."""
        if node not in self._values:
            self._values[node] = self._value(node)
        return self._values[node]

    def note(self, node: Node) -> None:
        """Take notice of a node, whose arguments have been noted."""
        if isinstance(node, Input):
            self._reached[node] = frozenset((node,)) if node in self._inputs else None
            return
        below = [self._reached[child] for child in children(node)]
        known = [inputs for inputs in below if inputs is not None]
        self._reached[node] = None if len(known) < len(below) else frozenset().union(*known)

    def _value(self, node: Node) -> Any:
        inputs = self._reached[node]
        size = product(node.shape)
        if inputs is None or not isinstance(size, int) or size > _LARGEST:
            return None
        if isinstance(node, Const) and isinstance(node.value, (bool, int, float)):
            return np.full(node.shape, node.value)
        order = sorted(inputs, key=lambda x: x.index)
        specs = tuple(ArgumentSpec(f"x{x.index}", x.shape, x.dtype) for x in order)
        graph = Graph(specs, tuple(order), (node,), (node,), (Label(),))
        printed = print_module(
            graph, Recipe("known", "value", None, None, False, "numpy", "float64", "f"), __version__, "numpy"
        )
        with np.errstate(all="ignore"):
            return np.asarray(load_function(printed.source, printed.name)(*(self._inputs[x] for x in order)))
