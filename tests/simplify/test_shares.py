"""What is left of a share: derivatives of a/(a + b) without the difference of what nearly cancels."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import symbackprop as sb
from benchmarks.accuracy.reference import units

ROW = "rest of a share"


def _body(source: str) -> str:
    return source.split('"""')[-1].strip()


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("x/(1 + x)", "((1.0 / t1)**2,)"),
        ("p/(1 - p)", "((1.0 / t1)**2,)"),
        ("x/(1 + abs(x))", "((1.0 / t1)**2,)"),
        ("x/(x - 2)", "(-2.0 / t1 / t1,)"),
        ("v*s/(k + s)", "t3 * s, t3 * v * (k / t1), -t3 * t2"),
    ],
)
def test_forms(formula: str, text: str) -> None:
    gradient = sb.compile_grad(formula)
    assert gradient.rewrites[ROW] == 1
    assert _body(gradient.source).endswith(f"return {text}")
    assert gradient.verify(points=1, seconds=0.5)


@pytest.mark.parametrize(
    ("formula", "exact"),
    [
        ("x**2/(1 + x**2)", lambda x: 2 * x / (1 + x**2) ** 2),
        ("x/(3 - x)", lambda x: 3 / (3 - x) ** 2),
        ("5*x/(x - 7)", lambda x: -35 / (x - 7) ** 2),
        ("sin(x)/(2 + sin(x))", lambda x: 2 * mpmath.cos(x) / (2 + mpmath.sin(x)) ** 2),
    ],
)
def test_errors_near_and_far(formula: str, exact: object) -> None:
    gradient = sb.compile_grad(formula, wrt="x")
    assert gradient.rewrites[ROW]
    for x in (1e-9, 0.4, -1.7, 33.0, -6e5, 1e9):
        with mpmath.workdps(60):
            error = units(gradient(x), exact(mpmath.mpf(x)))  # type: ignore[operator]
        assert error is not None and error <= 6, x


def test_a_term_that_may_overflow_stays() -> None:
    gradient = sb.compile_grad("a/(a + y**2)")
    assert ROW not in gradient.rewrites
    assert gradient(1.0, 1e200) == (0.0, 0.0)


def test_terms_that_are_no_share_stay() -> None:
    for formula in ("x/(1 + y) - x*y", "x/(2*x + 1)", "x*y/(1 + x + y)"):
        assert ROW not in sb.compile_grad(formula).rewrites


def test_arrays_and_numbers_for_all_of_one() -> None:
    gradient = sb.compile_grad("x[n] k -> sum(x/(k + x))")
    x = np.array([1e-3, 2.0, 1e12])
    slopes, of_k = gradient(x, 3.0)
    np.testing.assert_allclose(slopes, 3.0 / (3.0 + x) ** 2, rtol=1e-15)
    assert of_k == pytest.approx(-np.sum(x / (3.0 + x) ** 2), rel=1e-14)
    assert gradient(x[:0], 3.0)[0].shape == (0,)
