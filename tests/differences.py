"""Derivatives by differences, and of gradients by both modes: what tests of branches, loops and equations compare with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.diff.forward import push_forward
from symbackprop.diff.reverse import gradient
from symbackprop.emit.load import load_function
from symbackprop.emit.module import print_module
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import constant, make_input
from symbackprop.ir.signature import Label, Nest
from symbackprop.ops.arithmetic import add, mul
from symbackprop.ops.broadcasting import sum_axes
from symbackprop.ops.verify import verify_graph
from symbackprop.read.shapes import read_declarations, split_declarations
from symbackprop.read.text import read_formula
from symbackprop.simplify.pattern import Rewrites
from symbackprop.simplify.pipeline import finish, prepare
from symbackprop.transform.derivatives import with_derivatives, with_solvers

__all__ = ["agrees_with_differences", "body_of", "second_order_agrees"]


def body_of(compiled: sb.CompiledFunction) -> str:
    """Return the statements of a printed function."""
    return compiled.source.split('"""')[-1]


def quotients(function: Callable[..., Any], arguments: Sequence[Any], position: int, h: float = 1e-6) -> np.ndarray:
    """Return central difference quotients of a number with respect to one argument."""
    x = np.array(arguments[position], dtype=float)
    found = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        ends = []
        for sign in (1, -1):
            moved = x.copy()
            moved[index] += sign * h
            ends.append(function(*arguments[:position], moved, *arguments[position + 1 :]))
        found[index] = (ends[0] - ends[1]) / (2 * h)
    return found


def agrees_with_differences(formula: Any, *arguments: Any, tolerance: float = 1e-6, **options: Any) -> Any:
    """Compare the gradient with difference quotients; return the value and the compiled function."""
    compiled = sb.compile_value_and_grad(formula, **options)
    value, gradients = compiled(*arguments)
    real = [i for i, spec in enumerate(compiled.graph.arguments) if spec.dtype.startswith("float")]
    for position, slope in zip(real, gradients, strict=True):
        expected = quotients(compiled.value, arguments, position)
        scale = np.max(np.abs(expected), initial=1.0)
        np.testing.assert_allclose(slope, expected, rtol=0, atol=tolerance * scale)
    return value, compiled


def second_order_agrees(formula: str, *arguments: Any, tolerance: float = 1e-5) -> None:
    """Compare products with the Hessian, reverse over reverse and forward over reverse, with differences of gradients."""
    compiled = sb.compile_grad(formula)
    declared, start = split_declarations(formula)
    log = Rewrites()
    graph = read_formula(formula, read_declarations(declared, "float64"), "float64", start)
    graph = prepare(with_derivatives(graph, lambda bodies: prepare(bodies, log)), log)
    first = gradient(graph, graph.inputs)
    count = len(graph.inputs)
    moved = [make_input(count + i, x.shape, x.dtype) for i, x in enumerate(graph.inputs)]
    specs = (*graph.arguments, *(replace(spec, name=f"{spec.name}_dot") for spec in graph.arguments))
    wider = replace(first, arguments=specs, inputs=(*graph.inputs, *moved))
    slope = add(*(sum_axes(mul(g, d), tuple(range(g.rank))) for g, d in zip(first.outputs, moved, strict=True)))
    along = replace(wider, primals=(slope,), outputs=(slope,), labels=(Label(0),))
    reverse = gradient(verify_graph(along), graph.inputs).outputs
    pushed = push_forward(first.outputs, dict(zip(graph.inputs, moved, strict=True)))
    forward = [constant(0, x.shape) if p is None else p for p, x in zip(pushed, graph.inputs, strict=True)]
    rng = np.random.default_rng(0)
    directions = [rng.normal(size=np.shape(x)) for x in arguments]
    h = 1e-6
    ends = [compiled(*(x + sign * h * d for x, d in zip(arguments, directions, strict=True))) for sign in (1, -1)]
    expected = [(a - b) / (2 * h) for a, b in zip(*ends, strict=True)]
    for outputs in (reverse, forward):
        found = _printed(wider, outputs, compiled)(*arguments, *directions)
        for one, other in zip(found, expected, strict=True):
            assert one == pytest.approx(other, rel=tolerance, abs=tolerance)


def _printed(graph: Graph, outputs: Any, compiled: sb.CompiledFunction) -> Callable[..., Any]:
    nodes = tuple(outputs)
    labels = tuple(Label(number) for number in range(len(nodes)))
    whole = replace(graph, primals=nodes, outputs=nodes, labels=labels, structure=Nest(tuple, (None,) * len(nodes)))
    recipe = replace(compiled.recipe, name="product", kind="value", packing=None, with_value=False)
    text = print_module(verify_graph(finish(with_solvers(verify_graph(whole)), Rewrites())), recipe, "0", "numpy")
    return load_function(text.source, text.name)
