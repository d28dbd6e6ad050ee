"""p*(1 - p) of a sigmoid that nothing else needs: one exponential, no choice of sides, no cancellation."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import symbackprop as sb

LOSS = "w[d] X[n,d] y[n] -> mean(logaddexp(0, -y*(X @ w)))"


def test_a_hessian_needs_the_slope_alone():
    h = sb.compile_hessian(LOSS, wrt="w")
    code = h.source.rpartition('"""')[2]
    assert "slope of expit" in h.rewrites and "np.where" not in code
    assert h.verify(points=1, seconds=0.5)
    assert "slope of expit" not in sb.compile_grad(LOSS, wrt="w").rewrites  # which needs the sigmoid


@pytest.mark.parametrize("x", [0.0, 0.3, -2.0, 40.0, -40.0, 700.0, -745.0, 800.0])
def test_it_is_right_everywhere(x):
    f = sb.compile_value("expit(x)*(1 - expit(x))*1.5", dtype="float64")
    slope = sb.compile_hessian("w x -> softplus(w*x)", wrt="w")(x, 1.0)
    with mpmath.workdps(60):
        exact = mpmath.exp(-abs(mpmath.mpf(x))) / (1 + mpmath.exp(-abs(mpmath.mpf(x)))) ** 2
    np.testing.assert_allclose(np.squeeze(slope), float(exact), rtol=4e-16 * 3, atol=5e-324)
    np.testing.assert_allclose(f(x), 1.5 * float(exact), rtol=4e-16 * 3, atol=1e-323)


def test_higher_derivatives():
    third = sb.compile_taylor("softplus(x)", order=4)
    found = third(0.7)
    with mpmath.workdps(40):
        series = mpmath.taylor(lambda t: mpmath.log(1 + mpmath.exp(t)), mpmath.mpf(0.7), 4)
    for order, value in enumerate(np.ravel(found)[-4:], 1):
        assert value == pytest.approx(float(series[order] * mpmath.factorial(order)), rel=1e-12)
