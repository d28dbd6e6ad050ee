"""What a large formula whose order means nothing becomes: factors out of sums, common products and sums once."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from support import run

import symbackprop as sb
from symbackprop.ir.graph import Graph
from symbackprop.ops.arithmetic import neg
from symbackprop.ops.cost import count_operations
from symbackprop.ops.verify import verify_graph
from symbackprop.read.text import read_formula
from symbackprop.simplify import pipeline
from symbackprop.simplify.common_products import share_products
from symbackprop.simplify.factors import factor_sums
from symbackprop.simplify.partial_sums import share_partial_sums
from symbackprop.simplify.pattern import Rewrites, rewrite

Pass = Callable[[Graph, Rewrites], Graph]


def normal(text: str) -> Graph:
    graph = read_formula(text, None)
    return rewrite(graph, pipeline._RECOGNISING, Rewrites())


def operations(graph: Graph) -> int:
    """Return the counted operations but for signs, which sums absorb."""
    return count_operations([node for node in graph.nodes() if getattr(node, "op", None) is not neg])  # type: ignore


def both(text: str, transform: Pass) -> tuple[Graph, Graph]:
    """Return the graph of a formula and what a pass makes of it, which has the same value."""
    before = normal(text)
    after = verify_graph(transform(before, Rewrites()))
    assert after.arguments == before.arguments
    generator = random.Random(len(text))
    values = {node: generator.uniform(0.5, 2.0) for node in before.inputs}
    results = [run(graph.outputs, values) for graph in (before, after)]
    assert results[1] == pytest.approx(results[0], rel=1e-14)
    return before, after


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("a*b + a*c", 2),  # a*(b + c)
        ("a*b + a*c + d", 3),
        ("a*b - a*c", 2),
        ("-a*b - a*c - a*d", 3),  # -(a*(b + c + d))
        ("a*b*f + a*c*f + a*d + g", 5),  # a*(f*(b + c) + d) + g
        ("a/x + b/x + c", 3),  # (a + b)/x + c
        ("a/x - 1/x", 2),
        ("a/2 + b/2 - c", 3),  # (a + b)/2 - c
        ("2*a*b + 2*a*c", 3),
        ("a*b + b*c + c*d + d*f", 5),  # b*(a + c) + d*(c + f)
        ("a*a*b + a*c", 4),  # squares are nodes of their own
        ("a + a*b", 2),  # nothing to save
        ("a/x + a*y", 3),  # and no reciprocal that a quotient would not have, which rounds once more
        ("a*b/x + a*y", 3),  # a*(b/x + y)
        ("a*b + c*d", 3),
    ],
)
def test_factors_out_of_sums(text: str, cost: int) -> None:
    _, after = both(text, factor_sums)
    assert operations(after) == cost


def test_no_reciprocal_overflows_that_was_not_there() -> None:
    _, after = both("a/x + a*y", factor_sums)
    values = dict(zip(after.inputs, (1e-310, 1e-310, 2.0), strict=True))
    assert run(after.outputs, values) == [1.0]


def test_products_that_others_need_are_left_whole() -> None:
    _, after = both("(a*b + a*c)*sin(a*b)*cos(a*c)", factor_sums)
    assert "factor out of sum" not in _log("(a*b + a*c)*sin(a*b)*cos(a*c)", factor_sums)
    assert operations(after) == 25  # sine and cosine count ten each


def _log(text: str, transform: Pass) -> Rewrites:
    log = Rewrites()
    transform(normal(text), log)
    return log


def test_long_products_are_taken_for_one_factor() -> None:
    product = "*".join(f"x{i}" for i in range(40))
    both(f"a*{product} + a*b + a*c", factor_sums)


@pytest.mark.parametrize(
    ("text", "saved"),
    [
        ("sin(a*b*c) + cos(b*d*c)", 1),  # b*c
        ("sin(a*b*c*d) + cos(d*b*f*a)", 2),  # a*b*d
        ("sin(a*b) + sin(a*b*c) + sin(c*a*b*d)", 1),  # what is spelt alike is one already
        ("sin(c*a*f) + cos(f*b*c) + tan(d*c*f)", 2),
        ("sin(a*a*b) + cos(a*c*a)", 0),  # squares are nodes of their own
        ("sin(a*b) + cos(c*d)", 0),
        ("sin(2*a*b*c) + cos(3*c*d*b)", 1),
    ],
)
def test_common_products(text: str, saved: int) -> None:
    before, after = both(text, share_products)
    assert operations(before) - operations(after) == saved


def test_chains_of_products_stay_chains() -> None:
    text = "\n".join(["_0 = x", *(f"_{i + 1} = sin(_{i})*_{i}" for i in range(50)), "_50"])
    before, after = both(text, share_products)
    assert after.outputs == before.outputs


def test_all_together_on_what_was_multiplied_out() -> None:
    """Products of sums, expanded: each pass alone, and all of them, keep the value and save operations."""
    a, b, c, d, f, g = sympy.symbols("a b c d f g")
    expanded = sympy.expand((a + b) * (c + d * f) * (f + g) + (a + b) ** 2 * (f + g) * c)
    text = str(expanded)
    before, after = both(text, factor_sums)
    both(text, share_products)
    both(text, lambda graph, log: share_partial_sums(graph, log, reordered=True))
    assert operations(after) < 0.5 * operations(before)


atoms = st.sampled_from(["a", "b", "c", "d", "2", "(1/3)"])
products = st.lists(atoms, min_size=1, max_size=5).map("*".join)
quotients = st.tuples(products, st.sampled_from(["", "/a", "/(2 + b*c)", "/4"])).map("".join)
sums = st.lists(st.tuples(st.sampled_from("+-"), quotients).map("".join), min_size=2, max_size=9).map("".join)


@settings(max_examples=70, deadline=None)
@given(st.lists(sums, min_size=1, max_size=3))
def test_exactly_the_same_over_the_rationals(formulas: list[str]) -> None:
    text = "*".join(f"({formula})" for formula in formulas)
    before = normal(text)
    after = verify_graph(pipeline.regrouped(before, Rewrites()))
    assert operations(after) <= operations(before)
    values = {name: Fraction(numerator, 7) for name, numerator in (("a", 3), ("b", -5), ("c", 11), ("d", 2))}
    assert _exact(before, values) == _exact(after, values)


def _exact(graph: Graph, values: dict[str, Fraction]) -> Fraction:
    """Return the value of a rational formula, without rounding."""
    names = dict(zip(graph.inputs, (spec.name for spec in graph.arguments), strict=True))
    found: dict[Any, Any] = {}
    for node in graph.nodes():
        if node in names:
            found[node] = values[names[node]]  # type: ignore[index]
            continue
        if node.op is None:
            found[node] = Fraction(node.value)  # type: ignore[attr-defined]
            continue
        args = [found[arg] for arg in node.args]
        name = node.op.name
        if name == "add":
            found[node] = sum(args)
        elif name == "multiply":
            found[node] = args[0] * args[1]
        elif name == "divide":
            found[node] = args[0] / args[1]
        elif name == "negative":
            found[node] = -args[0]
        elif name == "square_difference":
            found[node] = args[0] ** 2 - args[1] ** 2
        else:
            assert name == "integer_power"
            found[node] = args[0] ** node.param("n")
    return found[graph.outputs[0]]


def test_small_expressions_stay_as_sympy_prints_them() -> None:
    a, b, c, x = sympy.symbols("a b c x")
    source = sb.compile_value(a * x * b + a * x * c).source
    assert "a * b * x + a * c * x" in source


def test_large_expressions_are_regrouped_and_saved_files_say_so() -> None:
    symbols = sympy.symbols("a0:20")
    x, y = sympy.symbols("x y")
    expression = sympy.Add(*(s * x * sympy.sin(y + i) for i, s in enumerate(symbols)), *(s * x * y for s in symbols))
    compiled = sb.compile_value_and_grad(expression, wrt=[x, y])
    assert compiled.rewrites["factor out of sum"] > 0
    assert '"reordered": true' in compiled.source
    assert compiled.verify(points=1, seconds=1)
    point = {spec.name: 0.1 * i + 0.3 for i, spec in enumerate(compiled.signature)}
    assert compiled(**point)[0] == sb.compile_value(expression)(**point)
