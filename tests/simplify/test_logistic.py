"""Softplus functions of arrays and their slopes: one logaddexp and one expm1, or one exponential in buffers."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from differences import body_of
from mpmath import mp
from scipy.special import expit

import symbackprop as sb

HARD = np.array([-745.0, -700.0, -40.0, -36.7, -20.0, -3.0, -1e-9, 0.0, 1e-300, 0.4, 2.0, 17.0, 36.0, 709.0, 1e5])


def test_a_logistic_loss_reads_as_by_hand() -> None:
    loss = sb.compile_value_and_grad("w[d] X[n,d] y[n] -> mean(logaddexp(0, -y*(X @ w)))", wrt="w")
    body = body_of(loss)
    assert "t1 = np.logaddexp(0.0, -y * (X @ w))\n" in body and "np.expm1(-t1) * y" in body
    assert "np.exp(" not in body and loss.rewrites["softplus and its slope"] == 2
    assert loss.verify(points=1, seconds=0.5)


@pytest.mark.parametrize("formula", ["log1p(exp(x))", "logaddexp(x, 0)", "-log_expit(-x)", "-log(1/(1 + exp(x)))"])
def test_value_and_slope_are_accurate_everywhere(formula: str) -> None:
    found = sb.compile_value_and_grad(f"x[n] -> sum({formula})")
    assert "np.expm1(" in body_of(found)
    with np.errstate(under="ignore"):
        _, (slopes,) = found(HARD)
    mp.dps = 50
    for x, slope in zip(HARD, slopes, strict=True):
        exact = 1 / (1 + mp.exp(-mp.mpf(float(x))))
        assert abs(mp.mpf(float(slope)) - exact) <= max(3 * 2**-53 * exact, mp.mpf(5e-324)), x


def test_what_has_no_value_has_none_and_limits_are_reached() -> None:
    found = sb.compile_grad("x[n] -> sum(logaddexp(0, x))")
    with np.errstate(invalid="ignore"):  # of which NumPy's function warns
        np.testing.assert_array_equal(found(np.array([-np.inf, np.inf, np.nan]))[0], [0.0, 1.0, np.nan])
    assert found(np.array([]))[0].shape == (0,)


@pytest.mark.parametrize(
    "formula",
    [
        "sum(expit(x)*expit(-x)*x)",
        "sum(softplus(x)*expit(-x))",  # of another argument
        "sum(softplus(x) + softplus(-x))",
    ],
)
def test_one_exponential_serves_where_more_is_needed(formula: str) -> None:
    found = sb.compile_value_and_grad(f"x[n] -> {formula}")
    code = re.sub("#.*", "", body_of(found))
    assert "logaddexp" not in code and code.count("np.exp(-np.abs(x))") == 1
    assert found.verify(points=1, seconds=0.5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_buffers_share_an_exponential(dtype: str) -> None:
    formula = "w[d] X[n,d] y[n] -> sum(y*softplus(X @ w))"
    plain = sb.compile_value_and_grad(formula, wrt="w", dtype=dtype)
    fast = sb.compile_value_and_grad(formula, wrt="w", dtype=dtype, optimize="fast")
    few, _, many = fast.source.partition("_workspace(")
    assert "np.expm1(" in few and "np.expm1(" not in many and "np.exp(" in many
    rng = np.random.default_rng(0)
    w, X, y = (rng.normal(size=shape).astype(dtype) for shape in (3, (20_000, 3), 20_000))
    (value, slope), (same, other) = plain(w, X, y), fast(w, X, y)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(same, value, rtol=100 * eps)
    np.testing.assert_allclose(other, slope, rtol=1e-9 if dtype == "float64" else 1e-3)


@pytest.mark.parametrize("optimize", ["readable", "fast"])
def test_a_sigmoid_alone_overflows_in_silence(optimize: str) -> None:
    found = sb.compile_value_and_grad("x[n] w[n] -> sum(w*expit(x))", optimize=optimize)
    assert '    with np.errstate(over="ignore"):' in found.source
    for n in (5, 40_000):
        x = np.resize([-1e5, -np.inf, 0.3, np.inf, 800.0], n)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            _, (slope, share) = found(x, np.ones(n))
        p = 1 / (1 + np.exp(-0.3))
        np.testing.assert_allclose(share[:5], [0, 0, p, 1, 1], rtol=1e-15)
        np.testing.assert_allclose(slope[:5], [0, 0, p * (1 - p), 0, 0], rtol=1e-15)


def test_sigmoids_in_loops_overflow_in_silence() -> None:
    def last(h, W):
        return sb.scan(lambda h, _: (expit(W @ h), None), h, None, length=3)[0].sum()

    found = sb.compile_grad(last, inputs={"h": "k", "W": "k k"}, wrt="W")
    assert 'with np.errstate(over="ignore"):' in found.source
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(found(np.full(2, -1e4), 1e4 * np.eye(2))).all()


@pytest.mark.parametrize("is_inside", [False, True])
def test_sigmoids_do_not_hide_what_overflows_around_loops_or_inside(is_inside: bool) -> None:
    steps, last = (np.exp, expit) if is_inside else (expit, np.exp)

    def loss(h, x):
        return sb.scan(lambda h, _: (steps(h), None), h, None, length=2)[0].sum() + last(x).sum()

    found = sb.compile_grad(loss, inputs={"h": "k", "x": "k"})
    assert "errstate" not in found.source
    with pytest.warns(RuntimeWarning, match="overflow"):
        found(np.full(2, 1e3), np.full(2, 1e3))


def test_a_sigmoid_of_a_number_does_not_overflow() -> None:
    found = sb.compile_grad("x -> expit(3*x)")
    assert "np." not in found.source and found(-1e9) == (0.0,)


def test_overflow_elsewhere_is_told() -> None:
    found = sb.compile_value("x[n] -> sum(exp(x))")
    with pytest.warns(RuntimeWarning, match="overflow"):
        found(np.array([1e3]))


@pytest.mark.parametrize("x", [-709.0, -300.0, -37.0, -1.0, 0.0, 0.5, 36.0, 700.0])
def test_a_sigmoid_alone_is_accurate(x: float) -> None:
    (value,) = sb.compile_value("x[n] -> expit(x)")(np.array([x]))
    mp.dps = 50
    exact = 1 / (1 + mp.exp(-mp.mpf(x)))
    assert abs(mp.mpf(float(value)) - exact) <= 2 * 2**-53 * exact


def test_the_root_of_the_slope_in_a_hessian_is_half_a_hyperbolic_secant() -> None:
    formula = "w[d] X[n,d] y[n] -> mean(logaddexp(0, -y*(X @ w)))"
    hessian = sb.compile_hessian(formula, wrt="w")
    assert "y / np.cosh(0.5 * t1)" in body_of(hessian) and "0.25 / n * (" in body_of(hessian)
    assert hessian.verify(points=1, seconds=0.5)
    X = np.array([[0.3], [30.0], [-700.0], [1500.0]])
    y = np.array([1.0, -1.0, 1.0, 2.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for row, weight in zip(X, y, strict=True):
            found = hessian(np.ones(1), row[None], np.array([weight]))
            x = mp.mpf(float(weight * row[0]))
            exact = (weight * mp.mpf(float(row[0]))) ** 2 * mp.exp(x) / (1 + mp.exp(x)) ** 2
            assert abs(mp.mpf(float(found[0, 0])) - exact) <= 16 * 2**-53 * exact + mp.mpf(1e-307), row


def test_a_hessian_is_symmetric_to_the_last_bit() -> None:
    formula = "w[d] X[n,d] y[n] -> sum(logaddexp(0, -y*(X @ w)))"
    hessian = sb.compile_hessian(formula, wrt="w")
    rng = np.random.default_rng(0)
    w, X, y = rng.normal(size=2), rng.normal(size=(6, 2)), rng.choice([-1.0, 1.0], 6)
    p = 1 / (1 + np.exp(y * (X @ w)))
    found = hessian(w, X, y)
    np.testing.assert_allclose(found, (X.T * (p * (1 - p) * y * y)) @ X, rtol=1e-13)
    np.testing.assert_array_equal(found, found.T)


@pytest.mark.parametrize(("dtype", "x"), [("float64", -720.0), ("float32", -92.0)])
@pytest.mark.parametrize("formula", ["sqrt(expit(x))", "log(2*expit(x))", "cbrt(x*expit(x))"])
def test_what_magnifies_small_sigmoids_gets_them_whole(formula: str, dtype: str, x: float) -> None:
    found = sb.compile_value_and_grad(f"x[n] w[n] -> sum({formula} + 0*w)", wrt="x", dtype=dtype)
    assert "sigmoid alone" not in found.rewrites
    value, slope = found(np.array([x], dtype), np.ones(1, dtype))
    assert np.isfinite(value) and np.isfinite(slope).all() and slope[0]


def test_half_precision_has_the_longer_form() -> None:
    found = sb.compile_value_and_grad("x[n] -> sum(astype(expit(astype(x, float16)), float32))", dtype="float32")
    value, (slope,) = found(np.array([-12.0], np.float32))
    np.testing.assert_allclose([value, slope[0]], 6.14e-6, rtol=1e-2)


def test_overflow_beside_a_sigmoid_is_told() -> None:
    found = sb.compile_value("x[n] y -> sum(expit(x)) + exp(y)")
    with pytest.warns(RuntimeWarning, match="overflow"):
        assert found(np.zeros(2), 1000.0) == np.inf


@pytest.mark.parametrize("formula", ["sum(expit(x))", "mean(expit(x)**2)", "sum(softplus(x))"])
def test_bounds_of_rounding_errors_are_finite_and_tight(formula: str) -> None:
    bound = sb.compile_value(f"x[n] -> {formula}").error_bound(np.array([-1000.0, 0.0, 3.0]))
    assert 1e-17 < bound < 1e-14
