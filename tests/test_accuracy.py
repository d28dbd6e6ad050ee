"""A quick part of the accuracy table: errors of ours at hard points, in units in the last place, against many digits."""

from __future__ import annotations

import math

import numpy as np
import pytest

import symbackprop as sb
from benchmarks.accuracy.functions import FUNCTIONS
from benchmarks.accuracy.programs import run
from benchmarks.accuracy.reference import exact, units
from benchmarks.accuracy.table import Measured, compared, errors_of, expected_of
from benchmarks.peers import OURS

POINTS = 4
LIMITS = {  # of the value, and of the gradient
    "softplus": (2, 2),
    "log-sigmoid": (2, 2),
    "exp(x) - 1": (1, 1),
    "log(1 - exp(-x))": (2, 3),
    "log(exp(x) + exp(y))": (2, 600),
    "log(exp(x) + exp(y) + exp(z))": (2, 600),
    "log(exp(x) - exp(y))": (2, 600),
    "log(cosh(x))": (4, 3),
    "cosh(x) - 1": (3, 3),
    "1 - tanh(x)**2": (4, 4),
    "sqrt(1 + x) - 1": (3, 3),
    "sqrt(1 + x**2) - 1": (3, 3),
    "1/sqrt(1 - v**2) - 1": (5, 8),
    "redshift at a horizon": (3, 3),
    "1 - x**2": (2, 1),
    "sqrt(1 - x**2)": (2, 2),
    "logit": (2, 2),
    "hypotenuse": (1, 2),
    "length": (1, 2),
    "variance of two": (3, 3),
    "1 - cos(x)": (3, 1),
    "arctanh by logarithm": (2, 2),
    "polar angle": (1, 3),
    "1 - erf(x)": (3, 900),
    "log(erfc(x))": (4, 4),
    "normal logpdf": (3, 3),
    "Planck": (4, 20),
    "Bose": (3, 4),
    "Morse": (3, 3),
    "SiLU": (600, 600),
    "GELU by tanh": (500, 500),
    "Mish": (4, 20),
    "log survival of Weibull": (2, 4),
    "Planck by wavelength": (600, 600),
}


@pytest.mark.parametrize("name", list(LIMITS))
def test_errors_stay_within_limits(name: str) -> None:
    value, gradient = errors_of(run(OURS, name, POINTS), expected_of(FUNCTIONS[name], POINTS))
    assert value <= LIMITS[name][0]
    assert gradient <= LIMITS[name][1]


def test_units_in_the_last_place() -> None:
    assert units(1.0 + 2**-52, 1) == 1.0
    assert units(5e-324, 0) == 1.0
    assert units(math.nan, 1) == math.inf
    assert units(math.inf, exact(FUNCTIONS["mean of two"], (1.6e308, 1.6e308))[0]) == math.inf
    assert units(math.inf, 2**1024) is None


def test_a_row_holds_where_no_peer_is_more_accurate() -> None:
    assert Measured("f", {OURS: (1.9, 50.0), "jax": (0.5, 49.0)}).holds
    assert not Measured("f", {OURS: (2.5, 0.0), "jax": (0.5, 0.0)}).holds
    assert not Measured("f", {OURS: (math.inf, 0.0), "jax": (1e20, 0.0)}).holds
    assert not Measured("f", {OURS: (math.inf, 0.0), "jax": (math.inf, 0.0)}).holds
    assert Measured("f", {OURS: (3.4, 0.0), "jax": (3.0, 0.0)}).holds


def test_a_row_that_does_not_hold_tells_how_often() -> None:
    assert compared([[1.0, 2.0], [0.0, 9.0]], [[0.0, 2.4], [5.0, 0.0]]) == (2, 1)
    row = Measured("f", {OURS: (3.0, 0.0), "jax": (1.0, 0.0), "sympy": (9.0, 0.0)}, {"jax": (1, 5), "sympy": (7, 0)})
    assert row.reason() == "f: jax is more accurate by half a unit or more at 1 numbers, and less at 5"
    assert "not finite" in Measured("f", {OURS: (math.inf, 0.0)}).reason()


@pytest.mark.parametrize(
    ("formula", "row", "same"),
    [
        ("sum(log(exp(x) - exp(x - 1)))", "log of a difference of exponentials", "sum(x) + 2*log(1 - exp(-1))"),
        ("sum(exp(x)/(exp(x) + exp(2*x)))", "share of exponentials", "sum(1/(1 + exp(x)))"),
        ("sum((exp(x) - exp(-x))/(exp(x) + exp(-x)))", "tanh", "sum(tanh(x))"),
        ("sum((exp(x) - exp(-x))/2)", "sinh or cosh", "sum(sinh(x))"),
        ("sum(sinh(x)/cosh(x) + cosh(x)/sinh(x))", "tanh", "sum(tanh(x) + 1/tanh(x))"),
        ("sum(x/(exp(x) - 1))", "over expm1", "sum(x*exp(-x)/(1 - exp(-x)))"),
        ("sum(log(exp(-x)/3))", "log of a multiple of an exponential", "-sum(x) - 2*log(3)"),
        ("sum(sqrt(4 + x) - 2)", "sqrt(b**2 + w) - b", "sum(sqrt(4 + x)) - 4"),
        ("sum(x + sqrt(x**2 + 3))", "sqrt(b**2 + w) - b", "sum(x) + sum(sqrt(x**2 + 3))"),
        ("sum(1 - tanh(x)**2)", "difference of squares", "sum(1/cosh(x)**2)"),
        ("sum(x/(1 + exp(-x)))", "over 1 + exp", "sum(x*(1 + tanh(x/2))/2)"),
        ("sum(x**2*exp(x)/(exp(x) - 1)**2)", "over the square of expm1", "sum((x/2/sinh(x/2))**2)"),
        ("sum(1/(x**2*(exp(x) - 1)))", "over expm1", "sum(exp(-x)/(1 - exp(-x))/x**2)"),
        (
            "sum(log((exp(x) + exp(2*x))/3))",
            "log of a multiple of an exponential",
            "sum(log(exp(x) + exp(2*x))) - 2*log(3)",
        ),
        ("sum(log(1 - (1 - exp(-x**2))))", "1 + expm1", "-sum(x**2)"),
        ("mean(x**2) - mean(x)**2", "variance", "var(x)"),
        ("sum(log((1 + x/9)/(1 - x/9)))", "logit or arctanh", "2*sum(arctanh(x/9))"),
    ],
)
def test_forms_of_arrays(formula: str, row: str, same: str) -> None:
    x = np.array([0.7, -1.3])
    compiled, other = (sb.compile_value_and_grad(f"x[n] -> {text}") for text in (formula, same))
    assert compiled.rewrites[row]
    for found, expected in zip(compiled(x), other(x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("b", [3.0, -3.0, 0.0])
def test_roots_minus_either_sign(b: float) -> None:
    value, gradient = sb.compile_value_and_grad("sqrt(b**2 + w) - b")(b, 1e-3)
    root = math.sqrt(b * b + 1e-3)
    assert value == pytest.approx(root - b, rel=1e-9)
    assert gradient == pytest.approx((b / root - 1, 0.5 / root), rel=1e-9)


@pytest.mark.parametrize(
    ("formula", "x", "value", "slope"),
    [
        ("x/(1 + exp(-x))", -800.0, 0.0, 0.0),
        ("x/(1 + exp(-x))", 800.0, 800.0, 1.0),
        ("x**2*exp(x)/(exp(x) - 1)**2", 800.0, 0.0, 0.0),
        ("x**2*exp(x)/(exp(x) - 1)**2", -800.0, 0.0, 0.0),
        ("log((exp(x) + exp(3*x))/2)", -800.0, -800.0 - math.log(2), 1.0),
        ("1 + tanh(x)", -300.0, 2 * math.exp(-600), 4 * math.exp(-600)),
        ("1 - tanh(x)", 300.0, 2 * math.exp(-600), -4 * math.exp(-600)),
    ],
)
def test_far_out_where_exponentials_overflow_or_cancel(formula: str, x: float, value: float, slope: float) -> None:
    assert sb.compile_value_and_grad(formula, wrt="x")(x) == pytest.approx((value, slope), rel=1e-12, abs=1e-300)


def test_the_slope_of_arcsin_of_a_root_needs_no_root() -> None:
    u = 1 - 1e-10
    (slope,) = sb.compile_grad("arcsin(sqrt(u))")(u)
    assert slope == pytest.approx(0.5 / math.sqrt(u * (1 - u)), rel=1e-15)


def test_arrays_keep_the_hyperbolic_tangent() -> None:
    assert "1 + tanh" not in sb.compile_value("x[n] -> 1 + tanh(x)").rewrites
