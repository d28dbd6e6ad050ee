"""Rules as functions of a formula: what is printed, both modes, second derivatives, loops and branches."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from support import run, tangents_of

import symbackprop as sb
from symbackprop.diff.forward import push_forward
from symbackprop.diff.reverse import gradient, pull_back
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, constant
from symbackprop.ops.custom_rules import custom_rule
from symbackprop.ops.verify import verify_graph
from symbackprop.read.shapes import read_declarations
from symbackprop.read.text import read_formula
from symbackprop.simplify.pipeline import finish, prepare
from symbackprop.simplify.rules import without_rules

VJP = """
def f(x, y):
    return tanh(x*y)
def f_vjp(g, out, x, y):
    d = g*(1 - out*out)
    return d*y, d*x
def f_jvp(dx, dy, out, x, y):
    return (1 - out*out)*(dx*y + x*dy)
"""
CALLS = ["custom_rule(f, f_vjp, None, {})", "custom_rule(f, None, f_jvp, {})", "custom_rule(f, f_vjp, f_jvp, {})"]
X, W = np.array([0.1, -0.4, 0.7]), np.array([1.0, 2.0, -0.5])


def graph_of(text: str, inputs: str) -> Graph:
    return prepare(read_formula(text, read_declarations(inputs, "float64"), "float64", 0), Counter())


@pytest.mark.parametrize("call", CALLS)
def test_the_gradient_is_that_of_the_function(call: str) -> None:
    ruled = sb.compile_value_and_grad(f"{VJP}sum({call.format('x, w')}**3)", inputs="x[n] w[n]")
    plain = sb.compile_value_and_grad("sum(tanh(x*w)**3)", inputs="x[n] w[n]")
    (value, slopes), (expected, wanted) = ruled(X, W), plain(X, W)
    assert value == pytest.approx(expected, rel=1e-15)
    np.testing.assert_allclose(slopes, wanted, rtol=1e-14)
    assert ruled.verify()


@pytest.mark.parametrize("call", CALLS)
def test_forward_mode(call: str) -> None:
    ruled = sb.compile_value(f"{VJP}{call.format('x, w')}**3", inputs="x[n] w[n]")
    plain = sb.compile_value("tanh(x*w)**3", inputs="x[n] w[n]")
    tangents = [tangents_of(f.recipe, ["x", "w"])(X, W, W, X) for f in (ruled, plain)]
    np.testing.assert_allclose(*tangents, rtol=1e-14)


@pytest.mark.parametrize("call", CALLS)
def test_the_second_derivative_is_that_of_the_rule(call: str) -> None:
    """Reverse over reverse and forward over reverse, against the function without a rule."""
    found = []
    for text in (f"{VJP}sum({call.format('x, w')}**3)", "sum(tanh(x*w)**3)"):
        graph = graph_of(text, "x[n] w[n]")
        x, w = graph.inputs
        first = gradient(graph, [x, w]).outputs
        second = pull_back(first, [constant(1, node.shape, node.dtype) for node in first], [x, w])
        pushed = push_forward(first, {x: w, w: x})
        outputs = [second[x], second[w], *pushed]
        assert all(node is not None for node in outputs)
        found.append(evaluated(graph, outputs))
    np.testing.assert_allclose(*found, rtol=1e-13)


def evaluated(graph: Graph, outputs: list) -> list:
    wider = without_rules(graph.with_outputs(outputs, graph.labels * len(outputs)))
    return run(wider.outputs, dict(zip(graph.inputs, (X, W), strict=True)))


def test_nothing_of_the_rule_is_printed() -> None:
    compiled = sb.compile_value_and_grad(f"{VJP}sum({CALLS[2].format('x, w')}**3)", inputs="x[n] w[n]")
    code = compiled.source.split('"""')[-1]
    assert "custom_rule" not in code
    assert "f_vjp" not in code
    assert not any(isinstance(node, Apply) and node.op is custom_rule for node in compiled.graph.nodes())
    assert code.count("np.tanh") == 1  # the rule reads the result


def test_what_function_and_rule_have_in_common_is_computed_once() -> None:
    text = """
def f(x):
    e = exp(-x*x)
    return x*e
def f_vjp(g, out, x):
    e = exp(-x*x)
    return g*(1 - 2*x*x)*e
sum(custom_rule(f, f_vjp, None, x))"""
    compiled = sb.compile_value_and_grad(text, inputs="x[n]")
    assert compiled.source.split('"""')[-1].count("np.exp") == 1
    assert compiled.verify()


def test_the_function_is_not_seen_through() -> None:
    """log(exp(x)) is x, but the rule says otherwise."""
    text = "def f(x): return exp(x)\ndef f_vjp(g, out, x): return 5*g\nlog(custom_rule(f, f_vjp, None, x))"
    value, slope = sb.compile_value_and_grad(text, wrt="x")(2.0)
    assert value == pytest.approx(2.0)
    assert slope == pytest.approx(5 * np.exp(-2.0))


def test_a_graph_with_rules_is_well_formed() -> None:
    graph = graph_of(f"{VJP}sum({CALLS[2].format('x, w')}**3)", "x[n] w[n]")
    assert any(isinstance(node, Apply) and node.op is custom_rule for node in graph.nodes())
    verify_graph(graph)
    verify_graph(gradient(graph, graph.inputs))
    finished = finish(gradient(graph, graph.inputs), Counter())
    assert not any(isinstance(node, Apply) and node.op is custom_rule for node in verify_graph(finished).nodes())


def test_several_results_nests_and_zero_cotangents() -> None:
    text = """
def f(state, k):
    h, c = state
    return h*c, (sum(h), k*c)
def f_vjp(g, out, state, k):
    g1, (g2, g3) = g[0], g[1]
    h, c = state
    return (g1*c + g2, g1*h + k*g3), None
a, b = custom_rule(f, f_vjp, None, (x, w), 2.0)
sum(a**2) + b[0]*sum(b[1])"""
    text = text.replace("g1, (g2, g3) = g[0], g[1]", "g1 = g[0]\n    g2 = g[1][0]\n    g3 = g[1][1]")
    ruled = sb.compile_grad(text, inputs="x[n] w[n]")
    plain = sb.compile_grad("sum((x*w)**2) + sum(x)*sum(2*w)", inputs="x[n] w[n]")
    np.testing.assert_allclose(ruled(X, W), plain(X, W), rtol=1e-14)
    assert ruled.verify()


def test_a_cotangent_that_is_zero_has_no_line() -> None:
    text = "def f(x, w): return x*w\ndef f_vjp(g, out, x, w): return g*w, None\nsum(custom_rule(f, f_vjp, None, x, w))"
    compiled = sb.compile_grad(text, inputs="x[n] w[n]")
    assert "np.zeros" in compiled.source
    np.testing.assert_array_equal(compiled(X, W)[1], 0)
    report = compiled.verify()
    assert not report
    assert "the vjp is wrong in argument w: 0" in str(report)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("call", CALLS)
def test_in_a_loop(call: str, reverse: bool) -> None:
    text = """{}
def step(c, x):
    c = {} + x
    return c, c*c
last, every = scan(step, 0.1, x, reverse={})
last + sum(every)"""
    ruled = sb.compile_value_and_grad(text.format(VJP, call.format("c, w"), reverse), inputs="x[n] w")
    plain = sb.compile_value_and_grad(text.format("", "tanh(c*w)", reverse), inputs="x[n] w")
    (value, (dx, dw)), (expected, (wanted_x, wanted_w)) = ruled(X, 0.5), plain(X, 0.5)
    assert value == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(dx, wanted_x, rtol=1e-13)
    assert dw == pytest.approx(wanted_w, rel=1e-13)
    tangents = [tangents_of(f.value.recipe, ["x", "w"])(X, 0.5, W, 1.0) for f in (ruled, plain)]
    np.testing.assert_allclose(*tangents, rtol=1e-13)


@pytest.mark.parametrize("x", [-0.5, 0.5])
def test_in_a_branch(x: float) -> None:
    text = f"{VJP}def a(x, w): return {CALLS[0].format('x, w')}\ndef b(x, w): return x*w\ncond(x > 0, a, b, x, w)"
    expected = sb.compile_grad("tanh(x*w)" if x > 0 else "x*w", wrt=["x", "w"])(x, 2.0)
    assert sb.compile_grad(text, wrt=["x", "w"], inputs="x w")(x, 2.0) == pytest.approx(expected)


def test_rules_in_rules() -> None:
    text = """
def g(x): return x**3
def g_vjp(g_bar, out, x): return 3*g_bar*x**2
def f(x): return custom_rule(g, g_vjp, None, x)*x
def f_vjp(f_bar, out, x): return 4*f_bar*custom_rule(g, g_vjp, None, x)
y = custom_rule(f, f_vjp, None, x)
sum(y**2)"""
    compiled = sb.compile_value_and_grad(text, inputs="x[n]")
    value, slope = compiled(X)
    assert value == pytest.approx(np.sum(X**8))
    np.testing.assert_allclose(slope[0], 8 * X**7, rtol=1e-14)
    report = compiled.verify()
    assert report
    assert {rule.name for rule in report.rules} == {"f", "g"}


def test_single_precision_stays() -> None:
    compiled = sb.compile_grad(f"{VJP}sum({CALLS[0].format('x, w')}**3)", inputs="x[n] w[n]", dtype="float32")
    dtypes = {node.dtype for node in compiled.graph.nodes() if is_float(node.dtype)}
    assert dtypes == {"float32"}
    assert compiled(X, W)[0].dtype == np.float32


def test_scalars_print_with_math() -> None:
    compiled = sb.compile_grad(f"{VJP}{CALLS[0].format('x, w')}")
    assert "from math import tanh" in compiled.source
    assert compiled(0.3, 0.7) == pytest.approx(sb.compile_grad("tanh(x*w)")(0.3, 0.7))
    np.testing.assert_allclose(compiled(X, W), sb.compile_grad("tanh(x*w)")(X, W), rtol=1e-14)


def test_to_sympy() -> None:
    found = sb.compile_grad(f"{VJP}{CALLS[0].format('x, w')}").to_sympy()
    assert str(found.value) == "tanh(w*x)"


def test_a_result_that_is_an_argument_is_a_copy() -> None:
    f = sb.compile_value("x[n] -> def f(x): return x\ndef f_vjp(g, out, x): return g\ncustom_rule(f, f_vjp, None, x)")
    found = f(X)
    assert not np.shares_memory(found, X)
