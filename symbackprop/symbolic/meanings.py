"""What each scalar primitive is in SymPy: by the name in its declaration, or by a row here.

Read the other way, these are the functions that `table` and the rules of the reader turn into primitives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy

from symbackprop.ops.declare import Primitive

__all__ = ["meaning_of"]

Meaning = Callable[..., Any]


def meaning_of(primitive: Primitive) -> Meaning | None:
    """Return the function ``(*expressions, **params)`` that a primitive is; None where SymPy has none."""
    row = _ROWS.get(primitive.name)
    if row is not None:
        return row
    if primitive.kind != "elementwise" or primitive.sympy is None:
        return None
    function = getattr(sympy, primitive.sympy, None)
    if function is None:
        return None
    fixed = primitive.fixed
    if fixed:  # polynomials of fixed order stay what they are, as written out they cancel
        return lambda *args, **params: function(*(params[name] for name in fixed), *args, evaluate=False)
    return function  # type: ignore[no-any-return]


def _chosen(condition: Any, if_true: Any, if_false: Any) -> Any:
    return sympy.Piecewise((if_true, condition), (if_false, True))


def _truncated(x: Any) -> Any:
    return sympy.sign(x) * sympy.floor(sympy.Abs(x))


def _slope(function: Meaning, first: int, second: int) -> Meaning:
    """Return a derivative of a function of two arguments, as SymPy has it."""

    def meaning(a: Any, b: Any, **params: Any) -> Any:
        x, y = sympy.Dummy("x"), sympy.Dummy("y")
        orders = params.get("orders", (first, second))
        return sympy.diff(function(x, y), *[x] * orders[0], *[y] * orders[1]).xreplace({x: a, y: b})

    return meaning


_ROWS: Mapping[str, Meaning] = {
    "add": lambda *terms: sympy.Add(*terms),
    "negative": lambda x: -x,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "integer_power": lambda x, n: x**n,
    "power": lambda x, y: x**y,
    "sqrt": sympy.sqrt,
    "root": sympy.sqrt,
    "cbrt": lambda x: sympy.sign(x) * sympy.cbrt(sympy.Abs(x)),
    "hypot": lambda x, y: sympy.sqrt(x**2 + y**2),
    "length": lambda *x: sympy.sqrt(sum(a**2 for a in x)),
    "square_difference": lambda x, y: x**2 - y**2,
    "root_minus": lambda b, w: sympy.sqrt(b**2 + w) - b,
    "hypot_minus": lambda b, v: sympy.sqrt(b**2 + v**2) - b,
    "stop_gradient": lambda x: x,
    "straight_through": lambda hard, soft: hard,
    "scale_cotangent": lambda x, scale: x,
    "scaled": lambda x, scale: x * scale,
    "less": sympy.Lt,
    "less_equal": sympy.Le,
    "greater": sympy.Gt,
    "greater_equal": sympy.Ge,
    "equal": sympy.Eq,
    "not_equal": sympy.Ne,
    "logical_and": sympy.And,
    "logical_or": sympy.Or,
    "logical_xor": sympy.Xor,
    "logical_not": sympy.Not,
    "where": _chosen,
    "relu": lambda x: sympy.Max(x, 0),
    "fmax": sympy.Max,
    "fmin": sympy.Min,
    "trunc": _truncated,
    "floor_divide": lambda x, y: sympy.floor(x / y),
    "fmod": lambda x, y: x - y * _truncated(x / y),
    "copysign": lambda x, y: _chosen(y >= 0, sympy.Abs(x), -sympy.Abs(x)),
    "exp2": lambda x: sympy.Integer(2) ** x,
    "expm1": lambda x: sympy.exp(x) - 1,
    "log2": lambda x: sympy.log(x) / sympy.log(2),
    "log10": lambda x: sympy.log(x) / sympy.log(10),
    "log1p": lambda x: sympy.log(1 + x),
    "reciprocal_root_minus_one": lambda w: 1 / sympy.sqrt(1 + w) - 1,
    "reciprocal_expm1": lambda x: 1 / (sympy.exp(x) - 1),
    "reciprocal_expm1_slope": lambda x: sympy.exp(x) / (sympy.exp(x) - 1) ** 2,
    "over_one_plus_exp": lambda a, x: a / (1 + sympy.exp(x)),
    "log_one_minus_exp": lambda x: sympy.log(1 - sympy.exp(x)),
    "sech_squared": lambda x: sympy.sech(x) ** 2,
    "logaddexp": lambda x, y: sympy.log(sympy.exp(x) + sympy.exp(y)),
    "logaddexp2": lambda x, y: sympy.log(2**x + 2**y) / sympy.log(2),
    "expit": lambda x: 1 / (1 + sympy.exp(-x)),
    "expit_slope": lambda x: sympy.exp(-x) / (1 + sympy.exp(-x)) ** 2,
    "log_expit": lambda x: -sympy.log(1 + sympy.exp(-x)),
    "huber": lambda d, r: _chosen(sympy.Abs(r) <= d, r**2 / 2, d * (sympy.Abs(r) - d / 2)),
    "logcosh": lambda x: sympy.log(sympy.cosh(x)),
    "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "logit": lambda x: sympy.log(x / (1 - x)),
    "xlogy": lambda x, y: _chosen(sympy.Eq(x, 0), 0, x * sympy.log(y)),
    "xlog1py": lambda x, y: _chosen(sympy.Eq(x, 0), 0, x * sympy.log(1 + y)),
    "sinc": lambda x: sympy.sinc(sympy.pi * x),
    "betaln": lambda x, y: sympy.loggamma(x) + sympy.loggamma(y) - sympy.loggamma(x + y),
    "ndtr": lambda x: (1 + sympy.erf(x / sympy.sqrt(2))) / 2,
    "log_ndtr": lambda x: sympy.log((1 + sympy.erf(x / sympy.sqrt(2))) / 2),
    "ndtri": lambda x: sympy.sqrt(2) * sympy.erfinv(2 * x - 1),
    "log_erfc": lambda x: sympy.log(sympy.erfc(x)),
    "erfcx": lambda x: sympy.exp(x**2) * sympy.erfc(x),
    "riemann_zeta": sympy.zeta,
    "polygamma_difference": lambda x, h, n: sympy.polygamma(n, x + h) - sympy.polygamma(n, x),
    "binom_slope": _slope(sympy.binomial, 1, 0),
    "gammainc": lambda a, x: sympy.lowergamma(a, x) / sympy.gamma(a),
    "gammaincc": lambda a, x: sympy.uppergamma(a, x) / sympy.gamma(a),
    "gamma_density": lambda a, x: x ** (a - 1) * sympy.exp(-x) / sympy.gamma(a),
    "betainc": lambda a, b, x: sympy.betainc_regularized(a, b, 0, x),
    "beta_density": lambda a, b, x: x ** (a - 1) * (1 - x) ** (b - 1) / sympy.beta(a, b),
    "hyp2f1": lambda a, b, c, x: sympy.hyper((a, b), (c,), x),
    "rel_entr": lambda x, y: x * sympy.log(x / y),
    "kl_div": lambda x, y: x * sympy.log(x / y) - x + y,
    "ive": lambda v, x: sympy.exp(-sympy.Abs(x)) * sympy.besseli(v, x),
    "kve": lambda v, x: sympy.exp(x) * sympy.besselk(v, x),
    "exp1": lambda x: sympy.expint(1, x),
    "lambertw": lambda x, k: sympy.LambertW(x, k),
    "ellipkm1": lambda p: sympy.elliptic_k(1 - p),
    "ellipeinc": sympy.elliptic_e,
    "ellipkinc_slope": _slope(sympy.elliptic_f, 0, 1),
    "ellipeinc_slope": _slope(sympy.elliptic_e, 0, 1),
    "elliptic_pi": sympy.elliptic_pi,
    "elliptic_pi_incomplete": sympy.elliptic_pi,
    "elliptic_pi_slope_n": _slope(sympy.elliptic_pi, 1, 0),
    "elliptic_pi_slope_m": _slope(sympy.elliptic_pi, 0, 1),
    "odds": lambda x: x / (1 - x),
    "spence": lambda x: sympy.polylog(2, 1 - x),
    "dilogarithm": lambda x: sympy.polylog(2, x),
    "hyp0f1": lambda v, x: sympy.hyper([], [v], x),
    "hyp1f1": lambda a, b, x: sympy.hyper([a], [b], x),
    "rd_weighted": lambda p: 3 * (sympy.elliptic_e(1 - p) / p - sympy.elliptic_k(1 - p)) / (1 - p),
    "rd_plain": lambda p: 3 * (sympy.elliptic_k(1 - p) - sympy.elliptic_e(1 - p)) / (1 - p),
}
