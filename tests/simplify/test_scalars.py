"""Numbers that multiply or divide arrays meet each other first."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

import symbackprop as sb

RNG = np.random.default_rng(0)


def body(formula: str, **options: object) -> str:
    """Return the printed statements, without the docstring."""
    return sb.compile_value_and_grad(formula, **options).source.split('"""')[-1]


def test_scales_of_residuals_multiply_what_is_summed() -> None:
    formula = "X[n,d] w[d] y[n] s v -> z = (y - X @ w)/s; v*sum(log1p(z**2/v))"
    text = body(formula, wrt="w")
    assert "(X.T @ " in text
    X, w, y = RNG.normal(size=(6, 3)), RNG.normal(size=3), RNG.normal(size=6)
    s, v = 0.7, 3.0
    z = (y - X @ w) / s
    _, gradient = sb.compile_value_and_grad(formula, wrt="w")(X, w, y, s, v)
    assert_allclose(gradient, -2 / s * X.T @ (z / (1 + z * z / v)), rtol=1e-13)


def test_a_number_stays_where_the_result_is_larger() -> None:
    text = body("x[n] y[m] s -> sum(sin(s * outer(x, y)))", wrt=("x", "y"))
    assert "np.outer(x, y)" in text


def test_reciprocals_are_reused_and_quotients_cancel() -> None:
    formula = "x[n] w[n] -> k = 1/(1 + x**2); sum(w*k) + sum(log(1 + x**2))"
    assert body(formula, wrt="x").count("/") == 1
    x, w = RNG.normal(size=5), RNG.normal(size=5)
    _, gradient = sb.compile_value_and_grad(formula, wrt="x")(x, w)
    k = 1 / (1 + x * x)
    assert_allclose(gradient, 2 * x * k - 2 * x * w * k * k, rtol=1e-13)


def test_logarithms_of_scales_have_no_quotient() -> None:
    text = body("x[n] t -> s = exp(t); sum((x / s)**2) + x.shape[0]*t", wrt="t")
    assert text.count("/") == 1
    x = RNG.normal(size=5)
    value, slope = sb.compile_value_and_grad("x[n] t -> s = exp(t); sum((x / s)**2) + x.shape[0]*t", wrt="t")(x, 0.3)
    assert_allclose(slope, 5 - 2 * (value - 1.5), rtol=1e-13)
