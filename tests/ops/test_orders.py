"""Orders of special functions: as inputs, as arrays, and the derivatives in them that are refused."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy

import symbackprop as sb
from symbackprop.diff.forward import push_forward
from symbackprop.ir.node import make_input
from symbackprop.ops.bessel import jv

V, X = make_input(0, (), "float64"), make_input(1, (), "float64")


def test_an_order_that_is_an_input() -> None:
    value, slope = sb.compile_value_and_grad("jv(v, x)", wrt="x")(1.3, 2.7)
    assert value == pytest.approx(float(mpmath.besselj(1.3, 2.7)), rel=1e-13)
    assert slope == pytest.approx(float(mpmath.besselj(1.3, 2.7, derivative=1)), rel=1e-13)


def test_orders_in_an_array() -> None:
    compiled = sb.compile_value_and_grad("sum(kv(v, x))", wrt="x", inputs={"v": "n", "x": "n"})
    orders, points = np.array([0.0, 1.0, 2.5]), np.array([0.7, 1.5, 3.0])
    value, slopes = compiled(orders, points)
    pairs = list(zip(orders, points, strict=True))
    assert value == pytest.approx(float(sum(mpmath.besselk(v, x) for v, x in pairs)), rel=1e-13)
    expected = [float(mpmath.diff(lambda t, v=v: mpmath.besselk(v, t), x)) for v, x in pairs]
    np.testing.assert_allclose(slopes, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("formula", "what"),
    [
        ("jv(v, x)", "jv with respect to its order"),
        ("x*jv(v**2, 2)", "jv with respect to its order"),
        (sympy.bessely(sympy.Symbol("v"), sympy.Symbol("x")), "yv with respect to its order"),
        ("zeta(s, x)", "zeta with respect to s"),
        ("zeta(x)", "zeta with respect to s"),
    ],
    ids=str,
)
def test_derivatives_in_the_order_are_refused(formula: str, what: str) -> None:
    with pytest.raises(sb.UnsupportedError, match=f"the derivative of (riemann_)?{what} is not supported"):
        sb.compile_grad(formula)


def test_forward_too() -> None:
    tangent = make_input(2, (), "float64")
    (slope,) = push_forward((jv(V, X),), {X: tangent})
    assert slope is not None
    with pytest.raises(sb.UnsupportedError, match="jv with respect to its order"):
        push_forward((jv(V, X),), {V: tangent})


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("polygamma(k, x)", "n must be a fixed integer"),
        ("polygamma(-1, x)", "n is an order, 0 or more, not -1"),
        ("spherical_jn(1.5, x)", "n must be a fixed integer"),
        ("spherical_jn(x)", "missing a required argument: 'x'"),
    ],
)
def test_orders_that_must_be_fixed(formula: str, message: str) -> None:
    with pytest.raises(sb.ArgumentError, match=message):
        sb.compile_value(formula)


def test_names_of_functions_that_are_names_of_variables_too() -> None:
    compiled = sb.compile_value_and_grad("gamma(x)*gamma + beta*y0*j0(beta)")
    value, gradient = compiled(1.5, 2.0, 0.5, 3.0)
    assert [spec.name for spec in compiled.signature] == ["x", "gamma", "beta", "y0"]
    exact_value = mpmath.gamma(1.5) * 2 + 0.5 * 3 * mpmath.besselj(0, 0.5)
    assert value == pytest.approx(float(exact_value), rel=1e-14)
    assert gradient[1] == pytest.approx(float(mpmath.gamma(1.5)), rel=1e-14)
    slope = 3 * (mpmath.besselj(0, 0.5) - 0.5 * mpmath.besselj(1, 0.5))
    assert gradient[2] == pytest.approx(float(slope), rel=1e-14)
    assert compiled.verify()
