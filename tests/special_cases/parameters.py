"""Functions of several parameters: incomplete beta, hypergeometric, terms of the relative entropy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import sympy
from sympy.abc import x

from special_cases.case import Case

SHARES = (1e-40, 1e-8, 0.3, 0.5, 0.9, 1 - 1e-9)


def share(a: float, b: float) -> Callable[[Any], Any]:
    return lambda t: mpmath.betainc(a, b, 0, t, regularized=True)


BETA = [
    Case(
        "betainc(2.5, 0.75, x)",
        share(2.5, 0.75),
        (1e-40, 1e-8, 0.3, 0.9, 0.999999),
        sympy.betainc_regularized(2.5, 0.75, 0, x),
    ),
    Case(
        "beta(3, 2)*(betainc(3, 2, x) - betainc(3, 2, 0.25))",
        lambda t: mpmath.betainc(3, 2, 0.25, t),
        (0.1, 0.3, 0.9),
        sympy.betainc(3, 2, 0.25, x),
    ),
    *(
        Case(f"betainc({a}, {b}, x)", share(a, b), points)
        for a, b, points in (
            (0.5, 0.25, SHARES),
            (1, 1, SHARES),
            (2, 3, SHARES),
            (1, 4.5, SHARES),
            (11.5, 30, (1e-3, 0.1, 0.3, 0.6)),
            (12.5, 13, (1e-3, 0.3, 0.5, 0.9)),
            (1000.5, 2000, (0.25, 0.3, 0.3335, 0.37)),
            (2.5, 1e6, (1e-8, 2.5e-6, 1e-5)),
        )
    ),
]


def hypergeometric(a: float, b: float, c: float) -> Callable[[Any], Any]:
    return lambda t: mpmath.hyp2f1(a, b, c, t)


HYPERGEOMETRIC = [
    Case(
        "hyp0f1(1.5, x)",
        lambda t: mpmath.hyp0f1(1.5, t),
        (-30.25, -0.3, 0.0, 1e-9, 2.5, 40.0),
        sympy.hyper([], [1.5], x),
    ),
    Case(
        "hyp1f1(0.5, 2.5, x)",
        lambda t: mpmath.hyp1f1(0.5, 2.5, t),
        (-30.25, -0.3, 0.0, 1e-9, 2.5, 40.0),
        sympy.hyper([0.5], [2.5], x),
    ),
    Case(
        "hyp2f1(0.5, 1/3, 2.25, x)",
        lambda t: mpmath.hyp2f1(0.5, mpmath.mpf(1) / 3, 2.25, t),
        (-30.25, -0.3, 0.0, 1e-9, 0.3, 0.9, 0.99),
        sympy.hyper([0.5, sympy.Rational(1, 3)], [2.25], x),
    ),
    Case("hyp2f1(0.5, 1.5, 2.5, x)", hypergeometric(0.5, 1.5, 2.5), (-30.0, -0.9, 0.0, 1e-8, 0.3, 0.95)),
    Case("hyp2f1(1, 1, 2, x)", hypergeometric(1, 1, 2), (-2.5, -1e-8, 0.3, 0.999)),
    Case("hyp2f1(-3, 2.5, 0.5, x)", hypergeometric(-3, 2.5, 0.5), (-2.5, 0.3, 0.999)),
    Case("hyp2f1(0.3, 0.4, 1.8, x)", hypergeometric(0.3, 0.4, 1.8), (-2.5, 0.3, 0.85)),
]


def entropy(t: Any, y: Any) -> Any:
    return t * mpmath.log(t / y)


ENTROPY = [
    Case("rel_entr(x, 0.7)", lambda t: entropy(t, mpmath.mpf(0.7)), (1e-300, 1e-8, 0.3, 0.7000001, 2.5, 1e200)),
    Case("rel_entr(0.7, x)", lambda t: entropy(mpmath.mpf(0.7), t), (1e-300, 1e-8, 0.3, 0.7000001, 2.5, 1e200)),
    Case("kl_div(x, 0.7)", lambda t: entropy(t, mpmath.mpf(0.7)) - t + 0.7, (1e-300, 1e-8, 0.3, 2.5, 1e200)),
    Case("kl_div(0.7, x)", lambda t: entropy(mpmath.mpf(0.7), t) - 0.7 + t, (1e-300, 1e-8, 0.3, 2.5, 1e200)),
]
