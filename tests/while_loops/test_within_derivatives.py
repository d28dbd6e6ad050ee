"""`while_loop` in a function whose derivative is part of a formula: backwards through it, to any order."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from differences import agrees_with_differences, body_of

import symbackprop as sb
from symbackprop.api import check_saved

FUNCTIONS = """x[3] w ->
def small(s):
    return sum(s) < 10
def step(s):
    return s*w + 1 + sin(s[::-1])/4
def state(x):
    return while_loop(small, step, x)
def energy(x):
    return sum(state(x)**2)
"""
X, W = np.array([0.5, 0.2, 0.7]), 1.3
V = np.array([0.3, -0.4, 0.8])

LINEAR = "x w ->\ndef small(s):\n    return s < 10\ndef step(s):\n    return s*w\ndef f(x):\n    return while_loop(small, step, x)\n"


@pytest.mark.parametrize(
    "last",
    [
        "sum(grad(energy, x)**2)",
        "sum(jacobian(state, x, mode='reverse')**2)",
        "sum(jacobian(state, x, mode='forward')**2)",
        "sum(hessian(energy, x)**2)",
        "sum(jvp(state, (x,), (x*w,))[1]**2)",
        "sum(vjp(state, (x,), x*w)[1][0]**2)",
        "def slope(y):\n    return sum(grad(energy, y)**2)\nsum(grad(slope, x)**2)",
    ],
)
def test_derivatives_of_derivatives_are_those_of_differences(last: str) -> None:
    agrees_with_differences(FUNCTIONS + last, X, W)
    gradient = sb.compile_grad(FUNCTIONS + last)
    ends = [np.r_[gradient(X + sign * 1e-6 * V, W + sign * 2e-6)] for sign in (1, -1)]
    product = np.r_[sb.compile_hvp(FUNCTIONS + last)(X, W, V, 2.0)]
    expected = (ends[0] - ends[1]) / 2e-6
    np.testing.assert_allclose(product, expected, rtol=0, atol=1e-8 * np.max(np.abs(expected)))


def test_the_loop_runs_once_and_ends_where_it_ends(tmp_path: Path) -> None:
    f = sb.compile_grad(FUNCTIONS + "sum(grad(energy, x)**2)", wrt="x")
    assert body_of(f).count("while ") == 1
    assert f(10 * X, W).tolist() == (8 * 10 * X).tolist()  # no step is taken
    f.save(tmp_path / "f.py")
    check_saved(tmp_path / "f.py")
    assert pickle.loads(pickle.dumps(f)).source == f.source


def test_the_number_of_steps_alone_is_needed() -> None:
    """The derivative of linear steps reads no state: w**k for as many steps k as are taken."""
    assert sb.compile_value(LINEAR + "vjp(f, (x,), 1.0)[1][0]")(1.0, 2.0) == 2.0**4
    slope = sb.compile_grad(LINEAR + "grad(f, x)")
    assert slope(1.0, 2.0) == (0.0, 4 * 2.0**3)
    assert slope.verify(points=1, seconds=0.2)
    assert sb.compile_grad(LINEAR + "def g(x):\n    return grad(f, x)*x**2\ngrad(g, x)")(1.0, 2.0) == (32.0, 64.0)


def test_traced_functions() -> None:
    def halved(x: float) -> float:
        return sb.while_loop(lambda s: s > 1, lambda s: s * s / 8, x)

    def f(x):  # type: ignore[no-untyped-def]
        return sb.grad(halved)(x) ** 2

    assert sb.compile_value(f, inputs={"x": ""})(4.0) == 1.0 - 0.25 * 3


COUNTED = """def small(s):
    return s[0] < 3
def step(s):
    return s[0] + 1, s[1]*s[1]
def f(x):
    return while_loop(small, step, (0, x))[1]
"""


def test_a_counter_before_the_carries_that_are_real() -> None:
    x = 1.1
    value, (slope,) = sb.compile_value_and_grad(COUNTED + "f(x)")(x)
    assert (value, slope) == (pytest.approx(x**8), pytest.approx(8 * x**7))
    assert sb.compile_jvp(COUNTED + "f(x)")(x, 1.0)[1] == pytest.approx(8 * x**7)
    assert sb.compile_grad(COUNTED + "grad(f, x)")(x) == (pytest.approx(56 * x**6),)
    assert sb.compile_derivative(COUNTED + "f(x)", order=3)(x) == pytest.approx(336 * x**5)
    assert sb.compile_grad(COUNTED + "f(x)").verify(points=1)
