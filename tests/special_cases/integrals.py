"""Elliptic integrals, Lambert's W, incomplete gamma functions, exponential integrals and their like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import sympy
from sympy.abc import x

from special_cases.bessel_and_airy import HALF_LINE, LINE
from special_cases.case import Case

PARAMETERS = (-1e12, -2.5, -1e-8, 0.0, 1e-300, 1e-9, 0.009, 0.0101, 0.3, 0.99, 1 - 1e-12)
CHARACTERISTICS = (-1e12, -2.6, -0.5, -1e-9, 0.0, 1e-300, 0.1, 1 - 1e-9)
THIRD = (-1e8, -2.5, -2.5000001, -2.48, -1e-8, 0.0, 1e-300, 0.009, 0.3, 0.30000001, 0.306, 1 - 1e-9)
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
        Case(f"{name}({phi}, x)", lambda t, f=f, phi=phi: f(mpmath.mpf(phi), t), points)
        for name, f in (("ellipkinc", mpmath.ellipf), ("ellipeinc", mpmath.ellipe))
        for phi, points in (
            (1.25, (-50.0, 0.0, 1e-9, 0.3, 0.99)),
            (-5.0, (-50.0, 1e-9, 0.3, 0.99)),
            (1e-3, (-2.0, 0.3)),
        )
    ),
    Case(
        "elliptic_pi(x, 0.3)",
        lambda t: mpmath.ellippi(t, mpmath.mpf(0.3)),
        (*CHARACTERISTICS, 0.3, 0.3 + 1e-9, 0.305),
        sympy.elliptic_pi(x, 0.3),
        slope=5e-14,
    ),
    Case(
        "elliptic_pi(0.3, x)",
        lambda t: mpmath.ellippi(mpmath.mpf(0.3), t),
        THIRD,
        sympy.elliptic_pi(0.3, x),
        slope=5e-14,
    ),
    Case("elliptic_pi(-2.5, x)", lambda t: mpmath.ellippi(-2.5, t), THIRD, sympy.elliptic_pi(-2.5, x), slope=5e-14),
    Case("elliptic_pi(0, x)", lambda t: mpmath.ellippi(0, t), (-2.5, -1e-8, 0.0, 1e-300, 0.3), slope=5e-14),
    Case("elliptic_pi(x, 0)", lambda t: mpmath.ellippi(t, 0), CHARACTERISTICS, slope=5e-14),
    Case("elliptic_pi(x, -2.5)", lambda t: mpmath.ellippi(t, -2.5), (*CHARACTERISTICS, -2.5, -2.500001), slope=5e-14),
    Case("elliptic_pi(x, x/2)", lambda t: mpmath.ellippi(t, t / 2), (*CHARACTERISTICS, 1e-150), slope=5e-14),
    Case(
        "elliptic_pi(x, x*(1 + x/128))",
        lambda t: mpmath.ellippi(t, t * (1 + t / 128)),
        (-127.0, -3.0, -1e-8, 0.0, 1e-9, 0.3, 0.9),
        slope=5e-14,
    ),
    Case(
        "elliptic_pi(0.4, x, 0.3)",
        lambda t: mpmath.ellippi(mpmath.mpf(0.4), t, mpmath.mpf(0.3)),
        (-7.5, -0.3, 0.0, 1e-8, 1.5, 1.6, 4.7, 30.25),
        sympy.elliptic_pi(0.4, x, 0.3),
    ),
    Case("elliptic_pi(-5, x, -2)", lambda t: mpmath.ellippi(-5, t, -2), (-7.5, -0.3, 0.0, 1e-8, 1.5, 4.7)),
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
        Case(f"gammainc({a}, x)", lower_share(a), points)
        for a, points in (
            (0.25, (1e-40, 1e-8, 0.3, 5.0, 30.0)),
            (1, (1e-40, 1e-8, 0.3, 5.0, 30.0)),
            (2, (1e-40, 1e-8, 0.3, 5.0, 30.0)),
            (11.5, (1e-8, 0.3, 11.5, 60.0)),
            (12.5, (1e-8, 0.3, 12.5, 60.0)),
            (1000.5, (500.0, 970.0, 1000.5, 1100.0)),
        )
    ),
    Case("gammaincc(2.5, x)", upper_share(2.5), (1e-40, 0.3, 5.0, 40.0, 600.0)),
    Case("gammaincc(1e6, x)", upper_share(1e6), (9.9e5, 1e6, 1.004e6)),
    Case("lowergamma(2.5, x)", lambda t: mpmath.gammainc(2.5, 0, t), (1e-40, 0.3, 5.0, 40.0), sympy.lowergamma(2.5, x)),
    Case("uppergamma(2.5, x)", lambda t: mpmath.gammainc(2.5, t), (1e-40, 0.3, 5.0, 40.0), sympy.uppergamma(2.5, x)),
    Case(
        "uppergamma(1/3, x)",
        lambda t: mpmath.gammainc(mpmath.mpf(1) / 3, t),
        (1e-40, 0.3, 5.0, 40.0),
        sympy.uppergamma(sympy.Rational(1, 3), x),
    ),
]

AXIS = (1e-40, 1e-8, 0.3, 0.999999, 1.000001, 2.5, 9.5, 40.0, 700.0)
BELOW_ONE = (-1e8, -30.25, -0.51, -0.49, -1e-9, 0.0, 1e-300, 1e-9, 0.3, 0.49, 0.51, 0.9, 1 - 1e-9)


def polylog(s: int) -> Callable[[Any], Any]:
    return lambda t: mpmath.polylog(s, t)


POLYLOGARITHMS = [
    Case("polylog(2, x)", polylog(2), BELOW_ONE, sympy.polylog(2, x)),
    Case("polylog(1, x)", lambda t: -mpmath.log(1 - t), BELOW_ONE, sympy.polylog(1, x, evaluate=False)),
    Case("polylog(0, x)", lambda t: t / (1 - t), BELOW_ONE, sympy.polylog(0, x, evaluate=False)),
    Case("polylog(-3, x)", lambda t: t * (1 + 4 * t + t * t) / (1 - t) ** 4, BELOW_ONE, sympy.polylog(-3, x)),
    Case("polylog(-1, x)", lambda t: t / (1 - t) ** 2, BELOW_ONE),
    Case("spence(x)", lambda t: mpmath.polylog(2, 1 - t), (1e-300, 1e-9, 0.3, 0.9999999, 1.0, 1.1, 2.5, 1e8)),
]

INTEGRALS = [
    *POLYLOGARITHMS,
    Case("exp1(x)", mpmath.e1, AXIS),
    Case("expi(x)", mpmath.ei, (-30.25, -1e-8, *AXIS, 0.37250741078136663), sympy.Ei(x), 1e-13),
    Case("expn(0, x)", lambda t: mpmath.exp(-t) / t, AXIS),
    Case("expn(1, x)", mpmath.e1, AXIS, sympy.expint(1, x)),
    Case("expn(2, x)", lambda t: mpmath.expint(2, t), AXIS[1:], sympy.expint(2, x)),
    Case("expn(5, x)", lambda t: mpmath.expint(5, t), AXIS[1:], sympy.expint(5, x)),
    Case("expn(50, x)", lambda t: mpmath.expint(50, t), (0.3, 9.5, 40.0)),
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
