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

SPECIAL: Mapping[str, Meaning] = {**_ERROR_FUNCTIONS, **_GAMMA_FUNCTIONS}

TUPLES: Mapping[str, tuple[str, ...]] = {  # functions of SciPy's with several results
    "fresnel": ("fresnels", "fresnelc"),
}
