"""Parts that are written into an array: it begins as zeros only where some of it is not written."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb


@pytest.mark.parametrize(
    ("formula", "begins"),
    [
        ("x[n,3] -> sum(sin(x[:, 0])*x[:, 2] + x[:, 1]**3)", "np.empty((n, 3))"),
        ("x[n,3] -> sum(sin(x[:, :2])) + sum(exp(x[:, 2]))", "np.empty((n, 3))"),
        ("x[n,3] -> sum(sin(x[:, :2]))", "np.zeros((n, 3))"),
        ("x[n,3] -> sum(sin(x[:, :2])) + sum(exp(x[:, 1:]))", "np.zeros((n, 3))"),
        ("x[6] -> sum(sin(x[:2])) + sum(exp(x[2:]))", "np.empty(6)"),
        ("x[6] -> sum(sin(x[:3])) + sum(exp(x[2:5]))", "np.zeros(6)"),
    ],
)
def test_it_begins_empty_where_all_is_written(formula, begins):
    value = sb.compile_value(formula)
    x = np.random.default_rng(0).normal(size=(4, 3) if "x[n,3]" in formula else 6)
    for optimize in ("readable", "fast"):
        g = sb.compile_grad(formula, wrt="x", optimize=optimize)
        assert begins in g.source
        found, step = g(x), 1e-6
        for at in np.ndindex(x.shape):
            moved = np.zeros_like(x)
            moved[at] = step
            assert found[at] == pytest.approx((value(x + moved) - value(x - moved)) / (2 * step), abs=1e-8)
