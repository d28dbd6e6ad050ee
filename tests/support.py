"""Running nodes in tests: print them with the real printer, execute the text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from symbackprop.compilation import compile_recipe
from symbackprop.emit.header import Recipe
from symbackprop.emit.load import load_function
from symbackprop.emit.module import print_module
from symbackprop.ir.graph import Graph, topological
from symbackprop.ir.node import Input, Node
from symbackprop.ir.signature import ArgumentSpec, Label, Nest, leaves_of
from symbackprop.ops.verify import verify_graph
from symbackprop.simplify.rules import without_rules
from symbackprop.transform.derivatives import with_solvers


def inputs_of(nodes: Sequence[Node]) -> list[Input]:
    """Return the inputs that `nodes` reach, by position."""
    found = {node for node in topological(nodes) if isinstance(node, Input)}
    return sorted(found, key=lambda node: node.index)


def graph_of(outputs: Sequence[Node]) -> Graph:
    inputs = inputs_of(outputs)
    return Graph(
        arguments=tuple(ArgumentSpec(f"x{node.index}", node.shape, node.dtype) for node in inputs),
        inputs=tuple(inputs),
        primals=tuple(outputs),
        outputs=tuple(outputs),
        labels=tuple(Label(number) for number in range(len(outputs))),
        structure=Nest(tuple, (None,) * len(outputs)),
    )


def run(outputs: Sequence[Node], values: Mapping[Input, Any], target: str = "numpy") -> list[Any]:
    """Return the values of `outputs`."""
    graph = without_rules(with_solvers(verify_graph(graph_of(outputs))))
    recipe = Recipe("test", "value", None, None, False, target, "float64", "f")
    printed = print_module(graph, recipe, "0", target)
    function = load_function(printed.source, printed.name)
    with np.errstate(all="ignore"):
        return list(function(*(values[node] for node in graph.inputs)))


def tangents_of(recipe: Recipe, wrt: Sequence[str]) -> Callable[..., tuple[Any, ...]]:
    """Return the function of the leaves of a recipe's inputs, and tangents of those in `wrt`, that gives tangents."""
    asked = replace(recipe, kind="jvp", wrt=tuple(wrt), with_value=False, packing=None, target="numpy")
    function = compile_recipe(asked).function
    return lambda *args: tuple(leaves_of(function(*args)))
