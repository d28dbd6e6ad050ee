"""What each elementwise primitive means, at a point with 50 digits, by the vocabulary of verification."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from symbackprop.check.elements import Digits
from symbackprop.check.vocabulary import Vocabulary
from symbackprop.ops.declare import Primitive

__all__ = ["dtypes_of", "meaning", "orders_of"]


def first_slope(words: Vocabulary, phi: Any, m: Any) -> Any:
    return words.elliprd(words.cos(phi) ** 2, 1, 1 - m * words.sin(phi) ** 2)


def second_slope(words: Vocabulary, phi: Any, m: Any) -> Any:
    return words.elliprd(words.cos(phi) ** 2, 1 - m * words.sin(phi) ** 2, 1)


OWN_MEANING = {
    "integer_power": lambda words, x: x**3,
    "where": lambda words, c, a, b: words.where(c, a, b),
    "round": lambda words, x: words.round(x, 1),
    "polygamma_difference": lambda words, x, h: words.digamma(x + h) - words.digamma(x),
    "rd_weighted": lambda words, p: words.elliprd(0, 1, p),
    "rd_plain": lambda words, p: words.elliprd(0, p, 1),
    "ellipkinc_slope": lambda words, phi, m: words.sin(phi) ** 3 * first_slope(words, phi, m) / 6,
    "ellipeinc_slope": lambda words, phi, m: words.sin(phi) ** 3 * second_slope(words, phi, m) / -6,
    "elliptic_pi_incomplete": lambda words, n, phi, m: words.elliptic_pi(n, phi, m),
    "elliptic_pi_slope_n": lambda words, n, m: (
        (words.ellipe(m) + (m - n) / n * words.ellipk(m) + (n**2 - m) / n * words.elliptic_pi(n, m))
        / (2 * (m - n) * (n - 1))
    ),
    "elliptic_pi_slope_m": lambda words, n, m: (words.ellipe(m) / (m - 1) + words.elliptic_pi(n, m)) / (2 * (n - m)),
    "odds": lambda words, x: x / (1 - x),
    "dilogarithm": lambda words, x: words.polylog(2, x),
    "gamma_density": lambda words, a, x: x ** (a - 1) * words.exp(-x) / words.gamma(a),
    "beta_density": lambda words, a, b, x: (
        x ** (a - 1) * (1 - x) ** (b - 1) * words.gamma(a + b) / (words.gamma(a) * words.gamma(b))
    ),
    "lambertw_away": lambda words, x: words.lambertw(x, -1),
    "riemann_zeta": lambda words, s: words.zeta(s),
    "binom_slope": lambda words, n, k: words.binom(n, k) * (words.digamma(n + 1) - words.digamma(n - k + 1)),
    "root": lambda words, x: words.sqrt(x),
    "length": lambda words, *x: words.sqrt(sum(a * a for a in x)),
    "square_difference": lambda words, x, y: x * x - y * y,
    "reciprocal_root_minus_one": lambda words, w: 1 / words.sqrt(1 + w) - 1,
    "root_minus": lambda words, b, w: words.sqrt(b * b + w) - b,
    "hypot_minus": lambda words, b, v: words.sqrt(b * b + v * v) - b,
    "reciprocal_expm1": lambda words, x: 1 / (words.exp(x) - 1),
    "reciprocal_expm1_slope": lambda words, x: words.exp(x) / (words.exp(x) - 1) ** 2,
    "over_one_plus_exp": lambda words, a, x: a / (1 + words.exp(x)),
    "log_one_minus_exp": lambda words, x: words.log(1 - words.exp(x)),
    "expit_slope": lambda words, x: words.exp(-abs(x)) / (1 + words.exp(-abs(x))) ** 2,
    "sech_squared": lambda words, x: 1 / words.cosh(x) ** 2,
    "log_erfc": lambda words, x: words.log(words.erfc(x)),
    "multiply": lambda words, x, y: x * y,
    "scaled": lambda words, x, y: x * y,
    "divide": lambda words, x, y: x / y,
    "negative": lambda words, x: -x,
    "maximum": lambda words, x, y: np.maximum(x, y),
    "minimum": lambda words, x, y: np.minimum(x, y),
    "power": lambda words, x, y: x**y,
    "logical_and": lambda words, x, y: x and y,
    "logical_or": lambda words, x, y: x or y,
    "logical_xor": lambda words, x, y: x != y,
    "logical_not": lambda words, x: not x,
    "less": lambda words, x, y: x < y,
    "less_equal": lambda words, x, y: x <= y,
    "greater": lambda words, x, y: x > y,
    "greater_equal": lambda words, x, y: x >= y,
    "equal": lambda words, x, y: x == y,
    "not_equal": lambda words, x, y: x != y,
}


def dtypes_of(primitive: Primitive) -> list[str]:
    arity = primitive.arity or len(primitive.points[0])
    masks = ("logical_and", "logical_or", "logical_xor", "logical_not")
    if primitive.name in masks:
        return ["bool"] * arity
    return ["bool" if primitive.name == "where" and i == 0 else "float64" for i in range(arity)]


def orders_of(primitive: Primitive) -> list[Any]:
    """Return the static orders that come before the arguments."""
    return [primitive.defaults[name] for name in primitive.fixed]


def meaning(primitive: Primitive, point: tuple[float, ...]) -> Any:
    """Return the value at a point with 50 digits, by the vocabulary of verification."""
    words = Vocabulary(Digits)
    args = [
        bool(x) if dtype == "bool" else Digits(mpmath.mpf(x))
        for x, dtype in zip(point, dtypes_of(primitive), strict=True)
    ]
    if primitive.name in OWN_MEANING:
        result = OWN_MEANING[primitive.name](words, *args)
    else:
        result = getattr(words, primitive.name)(*orders_of(primitive), *args)
    return result.value if isinstance(result, Digits) else result
