"""Bessel functions of all kinds, and Airy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import sympy
from sympy.abc import x

from special_cases.case import Case

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
    Case("jv(20, x)", bessel(mpmath.besselj, 20), (1e-5, 1.5, 15.0, 19.9, 20.0, 22.0, 60.0)),
    Case("jv(0.5, x)", bessel(mpmath.besselj, 0.5), HALF_LINE, sympy.besselj(sympy.Float(0.5), x)),
    Case("jv(-1.5, x)", bessel(mpmath.besselj, -1.5), HALF_LINE[1:]),
    Case("yv(0.25, x)", bessel(mpmath.bessely, 0.25), HALF_LINE[1:]),
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
        Case(f"spherical_jn({n}, x)", spherical(mpmath.besselj, n), HALF_LINE[1:], sympy.jn(n, x))
        for n in (0, 1, 3, 12)
    ),
    *(
        Case(f"spherical_yn({n}, x)", spherical(mpmath.bessely, n), HALF_LINE[1:], sympy.yn(n, x))
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
