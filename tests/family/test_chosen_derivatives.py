"""Custom rules, held and straight-through values, solutions: the same derivative in every mode and order.

Each formula of a vector has a plain one that it must agree with, in tangents, cotangents, Hessian products, Jacobians in
both modes, Hessians, gradients of gradients and batches.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from custom_rules import opaque_functions as own

import symbackprop as sb

RULES = """
def f(x):
    return tanh(x)*sum(x)
def f_vjp(g, out, x):
    return g*(1 - tanh(x)**2)*sum(x) + sum(g*tanh(x))
def f_jvp(x_dot, out, x):
    return x_dot*(1 - tanh(x)**2)*sum(x) + tanh(x)*sum(x_dot)
"""
# what is differentiated, and what has the same derivatives, of every order
CASES = {
    "vjp": (f"{RULES}custom_rule(f, f_vjp, None, x)", "tanh(x)*sum(x)"),
    "jvp": (f"{RULES}custom_rule(f, None, f_jvp, x)", "tanh(x)*sum(x)"),
    "vjp and jvp": (f"{RULES}custom_rule(f, f_vjp, f_jvp, x)", "tanh(x)*sum(x)"),
    "held": ("x**2*stop_gradient(exp(c)) + stop_gradient(c)*x", "x**2*exp(c) + c*x"),
    "straight through": ("straight_through(c, x)*sin(x)", "(x + c - stop_gradient(x))*sin(x)"),
    "root": ("def f(u):\n    return u**3 + u - x\nroot(f, 0*x)", "2/sqrt(3)*sinh(arcsinh(1.5*sqrt(3)*x)/3)"),
    "fixed point": ("def f(u):\n    return 0.5*u + x**2\nfixed_point(f, 0*x)", "2*x**2"),
    "minimum": ("def f(u):\n    return sum(cosh(u) - x*u)\nminimizer(f, 0*x)", "arcsinh(x)"),
}
X, X_DOT, BAR = np.array([0.3, -0.8, 0.5]), np.array([1.0, -2.0, 0.4]), np.array([0.7, 1.1, -0.6])
MANY = np.stack([X, X + 0.2, 0.5 * X])


def formula(text: str, of: str = "{}") -> str:
    *before, last = text.strip().split("\n")
    return "\n".join(["x[n] c[n] ->", *before, of.format(last)])


def derivatives(text: str) -> dict[str, Any]:
    """Return every derivative of a vector-valued formula in x, and of its weighted sum of squares."""
    vector, number = formula(text), formula(text, "y = {}\nsum(y**2*(1 + c))")
    slope = formula(text, "y = {}\nz = sum(y**2*(1 + c))\nsum(grad(z, x)*c)")
    chosen = {"wrt": "x"}
    return {
        "tangent": sb.compile_jvp(vector, **chosen)(X, BAR, X_DOT)[1],
        "cotangent": sb.compile_vjp(vector, **chosen)(X, BAR, X_DOT)[1],
        "product": sb.compile_hvp(number, **chosen)(X, BAR, X_DOT),
        "forward": sb.compile_jacobian(vector, mode="forward", **chosen)(X, BAR),
        "reverse": sb.compile_jacobian(vector, mode="reverse", **chosen)(X, BAR),
        "auto": sb.compile_jacobian(vector, **chosen)(X, BAR),
        "hessian": sb.compile_hessian(number, **chosen)(X, BAR),
        "gradient of a gradient": sb.compile_grad(slope, **chosen)(X, BAR),
        "jacobians": sb.compile_jacobian(vector, batch={"x": 0}, **chosen)(MANY, BAR),
        "hessians": sb.compile_hessian(number, batch={"x": 0}, **chosen)(MANY, BAR),
    }


@pytest.mark.parametrize("case", CASES)
def test_every_mode_and_order(case: str) -> None:
    text, plain = CASES[case]
    expected = derivatives(plain)
    for name, found in derivatives(text).items():
        np.testing.assert_allclose(found, expected[name], rtol=1e-7, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("case", ["vjp", "jvp"])
def test_they_are_verified(case: str) -> None:
    report = sb.compile_jacobian(formula(CASES[case][0]), wrt="x").verify(points=1, seconds=0.5)
    assert report, report


def cubes(x: Any) -> Any:
    return own.cube(np.sin(x))


def test_functions_that_are_not_looked_into_take_one_vector_at_a_time() -> None:
    inputs = {"x": "n"}
    expected = np.diag(3 * np.sin(X) ** 2 * np.cos(X))
    for mode in ("forward", "reverse"):
        compiled = sb.compile_jacobian(cubes, inputs=inputs, mode=mode, wrt="x")
        assert "for t in range(n):" in compiled.source
        np.testing.assert_allclose(compiled(X), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(sb.compile_jvp(cubes, inputs=inputs, wrt="x")(X, X_DOT)[1], expected @ X_DOT, rtol=1e-12)


def test_a_rule_that_is_missing_is_named() -> None:
    def loss(X: Any, w: Any) -> Any:
        return own.activation(X, w)

    inputs = {"X": "n d", "w": "d"}
    with pytest.raises(sb.UnsupportedError, match=r"opaque function .*activation has no jvp"):
        sb.compile_jacobian(loss, inputs=inputs, wrt="w", mode="forward")
    with pytest.raises(sb.UnsupportedError, match=r"opaque function .*activation"):
        sb.compile_hessian(lambda X, w: np.sum(loss(X, w)), inputs=inputs, wrt="w")
    with pytest.raises(sb.UnsupportedError, match="opaque"):
        sb.compile_jacobian(cubes, inputs={"x": "n"}, batch={"x": 0})
    assert sb.compile_jacobian(loss, inputs=inputs, wrt="w")(np.eye(2), np.zeros(2)).tolist() == [
        [1.0, 0.0],
        [0.0, 1.0],
    ]
