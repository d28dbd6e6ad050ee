"""Sigmoids in quotients, of opposites, and in sums with 1: none overflows, none cancels, and they share exponentials."""

from __future__ import annotations

import math

import numpy as np
import pytest

import symbackprop as sb


def _body(source: str) -> str:
    return source.split('"""')[-1].strip()


@pytest.mark.parametrize("formula", ["log(exp(x) + exp(y))", "x/(1 + exp(y - x))"])
def test_sigmoids_of_opposites_share_an_exponential(formula: str) -> None:
    slopes = sb.compile_grad(formula)
    assert slopes.rewrites["size of the opposite"]
    assert _body(slopes.source).count("exp(") == 1
    assert slopes.verify(points=1, seconds=0.5)
    arrays = sb.compile_grad(f"x[n] y[n] -> sum({formula})")
    x, y = np.array([0.3, 800.0, -800.0]), np.array([0.7, 1.0, math.pi])
    for found, expected in zip(arrays(x, y), zip(*map(slopes, x, y), strict=True), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_a_logistic_curve_neither_overflows_nor_cancels() -> None:
    curve = sb.compile_value_and_grad("a/(1 + exp(-k*x))")
    assert curve.rewrites["over 1 + exp"] == 1
    assert curve(3.0, 2.0, -800.0) == (0.0, (0.0, 0.0, 0.0))
    _, (_, _, slope) = curve(3.0, 2.0, 30.0)  # where 1 - p has no digit left
    assert slope == pytest.approx(6 * math.exp(-60), rel=1e-15)


def test_a_sigmoid_alone_keeps_the_slope_that_everyone_knows() -> None:
    assert "over 1 + exp" not in sb.compile_grad("1/(1 + exp(-x))").rewrites


def test_a_logarithm_of_a_mean_is_split_and_that_of_a_small_share_is_not() -> None:
    row = "log of a multiple of an exponential"
    assert row in sb.compile_value("log((exp(x) + exp(y))/2)").rewrites
    assert row not in sb.compile_value("log((exp(x) + exp(y))/1000)").rewrites
