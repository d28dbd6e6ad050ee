"""Orthogonal polynomials and associated Legendre functions, by their recurrences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import sympy
from sympy.abc import x

from special_cases.case import Case


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
    *(Case(f"eval_legendre({n}, x)", legendre(n), INTERVAL, sympy.legendre(n, x, evaluate=False)) for n in ORDERS),
    *(Case(f"eval_chebyt({n}, x)", chebyshev(n, 1), INTERVAL, sympy.chebyshevt(n, x, evaluate=False)) for n in ORDERS),
    *(Case(f"eval_chebyu({n}, x)", chebyshev(n, 2), INTERVAL, sympy.chebyshevu(n, x, evaluate=False)) for n in ORDERS),
    *(
        Case(f"eval_hermite({n}, x)", hermite(n, 2), (*INTERVAL, 30.0), sympy.hermite(n, x, evaluate=False))
        for n in ORDERS
    ),
    *(
        Case(f"eval_hermitenorm({n}, x)", hermite(n, 1), (*INTERVAL, 30.0), sympy.hermite_prob(n, x, evaluate=False))
        for n in ORDERS
    ),
    *(
        Case(
            f"eval_laguerre({n}, x)",
            laguerre(n, 0),
            (0.0, 1e-8, 0.3, 2.5, 9.5, 40.0),
            sympy.laguerre(n, x, evaluate=False),
        )
        for n in ORDERS
    ),
    *(
        Case(
            f"eval_genlaguerre({n}, 1.5, x)",
            laguerre(n, 1.5),
            (0.0, 1e-8, 0.3, 2.5, 9.5, 40.0),
        )
        for n in ORDERS
    ),
    *(Case(f"eval_gegenbauer({n}, 0.75, x)", gegenbauer(n, 0.75), INTERVAL) for n in ORDERS),
    *(Case(f"eval_jacobi({n}, 0.5, 2, x)", jacobi(n, 0.5, 2), INTERVAL) for n in ORDERS),
    *(
        Case(f"assoc_legendre({n}, {m}, x)", associated(n, m), INSIDE, sympy.assoc_legendre(n, m, x, evaluate=False))
        for n, m in ((2, 0), (3, 1), (3, 2), (6, 3), (12, 4))
    ),
    Case(
        "eval_gegenbauer(2, 0.75, x) + eval_jacobi(3, 1, 2, x)",
        lambda t: gegenbauer(2, 0.75)(t) + jacobi(3, 1, 2)(t),
        INTERVAL,
        sympy.gegenbauer(2, 0.75, x, evaluate=False) + sympy.jacobi(3, 1, 2, x, evaluate=False),
    ),
    Case("eval_genlaguerre(4, 2, x)", laguerre(4, 2), (0.3, 2.5), sympy.assoc_laguerre(4, 2, x, evaluate=False)),
]
