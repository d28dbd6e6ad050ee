"""What the special functions of the vocabulary mean, for SymPy and for mpmath: one row a function.

SciPy's name and SciPy's order of the arguments; where SymPy has no function of its own, what it is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import sympy

__all__ = ["SPECIAL", "TUPLES"]

Meaning = tuple[Callable[..., Any], Callable[..., Any]]  # for SymPy, for mpmath


def _sharp(x: Any, function: Callable[[Any], Any]) -> Any:
    """Return a function of x that cancels near 1, with the digits that a small x takes."""
    lost = max(0, -int(mpmath.log(abs(x), 2))) if x else 0
    with mpmath.workprec(mpmath.mp.prec + lost + 20):
        return function(+x)


def _inverse_erfc(x: Any) -> Any:
    return _sharp(x, lambda y: mpmath.erfinv(1 - y))


def _inverse_normal(p: Any) -> Any:
    return _sharp(p, lambda q: mpmath.sqrt(2) * mpmath.erfinv(2 * q - 1))


def _rising(x: Any, m: Any) -> Any:
    """Return a rising factorial, which SymPy differentiates in m only where it is written in gamma functions."""
    return sympy.rf(x, m) if m.is_Integer and m >= 0 else sympy.gamma(x + m) / sympy.gamma(x)


_ERROR_FUNCTIONS: Mapping[str, Meaning] = {
    "erf": (sympy.erf, mpmath.erf),
    "erfc": (sympy.erfc, mpmath.erfc),
    "erfi": (sympy.erfi, mpmath.erfi),
    "erfcx": (lambda x: sympy.exp(x**2) * sympy.erfc(x), lambda x: mpmath.exp(x**2) * mpmath.erfc(x)),
    "erf2": (lambda x, y: sympy.erf(y) - sympy.erf(x), lambda x, y: mpmath.erf(y) - mpmath.erf(x)),
    "erfinv": (sympy.erfinv, mpmath.erfinv),
    "erfcinv": (lambda x: sympy.erfinv(1 - x), _inverse_erfc),
    "ndtr": (lambda x: sympy.erfc(-x / sympy.sqrt(2)) / 2, mpmath.ncdf),
    "log_ndtr": (lambda x: sympy.log(sympy.erfc(-x / sympy.sqrt(2)) / 2), lambda x: mpmath.log(mpmath.ncdf(x))),
    "ndtri": (lambda p: sympy.sqrt(2) * sympy.erfinv(2 * p - 1), _inverse_normal),
    "fresnels": (sympy.fresnels, mpmath.fresnels),
    "fresnelc": (sympy.fresnelc, mpmath.fresnelc),
}

_GAMMA_FUNCTIONS: Mapping[str, Meaning] = {
    "gamma": (sympy.gamma, mpmath.gamma),
    "gammaln": (sympy.loggamma, lambda x: mpmath.log(abs(mpmath.gamma(x)))),
    "digamma": (sympy.digamma, lambda x: mpmath.psi(0, x)),
    "polygamma": (sympy.polygamma, lambda n, x: mpmath.psi(int(n), x)),
    "beta": (sympy.beta, mpmath.beta),
    "betaln": (lambda a, b: sympy.log(sympy.beta(a, b)), lambda a, b: mpmath.log(abs(mpmath.beta(a, b)))),
    "binom": (sympy.binomial, mpmath.binomial),
    "factorial": (sympy.factorial, mpmath.factorial),
    "poch": (_rising, mpmath.rf),
    "falling_factorial": (lambda x, k: _rising(x - k + 1, k), mpmath.ff),
    "harmonic": (sympy.harmonic, mpmath.harmonic),
    "zeta": (sympy.zeta, mpmath.zeta),
    "dirichlet_eta": (sympy.dirichlet_eta, mpmath.altzeta),
}

_BESSEL: Mapping[str, Meaning] = {
    "jv": (sympy.besselj, mpmath.besselj),
    "yv": (sympy.bessely, mpmath.bessely),
    "iv": (sympy.besseli, mpmath.besseli),
    "kv": (sympy.besselk, mpmath.besselk),
    "ive": (
        lambda v, x: sympy.exp(-sympy.Abs(x)) * sympy.besseli(v, x),
        lambda v, x: mpmath.exp(-abs(x)) * mpmath.besseli(v, x),
    ),
    "kve": (lambda v, x: sympy.exp(x) * sympy.besselk(v, x), lambda v, x: mpmath.exp(x) * mpmath.besselk(v, x)),
}


def _of_order(order: int, meaning: Meaning) -> Meaning:
    symbolic, digits = meaning
    return lambda x: symbolic(sympy.Integer(order), x), lambda x: digits(order, x)


_BESSEL_OF_ORDER: Mapping[str, Meaning] = {
    f"{name[0]}{order}{name[2:]}": _of_order(order, meaning) for name, meaning in _BESSEL.items() for order in (0, 1)
}


def _spherical(function: Callable[..., Any], sign: int) -> Callable[..., Any]:
    """Return a spherical Bessel function, of a negative argument too, for mpmath."""

    def computed(n: Any, x: Any) -> Any:
        if x == 0:
            return mpmath.mpf(n == 0) if sign > 0 else -mpmath.inf
        size = mpmath.sqrt(mpmath.pi / (2 * abs(x))) * function(n + mpmath.mpf(1) / 2, abs(x))
        return size if x > 0 else sign * (-1) ** int(n) * size

    return computed


_SPHERICAL_AND_AIRY: Mapping[str, Meaning] = {
    "spherical_jn": (lambda n, x: sympy.jn(n, x), _spherical(mpmath.besselj, 1)),
    "spherical_yn": (lambda n, x: sympy.yn(n, x), _spherical(mpmath.bessely, -1)),
    "airyai": (sympy.airyai, mpmath.airyai),
    "airyaiprime": (sympy.airyaiprime, lambda x: mpmath.airyai(x, derivative=1)),
    "airybi": (sympy.airybi, mpmath.airybi),
    "airybiprime": (sympy.airybiprime, lambda x: mpmath.airybi(x, derivative=1)),
}

SPECIAL: Mapping[str, Meaning] = {
    **_ERROR_FUNCTIONS,
    **_GAMMA_FUNCTIONS,
    **_BESSEL,
    **_BESSEL_OF_ORDER,
    **_SPHERICAL_AND_AIRY,
}

TUPLES: Mapping[str, tuple[str, ...]] = {  # functions of SciPy's with several results
    "fresnel": ("fresnels", "fresnelc"),
    "airy": ("airyai", "airyaiprime", "airybi", "airybiprime"),
}
