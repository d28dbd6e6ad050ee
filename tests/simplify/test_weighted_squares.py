"""Sums of squares with weights are made of the product that the gradient needs."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb

WEIGHTED = "X[n,d] b[d] y[n] w[n] -> sum(w*(X @ b - y)**2)"


def _body(function: sb.CompiledFunction) -> str:
    return function.source.rsplit('"""', 1)[-1]


@pytest.mark.parametrize("optimize", ["readable", "fast"])
def test_the_weighted_residual_is_multiplied_once(optimize):
    function = sb.compile_value_and_grad(WEIGHTED, wrt="b", optimize=optimize)
    assert "sum of weighted squares" in function.rewrites
    rng = np.random.default_rng(0)
    X, b, y, w = rng.normal(size=(7, 3)), rng.normal(size=3), rng.normal(size=7), rng.random(7)
    value, gradient = function(X, b, y, w)
    assert value == pytest.approx(np.sum(w * (X @ b - y) ** 2), rel=1e-14)
    np.testing.assert_allclose(gradient, 2 * X.T @ (w * (X @ b - y)), rtol=1e-13)


def test_squares_that_are_needed_stay():
    function = sb.compile_value_and_grad(WEIGHTED, wrt=("b", "w"))
    assert "sum of weighted squares" not in function.rewrites


def test_it_is_infinite_no_sooner():
    function = sb.compile_value_and_grad("x[n] w[n] -> sum(w*x**2)", wrt="x")
    value, gradient = function([1e200, 1e-200], [1e-200, 1e200])
    assert value == pytest.approx(1e200)
    np.testing.assert_allclose(gradient, [2.0, 2.0])
