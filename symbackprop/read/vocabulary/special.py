"""Special functions that are made of primitives, or whose name, order or number of arguments needs more than one.

Not in here: those that are a primitive under its own name; `read.vocabulary.elementwise` has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import factorial
from typing import Any

from symbackprop.errors import UnsupportedError
from symbackprop.ir.node import Node, constant
from symbackprop.ops.airy import airyai, airyaiprime, airybi, airybiprime
from symbackprop.ops.bessel import iv, ive, jv, kv, kve, yv
from symbackprop.ops.binomial import binom
from symbackprop.ops.comparison import equal, greater_equal, less, where
from symbackprop.ops.declare import Primitive
from symbackprop.ops.elliptic_third import elliptic_pi, elliptic_pi_incomplete
from symbackprop.ops.error_functions import erf, erfc, erfcinv, erfinv, fresnelc, fresnels
from symbackprop.ops.exponential import exp, expm1, log, log1p
from symbackprop.ops.exponential_integrals import Chi, Ci, Shi, Si, exp1, expn
from symbackprop.ops.gamma import digamma, digamma_difference, gamma, poch, polygamma
from symbackprop.ops.lambert import lambertw
from symbackprop.ops.orthogonal import assoc_legendre, eval_legendre, horner
from symbackprop.ops.polylogarithm import dilogarithm, odds
from symbackprop.ops.rounding import absolute
from symbackprop.ops.scipy_text import whole_number
from symbackprop.ops.zeta import riemann_zeta, zeta
from symbackprop.read.vocabulary.arguments import node_of, static_int, static_order

__all__ = ["FUNCTIONS", "SYMBOLS"]

_FACTORS = 20  # of a falling or rising factorial that is written as a product


def _polygamma(n: object, x: object) -> Node:
    order = static_order(n, "n")
    return digamma(node_of(x)) if order == 0 else polygamma(node_of(x), n=order)


def _fixed_count(x: Node) -> int | None:
    """Return a number of factors that are few enough to be written out, or None."""
    number = whole_number(x)
    return number if number is not None and 0 <= number <= _FACTORS else None


def _product(factors: list[Node]) -> Node:
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    return product


def _binom(n: object, k: object) -> Node:
    """Return a binomial coefficient, a polynomial in n where k is a small number."""
    n, k = node_of(n), node_of(k)
    count = _fixed_count(k)
    if count is None:
        return binom(n, k)
    return _falling(n, count) / factorial(count)


def _falling(x: Node, count: int) -> Node:
    return _product([x - i for i in range(count)]) if count else x**0


def _falling_factorial(x: object, k: object) -> Node:
    x, k = node_of(x), node_of(k)
    count = _fixed_count(k)
    return poch(x - k + 1, k) if count is None else _falling(x, count)


def _poch(x: object, m: object) -> Node:
    x, m = node_of(x), node_of(m)
    count = _fixed_count(m)
    if count is None:
        return poch(x, m)
    return _product([x + i for i in range(count)]) if count else x**0


def _harmonic(x: object) -> Node:
    """Return digamma(x + 1) - digamma(1)."""
    x = node_of(x)
    return digamma_difference(constant(1, x.shape), x)


def _lambertw(z: object, k: object = constant(0)) -> Node:
    branch = static_int(k, "k")
    if branch not in (0, -1):
        raise UnsupportedError(f"lambertw has the real branches k = 0 and k = -1, not k = {branch}")
    return lambertw(node_of(z), k=branch)


def _expn(n: object, x: object) -> Node:
    """Return the exponential integral of order n; those of order 0 and 1 have other names."""
    order, x = static_order(n, "n"), node_of(x)
    return expn(x, n=order) if order > 1 else exp1(x) if order else exp(-x) / x


def _assoc_legendre(n: object, m: object, x: object) -> Node:
    """Return the associated Legendre function of degree n and order m; for m < 0 DLMF 14.9.3."""
    degree, order, x = static_order(n, "n"), static_int(m, "m"), node_of(x)
    size = abs(order)
    if size > degree:
        return 0 * x
    value = eval_legendre(x, n=degree) if size == 0 else assoc_legendre(x, n=degree, m=size)
    if order >= 0:
        return value
    return Fraction((-1) ** size * factorial(degree - size), factorial(degree + size)) * value


def _lpmv(m: object, v: object, x: object) -> Node:
    return _assoc_legendre(v, m, x)


def _zeta(x: object, q: object = None) -> Node:
    """Return Riemann's zeta function, or Hurwitz's where there is a second argument."""
    return riemann_zeta(node_of(x)) if q is None else zeta(node_of(x), node_of(q))


def _dirichlet_eta(s: object) -> Node:
    """Return (1 - 2**(1 - s))*zeta(s), which is log(2) at s = 1."""
    s = node_of(s)
    at_pole = equal(s, 1)
    kept = where(at_pole, 2, s)
    return where(at_pole, log(constant(2)), -(expm1((1 - kept) * log(constant(2))) * riemann_zeta(kept)))


def _elliptic_pi(n: object, phi: object, m: object = None) -> Node:
    """Return the integral of the third kind: of two arguments the complete one, of n and m."""
    if m is None:
        return elliptic_pi(node_of(n), node_of(phi))
    return elliptic_pi_incomplete(node_of(n), node_of(phi), node_of(m))


def _polylog(s: object, z: object) -> Node:
    """Return the polylogarithm of an order s of 2 or less, DLMF 25.12.10: for s < 1 a rational function."""
    order, z = static_int(s, "s"), node_of(z)
    if order > 2 or order < -_FACTORS:
        raise UnsupportedError(f"polylog has the orders s = 2, 1, 0, -1, ... down to {-_FACTORS}, not s = {order}")
    if order == 2:
        return dilogarithm(z)
    if order == 1:
        return -log1p(-z)
    if order == 0:
        return odds(z)
    return z * horner(_eulerian(-order), z) / (1 - z) ** (1 - order)


def _eulerian(n: int) -> list[Fraction]:
    """Return the coefficients of the polynomial A of ``z*A(z)/(1 - z)**(n + 1)``, the sum of k**n * z**k."""
    row = [1]
    for size in range(2, n + 1):
        row = [(i + 1) * (row[i] if i < len(row) else 0) + (size - i) * (row[i - 1] if i else 0) for i in range(size)]
    return [Fraction(number) for number in row]


def _erf2inv(x: object, y: object) -> Node:
    """Return the inverse of ``erf(w) - erf(x)`` in w: by erfc where erf(x) is nearer to 1 or -1 than to 0."""
    x, y = node_of(x), node_of(y)
    sign = where(greater_equal(x, 0), 1, -1)
    outer = sign * erfcinv(erfc(sign * x) - sign * y)
    return where(less(absolute(x), Fraction(45, 100)), erfinv(erf(x) + y), outer)


def _of_fixed_order(function: Primitive, order: int) -> Callable[..., Node]:
    return lambda x: function(constant(order), node_of(x))


_FIXED_ORDERS = {
    **{
        f"{letter}{order}": (function, order)
        for letter, function in zip("jyik", (jv, yv, iv, kv), strict=True)
        for order in (0, 1)
    },
    **{
        f"{letter}{order}e": (function, order)
        for letter, function in zip("ik", (ive, kve), strict=True)
        for order in (0, 1)
    },
}


def _several(functions: Sequence[Primitive]) -> Callable[..., tuple[Node, ...]]:
    """Return SciPy's function that gives several at once, as in ``airy(x)[1]``."""
    return lambda x: tuple(function(node_of(x)) for function in functions)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "polygamma": _polygamma,
    "factorial": lambda n: gamma(node_of(n) + 1),
    "binom": _binom,
    "falling_factorial": _falling_factorial,
    "poch": _poch,
    "harmonic": _harmonic,
    **{name: _of_fixed_order(function, order) for name, (function, order) in _FIXED_ORDERS.items()},
    "airy": _several((airyai, airyaiprime, airybi, airybiprime)),
    "sici": _several((Si, Ci)),
    "shichi": _several((Shi, Chi)),
    "fresnel": _several((fresnels, fresnelc)),
    "zeta": _zeta,
    "lambertw": _lambertw,
    "expn": _expn,
    "jn": lambda v, z: jv(node_of(v), node_of(z)),
    "elliptic_pi": _elliptic_pi,
    "erf2inv": _erf2inv,
    "polylog": _polylog,
    "lpmv": _lpmv,
    "assoc_legendre": _assoc_legendre,
    "dirichlet_eta": _dirichlet_eta,
}

_LETTERS = "jn jv yv iv kv beta gamma zeta psi Si Ci Shi Chi sec csc cot"
SYMBOLS = frozenset((*_FIXED_ORDERS, *_LETTERS.split()))  # names of variables too
