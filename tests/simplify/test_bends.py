"""Functions that are smooth though they are written through bends: their derivatives at these are those beside them."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

import symbackprop as sb

NEAR = 1e-6
PAIRS = [  # both pieces of a bend at x = 0, as texts that are exchanged where x changes its sign
    ("abs(x)", "-abs(x)"),
    ("maximum(x, 0)", "minimum(x, 0)"),
    ("relu(x)", "-relu(-x)"),
    ("maximum(-x, 2*x)", "minimum(2*x, -x)"),
    ("sqrt(x**2)", "-abs(x)"),
    ("maximum(x, -x)", "-hypot(x, 0*x)"),
]


def random_piece(choices: random.Random, depth: int, bent: Sequence[str]) -> tuple[str, str]:
    """Return an expression of bent functions, and what it is with the pieces of all of them exchanged."""
    if depth == 0:
        return choices.choice([*PAIRS, ("x", "x"), ("(1 + x)", "(1 + x)")])
    first, first_exchanged = random_piece(choices, depth - 1, bent)
    kind = choices.randrange(4)
    if kind == 0:
        function = choices.choice(["sin", "exp", "cosh", "tanh"])
        return f"{function}({first})", f"{function}({first_exchanged})"
    second, second_exchanged = random_piece(choices, choices.randrange(depth), bent)
    if kind == 1:
        return f"({first})*({second})", f"({first_exchanged})*({second_exchanged})"
    if kind == 2:
        return f"({first} - {second}/2)", f"({first_exchanged} - {second_exchanged}/2)"
    return f"({first})**2*({second})", f"({first_exchanged})**2*({second_exchanged})"


def smooth_formula(choices: random.Random) -> str:
    piece, exchanged = random_piece(choices, choices.choice([1, 2]), ())
    return choices.choice(["({}) + ({})", "({})*({})", "({0} - 3)**2 + ({1} - 3)**2", "cos({0} - {1})"]).format(
        piece, exchanged
    )


@pytest.mark.parametrize("seed", range(12))
def test_derivatives_at_a_bend_are_those_beside_it(seed: int) -> None:
    choices = random.Random(seed)
    for _ in range(8):
        formula = smooth_formula(choices)
        series = sb.compile_taylor(formula, order=3)
        at, *beside = (np.array(series(x)) for x in (0.0, NEAR, -NEAR))
        for other in beside:
            np.testing.assert_allclose(at, other, rtol=1e-3, atol=1e-3, err_msg=formula)


@pytest.mark.parametrize(
    ("formula", "smooth"),
    [
        ("abs(x)*x*abs(x)", "x**3"),
        ("x*abs(x)*sin(x)*sign(x)", "x**2*sin(x)"),
        ("abs(2*x)*abs(x)", "2*x**2"),
        ("cos(abs(x))*x", "cos(x)*x"),
        ("(abs(x) + 1)*(abs(x) - 1)", "x**2 - 1"),
        ("exp(abs(x)) + exp(-abs(x))", "2*cosh(x)"),
        ("logaddexp(abs(x), -abs(x))", "logaddexp(x, -x)"),
        ("relu(x) - relu(-x)", "x + 0*x"),
        ("relu(x)**2 + relu(-x)**2", "x**2"),
        ("maximum(x, 0)*minimum(x, 0)", "0*x"),
        ("maximum(x, 0)**3 + minimum(0, x)**3", "x**3"),
        ("sign(x)*abs(x)", "x + 0*x"),
        ("sign(x)**2*x**2", "x**2"),
        ("sign(x)*tanh(abs(x))", "tanh(x)"),
        ("copysign(abs(x), x)*x", "x**2"),
        ("abs(x)*hypot(3*x, 4*x)", "5*x**2"),
        ("sqrt(x**4)", "x**2"),
        ("abs(x**2) + abs(abs(x))*abs(x)", "2*x**2"),
        ("(abs(x)**1.5)**4", "x**6"),
    ],
)
def test_smooth_functions(formula: str, smooth: str) -> None:
    found, expected = (sb.compile_taylor(text, order=4) for text in (formula, smooth))
    for x in (0.0, 0.7, -1.3):
        assert found(x) == pytest.approx(expected(x), rel=1e-14, abs=1e-14)


@pytest.mark.parametrize(
    ("formula", "smooth"),
    [
        ("maximum(x, y)*minimum(y, x)", "x*y"),
        ("hypot(maximum(x, y), minimum(x, y))", "hypot(x, y)"),
        ("maximum(x, y)**2 - abs(x - y)*(x - y)*sign(y - x) + minimum(x, y)**2", "x**2 + y**2 + (x - y)**2"),
        ("(maximum(x, y) - minimum(x, y))**2", "(x - y)**2"),
    ],
)
def test_symmetric_functions_of_both_have_no_ties(formula: str, smooth: str) -> None:
    found, expected = (sb.compile_hessian(text) for text in (formula, smooth))
    np.testing.assert_allclose(found(1.5, 1.5), expected(1.5, 1.5), rtol=1e-14)
    np.testing.assert_allclose(found(1.5, -2.0), expected(1.5, -2.0), rtol=1e-14)


@pytest.mark.parametrize("formula", ["sign(x)**2", "sign(x)**2*exp(x)", "sign(x)*cos(sign(x))*sign(x)"])
def test_signs_that_nothing_makes_0_stay(formula: str) -> None:
    assert sb.compile_value(formula)(0.0) == 0.0


def test_bends_stay_where_they_are() -> None:
    assert sb.compile_grad("abs(x)*y + relu(x)*x", wrt="x")(0.0, 3.0) == 0.0
    assert sb.compile_value_and_grad("maximum(x, y)")(1.0, 1.0) == (1.0, (0.5, 0.5))
    assert "abs" in sb.compile_value("abs(x)*x").source


def test_arrays_loops_and_inner_derivatives() -> None:
    hessian = sb.compile_hessian("x[n] -> sum(abs(x)*x*abs(x) + relu(x)**2 + relu(-x)**2)", wrt="x")
    np.testing.assert_array_equal(hessian(np.array([0.0, 2.0])), np.diag([2.0, 14.0]))
    assert sb.compile_value("grad(grad(abs(x)*abs(x)*y, x), x)")(0.0, 3.0) == 6.0


def test_long_chains_take_time_in_proportion() -> None:
    lines = ["u0 = abs(x)", *(f"u{i} = abs(u{i - 1} - {i})" for i in range(1, 100)), "u99*u99"]
    value, (slope,) = sb.compile_value_and_grad("\n".join(lines))(0.3)
    assert value == slope * slope / 4.0


@pytest.mark.parametrize(
    "text",
    [
        "sum(x*abs(a))/sum(abs(a))",
        "sum(x*abs(a))*sum(abs(a))",
        "sum(abs(a)[:, None]*abs(a))",
        "sum(outer(abs(a), maximum(a, 0)))",
        "sum(abs(a)*abs(a)[::-1])",
        "sum(x*sign(a))*sum(abs(a))",
        "(abs(a) @ x)**2",
        "prod(abs(a))",
        "max(abs(a))*sum(abs(a))",
        "sum(hypot(cumsum(abs(a)), x))",
    ],
)
def test_each_entry_of_an_array_bends_for_itself(text: str) -> None:
    x, a = np.array([1.0, 2.0, -0.5]), np.array([1.0, -3.0, 2.0])
    words = {name: getattr(np, name) for name in dir(np)} | {"np": np}
    value = sb.compile_value(text, inputs="x[n] a[n]")
    np.testing.assert_allclose(value(x, a), eval(text, words, {"x": x, "a": a}), rtol=1e-14)
    step = 1e-6 * np.array([0.3, -1.0, 0.7])
    slope = (eval(text, words, {"x": x, "a": a + step}) - eval(text, words, {"x": x, "a": a - step})) / 2e-6
    gradient = sb.compile_grad(text, wrt="a", inputs="x[n] a[n]")(x, a)
    np.testing.assert_allclose(gradient @ step / 1e-6, slope, rtol=1e-6, atol=1e-8)
