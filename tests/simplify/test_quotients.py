"""Quotients by constants are products where these are as accurate: Python and NumPy multiply faster than they divide."""

from __future__ import annotations

import math
import random

import mpmath
import pytest

import symbackprop as sb


def body(formula: str) -> str:
    source = sb.compile_value(formula).source
    return source[source.rindex("return ") + len("return ") :].strip()


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("x/2", "0.5 * x"),
        ("x/0.25", "4.0 * x"),
        ("x/-8", "-0.125 * x"),
        ("x/3", "x / 3.0"),
        ("x/10", "x / 10.0"),
        ("x/0.1", "x / 0.1"),
        ("x[n] -> x/2", "0.5 * x"),
        ("x/2 - 0.5*x", "0.0"),
        ("x/pi", "x / pi"),
    ],
)
def test_forms(formula: str, text: str) -> None:
    assert body(formula) == text


def test_roots_of_powers_of_two() -> None:
    source = sb.compile_value("x/sqrt(2) + y/sqrt(8)").source
    assert "sqrt(0.5)" in source
    assert "sqrt(0.125)" in source
    assert " / " not in source.split('"""')[-1]


def test_halves_are_the_same_bit_by_bit() -> None:
    half = sb.compile_value("x/2 + 0").function
    for x in (1.0, -3.3, 5e-324, 1.5e-323, 2.2250738585072014e-308, 1.7976931348623157e308, math.inf, 0.0):
        assert half(x) == x / 2


def test_a_product_with_the_root_of_a_half_is_as_accurate_as_the_quotient() -> None:
    ours = sb.compile_value("x/sqrt(2)").function
    rng = random.Random(0)
    errors = {"product": 0.0, "quotient": 0.0}
    with mpmath.workdps(40):
        for _ in range(3000):
            x = rng.uniform(1.0, 2.0) * 2.0 ** rng.randrange(-20, 20)
            exact = mpmath.mpf(x) / mpmath.sqrt(2)
            for name, found in (("product", ours(x)), ("quotient", x / math.sqrt(2.0))):
                errors[name] = max(errors[name], float(abs(found - exact)) / math.ulp(float(exact)))
    assert errors["product"] <= 1.05 * errors["quotient"]  # both are of three roundings: 1.5 ulp at most


def test_constants_of_an_adjoint_are_one_quotient() -> None:
    source = sb.compile_grad("erf(x/sqrt(2))").source
    assert "1.0 / sqrt(pi)" not in source
    assert "/ sqrt(pi)" in source


def test_black_scholes_divides_no_more_than_it_has_to() -> None:
    formula = "v = s*sqrt(T); d = (log(S/K) + r*T)/v + v/2; S*0.5*(1 + erf(d/sqrt(2)))"
    code = sb.compile_value(formula).source.split('"""')[-1]
    assert code.count(" / ") == 2  # S / K, and by v
