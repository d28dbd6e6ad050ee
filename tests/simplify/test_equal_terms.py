"""Terms of a derivative that are equal though their exponentials differ, and terms that only look as if they were."""

from __future__ import annotations

import re

import numpy as np
import pytest
from differences import body_of

import symbackprop as sb

NAME = "equal terms with exponentials"
PRICE = """
v = sigma*sqrt(T)
d1 = (log(S/K) + {drift}*T)/v + v/2
N1 = 0.5*(1 + erf(d1/sqrt(2)))
N2 = 0.5*(1 + erf((d1 - v)/sqrt(2)))
"""


@pytest.mark.parametrize(
    ("names", "formula"),
    [
        ("S K r sigma T", PRICE.format(drift="r") + "S*N1 - K*exp(-r*T)*N2"),
        ("S[n] K[n] r sigma T", PRICE.format(drift="r") + "sum(S*N1 - K*exp(-r*T)*N2)"),
        ("S K[m] r sigma T[n]", "K = K[:, None]\n" + PRICE.format(drift="r") + "sum(S*N1 - K*exp(-r*T)*N2)"),
        ("S K r q sigma T", PRICE.format(drift="(r - q)") + "S*exp(-q*T)*N1 - K*exp(-r*T)*N2"),  # with a dividend
        ("S K r sigma T", PRICE.format(drift="0") + "S*exp(-r*T)*N1 - K*exp(-r*T)*N2"),  # on a forward
    ],
)
def test_slopes_of_option_prices_have_one_density(names: str, formula: str) -> None:
    found = sb.compile_value_and_grad(f"{names} -> {formula}")
    assert found.rewrites[NAME]
    code = re.sub("#.*", "", body_of(found))
    assert len(re.findall(r"\bexp\(", code)) <= 1 + formula.count("*T)*"), code  # one density, and discounts
    assert found.verify(points=2, seconds=1)


def test_the_delta_is_exact() -> None:
    slope = sb.compile_grad("S K r sigma T -> " + PRICE.format(drift="r") + "S*N1 - K*exp(-r*T)*N2", wrt="S")
    assert "exp(-" not in body_of(slope)  # no difference of densities beside the distribution


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("x*exp(y)", "exp(y + log(x))"),
        ("exp(-(x - y)**2)*exp(-2*x*y)", "-exp(-x**2)*exp(-y**2)"),
        ("3*exp(x)*exp(y)/x", "-exp(x + y)*x**-1"),
        ("sqrt(x)*exp(y)", "-exp(log(x)/2 + y)"),
        ("exp(x)*exp(sqrt(y)*sqrt(y))", "x*exp(x + y)/x"),
        ("exp(pi*x)/y/y", "2*exp(pi*x - 2*log(y))"),
    ],
)
def test_equal_terms_of_a_slope(a: str, b: str) -> None:
    found = sb.compile_grad(f"x y z -> w = z + 1\nz*{a} + w*({b})", wrt="z")
    direct = sb.compile_value(f"x y -> {a} + {b}")
    assert found.rewrites[NAME] == 1
    for x, y in ((0.7, 1.3), (2.1, 0.4)):
        np.testing.assert_allclose(found(x, y, 0.0), direct(x, y), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(
    ("formula", "points"),
    [
        ("z*x*exp(y) - z*exp(y + log(x**2)/2)", [(-0.7, 0.3), (0.7, 0.3)]),  # abs(x)
        ("z*x*exp(y) - z*exp(log(x*x*x*x)/4)*exp(y)", [(-0.7, 0.3)]),
        ("z*sqrt(x**2)*exp(y) - z*x*exp(y)", [(-0.7, 0.3)]),
        ("z*exp(x)*exp(y) - z*exp(x + 1.0001*y)", [(0.7, 0.3)]),
        ("z*exp(0.1 + 0.2 + x) - z*exp(0.3)*exp(x*y)", [(0.7, 0.3)]),
    ],
)
def test_terms_that_differ_stay(formula: str, points: list[tuple[float, float]]) -> None:
    found = sb.compile_grad(f"x y z -> {formula}", wrt="z")
    for x, y in points:
        exact = sb.compile_value(f"x y z -> {formula}")(x, y, 1.0)
        np.testing.assert_allclose(found(x, y, 1.0), exact, rtol=1e-12, atol=1e-15)


def test_rows_and_columns_are_told_apart() -> None:
    formula = "a = exp(x)*ones((3, 1)); b = exp(x[:, None])*ones(3)\nsum(z*(exp(2*x + x[:, None]) - a*exp(x + x)*z))"
    found = sb.compile_grad(f"x[3] z[3,3] -> {formula}", wrt="z")
    assert found.verify(points=2, seconds=0.5)


@pytest.mark.parametrize("S", [-90.0, 90.0])
def test_products_of_signs_are_known_where_a_logarithm_has_a_value(S: float) -> None:
    """S and K have the same sign where log(S/K) has a value, and both may be negative."""
    formula = "u = log(S/K); w = z + 1\nz*S*exp(-(u - 1)**2/2) - w*K*exp(-u**2/2 + 2*u - 1/2)"
    found = sb.compile_grad(f"S K z -> {formula}", wrt="z")
    assert found.rewrites[NAME] and found(S, S / 1.1, 0.0) == 0.0
    other = sb.compile_grad(f"S K z -> {formula.replace('log(S/K)', 'log(S**2/K**2)/2')}", wrt="z")
    assert NAME not in other.rewrites  # which it has for any signs
