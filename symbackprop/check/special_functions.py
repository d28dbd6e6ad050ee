"""What the special functions of the vocabulary mean, for SymPy and for mpmath: one row a function.

SciPy's name and SciPy's order of the arguments; where SymPy has no function of its own, what it is made of.
"""

from __future__ import annotations

import functools
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
    "erf2inv": (sympy.erf2inv, lambda x, y: mpmath.erfinv(y + mpmath.erf(x))),
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
    "polylog": (sympy.polylog, lambda s, z: _real(mpmath.polylog(int(s), z))),
    "spence": (lambda x: sympy.polylog(2, 1 - x), lambda x: _real(mpmath.polylog(2, 1 - x))),
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


def _incomplete_beta(a: Any, b: Any, x: Any) -> Any:
    return mpmath.betainc(a, b, 0, x, regularized=True) if min(a, b) > 0 and 0 <= x <= 1 else mpmath.nan


def _relative_entropy(x: Any, y: Any) -> Any:
    if x > 0 and y > 0:
        return x * mpmath.log(x / y)
    return mpmath.mpf(0) if x == 0 and y >= 0 else mpmath.inf


def _relative_entropy_for_sympy(x: Any, y: Any) -> Any:
    return sympy.S.Zero if x == 0 else x * sympy.log(x / y)


def _incomplete_gamma(upper: bool, regularized: bool) -> Callable[[Any, Any], Any]:
    """Return an incomplete gamma function on its real domain, outside of which mpmath takes minutes."""

    def computed(a: Any, x: Any) -> Any:
        if (a <= 0 and not (upper and x > 0)) or x < 0:
            raise ValueError("not in its domain")
        ends = (x, mpmath.inf) if upper else (0, x)
        return mpmath.gammainc(a, *ends, regularized=regularized)

    return computed


_INCOMPLETE: Mapping[str, Meaning] = {
    "gammainc": (
        lambda a, x: sympy.lowergamma(a, x) / sympy.gamma(a),
        _incomplete_gamma(upper=False, regularized=True),
    ),
    "gammaincc": (
        lambda a, x: sympy.uppergamma(a, x) / sympy.gamma(a),
        _incomplete_gamma(upper=True, regularized=True),
    ),
    "lowergamma": (sympy.lowergamma, _incomplete_gamma(upper=False, regularized=False)),
    "uppergamma": (sympy.uppergamma, _incomplete_gamma(upper=True, regularized=False)),
    "exp1": (lambda x: sympy.expint(1, x), mpmath.e1),
    "expi": (sympy.Ei, mpmath.ei),
    "expn": (sympy.expint, lambda n, x: mpmath.expint(int(n), x)),
    "Si": (sympy.Si, mpmath.si),
    "Ci": (sympy.Ci, lambda x: mpmath.ci(abs(x))),
    "Shi": (sympy.Shi, mpmath.shi),
    "Chi": (sympy.Chi, lambda x: mpmath.chi(abs(x)).real),
    "betainc": (
        lambda a, b, x: sympy.betainc_regularized(a, b, 0, x),
        _incomplete_beta,
    ),
    "hyp2f1": (lambda a, b, c, x: sympy.hyper((a, b), (c,), x), mpmath.hyp2f1),
    "rel_entr": (_relative_entropy_for_sympy, _relative_entropy),
    "kl_div": (
        lambda x, y: _relative_entropy_for_sympy(x, y) - x + y,
        lambda x, y: _relative_entropy(x, y) - x + y,
    ),
    "lambertw": (lambda x, k=sympy.S.Zero: sympy.LambertW(x, k), lambda x, k=0: _real(mpmath.lambertw(x, int(k)))),
}


def _real(value: Any) -> Any:
    """Return a number that mpmath gives as a complex one where it is real."""
    return value.real if isinstance(value, mpmath.mpc) and value.imag == 0 else value


def _carlson_for_sympy(x: Any, y: Any, z: Any) -> Any:
    """Return R_D where it is a complete elliptic integral: of 0, 1 and p in some order, DLMF 19.25.1."""
    if x == 0 and z == 1:
        return 3 * (sympy.elliptic_k(1 - y) - sympy.elliptic_e(1 - y)) / (1 - y)
    if x == 0 and y == 1:
        return 3 * (sympy.elliptic_e(1 - z) - z * sympy.elliptic_k(1 - z)) / (z * (1 - z))
    raise ValueError("SymPy has no R_D")


def _third_for_sympy(x: Any, y: Any, z: Any, p: Any) -> Any:
    """Return R_J where it is a complete elliptic integral: of 0, y, 1 and p, DLMF 19.25.14."""
    if x == 0 and z == 1:
        return 3 * (sympy.elliptic_pi(1 - p, 1 - y) - sympy.elliptic_k(1 - y)) / (1 - p)
    raise ValueError("SymPy has no R_J")


def _third_of_carlson(x: Any, y: Any, z: Any, p: Any) -> Any:
    if min(x, y, z) < 0 or p <= 0:
        raise ValueError("not in its domain, where mpmath takes long")
    return mpmath.elliprj(x, y, z, p)


def _first_for_sympy(x: Any, y: Any, z: Any) -> Any:
    """Return R_F where it is a complete elliptic integral: of 0, y and 1, DLMF 19.25.1."""
    if x == 0 and z == 1:
        return sympy.elliptic_k(1 - y)
    raise ValueError("SymPy has no R_F")


def _elliptic_pi(n: Any, phi: Any, m: Any = None) -> Any:
    """Return the integral of the third kind: of two arguments the complete one, of n and m."""
    if n >= 1 or (phi if m is None else m) >= 1:
        raise ValueError("not in its domain, where mpmath takes long")
    return mpmath.ellippi(n, phi) if m is None else mpmath.ellippi(n, phi, m)


_ELLIPTIC: Mapping[str, Meaning] = {
    "elliptic_pi": (sympy.elliptic_pi, _elliptic_pi),
    "elliprj": (_third_for_sympy, _third_of_carlson),
    "elliprf": (_first_for_sympy, mpmath.elliprf),
    "ellipk": (sympy.elliptic_k, mpmath.ellipk),
    "ellipkm1": (lambda p: sympy.elliptic_k(1 - p), lambda p: mpmath.ellipk(1 - p)),
    "ellipe": (sympy.elliptic_e, mpmath.ellipe),
    "ellipkinc": (sympy.elliptic_f, mpmath.ellipf),
    "ellipeinc": (sympy.elliptic_e, mpmath.ellipe),
    "elliprd": (_carlson_for_sympy, lambda x, y, z: mpmath.elliprd(x, y, z)),
}


_HYPERGEOMETRIC: Mapping[str, Meaning] = {
    "hyp0f1": (lambda v, x: sympy.hyper([], [v], x), mpmath.hyp0f1),
    "hyp1f1": (lambda a, b, x: sympy.hyper([a], [b], x), mpmath.hyp1f1),
}


def _polynomial(function: Callable[..., Any]) -> Meaning:
    """Return a family of polynomials, for mpmath by the coefficients that SymPy finds."""

    def digits(n: Any, *args: Any) -> Any:
        *parameters, x = args
        exact = [sympy.Rational(*as_ratio(parameter)) for parameter in parameters]
        return mpmath.polyval([mpmath.mpf(c.p) / c.q for c in _coefficients(function, int(n), *exact)], x)

    return function, digits


@functools.cache
def _coefficients(function: Callable[..., Any], n: int, *parameters: Any) -> list[Any]:
    t = sympy.Symbol("t")
    return sympy.Poly(function(n, *parameters, t), t).all_coeffs()  # type: ignore[no-any-return]


def as_ratio(number: Any) -> tuple[int, int]:
    """Return numerator and denominator of a long number."""
    sign, mantissa, exponent, _ = mpmath.mpf(number)._mpf_
    signed = -int(mantissa) if sign else int(mantissa)
    return (signed << exponent, 1) if exponent >= 0 else (signed, 1 << -exponent)


_POLYNOMIALS: Mapping[str, Meaning] = {
    "eval_legendre": _polynomial(sympy.legendre),
    "eval_chebyt": _polynomial(sympy.chebyshevt),
    "eval_chebyu": _polynomial(sympy.chebyshevu),
    "eval_hermite": _polynomial(sympy.hermite),
    "eval_hermitenorm": _polynomial(sympy.hermite_prob),
    "eval_laguerre": _polynomial(sympy.laguerre),
    "eval_genlaguerre": _polynomial(sympy.assoc_laguerre),
    "eval_gegenbauer": _polynomial(sympy.gegenbauer),
    "eval_jacobi": _polynomial(sympy.jacobi),
    "assoc_legendre": (sympy.assoc_legendre, lambda n, m, x: _legendre(m, n, x)),
    "lpmv": (lambda m, v, x: sympy.assoc_legendre(v, m, x), lambda m, v, x: _legendre(m, v, x)),
}


def _legendre(m: Any, v: Any, x: Any) -> Any:
    """Return (-1)**m * (1 - x**2)**(m/2) times the m-th derivative of the Legendre polynomial of order v."""
    order, degree = abs(int(m)), int(v)
    values = [mpmath.mpf(c.p) / c.q for c in _coefficients(sympy.legendre, degree)]
    for _ in range(order):
        top = len(values) - 1
        values = [value * (top - i) for i, value in enumerate(values[:-1])]
    result = (-1) ** order * (1 - x * x) ** (mpmath.mpf(order) / 2) * mpmath.polyval(values or [0], x)
    if m >= 0:
        return result
    return (-1) ** order * mpmath.factorial(degree - order) / mpmath.factorial(degree + order) * result


SPECIAL: Mapping[str, Meaning] = {
    **_ERROR_FUNCTIONS,
    **_GAMMA_FUNCTIONS,
    **_BESSEL,
    **_BESSEL_OF_ORDER,
    **_SPHERICAL_AND_AIRY,
    **_INCOMPLETE,
    **_ELLIPTIC,
    **_HYPERGEOMETRIC,
    **_POLYNOMIALS,
}

TUPLES: Mapping[str, tuple[str, ...]] = {  # functions of SciPy's with several results
    "fresnel": ("fresnels", "fresnelc"),
    "sici": ("Si", "Ci"),
    "shichi": ("Shi", "Chi"),
    "airy": ("airyai", "airyaiprime", "airybi", "airybiprime"),
}
