"""Derivatives of gradients of loops: both modes over the reverse pass, against each other and differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from comparing import RANDOM, flat, programs
from hypothesis import given, settings
from hypothesis import strategies as st
from random_steps import Program, arguments_of, declared, scanned

import symbackprop as sb
from symbackprop.diff.forward import push_forward
from symbackprop.diff.reverse import gradient
from symbackprop.emit.load import load_function
from symbackprop.emit.module import print_module
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Node, constant, make_input
from symbackprop.ir.signature import Label, Nest
from symbackprop.ops.arithmetic import add, mul
from symbackprop.ops.broadcasting import sum_axes
from symbackprop.ops.verify import verify_graph
from symbackprop.read.shapes import read_declarations
from symbackprop.read.text import read_formula
from symbackprop.simplify.pattern import Rewrites
from symbackprop.simplify.pipeline import finish, prepare

Product = Callable[..., tuple[np.ndarray, ...]]


def products_with_the_hessian(compiled: sb.CompiledFunction) -> tuple[Product, Product]:
    """Return functions of arguments and directions: reverse over reverse, and forward over reverse."""
    recipe = compiled.recipe
    graph = prepare(read_formula(recipe.formula, read_declarations(recipe.inputs, recipe.dtype)), Rewrites())
    first = gradient(graph, graph.inputs)
    count = len(graph.inputs)
    moved = [make_input(count + i, x.shape, x.dtype) for i, x in enumerate(graph.inputs)]
    wider = replace(
        first,
        arguments=(*graph.arguments, *(replace(spec, name=f"{spec.name}_dot") for spec in graph.arguments)),
        inputs=(*graph.inputs, *moved),
    )
    slopes = [sum_axes(mul(g, d), tuple(range(g.rank))) for g, d in zip(first.outputs, moved, strict=True)]
    slope = add(*slopes) if len(slopes) > 1 else slopes[0]
    along = replace(wider, primals=(slope,), outputs=(slope,), labels=(Label(0),))
    reverse = gradient(verify_graph(along), graph.inputs).outputs
    pushed = push_forward(first.outputs, dict(zip(graph.inputs, moved, strict=True)))
    forward = [constant(0, x.shape) if p is None else p for p, x in zip(pushed, graph.inputs, strict=True)]
    return printed(wider, reverse, compiled), printed(wider, forward, compiled)


def printed(graph: Graph, outputs: Any, compiled: sb.CompiledFunction) -> Product:
    nodes: tuple[Node, ...] = tuple(outputs)
    labels = tuple(Label(number) for number in range(len(nodes)))
    whole = replace(graph, primals=nodes, outputs=nodes, labels=labels, structure=Nest(tuple, (None,) * len(nodes)))
    recipe = replace(compiled.recipe, name="product", kind="value", packing=None, with_value=False)
    text = print_module(verify_graph(finish(verify_graph(whole), Rewrites())), recipe, "0", "numpy")
    return load_function(text.source, text.name)


@settings(RANDOM, max_examples=15)
@given(programs(), st.sampled_from([0, 1, 4]), st.integers(0, 2**32 - 1))
@np.errstate(all="ignore")  # of constants in branches that are never taken
def test_products_with_the_hessian(program: Program, steps: int, seed: int) -> None:
    arguments, directions = arguments_of(program, steps, seed), arguments_of(program, steps, seed + 1)
    compiled = sb.compile_value_and_grad(scanned(program), inputs=declared(program, "n"))
    reverse, forward = products_with_the_hessian(compiled)

    def moved(step: float) -> list[np.ndarray]:
        there = {
            group: {name: x + step * directions[group][name] for name, x in arrays.items()}
            for group, arrays in arguments.items()
        }
        return flat(compiled(**there)[1])

    ours = reverse(*flat(arguments), *flat(directions))
    others = forward(*flat(arguments), *flat(directions))
    h = 1e-6
    for one, other, ahead, behind in zip(ours, others, moved(h), moved(-h), strict=True):
        difference = (ahead - behind) / (2 * h)
        scale = np.max(np.abs(difference), initial=1.0)
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-10 * scale)
        close = np.abs(one - difference) <= 1e-5 * scale
        assert np.all(close) or steps_over_a_kink(moved, h)


def steps_over_a_kink(moved: Callable[[float], list[np.ndarray]], h: float) -> bool:
    """Tell whether halving the step changes the difference quotient, as it does where a branch or a tie lies between."""
    whole = [(a - b) / (2 * h) for a, b in zip(moved(h), moved(-h), strict=True)]
    half = [(a - b) / h for a, b in zip(moved(h / 2), moved(-h / 2), strict=True)]
    return any(
        np.max(np.abs(a - b), initial=0.0) > 1e-3 * np.max(np.abs(a), initial=1.0)
        for a, b in zip(whole, half, strict=True)
    )
