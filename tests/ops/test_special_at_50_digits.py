"""Special functions, value and gradient, from text and from SymPy, against mpmath at 50 digits.

An error counts relative to what a rounding of the input by one part in 1e16 does to the result: relative to
``|f| + |x f'|``, which near a zero of f is not smaller than the input's own rounding allows. `TIGHT` is some 50 such
units; a case that says more is bounded by SciPy's own accuracy there.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from sympy.abc import x

import symbackprop as sb

TIGHT = 1e-14
DIGITS = 50


@dataclass(frozen=True)
class Case:
    """A function of one variable x.

    Parameters
    ----------
    text : str
        The formula.
    exact : callable
        Its meaning for mpmath.
    points : sequence of floats
        In range and at the edges: tiny, large, near poles, at transitions.
    expression : SymPy expression or None
        The same for SymPy.
    value, slope : float
        The errors allowed.
    """

    text: str
    exact: Callable[[Any], Any]
    points: tuple[float, ...]
    expression: Any = None
    value: float = TIGHT
    slope: float = TIGHT


ALL_REAL = (-30.5, -2.5, -0.3, -1e-8, 0.0, 1e-300, 1e-8, 0.3, 2.5, 5.9)
POSITIVE = (1e-100, 1e-10, 0.01, 0.3, 0.999999, 1.0000001, 1.4616321449683623, 2.0, 7.5, 33.25, 171.0)
WITH_NEGATIVE = (*POSITIVE, -0.5, -1.0000001, -2.999999, -7.5, -20.25)
SHARES = (1e-60, 1e-10, 0.02, 0.3, 0.5, 0.7, 0.999)


def sharp(function: Callable[[Any], Any], digits: int = 320) -> Callable[[Any], Any]:
    """Return a function that mpmath computes with more digits, as it cancels."""

    def computed(t: Any) -> Any:
        with mpmath.workdps(mpmath.mp.dps + digits):
            return function(t)

    return computed


def inverse_erfc(t: Any) -> Any:
    """Return erfcinv(t) by Newton's method for log(erfc(y)) = log(t), from SciPy's value."""
    from scipy import special

    start = mpmath.mpf(float(special.erfcinv(float(t))))
    return mpmath.findroot(lambda y: mpmath.log(mpmath.erfc(y)) - mpmath.log(t), start)


ERROR_FUNCTIONS = [
    Case("erf(x)", mpmath.erf, ALL_REAL, sympy.erf(x)),
    Case("erfc(x)", mpmath.erfc, (*ALL_REAL, 20.0, 26.0), sympy.erfc(x)),
    Case("erfi(x)", mpmath.erfi, (-20.0, -2.5, 0.0, 1e-8, 0.02, 0.3, 2.5, 25.0), sympy.erfi(x)),
    Case(
        "erfcx(x)",
        sharp(lambda t: mpmath.exp(t * t) * mpmath.erfc(t), 30),
        (-20.0, -1.5, 0.0, 1e-8, 0.3, 5.0, 19.9, 20.0, 20.1, 50.0, 1e4),
        slope=1e-12,
    ),
    Case(
        "erf2(0.5, x)",
        lambda t: mpmath.erf(t) - mpmath.erf(0.5),
        (-3.0, 0.3, 0.5000001, 0.54, 0.6, 5.0),
        sympy.erf2(0.5, x),
    ),
    Case(
        "erf2(x, 9)",
        sharp(lambda t: mpmath.erf(9) - mpmath.erf(t), 50),
        (-9.0, 0.0, 1.5, 8.9, 8.9999, 9.00001, 9.5, 20.0),
    ),
    Case("erf2(-x, x)", lambda t: 2 * mpmath.erf(t), (0.01, 0.02, 0.03, 0.1, 1.0)),
    Case("erfinv(x)", mpmath.erfinv, (-0.9999999, -0.3, 0.0, 1e-300, 1e-8, 0.3, 0.999, 1 - 2.0**-53), sympy.erfinv(x)),
    Case("erfcinv(x)", inverse_erfc, (*SHARES, 1.0, 1.5, 1.9999999), sympy.erfcinv(x)),
    Case("ndtr(x)", mpmath.ncdf, (*ALL_REAL, -8.0), slope=1e-13),
    Case("log_ndtr(x)", lambda t: mpmath.log(mpmath.ncdf(t)), (*ALL_REAL, -200.0, 20.0)),
    Case("ndtri(x)", lambda t: -mpmath.sqrt(2) * inverse_erfc(2 * t), SHARES),
    Case("fresnels(x)", mpmath.fresnels, ALL_REAL, sympy.fresnels(x)),
    Case("fresnelc(x)", mpmath.fresnelc, ALL_REAL, sympy.fresnelc(x)),
]

GAMMA = [
    Case("gamma(x)", mpmath.gamma, WITH_NEGATIVE, sympy.gamma(x)),
    Case("gammaln(x)", lambda t: mpmath.log(abs(mpmath.gamma(t))), (*WITH_NEGATIVE, 1e10, 1e300), sympy.loggamma(x)),
    Case("digamma(x)", lambda t: mpmath.psi(0, t), (*WITH_NEGATIVE, 1e10), sympy.digamma(x)),
    Case("polygamma(1, x)", lambda t: mpmath.psi(1, t), (1e-100, *WITH_NEGATIVE[1:], 1e10), sympy.polygamma(1, x)),
    Case("polygamma(3, x)", lambda t: mpmath.psi(3, t), (1e-40, *WITH_NEGATIVE[1:], 1e10), sympy.polygamma(3, x)),
    Case(
        "beta(x, 2.5)",
        lambda t: mpmath.beta(t, 2.5),
        (1e-150, 1e-10, 0.01, 0.3, 2.5, 7.5, 200.0, 1e4),
        sympy.beta(x, 2.5),
        1e-11,
        1e-11,
    ),
    Case(
        "beta(x, 1e-7)",
        lambda t: mpmath.beta(t, mpmath.mpf(1e-7)),
        (1e-10, 1e-8, 0.01, 3.0, 40.0),
        value=1e-13,
        slope=1e-13,
    ),
    Case(
        "betaln(1e6, x)",
        lambda t: mpmath.log(mpmath.beta(10**6, t)),
        (1e-300, 1e-5, 0.5, 3.0, 9e3, 1.1e4, 1e9),
        value=1e-10,
    ),
    Case(
        "binom(x, 3)",
        lambda t: mpmath.binomial(t, 3),
        (-1.0, 0.0, 1.0, 2.0, 2.0000001, 7.5, 1e10),
        sympy.binomial(x, 3),
    ),
    Case(
        "binom(x, 40)",
        lambda t: mpmath.binomial(t, 40),
        (-0.5, 0.0, 7.0, 39.0, 39.0001, 40.0, 60.0, 1e4),
        value=1e-12,
        slope=1e-12,
    ),
    Case(
        "binom(5, x)",
        lambda t: mpmath.binomial(5, t),
        (-3.0, -1.0, 0.0, 0.3, 2.5, 2.5000001, 5.0, 6.0, 9.0),
        sympy.binomial(5, x),
        slope=1e-13,
    ),
    Case("binom(x, x/2)", lambda t: mpmath.binomial(t, t / 2), (0.3, 5.0, 100.5), value=1e-13, slope=1e-13),
    Case("poch(x, 2.5)", lambda t: mpmath.rf(t, 2.5), (0.01, 0.3, 2.5, 33.0, 240.0, 1e5), value=1e-12, slope=1e-12),
    Case("poch(x, 3)", lambda t: mpmath.rf(t, 3), (-2.0, -1.0, 0.0, 0.3, 2.5), sympy.rf(x, 3)),
    Case("falling_factorial(x, 3)", lambda t: mpmath.ff(t, 3), (-2.0, 0.0, 1.0, 2.5), sympy.ff(x, 3)),
    Case("factorial(x)", mpmath.factorial, (0.0, 1e-10, 0.3, 5.0, 170.0), sympy.factorial(x)),
    Case("harmonic(x)", mpmath.harmonic, (-0.5, -1e-9, 1e-300, 1e-9, 0.009, 0.011, 5.0, 1e6)),
]

ZETA = [
    Case("zeta(3, x)", lambda t: mpmath.zeta(3, t), (1e-60, 1e-8, 0.3, 1.0, 2.5, 1e3, 1e8), sympy.zeta(3, x)),
    Case("zeta(1.25, x)", lambda t: mpmath.zeta(1.25, t), (1e-60, 1e-8, 0.3, 1.0, 2.5, 1e3, 1e8)),
]

LINE = (-30.25, -3.5, 0.0, 1e-100, 1e-8, 0.3, 2.404825557695773, 5.5, 30.25, 1e3, 1e5)
HALF_LINE = tuple(t for t in LINE if t > 0)
GROWING = (1e-100, 1e-8, 0.3, 2.0, 5.5, 30.25, 500.0)


def bessel(function: Callable[..., Any], order: float) -> Callable[[Any], Any]:
    return lambda t: function(mpmath.mpf(order), t)


def spherical(function: Callable[..., Any], order: int) -> Callable[[Any], Any]:
    return lambda t: mpmath.sqrt(mpmath.pi / (2 * t)) * function(order + mpmath.mpf(1) / 2, t)


def scaled(function: Callable[..., Any], order: float, sign: int) -> Callable[[Any], Any]:
    return lambda t: mpmath.exp(sign * t) * function(mpmath.mpf(order), t)


BESSEL = [
    *(Case(f"jv({n}, x)", bessel(mpmath.besselj, n), LINE, sympy.besselj(n, x)) for n in (0, 1, 2, 5)),
    *(Case(f"yv({n}, x)", bessel(mpmath.bessely, n), HALF_LINE[1:], sympy.bessely(n, x)) for n in (0, 1, 2, 5)),
    *(Case(f"iv({n}, x)", bessel(mpmath.besseli, n), GROWING, sympy.besseli(n, x)) for n in (0, 1, 2, 5)),
    *(Case(f"kv({n}, x)", bessel(mpmath.besselk, n), GROWING[1:], sympy.besselk(n, x)) for n in (0, 1, 2, 5)),
    Case("j0(x) + k1(x)", lambda t: mpmath.besselj(0, t) + mpmath.besselk(1, t), HALF_LINE[2:]),
    Case("jv(20, x)", bessel(mpmath.besselj, 20), (1e-5, 1.5, 15.0, 19.9, 20.0, 22.0, 60.0), value=1e-13, slope=1e-13),
    Case("jv(0.5, x)", bessel(mpmath.besselj, 0.5), HALF_LINE, sympy.besselj(sympy.Float(0.5), x), 1e-13, 1e-13),
    Case("jv(-1.5, x)", bessel(mpmath.besselj, -1.5), HALF_LINE[1:], value=1e-13, slope=1e-13),
    Case("yv(0.25, x)", bessel(mpmath.bessely, 0.25), HALF_LINE[1:], value=1e-13, slope=1e-13),
    Case(
        "iv(1/3, x)",
        lambda t: mpmath.besseli(mpmath.mpf(1) / 3, t),
        GROWING[1:],
        sympy.besseli(sympy.Rational(1, 3), x),
    ),
    Case("kv(2.5, x)", bessel(mpmath.besselk, 2.5), GROWING[1:]),
    Case("ive(0, x)", scaled(mpmath.besseli, 0, -1), (*GROWING[1:], 3e3), slope=1e-12),
    Case("ive(2, x)", scaled(mpmath.besseli, 2, -1), (*GROWING[1:], 3e3), slope=1e-12),
    Case("kve(0, x)", scaled(mpmath.besselk, 0, 1), (*GROWING[1:], 3e3), slope=1e-12),
    Case("kve(1.5, x)", scaled(mpmath.besselk, 1.5, 1), (*GROWING[1:], 3e3), slope=1e-12),
    *(
        Case(f"spherical_jn({n}, x)", spherical(mpmath.besselj, n), HALF_LINE[1:], sympy.jn(n, x), 1e-13, 1e-13)
        for n in (0, 1, 3, 12)
    ),
    *(
        Case(f"spherical_yn({n}, x)", spherical(mpmath.bessely, n), HALF_LINE[1:], sympy.yn(n, x), 1e-13, 1e-13)
        for n in (0, 1, 3, 12)
    ),
]

TURNING = (-1e3, -30.5, -2.338107410459767, -1.0, -1e-8, 0.0, 1e-100, 1e-8, 0.3, 1.0, 5.5, 30.25)
AIRY = [
    Case("airyai(x)", mpmath.airyai, (*TURNING, 90.0), sympy.airyai(x)),
    Case("airyaiprime(x)", lambda t: mpmath.airyai(t, derivative=1), (*TURNING, 90.0), sympy.airyaiprime(x)),
    Case("airybi(x)", mpmath.airybi, (*TURNING, 90.0), sympy.airybi(x)),
    Case("airybiprime(x)", lambda t: mpmath.airybi(t, derivative=1), (*TURNING, 90.0), sympy.airybiprime(x)),
    Case(
        "airyai(x)*airybiprime(x)",
        lambda t: mpmath.airyai(t) * mpmath.airybi(t, derivative=1),
        TURNING[:-1],
        slope=1e-13,
    ),
]

CASES = [*ERROR_FUNCTIONS, *GAMMA, *ZETA, *BESSEL, *AIRY]


VALUES = [
    ("zeta(x)", 0.5, float(mpmath.zeta(0.5))),
    ("zeta(x)", 2.0, float(mpmath.zeta(2))),
    ("zeta(x)", -1.5, float(mpmath.zeta(-1.5))),
    ("zeta(x)", 40.0, float(mpmath.zeta(40))),
    ("zeta(x, 2.5)", 1.5, float(mpmath.zeta(1.5, 2.5))),
    ("dirichlet_eta(x)", 1.0, float(mpmath.log(2))),
    ("dirichlet_eta(x)", 1.0000001, float(mpmath.altzeta(mpmath.mpf(1.0000001)))),
    ("dirichlet_eta(x)", -0.5, float(mpmath.altzeta(-0.5))),
]


EDGES = [  # a formula, a point, value and slope there
    ("jv(0, x)", 0.0, 1.0, 0.0),
    ("jv(1, x)", 0.0, 0.0, 0.5),
    ("jv(2, x)", 0.0, 0.0, 0.0),
    ("jv(0.5, x)", 0.0, 0.0, inf),
    ("jv(-2, x)", 0.0, 0.0, 0.0),
    ("yv(0, x)", 0.0, -inf, inf),
    ("iv(0, x)", 0.0, 1.0, 0.0),
    ("iv(1, x)", 0.0, 0.0, 0.5),
    ("kv(0, x)", 0.0, inf, -inf),
    ("kv(2, x)", 0.0, inf, -inf),
    ("ive(0, x)", 0.0, 1.0, 0.0),
    ("jv(2, x)", -1.5, float(mpmath.besselj(2, 1.5)), -float(mpmath.besselj(2, 1.5, derivative=1))),
    ("iv(3, x)", -1.5, -float(mpmath.besseli(3, 1.5)), float(mpmath.besseli(3, 1.5, derivative=1))),
    ("spherical_jn(0, x)", 0.0, 1.0, 0.0),
    ("spherical_jn(1, x)", 0.0, 0.0, 1 / 3),
    ("spherical_jn(2, x)", 0.0, 0.0, 0.0),
    ("spherical_jn(0, x)", -1.5, math.sin(1.5) / 1.5, (math.sin(1.5) / 1.5 - math.cos(1.5)) / 1.5),
    ("spherical_yn(0, x)", -1.5, math.cos(1.5) / 1.5, (math.sin(1.5) + math.cos(1.5) / 1.5) / 1.5),
    ("airyai(x)", 120.0, 0.0, 0.0),
    ("gamma(x)", 200.0, inf, inf),
    ("gammaln(x)", 0.0, inf, -inf),
    ("erf(x)", inf, 1.0, 0.0),
    ("erf2(0, x)", inf, 1.0, 0.0),
    ("erfinv(x)", 1.0, inf, inf),
    ("ndtri(x)", 1.0, inf, inf),
    ("log_ndtr(x)", inf, 0.0, 0.0),
    ("erfcx(x)", 1e200, 1e-200 / math.sqrt(math.pi), 0.0),
    ("harmonic(x)", 0.0, 0.0, math.pi**2 / 6),
]


@functools.cache
def expected_at(exact: Callable[[Any], Any], point: float) -> tuple[Any, Any, Any]:
    """Return value, derivative and second derivative of a function, by differences of twice the digits."""
    decades = round(abs(mpmath.log(abs(point), 10))) if point else 0
    with mpmath.workdps(2 * DIGITS + 10 + 2 * decades):
        t = mpmath.mpf(point)
        step = mpmath.mpf(10) ** -(DIGITS // 2) * (abs(t) if 0 < abs(t) < 1 else 1)
        below, middle, above = (mpmath.mpmathify(exact(t + shift * step)).real for shift in (-1, 0, 1))
        return middle, (above - below) / (2 * step), (above - 2 * middle + below) / step**2


def errors_of(compiled: sb.CompiledFunction, case: Case, point: float) -> tuple[float, float]:
    with np.errstate(all="raise", under="ignore"):
        value, (slope,) = compiled(point)
    middle, first, second = expected_at(case.exact, point)
    with mpmath.workdps(DIGITS):
        least = mpmath.mpf(10) ** (-300 if point else -30)  # underflow; what a quotient leaves of a 0
        scales = abs(middle) + abs(point * first) + least, abs(first) + abs(point * second) + least
        pairs = zip((value, slope), (middle, first), scales, strict=True)
        found = [float(abs(mpmath.mpf(float(a)) - b) / scale) if scale else float(a) for a, b, scale in pairs]
    return found[0], found[1]


def assert_accurate(compiled: sb.CompiledFunction, case: Case) -> None:
    for point in case.points:
        value, slope = errors_of(compiled, case, point)
        assert value <= case.value, (point, value)
        assert slope <= case.slope, (point, slope)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_text(case: Case) -> None:
    assert_accurate(sb.compile_value_and_grad(case.text), case)


@pytest.mark.parametrize("case", [case for case in CASES if case.expression is not None], ids=lambda case: case.text)
def test_expression(case: Case) -> None:
    assert_accurate(sb.compile_value_and_grad(case.expression), case)


@pytest.mark.parametrize(("text", "point", "value", "slope"), EDGES, ids=str)
def test_edge(text: str, point: float, value: float, slope: float) -> None:
    with np.errstate(all="ignore"):
        found, (derivative,) = sb.compile_value_and_grad(text)(point)
    assert found == pytest.approx(value, rel=1e-14, nan_ok=True)
    assert derivative == pytest.approx(slope, rel=1e-14, nan_ok=True)


@pytest.mark.parametrize(
    "formula", [f for case in CASES for f in (case.text, case.expression) if f is not None], ids=str
)
def test_verified(formula: Any) -> None:
    report = sb.compile_value_and_grad(formula).verify(points=1, seconds=0.3)
    assert report, str(report)


@pytest.mark.parametrize(("text", "point", "value"), VALUES, ids=str)
def test_value_alone(text: str, point: float, value: float) -> None:
    """Functions of which there is a value and no derivative."""
    assert sb.compile_value(text)(point) == pytest.approx(value, rel=1e-13)
    with pytest.raises(sb.UnsupportedError, match="with respect to s is not supported"):
        sb.compile_grad(text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_float32(case: Case) -> None:
    """Everything is float32, and right to its digits at an ordinary point."""
    compiled = sb.compile_value_and_grad(case.text, dtype="float32")
    point = next(t for t in case.points if 0.25 <= abs(t) <= 10)
    value, (slope,) = compiled(point)
    assert np.asarray(value).dtype == np.float32
    assert np.asarray(slope).dtype == np.float32
    exact = sb.compile_value_and_grad(case.text)(float(np.float32(point)))
    assert value == pytest.approx(float(exact[0]), rel=1e-4, abs=1e-6)
    assert slope == pytest.approx(float(exact[1][0]), rel=1e-3, abs=1e-5)
