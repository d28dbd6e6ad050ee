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
from math import inf, nan
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
POSITIVE = (1e-40, 1e-10, 0.01, 0.3, 0.999999, 1.0000001, 1.4616321449683623, 2.0, 7.5, 33.25, 171.0)
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
    Case("polygamma(1, x)", lambda t: mpmath.psi(1, t), (1e-40, *WITH_NEGATIVE[1:], 1e10), sympy.polygamma(1, x)),
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
        (1e-60, 1e-5, 0.5, 3.0, 9e3, 1.1e4, 1e9),
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
    Case("harmonic(x)", mpmath.harmonic, (-0.5, -1e-9, 1e-300, 1e-9, 0.009, 0.011, 5.0, 1e6), sympy.harmonic(x)),
]

ZETA = [
    Case("zeta(3, x)", lambda t: mpmath.zeta(3, t), (1e-60, 1e-8, 0.3, 1.0, 2.5, 1e3, 1e8), sympy.zeta(3, x)),
    Case("zeta(1.25, x)", lambda t: mpmath.zeta(1.25, t), (1e-60, 1e-8, 0.3, 1.0, 2.5, 1e3, 1e8)),
]

LINE = (-30.25, -3.5, 0.0, 1e-40, 1e-8, 0.3, 2.404825557695773, 5.5, 30.25, 1e3, 1e5)
HALF_LINE = tuple(t for t in LINE if t > 0)
GROWING = (1e-40, 1e-8, 0.3, 2.0, 5.5, 30.25, 500.0)


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

TURNING = (-1e3, -30.5, -2.338107410459767, -1.0, -1e-8, 0.0, 1e-40, 1e-8, 0.3, 1.0, 5.5, 30.25)
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

PARAMETERS = (-1e12, -2.5, -1e-8, 0.0, 1e-300, 1e-9, 0.009, 0.0101, 0.3, 0.99, 1 - 1e-12)
ELLIPTIC = [
    Case("ellipk(x)", mpmath.ellipk, PARAMETERS, sympy.elliptic_k(x)),
    Case("ellipe(x)", mpmath.ellipe, PARAMETERS, sympy.elliptic_e(x)),
    Case("ellipkm1(x)", lambda t: mpmath.ellipk(1 - t), (1e-40, 1e-9, 0.3, 1.0, 1.7, 1e9)),
    Case(
        "ellipkinc(x, 0.3)",
        lambda t: mpmath.ellipf(t, 0.3),
        (-7.5, -0.3, 0.0, 1e-8, 1.5, 1.6, 4.7, 30.25),
        sympy.elliptic_f(x, 0.3),
    ),
    Case(
        "ellipeinc(x, 0.3)",
        lambda t: mpmath.ellipe(t, 0.3),
        (-7.5, -0.3, 0.0, 1e-8, 1.5, 1.6, 4.7, 30.25),
        sympy.elliptic_e(x, 0.3),
    ),
    *(
        Case(f"{name}({phi}, x)", lambda t, f=f, phi=phi: f(mpmath.mpf(phi), t), points, value=1e-13, slope=1e-13)
        for name, f in (("ellipkinc", mpmath.ellipf), ("ellipeinc", mpmath.ellipe))
        for phi, points in (
            (1.25, (-50.0, 0.0, 1e-9, 0.3, 0.99)),
            (-5.0, (-50.0, 1e-9, 0.3, 0.99)),
            (1e-3, (-2.0, 0.3)),
        )
    ),
    Case("ellipkinc(0.7, x) + x", lambda t: mpmath.ellipf(0.7, t) + t, (0.3,), sympy.elliptic_f(0.7, x) + x),
]


def branch(k: int) -> Callable[[Any], Any]:
    return lambda t: mpmath.lambertw(t, k).real


NEAR_BRANCH = (-0.3, -0.3678794411714423, -0.36787944117, -0.3678, -0.3676, -0.36757, -0.02, -1e-10)
LAMBERT = [
    Case("lambertw(x)", branch(0), (*NEAR_BRANCH, 0.0, 1e-300, 0.3, 2.718281828459045, 1e10, 1e300), sympy.LambertW(x)),
    Case("lambertw(x, -1)", branch(-1), (*NEAR_BRANCH, -1e-300), sympy.LambertW(x, -1)),
]


def lower_share(a: float) -> Callable[[Any], Any]:
    return lambda t: mpmath.gammainc(mpmath.mpf(a), 0, t, regularized=True)


def upper_share(a: float) -> Callable[[Any], Any]:
    return lambda t: mpmath.gammainc(mpmath.mpf(a), t, mpmath.inf, regularized=True)


INCOMPLETE = [
    *(
        Case(f"gammainc({a}, x)", lower_share(a), points, value=1e-12, slope=1e-13)
        for a, points in (
            (0.25, (1e-40, 1e-8, 0.3, 5.0, 30.0)),
            (1, (1e-40, 1e-8, 0.3, 5.0, 30.0)),
            (2, (1e-40, 1e-8, 0.3, 5.0, 30.0)),
            (11.5, (1e-8, 0.3, 11.5, 60.0)),
            (12.5, (1e-8, 0.3, 12.5, 60.0)),
            (1000.5, (500.0, 970.0, 1000.5, 1100.0)),
        )
    ),
    Case("gammaincc(2.5, x)", upper_share(2.5), (1e-40, 0.3, 5.0, 40.0, 600.0), value=1e-12, slope=1e-13),
    Case("gammaincc(1e6, x)", upper_share(1e6), (9.9e5, 1e6, 1.004e6), value=1e-12, slope=1e-11),
    Case(
        "lowergamma(2.5, x)",
        lambda t: mpmath.gammainc(2.5, 0, t),
        (1e-40, 0.3, 5.0, 40.0),
        sympy.lowergamma(2.5, x),
        1e-13,
        1e-13,
    ),
    Case(
        "uppergamma(2.5, x)",
        lambda t: mpmath.gammainc(2.5, t),
        (1e-40, 0.3, 5.0, 40.0),
        sympy.uppergamma(2.5, x),
        1e-12,
        1e-13,
    ),
    Case(
        "uppergamma(1/3, x)",
        lambda t: mpmath.gammainc(mpmath.mpf(1) / 3, t),
        (1e-40, 0.3, 5.0, 40.0),
        sympy.uppergamma(sympy.Rational(1, 3), x),
        1e-12,
        1e-13,
    ),
]

AXIS = (1e-40, 1e-8, 0.3, 0.999999, 1.000001, 2.5, 9.5, 40.0, 700.0)
INTEGRALS = [
    Case("exp1(x)", mpmath.e1, AXIS),
    Case("expi(x)", mpmath.ei, (-30.25, -1e-8, *AXIS, 0.37250741078136663), sympy.Ei(x), 1e-13),
    Case("expn(0, x)", lambda t: mpmath.exp(-t) / t, AXIS),
    Case("expn(1, x)", mpmath.e1, AXIS, sympy.expint(1, x)),
    Case("expn(2, x)", lambda t: mpmath.expint(2, t), AXIS[1:], sympy.expint(2, x)),
    Case("expn(5, x)", lambda t: mpmath.expint(5, t), AXIS[1:], sympy.expint(5, x)),
    Case("expn(50, x)", lambda t: mpmath.expint(50, t), (0.3, 9.5, 40.0), value=1e-12, slope=1e-12),
    Case("Si(x)", mpmath.si, LINE, sympy.Si(x)),
    Case("Ci(x)", mpmath.ci, HALF_LINE, sympy.Ci(x)),
    Case("Shi(x)", mpmath.shi, (-30.25, 0.0, *AXIS), sympy.Shi(x)),
    Case("expi(log(x))", lambda t: mpmath.ei(mpmath.log(t)), (0.3, 0.99, 1.01, 2.5, 1e10), sympy.li(x), 1e-13),
    Case(
        "expi(log(x)) - expi(log(2))",
        lambda t: mpmath.ei(mpmath.log(t)) - mpmath.ei(mpmath.log(2)),
        (1.01, 2.5, 1e10),
        sympy.Li(x),
        1e-13,
    ),
    Case("Chi(x)", mpmath.chi, (*AXIS, 0.5238225713898644), sympy.Chi(x)),
]


def recurrence(first: Callable[[Any], Any], step: Callable[..., Any], n: int) -> Callable[[Any], Any]:
    """Return p_n from p_0 = 1, p_1 and ``p_(k+1) = step(k, x, p_k, p_(k-1))``."""

    def computed(t: Any) -> Any:
        before, current = mpmath.mpf(1), first(t)
        if n == 0:
            return before
        for k in range(1, n):
            before, current = current, step(k, t, current, before)
        return current

    return computed


def legendre(n: int) -> Callable[[Any], Any]:
    return recurrence(lambda t: t, lambda k, t, p, q: ((2 * k + 1) * t * p - k * q) / (k + 1), n)


def chebyshev(n: int, first: int) -> Callable[[Any], Any]:
    return recurrence(lambda t: first * t, lambda k, t, p, q: 2 * t * p - q, n)


def hermite(n: int, scale: int) -> Callable[[Any], Any]:
    return recurrence(lambda t: scale * t, lambda k, t, p, q: scale * (t * p - k * q), n)


def laguerre(n: int, a: float) -> Callable[[Any], Any]:
    return recurrence(lambda t: 1 + a - t, lambda k, t, p, q: ((2 * k + 1 + a - t) * p - (k + a) * q) / (k + 1), n)


def gegenbauer(n: int, a: float) -> Callable[[Any], Any]:
    return recurrence(lambda t: 2 * a * t, lambda k, t, p, q: (2 * (k + a) * t * p - (k + 2 * a - 1) * q) / (k + 1), n)


def jacobi(n: int, a: float, b: float) -> Callable[[Any], Any]:
    def step(k: int, t: Any, p: Any, q: Any) -> Any:
        c = 2 * (k + 1) + a + b
        top = (c - 1) * (c * (c - 2) * t + a * a - b * b) * p - 2 * (k + a) * (k + b) * c * q
        return top / (2 * (k + 1) * (k + 1 + a + b) * (c - 2))

    return recurrence(lambda t: (a + 1) + (a + b + 2) * (t - 1) / 2, step, n)


def associated(n: int, m: int) -> Callable[[Any], Any]:
    """Return (-1)**m * (1 - x**2)**(m/2) * (2*m - 1)!! * C_(n-m)^(m+1/2)(x)."""
    scale = (-1) ** m * math.prod(range(1, 2 * m, 2))
    return lambda t: scale * (1 - t * t) ** (mpmath.mpf(m) / 2) * gegenbauer(n - m, m + 0.5)(t)


INTERVAL = (-1.0, -0.97, -0.3, 0.0, 1e-8, 0.3, 0.7745966692414834, 1.0, 1.5)
INSIDE = (-0.97, -0.3, 0.0, 1e-8, 0.3, 0.7, 0.999999)
ORDERS = (0, 1, 3, 5, 6, 12)
POLYNOMIALS = [
    *(
        Case(f"eval_legendre({n}, x)", legendre(n), INTERVAL, sympy.legendre(n, x, evaluate=False), 1e-13, 1e-12)
        for n in ORDERS
    ),
    *(
        Case(f"eval_chebyt({n}, x)", chebyshev(n, 1), INTERVAL, sympy.chebyshevt(n, x, evaluate=False), 1e-13, 1e-12)
        for n in ORDERS
    ),
    *(
        Case(f"eval_chebyu({n}, x)", chebyshev(n, 2), INTERVAL, sympy.chebyshevu(n, x, evaluate=False), 1e-13, 1e-12)
        for n in ORDERS
    ),
    *(
        Case(
            f"eval_hermite({n}, x)", hermite(n, 2), (*INTERVAL, 30.0), sympy.hermite(n, x, evaluate=False), 1e-13, 1e-13
        )
        for n in ORDERS
    ),
    *(
        Case(
            f"eval_hermitenorm({n}, x)",
            hermite(n, 1),
            (*INTERVAL, 30.0),
            sympy.hermite_prob(n, x, evaluate=False),
            1e-13,
            1e-13,
        )
        for n in ORDERS
    ),
    *(
        Case(
            f"eval_laguerre({n}, x)",
            laguerre(n, 0),
            (0.0, 1e-8, 0.3, 2.5, 9.5, 40.0),
            sympy.laguerre(n, x, evaluate=False),
            1e-13,
            1e-13,
        )
        for n in ORDERS
    ),
    *(
        Case(
            f"eval_genlaguerre({n}, 1.5, x)",
            laguerre(n, 1.5),
            (0.0, 1e-8, 0.3, 2.5, 9.5, 40.0),
            value=1e-13,
            slope=1e-13,
        )
        for n in ORDERS
    ),
    *(Case(f"eval_gegenbauer({n}, 0.75, x)", gegenbauer(n, 0.75), INTERVAL, value=1e-13, slope=1e-12) for n in ORDERS),
    *(Case(f"eval_jacobi({n}, 0.5, 2, x)", jacobi(n, 0.5, 2), INTERVAL, value=1e-13, slope=1e-12) for n in ORDERS),
    *(
        Case(
            f"assoc_legendre({n}, {m}, x)",
            associated(n, m),
            INSIDE,
            sympy.assoc_legendre(n, m, x, evaluate=False),
            1e-13,
            1e-12,
        )
        for n, m in ((2, 0), (3, 1), (3, 2), (6, 3), (12, 4))
    ),
    Case(
        "eval_gegenbauer(2, 0.75, x) + eval_jacobi(3, 1, 2, x)",
        lambda t: gegenbauer(2, 0.75)(t) + jacobi(3, 1, 2)(t),
        INTERVAL,
        sympy.gegenbauer(2, 0.75, x, evaluate=False) + sympy.jacobi(3, 1, 2, x, evaluate=False),
        1e-13,
        1e-12,
    ),
    Case(
        "eval_genlaguerre(4, 2, x)",
        laguerre(4, 2),
        (0.3, 2.5),
        sympy.assoc_laguerre(4, 2, x, evaluate=False),
        1e-13,
        1e-13,
    ),
]

CASES = [*ERROR_FUNCTIONS, *GAMMA, *ZETA, *BESSEL, *AIRY, *ELLIPTIC, *LAMBERT, *INCOMPLETE, *INTEGRALS, *POLYNOMIALS]


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


VERIFIED = {  # one of each function
    "erfi(x)", "erfcx(x)", "erf2(0.5, x)", "erfinv(x)", "erfcinv(x)", "ndtr(x)", "log_ndtr(x)", "ndtri(x)", "fresnels(x)",
    "fresnelc(x)", "gamma(x)", "polygamma(3, x)", "beta(x, 2.5)", "betaln(1e6, x)", "binom(x, 3)", "binom(5, x)",
    "poch(x, 2.5)", "falling_factorial(x, 3)", "factorial(x)", "harmonic(x)", "zeta(3, x)", "jv(2, x)", "yv(1, x)",
    "iv(1/3, x)", "kv(2.5, x)", "ive(0, x)", "kve(1.5, x)", "j0(x) + k1(x)", "spherical_jn(3, x)", "spherical_yn(1, x)",
    "airyai(x)", "airybiprime(x)", "airyai(x)*airybiprime(x)", "ellipk(x)", "ellipe(x)", "ellipkm1(x)",
    "ellipkinc(x, 0.3)", "ellipkinc(1.25, x)", "ellipeinc(x, 0.3)", "ellipeinc(1.25, x)", "lambertw(x)",
    "lambertw(x, -1)", "gammainc(2, x)", "gammainc(12.5, x)", "gammaincc(2.5, x)", "lowergamma(2.5, x)",
    "uppergamma(1/3, x)", "exp1(x)", "expi(x)", "expn(5, x)", "Si(x)", "Ci(x)", "Shi(x)", "Chi(x)",
    "eval_legendre(6, x)", "eval_chebyt(3, x)", "eval_chebyu(6, x)", "eval_hermite(6, x)", "eval_hermitenorm(3, x)",
    "eval_laguerre(5, x)", "eval_genlaguerre(5, 1.5, x)", "eval_gegenbauer(6, 0.75, x)", "eval_jacobi(6, 0.5, 2, x)",
    "assoc_legendre(3, 2, x)",
}  # fmt: skip

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
    ("ellipk(x)", 1.0, inf, inf),
    ("ellipk(x)", -inf, 0.0, 0.0),
    ("ellipe(x)", 1.0, 1.0, -inf),
    ("ellipkm1(x)", 0.0, inf, -inf),
    (
        "ellipkinc(0.5, x)",
        1.0,
        math.atanh(math.sin(0.5)),
        (math.tan(0.5) / math.cos(0.5) - math.asinh(math.tan(0.5))) / 4,
    ),
    ("lambertw(x)", -0.36787944117144233, -1.0, inf),
    ("lambertw(x, -1)", -0.36787944117144233, -1.0, -inf),
    ("lambertw(x)", -0.3678794411714424, nan, nan),
    ("lambertw(x)", -5.0, nan, nan),
    ("lambertw(x, -1)", 0.5, nan, nan),
    ("lambertw(x, -1)", -5.0, nan, nan),
    ("gammainc(0.5, x)", 0.0, 0.0, inf),
    ("gammainc(1, x)", 0.0, 0.0, 1.0),
    ("gammainc(2, x)", 0.0, 0.0, 0.0),
    ("gammainc(50, x)", 0.0, 0.0, 0.0),
    ("gammaincc(2.5, x)", 1e5, 0.0, 0.0),
    ("lowergamma(1, x)", 0.0, 0.0, 1.0),
    ("expn(2, x)", 0.0, 1.0, -inf),
    ("expn(3, x)", 0.0, 0.5, -1.0),
    ("Si(x)", 0.0, 0.0, 1.0),
    ("Shi(x)", 0.0, 0.0, 1.0),
    ("Si(x)", inf, math.pi / 2, nan),
    ("eval_legendre(0, x)", 0.5, 1.0, 0.0),
    ("eval_legendre(7, x)", 1.0, 1.0, 28.0),
    ("eval_legendre(7, x)", -1.0, -1.0, 28.0),
    ("eval_chebyu(9, x)", 1.0, 10.0, 330.0),
    ("assoc_legendre(3, 2, x)", 1.0, 0.0, -30.0),
    ("assoc_legendre(2, 5, x)", 0.5, 0.0, 0.0),
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


@pytest.mark.parametrize("case", [case for case in CASES if case.text in VERIFIED], ids=lambda case: case.text)
def test_verified(case: Case) -> None:
    for formula in (case.text, case.expression):
        if formula is not None:
            report = sb.compile_value_and_grad(formula).verify(points=1, seconds=0.3)
            assert report, str(report)


def test_verified_are_cases() -> None:
    assert {case.text for case in CASES} >= VERIFIED


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
    point = min(case.points, key=lambda t: abs(abs(t) - 0.3))
    value, (slope,) = compiled(point)
    for result in (value, slope):
        assert type(result) is float or np.asarray(result).dtype == np.float32  # a number of the formula is plain
    exact = sb.compile_value_and_grad(case.text)(float(np.float32(point)))
    assert value == pytest.approx(float(exact[0]), rel=1e-4, abs=1e-6)
    assert slope == pytest.approx(float(exact[1][0]), rel=1e-3, abs=1e-5)
