"""Logarithms of gamma functions that are together that of a beta function."""

from __future__ import annotations

import mpmath
import pytest

import symbackprop as sb

ROW = "log of a beta function"


@pytest.mark.parametrize(
    "formula",
    [
        "gammaln(a + b) - gammaln(a) - gammaln(b)",
        "a*b + gammaln(a + b) - gammaln(a) - gammaln(b)",
        "gammaln(a + 1) - gammaln(b + 1) - gammaln(a - b + 1)",
        "gammaln(a + b) - gammaln(a + 1) - gammaln(b) + 3*a",
    ],
)
def test_it_is_seen_wherever_the_terms_stand(formula: str) -> None:
    compiled = sb.compile_value_and_grad(formula)
    assert compiled.rewrites[ROW] == 1
    assert compiled.verify(points=1, seconds=0.5)
    for point in ((7.5, 2.25), (-0.3, 0.65)):  # below 0 gammaln is the logarithm of the size
        assert compiled(*point)[0] == pytest.approx(sb.compile_value(formula)(*point), rel=1e-13)


@pytest.mark.parametrize(
    "formula",
    [
        "gammaln(a + b) - gammaln(a) - gammaln(b + 2)",
        "gammaln(a + b) + gammaln(a) - gammaln(b)",
        "u = gammaln(a); gammaln(a + b) - u - gammaln(b) + u**2",
        "gammaln(a + 2*b) - gammaln(a) - gammaln(b)",
    ],
)
def test_others_stay(formula: str) -> None:
    assert ROW not in sb.compile_value_and_grad(formula).rewrites


def test_plain_python_stays_plain() -> None:
    assert "special" not in sb.compile_value("gammaln(a + b) - gammaln(a) - gammaln(b)").source


def test_it_does_not_cancel() -> None:
    n, k = 160.0, 3.0
    value, _ = sb.compile_value_and_grad("gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)")(n, k)
    assert value == pytest.approx(float(mpmath.log(mpmath.binomial(160, 3))), rel=4e-16)
