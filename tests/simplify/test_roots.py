"""Powers of arrays with fractional exponents, as products with one root; and exponentials of a known sign."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from differences import body_of
from mpmath import mp

import symbackprop as sb

EXTREMES = np.array([0.0, 1e-300, 1e-8, 0.3, 1.0, 7.0, 1e8, 1e60, np.inf])


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("x[n] -> x**1.5", "x * np.sqrt(x)"),
        ("x[n] -> x**-2.5", "1.0 / (x * x * np.sqrt(x))"),
        ("x[n] -> x**0.25", "np.sqrt(np.sqrt(x))"),
        ("x[n] -> x**(4/3)", "x**1.3333333333333333"),  # one power alone
        ("x[n] -> x**(4/3) + x**(-2/3)", "t1 = x**0.3333333333333333\n    return x * t1 + 1.0 / (t1 * t1)"),
        ("x[n] -> sum(exp(-x)*x**5.5)", "x**5.5"),  # where products would take longer
        ("x -> x**1.5", "math.pow(x, 1.5)"),
    ],
)
def test_forms(formula: str, text: str) -> None:
    assert text in body_of(sb.compile_value(formula))


@pytest.mark.parametrize(
    "exponent", ["1/3", "2/3", "-2/3", "4/3", "8/3", "-7/3", "1/2", "3/2", "-5/2", "1/4", "3/4", "-7/4"]
)
def test_powers_are_as_accurate_at_all_sizes(exponent: str) -> None:
    found = sb.compile_value(f"x[n] -> stack([x**({exponent}), x**(13/3), x**(14/3)])")
    assert found.rewrites["powers of one root"] >= 2
    mp.dps = 50
    y = Fraction(exponent)
    with np.errstate(divide="ignore", over="ignore"):
        values = found(EXTREMES)[0]
        direct = EXTREMES ** float(y)
    for x, value, once in zip(EXTREMES, values, direct, strict=True):
        if 1e-300 < once < 1e300:
            exact = mp.power(mp.mpf(float(x)), mp.mpf(y.numerator) / y.denominator)
            error, allowed = (abs(mp.mpf(float(z)) / exact - 1) / 2**-53 for z in (value, once))
            assert error <= allowed + 8, (x, value, once)
        else:
            assert value == once or abs(value - once) < 1e-300 or min(value, once) > 1e300, (x, value, once)
    with np.errstate(invalid="ignore"):
        assert np.isnan(found(np.array([-2.0]))[0]).all()  # as the power is


def test_a_gradient_of_many_powers_takes_one() -> None:
    found = sb.compile_value_and_grad("x[n] y[n] -> s = y/x**(8/3); t = y/x**(7/3)\nsum(x**(4/3)*s + t/x**(1/3))")
    assert body_of(found).count("**0.333") == 1 and body_of(found).count("**") == 1
    assert found.verify(points=1, seconds=0.5)
    single = sb.compile_value_and_grad("x[n] -> sum(x**(4/3) + x**(1/3))", dtype="float32")
    assert single(np.full(3, 2.0, np.float32))[1][0].dtype == np.float32


@pytest.mark.parametrize("sign", ["", "-"])
def test_an_exponential_whose_sign_is_known_needs_no_choice(sign: str) -> None:
    found = sb.compile_value_and_grad(f"x[n] -> sum(1/(exp({sign}x**2) - 1))")
    assert "where" not in body_of(found) and found.rewrites["over expm1 of one sign"] >= 1
    assert "np.where" in body_of(sb.compile_value("x[n] -> sum(1/(exp(x) - 1))"))
    mp.dps = 50
    for x in (1e-5, 0.1, 2.0, 6.0, 26.0):
        t = mp.mpf(x) ** 2 * (-1 if sign else 1)
        value, (slope,) = found(np.array([x]))
        assert abs(value * mp.expm1(t) - 1) < 1e-15 * (1 + abs(t))
        expected = -2 * t / mp.mpf(x) * mp.exp(t) / mp.expm1(t) ** 2
        assert abs(slope[0] / expected - 1) < 1e-15 * (3 + abs(t))
    with np.errstate(over="raise", under="ignore"):
        value, (slope,) = found(np.array([40.0]))
    assert value == (-1.0 if sign else 0.0) and slope[0] == 0.0
    assert found.verify(points=1, seconds=0.5)
