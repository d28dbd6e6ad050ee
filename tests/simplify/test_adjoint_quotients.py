"""Quotients of adjoints: what cancels over the reals is not computed, so that it neither rounds nor overflows."""

from __future__ import annotations

import mpmath
import pytest

import symbackprop as sb
from benchmarks.accuracy.reference import units


def _body(source: str) -> str:
    return source.split('"""')[-1].strip()


@pytest.mark.parametrize(
    ("formula", "row", "text"),
    [
        ("log(a/b)", "cancel product", "1.0 / a, -1.0 / b"),
        ("log(2*pi*s**2)", "cancel constant", "(2.0 / s,)"),
        ("log(3*a)*b", "cancel constant", "b / a, log(3.0 * a)"),
        ("1/b**2 + a", "cancel power", "-2.0 * (t1 / b), 1.0"),
        ("p*log(p)", "x log x", "(log(p) + 1.0,)"),
        ("exp(-p*log(p) - (1 - p)*log(1 - p))", "x log x", "(t3 * (t2 - log(p)),)"),
    ],
)
def test_gradients_as_by_hand(formula: str, row: str, text: str) -> None:
    gradient = sb.compile_grad(formula)
    assert gradient.rewrites[row]
    assert _body(gradient.source).endswith(f"return {text}")


def test_a_quotient_that_cancels_does_not_underflow() -> None:
    assert sb.compile_grad("log(a/b)")(1e-200, 1e200) == (1e200, -1e-200)


def test_one_denominator_for_all_terms() -> None:
    slope = sb.compile_grad("-log(s) - log(1 + (x/s)**2)", wrt="s")
    assert _body(slope.source).count("(2.0 * (t1 / (1.0 + t1)) - 1.0) / s") == 1
    slope = sb.compile_grad("-((x - m)/s)**2/2 - log(s)", wrt="s")
    assert slope.rewrites["common denominator"] == 1
    assert _body(slope.source).count("/") == 2
    assert slope(5.0, 1.0, 2.0) == 1.5
    assert _body(sb.compile_grad("x*y/d - 2*log(d)", wrt="d").source).endswith("-(2.0 + t1) / d")


def test_no_product_that_the_formula_has_not() -> None:
    slope = sb.compile_grad("a*exp(y/d) - log(d)", wrt="d")
    assert "common denominator" not in slope.rewrites


def test_a_cube_of_a_reciprocal_root() -> None:
    slope = sb.compile_grad("1/sqrt(1 - v**2)", wrt="v")
    assert slope.rewrites["cube of reciprocal root"] == 1
    for v in (0.1, 0.7, 0.999, 1 - 1e-9, -0.3):
        with mpmath.workdps(60):
            error = units(slope(v), mpmath.mpf(v) / mpmath.sqrt(1 - mpmath.mpf(v) ** 2) ** 3)
        assert error is not None and error <= 4, v
