"""Lengths of lengths are lengths: smooth wherever they are not 0."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb


@pytest.mark.parametrize(
    "formula",
    [
        "hypot(hypot(x, y), z)",
        "hypot(z, -hypot(x, y))",
        "sqrt(x**2 + y**2 + z**2)",
        "sqrt(sqrt(x**2 + y**2)**2 + z**2)",
        "hypot(2*hypot(x, y), 2*z)/2",
        "hypot(hypot(x, y)/2, z/2)*2",
        "hypot(sqrt(2*x**2 + 2*y**2), sqrt(2)*z)/sqrt(2)",
        "hypot(hypot(hypot(x, y), z), 0*z)",
    ],
)
def test_lengths_are_smooth_beside_the_origin(formula: str) -> None:
    hessian = sb.compile_hessian(formula)
    np.testing.assert_allclose(hessian(0.0, 0.0, 2.0), np.diag([0.5, 0.5, 0.0]), atol=1e-15)
    np.testing.assert_allclose(hessian(2.0, 0.0, 0.0), np.diag([0.0, 0.5, 0.5]), atol=1e-15)
    assert sb.compile_grad(formula)(0.0, 0.0, 0.0) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("formula", "slope"),
    [
        ("(hypot(x, y)*z)*hypot(x, y)", 4.0),
        ("(z*hypot(x, y))**2", 8.0),
        ("(hypot(x, y)/z)**4*z + hypot(x, y)**3*hypot(x, y)", 0.0),
        ("(x**2 + y**2)**1.5", 0.0),
        ("sqrt(x**4 + 0*z) + y**2", 2.0),
    ],
)
def test_products_of_lengths_are_smooth_at_the_origin(formula: str, slope: float) -> None:
    hessian = sb.compile_hessian(f"x y z -> {formula}")(0.0, 0.0, 2.0)
    np.testing.assert_allclose(np.array(hessian)[:2, :2], slope * np.eye(2), atol=1e-15)


def test_lengths_neither_overflow_nor_underflow() -> None:
    compiled = sb.compile_value_and_grad("sqrt(x**2 + y**2 + z**2)")
    for scale in (1e-300, 1e300):
        value, gradient = compiled(2 * scale, 3 * scale, 6 * scale)
        assert value == pytest.approx(7 * scale, rel=1e-15)
        assert gradient == pytest.approx((2 / 7, 3 / 7, 6 / 7), rel=1e-15)
    assert compiled.verify(points=1, seconds=0.5)


def test_lengths_of_arrays() -> None:
    hessian = sb.compile_hessian("x[n] z -> hypot(sqrt(x @ x), z)", wrt="x")
    np.testing.assert_allclose(hessian(np.zeros(3), 2.0), np.eye(3) / 2, rtol=1e-15)
    columns = sb.compile_grad("x[n] y[n] z[n] -> sum(hypot(hypot(x, y), z))", wrt="z")
    np.testing.assert_allclose(columns(*np.array([[0.0, 2.0], [0.0, 3.0], [0.0, 6.0]])), [0.0, 6 / 7], rtol=1e-15)


def test_inner_derivatives_see_what_they_capture() -> None:
    slope = sb.compile_value_and_grad("grad(sqrt(x**2 + y**2), x)")
    assert slope(0.0, 0.0) == (0.0, (0.0, 0.0))
    assert slope(3.0, 4.0)[1] == pytest.approx((16 / 125, -12 / 125), rel=1e-15)
    softmax = sb.compile_value("grad(log(exp(x) + exp(y + 1)), x)")
    assert softmax(1000.0, 999.0) == pytest.approx(0.5, rel=1e-12)
