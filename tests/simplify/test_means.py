"""Means of two numbers, which are finite where their sum is not."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest

import symbackprop as sb


@pytest.mark.parametrize("formula", ["(x + y)/2", "0.5*(x + y)"])
def test_means_do_not_overflow(formula):
    f = sb.compile_value_and_grad(formula)
    assert f(1.5e308, 1.6e308) == (1.55e308, (0.5, 0.5))
    assert "mean of two numbers" in f.rewrites
    chosen = random.Random(0)
    for scale in (1.0, 1e300, 1e-300, 5e-324, 1e-310):
        for _ in range(50):
            x, y = (chosen.uniform(-10, 10) * scale for _ in range(2))
            exact = (Fraction(x) + Fraction(y)) / 2
            assert abs(Fraction(f(x, y)[0]) - exact) <= Fraction(math.ulp(float(exact)))


def test_what_overflows_by_itself_stays():
    for formula in ("(x**2 + y**2)/2", "(x - y)/2", "(x + y + z)/2", "x[n] y[n] -> 0.5*(x + y)"):
        assert "mean of two numbers" not in sb.compile_value(formula).rewrites


def test_variances_are_still_seen():
    f = sb.compile_value("(x**2 + y**2)/2 - ((x + y)/2)**2")
    assert f(1e9, 1e9 + 1) == 0.25
