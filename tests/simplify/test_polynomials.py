"""Polynomials whose powers are computed for the derivative in the coefficients are products with these."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from differences import body_of

import symbackprop as sb


@pytest.fixture(scope="module")
def least_squares() -> sb.CompiledFunction:
    return sb.compile_value_and_grad("c[k] x[n] y[n] -> sum((polyval(c[::-1], x) - y)**2)", wrt="c")


def test_powers_are_computed_once_in_the_order_of_the_coefficients(least_squares: sb.CompiledFunction) -> None:
    assert least_squares.rewrites["polynomial of shared powers"] == 1
    body = body_of(least_squares)
    assert "t1 @ c - y" in body and "2.0 * (t1.T @ t2)" in body and "polyval" not in body
    assert body.count("np.multiply(t1[:, i - 1], x, out=t1[:, i])") == 1


@pytest.mark.parametrize(("count", "n"), [(0, 3), (1, 3), (2, 0), (2, 1), (9, 50)])
def test_any_number_of_coefficients_and_points(least_squares: sb.CompiledFunction, count: int, n: int) -> None:
    rng = np.random.default_rng(count)
    c, x, y = rng.normal(size=count), rng.uniform(-2.0, 2.0, size=n), rng.normal(size=n)
    value, slope = least_squares(c, x, y)
    r = np.polynomial.polynomial.polyval(x, c) - y if count else -y
    np.testing.assert_allclose(value, r @ r, rtol=1e-12)
    np.testing.assert_allclose(slope, 2.0 * np.vander(x, count, increasing=True).T @ r, rtol=1e-11, atol=1e-12)


def test_values_are_as_accurate_as_by_horner() -> None:
    """Both have the bound 2*n*eps*sum(abs(p[i]*x**(n - 1 - i))); here in exact arithmetic, on hard points."""
    compiled = sb.compile_value_and_grad("p[8] x[n] -> polyval(p, x) @ ones(x.shape[0])", wrt="p")
    p = np.array([float(a) for a in np.poly(np.arange(1.0, 8.0))])  # zeros at 1 to 7
    for x in np.linspace(0.5, 7.5, 29):
        exact = sum(Fraction(a) * Fraction(x) ** (7 - i) for i, a in enumerate(p))
        size = sum(abs(Fraction(a) * Fraction(x) ** (7 - i)) for i, a in enumerate(p))
        value, _ = compiled(p, np.array([x]))
        assert abs(Fraction(float(value)) - exact) <= 16 * Fraction(2) ** -53 * size


def test_second_derivatives_share_the_powers() -> None:
    compiled = sb.compile_hessian("p[3] x[2] -> sum(sin(polyval(p, x)))")
    assert body_of(compiled).count("np.multiply") == 1 and "polyval" not in body_of(compiled)
    assert compiled.verify(points=1, seconds=0.5)


def test_without_a_derivative_in_the_coefficients_a_polynomial_stays_as_it_is() -> None:
    assert "np.polyval(p, x)" in sb.compile_value_and_grad("p[n] x[m] -> sum(polyval(p, x)**2)", wrt="x").source
