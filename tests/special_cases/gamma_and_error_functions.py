"""Error functions and their inverses, the gamma function and what is made of it, zeta."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import sympy
from sympy.abc import x

from special_cases.case import Case

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


def inverse_erf2(a: Any, t: Any) -> Any:
    return mpmath.erfinv(mpmath.mpf(t) + mpmath.erf(a))


ERROR_FUNCTIONS = [
    Case("erf(x)", mpmath.erf, ALL_REAL, sympy.erf(x)),
    Case("erfc(x)", mpmath.erfc, (*ALL_REAL, 20.0, 26.0), sympy.erfc(x)),
    Case("erfi(x)", mpmath.erfi, (-20.0, -2.5, 0.0, 1e-8, 0.02, 0.3, 2.5, 25.0), sympy.erfi(x)),
    Case(
        "erfcx(x)",
        sharp(lambda t: mpmath.exp(t * t) * mpmath.erfc(t), 30),
        (-20.0, -1.5, 0.0, 1e-8, 0.3, 5.0, 19.9, 20.0, 20.1, 50.0, 1e4),
        slope=1e-13,
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
    *(
        Case(
            f"erf2inv({a}, x)",
            sharp(lambda t, a=a: inverse_erf2(a, t), 30),
            points,
            sympy.erf2inv(a, x),
        )
        for a, points in (
            (0.25, (-1.2, -0.2, 0.0, 1e-9, 0.5)),
            (3.0, (-1.5, -1e-5, 1e-7, 2e-5)),
            (-2.0, (-0.001, 0.5, 1.9)),
        )
    ),
    Case("erf2inv(x, 0.1)", lambda t: inverse_erf2(t, 0.1), (-5.0, -1.0, -0.44, 0.0, 1e-9, 0.46, 0.8, 1.1)),
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
    Case(
        "binom(2*x, x)/(x + 1)",
        lambda t: 4**t * mpmath.gamma(t + 0.5) / (mpmath.sqrt(mpmath.pi) * mpmath.gamma(t + 2)),
        (-0.4, 0.0, 1e-9, 0.3, 3.0, 7.5, 100.0),
        sympy.catalan(x),
        value=1e-12,
        slope=1e-12,
    ),
    Case("factorial(x)", mpmath.factorial, (0.0, 1e-10, 0.3, 5.0, 170.0), sympy.factorial(x)),
    Case("harmonic(x)", mpmath.harmonic, (-0.5, -1e-9, 1e-300, 1e-9, 0.009, 0.011, 5.0, 1e6), sympy.harmonic(x)),
]

ZETA = [
    Case("zeta(3, x)", lambda t: mpmath.zeta(3, t), (1e-60, 1e-8, 0.3, 1.0, 2.5, 1e3, 1e8), sympy.zeta(3, x)),
    Case("zeta(1.25, x)", lambda t: mpmath.zeta(1.25, t), (1e-60, 1e-8, 0.3, 1.0, 2.5, 1e3, 1e8)),
]
