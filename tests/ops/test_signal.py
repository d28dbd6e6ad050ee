"""Signals and polynomials: kinks and ends of interpolation, which vector is the longer one, printed code."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb

KNOTS, VALUES = np.array([0.0, 1.0, 3.0]), np.array([2.0, 4.0, 0.0])


def test_at_a_knot_the_slope_is_that_on_the_right_and_0_beyond_the_ends() -> None:
    x = np.array([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0])
    slopes = sb.compile_grad("x[n] p[m] f[m] -> sum(interp(x, p, f))", wrt="x")(x, KNOTS, VALUES)
    assert slopes.tolist() == [0, 2, 2, -2, -2, 0, 0]


def test_shares_of_the_values_add_up_and_ends_have_their_own() -> None:
    grad = sb.compile_grad("x[n] p[m] f[m] a b -> sum(interp(x, p, f, a, b))", wrt=("f", "a", "b"))
    f_bar, a_bar, b_bar = grad(np.array([-1.0, 0.0, 0.25, 3.0, 4.0, 5.0]), KNOTS, VALUES, 7.0, 8.0)
    assert f_bar.tolist() == [1.75, 0.25, 1.0]
    assert (a_bar, b_bar) == (1.0, 2.0)
    f_bar = sb.compile_grad("x[n] p[m] f[m] -> sum(interp(x, p, f))", wrt="f")(np.array([-1.0, 4.0]), KNOTS, VALUES)
    assert f_bar.tolist() == [1.0, 0.0, 1.0]


def test_one_knot_gives_a_constant() -> None:
    compiled = sb.compile_value_and_grad("x[n] p[m] f[m] -> sum(interp(x, p, f)**2)")
    with np.errstate(all="raise"):
        value, (dx, dp, df) = compiled(np.array([0.0, 1.0, 2.0]), np.array([1.0]), np.array([3.0]))
    assert value == 27.0
    assert (dx.tolist(), dp.tolist(), df.tolist()) == ([0, 0, 0], [0], [18])


def test_knots_that_repeat_divide_by_nothing() -> None:
    compiled = sb.compile_value_and_grad("x[n] p[m] f[m] -> sum(interp(x, p, f))", wrt="x")
    with np.errstate(all="raise"):
        value, dx = compiled(np.array([0.5, 1.5]), np.array([0.0, 1.0, 1.0, 2.0]), np.array([0.0, 1.0, 3.0, 5.0]))
    assert (value, dx.tolist()) == (4.5, [1.0, 2.0])


@pytest.mark.parametrize("name", ["convolve", "correlate"])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("sizes", [(5, 2), (2, 5), (3, 6), (4, 4), (1, 1), (6, 1)])
def test_convolutions_of_all_lengths(name: str, mode: str, sizes: tuple[int, int]) -> None:
    n, m = sizes
    rng = np.random.default_rng(n + m)
    a, v, w = rng.normal(size=n), rng.normal(size=m), rng.normal(size=n + m)
    formula = f"a[{n}] v[{m}] w[{n + m}] -> sum({name}(a, v, '{mode}') * w[:len({name}(a, v, '{mode}'))])"
    value, (da, dv) = sb.compile_value_and_grad(formula, wrt=("a", "v"))(a, v, w)

    def f(a: np.ndarray, v: np.ndarray) -> float:
        found = getattr(np, name)(a, v, mode)
        return float(found @ w[: len(found)])

    assert value == pytest.approx(f(a, v), rel=1e-14)
    np.testing.assert_allclose(da, [f(e, v) for e in np.eye(n)], rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(dv, [f(a, e) for e in np.eye(m)], rtol=1e-13, atol=1e-15)


def test_a_kernel_longer_than_the_signal_is_refused_on_call_where_sizes_are_names() -> None:
    compiled = sb.compile_value("x[n] k[m] -> convolve(x, k, 'valid')")
    assert compiled(np.ones(3), np.ones(2)).tolist() == [2.0, 2.0]
    with pytest.raises(sb.SymbackpropError, match="convolve in mode 'valid'"):
        compiled(np.ones(2), np.ones(3))


def test_code_is_what_a_person_would_write() -> None:
    smooth = sb.compile_grad("x[n] k[m] -> sum(convolve(x, k)**2)").source
    assert "np.correlate(t1_bar, k), np.correlate(t1_bar, x)" in smooth
    powers = sb.compile_grad("p[n] x[m] -> sum(sin(polyval(p, x)))").source
    assert "t2 = t1 @ p" in powers and "t1.T @ t2_bar" in powers
    increasing = sb.compile_value_and_grad("c[9] x[m] y[m] -> sum((polyval(c[::-1], x) - y)**2)", wrt="c").source
    assert "t2 = t1 @ c - y" in increasing and "2.0 * (t1.T @ t2)" in increasing
    assert "np.gradient(f)" in sb.compile_grad("f[n] -> sum(gradient(f)**2)").source


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("x[n,d] y[n] -> convolve(x, y)", "convolve takes vectors"),
        ("x[n] y[n] -> convolve(x, y, 'circular')", "mode is 'full', 'same' or 'valid'"),
        ("x[n] y[n] -> convolve(x > 0, y > 0)", "of two conditions"),
        ("x[0] y[n] -> convolve(x, y)", "convolve of no entries"),
        ("x[n] p[n,d] -> polyval(p, x)", "coefficients are a vector"),
        ("x[n] p[n] f[d] -> interp(x, p, f)", "vectors of one size"),
        ("x[n] p[n] f[n] a[n] -> interp(x, p, f, a)", "left and right are numbers"),
        ("x[n] p[n] f[n] -> interp(x, p, f, period=0)", "period is not 0"),
        ("x[n,d] y -> searchsorted(x, y)", "searches vectors"),
        ("x[n] y -> searchsorted(x, y, 'middle')", "'left' or 'right'"),
        ("x[n] y -> searchsorted(x, y, sorter=x)", "a vector of positions"),
        ("x[n] y[n,d] -> digitize(x, y)", "bins are a vector"),
        ("x -> gradient(x)", "an array, not a number"),
        ("x[n] -> gradient(x, edge_order=3)", "edge_order is 1 or 2"),
        ("x[n,d] -> gradient(x, 1.0, 2.0, 3.0)", "for 2 axes"),
        ("x[n,d] -> gradient(x, axis=(0, 0))", "an axis twice"),
        ("x[1] -> gradient(x)", "edge_order=1"),
        ("x[2] -> gradient(x, edge_order=2)", "edge_order=2"),
        ("x[n] y[d] -> gradient(x, y, axis=2)", "out of range"),
        ("x[n] -> convolve(x, x, out=x)", "out= is not supported"),
    ],
)
def test_what_does_not_fit_is_refused(formula: str, message: str) -> None:
    with pytest.raises(sb.SymbackpropError, match=message):
        sb.compile_value(formula)
