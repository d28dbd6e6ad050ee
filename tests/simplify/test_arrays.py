"""Rows on arrays: signs and numbers leave contractions, numbers have one form."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import symbackprop as sb


def body(formula: str, **options: object) -> str:
    """Return the printed statements, without the docstring."""
    return sb.compile_value_and_grad(formula, **options).source.split('"""')[-1]


def test_signs_that_several_contractions_share_go_to_their_results() -> None:
    text = body("X[m,n] W[m,r] H[r,n] -> sum((X - W @ H)**2)", wrt=("W", "H"))
    assert "t1 = W @ H - X\n    return np.vdot(t1, t1), (2.0 * (t1 @ H.T), 2.0 * (W.T @ t1))" in text
    half = body("X[m,n] W[m,r] H[r,n] -> sum((X - W @ H)**2)/2", wrt=("W", "H"))
    assert "t1 = W @ H - X\n    return 0.5 * np.vdot(t1, t1), (t1 @ H.T, W.T @ t1)" in half  # in the memory of W @ H
    rng = np.random.default_rng(0)
    X, W, H = rng.normal(size=(4, 3)), rng.normal(size=(4, 2)), rng.normal(size=(2, 3))
    _, (by_W, by_H) = sb.compile_value_and_grad("X[m,n] W[m,r] H[r,n] -> sum((X - W @ H)**2)", wrt=("W", "H"))(X, W, H)
    assert_allclose(by_W, -2 * (X - W @ H) @ H.T, rtol=1e-14)
    assert_allclose(by_H, -2 * W.T @ (X - W @ H), rtol=1e-14)


def test_a_sign_that_others_need_or_that_would_meet_a_larger_array_stays() -> None:
    outer = body("x[n,d] w[d] y[n] -> sum(sin(y * (x @ w)))", wrt=("x", "w"))
    assert "-np.outer" not in outer
    assert "R = X - W @ H" in body("X[m,n] W[m,r] H[r,n] -> R = X - W @ H; sum(R**2)", wrt=("W", "H"))
    assert "X - W @ H" in body("X[m,n] W[m,r] H[r,n] -> sum((X - W @ H)**2) + sum(exp(X - W @ H))", wrt=("W", "H"))
    named = body("A[n,n] x[n] -> r = -x; sum((A @ r)**2) + sum(exp(A.T @ r)) + sum(r**3)", wrt="A")
    assert "r = -x" in named


@pytest.mark.parametrize("one", ["1", "1.0"])
def test_numbers_have_one_form(one: str) -> None:
    """The derivative of log1p makes a 1 of its own, which meets the user's 1.0."""
    text = body(f"x[n] -> sum(log1p(x**2)) + sum(exp({one} + x**2))")
    assert text.count("1.0 + ") == 1


def test_choices_with_zero_written_either_way_are_one() -> None:
    for zero in ("0", "0.0"):
        assert body(f"c[n]:bool x[n] -> sum(where(c, x, {zero})**2)", wrt="x").count("np.where") == 1


def test_negative_zero_and_large_numbers_stay() -> None:
    value = sb.compile_value("x[n] -> copysign(1.0, -0.0) * x + 1e300 * x")
    assert_allclose(value(np.array([1e-300])), 1.0, rtol=1e-15)


def test_sizes_are_subtracted() -> None:
    text = body("x[n] w -> log(sum(w/x) - x.shape[0]) - x.shape[0]*gammaln(w)")
    assert "+ -" not in text
    assert " - n" in text
    compiled = sb.compile_grad("x[n] w -> log(sum(w/x) - x.shape[0]) - x.shape[0]*gammaln(w)", wrt="w")
    assert compiled.verify(points=1, seconds=1)


def test_the_one_entry_of_a_slice_that_begins_before_the_array_is_the_first() -> None:
    f = sb.compile_grad("x[2] -> sin(x[-5:-1].reshape(()))", wrt="x")
    assert "t1 = x[0]" in f.source
    assert_allclose(f([0.5, 2.0]), [np.cos(0.5), 0.0], rtol=1e-15)
