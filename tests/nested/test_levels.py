"""Derivatives inside of derivatives: none takes the perturbation of another for its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.errors import SymbackpropError

Function = Callable[[Any], Any]


def forward(f: Function) -> Function:
    """Return the derivative of a function of a number, by forward accumulation."""
    return lambda x: sb.jvp(f, (x,), (1.0,))[1]


def backward(f: Function) -> Function:
    """Return the same by reverse accumulation."""
    return lambda x: sb.vjp(f, x)[1](1.0)[0]


MODES = {"forward": forward, "backward": backward, "grad": sb.grad, "jacobian": sb.jacobian}


@pytest.mark.parametrize("outer", MODES)
@pytest.mark.parametrize("inner", MODES)
def test_the_derivative_of_a_sum_inside_of_a_product(outer: str, inner: str) -> None:
    d, e = MODES[outer], MODES[inner]
    f = sb.compile_value(d(lambda x: x * e(lambda y: x + y)(1.0)), inputs="x")
    assert f(1.0) == 1.0  # 2 if the perturbation of x counted as that of y
    g = sb.compile_grad(d(lambda x: x * e(lambda y: x * y * y)(x)), inputs="x")  # d/dx (2 x^3), and its derivative
    assert g(2.0) == (24.0,)


def test_closures_at_three_levels() -> None:
    @sb.compile_value_and_grad(inputs="x")
    def f(x: Any) -> Any:
        def in_y(y: Any) -> Any:
            def in_z(z: Any) -> Any:
                return x * y * z + z * sb.grad(lambda w: w**2 * y * x * z)(y)

            return y * sb.grad(in_z)(x)

        return sb.grad(in_y)(2.0)

    # in_z' = x y + 4 x y^2 z at z = x; times y; by y: 2 x y + 12 x^2 y^2 at y = 2
    assert f(3.0) == (2 * 3 * 2 + 12 * 9 * 4, (4 + 24 * 3 * 4,))
    assert f.verify(points=1, seconds=0.5)


def test_a_function_that_returns_a_function() -> None:
    """Manzyuk et al. (2019), Perturbation confusion in forward automatic differentiation: s is shifted, not its result."""

    def shift(offset: Any) -> Callable[[Function], Function]:
        return lambda f: lambda x: f(x + offset)

    def shifted_slope(f: Function) -> Function:  # the derivative in the offset at 0, of a function
        return lambda x: sb.grad(lambda offset: shift(offset)(f)(x))(0.0)

    bend = sb.compile_value(lambda x: shifted_slope(shifted_slope(np.exp))(x), inputs="x")
    assert bend(1.0) == pytest.approx(np.e, rel=1e-14)


def test_what_is_taken_from_around_is_held() -> None:
    f = "y = x**2\nz = y * x\ngrad(z, y)"  # x is held: what it has to do with y does not matter
    assert sb.compile_value_and_grad(f)(3.0) == (3.0, (1.0,))
    g = "y = x**2\nz = y * x\ngrad(z, x)"  # all ways from x
    assert sb.compile_value_and_grad(g)(3.0) == (27.0, (18.0,))


def test_equal_values_under_two_names_are_two_values() -> None:
    assert sb.compile_value("a = x**2\nb = x**2\ngrad(a*b, a)")(3.0) == 9.0


@pytest.mark.parametrize("order", range(1, 6))
def test_orders_of_a_number(order: int) -> None:
    f: Function = np.sin
    for level in range(order):
        f = [sb.grad, forward][level % 2](f)
    wanted = [np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x)][order % 4]
    assert sb.compile_value(lambda x: f(x), inputs="x")(0.7) == pytest.approx(wanted(0.7), rel=1e-14)


def test_the_size_of_code_grows_by_a_factor_a_level() -> None:
    """Not by the number of operations: each level differentiates what the one below has shared."""

    def statements(operations: int, levels: int) -> int:
        def f(x: Any) -> Any:
            for _ in range(operations):
                x = np.sin(x)
            return x

        for _ in range(levels):
            f = sb.grad(f)
        return len(sb.compile_value(lambda x: f(x), inputs="x").source.split("\n"))

    for levels, most in ((1, 6), (2, 14), (3, 36)):
        assert statements(40, levels) < 2.2 * statements(20, levels)
        assert statements(20, levels) < 20 * most


def test_text_of_a_high_order_is_read_once_a_level() -> None:
    lines = ["u0 = exp(2*x)", *(f"u{k} = grad(u{k - 1}, x)" for k in range(1, 9)), "u8"]
    assert sb.compile_value("\n".join(lines))(0.0) == 256.0


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("x[n] -> grad(x*2, x)", "grad is that of a number, and the value has shape"),
        ("u = x*c\nc = 5\ngrad(u, x)", "c is assigned again after it was read"),
        ("x -> y = 2*x; u = y**2; y = y + 1; grad(u, y)", "y is assigned again after it was read"),
        (
            "def f(z):\n  y = 2*z\n  u = y**2\n  y = y + 1\n  hessian(u, y)\nf(x)",
            "y is assigned again after it was read",
        ),
        ("grad(x*pi, pi)", "pi is a constant"),
        ("def f(z):\n  return grad(z*w, w)\nf(w)", "inside of a function one of its own"),
        ("jvp(x**2, (x,), (1.0,))", r"where it is differentiated, jvp\(f, \(x,\), \(x_dot,\)\)"),
        ("grad(x**2, 3)", "a value and the name of an input"),
        ("def f(z): z**2\ngrad(f)", "takes the arguments of f too"),
        ("def f(z): z**2\ngrad(f, x, argnums=1)", "argnums names argument 1 of f"),
        ("n:int x -> def f(n): x*n\ngrad(f, n)", "argument 0 of f is int64"),
        ("def f(x): x > 1\ngrad(f, x)", "is bool, not real"),
        ("def f(x): x\njvp(f, x, x)", "primals are a tuple"),
        ("x[n] y[3] -> def f(x): sum(x)\njvp(f, (x,), (y,))", "tangents have shape"),
    ],
)
def test_what_is_refused(formula: str, message: str) -> None:
    with pytest.raises(SymbackpropError, match=message):
        sb.compile_value(formula)
