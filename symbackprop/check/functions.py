"""What the scalar functions of the vocabulary mean, for SymPy and for mpmath: one row a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import mpmath
import sympy
from sympy import S

from symbackprop.check.elements import Digits, Element, Symbolic, real_value
from symbackprop.check.held import held
from symbackprop.check.special_functions import SPECIAL

__all__ = ["BY_PATH", "SMOOTH"]

Meaning = tuple[Callable[..., Any], Callable[..., Any]]  # for SymPy, for mpmath

_RECIPROCAL = ("sec", "csc", "cot", "asec", "acsc", "acot", "sech", "csch", "coth", "asech", "acsch", "acoth")

SMOOTH: dict[str, Meaning] = {
    **{name: (getattr(sympy, name), getattr(mpmath, name)) for name in _RECIPROCAL},
    "sqrt": (sympy.sqrt, mpmath.sqrt),
    "exp": (sympy.exp, mpmath.exp),
    "exp2": (lambda x: 2**x, lambda x: mpmath.mpf(2) ** x),
    "expm1": (lambda x: sympy.exp(x) - 1, mpmath.expm1),
    "log": (sympy.log, mpmath.log),
    "log2": (lambda x: sympy.log(x) / sympy.log(2), lambda x: mpmath.log(x, 2)),
    "log10": (lambda x: sympy.log(x) / sympy.log(10), mpmath.log10),
    "log1p": (lambda x: sympy.log(1 + x), mpmath.log1p),
    "sin": (sympy.sin, mpmath.sin),
    "cos": (sympy.cos, mpmath.cos),
    "tan": (sympy.tan, mpmath.tan),
    "arcsin": (sympy.asin, mpmath.asin),
    "arccos": (sympy.acos, mpmath.acos),
    "arctan": (sympy.atan, mpmath.atan),
    "sinh": (sympy.sinh, mpmath.sinh),
    "cosh": (sympy.cosh, mpmath.cosh),
    "tanh": (sympy.tanh, mpmath.tanh),
    "arcsinh": (sympy.asinh, mpmath.asinh),
    "arccosh": (sympy.acosh, mpmath.acosh),
    "arctanh": (sympy.atanh, mpmath.atanh),
    "arctan2": (sympy.atan2, mpmath.atan2),
    "hypot": (lambda *x: sympy.sqrt(sum(a**2 for a in x)), lambda *x: mpmath.sqrt(sum(a**2 for a in x))),
    "expit": (lambda x: 1 / (1 + sympy.exp(-x)), lambda x: 1 / (1 + mpmath.exp(-x))),
    "logit": (lambda x: sympy.log(x / (1 - x)), lambda x: mpmath.log(x / (1 - x))),
    "logaddexp": (
        lambda x, y: sympy.log(sympy.exp(x) + sympy.exp(y)),
        lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    ),
    "logaddexp2": (
        lambda x, y: sympy.log(2**x + 2**y) / sympy.log(2),
        lambda x, y: mpmath.log(mpmath.mpf(2) ** x + mpmath.mpf(2) ** y, 2),
    ),
    "xlogy": (
        lambda x, y: S.Zero if x == 0 else x * sympy.log(y),
        lambda x, y: mpmath.mpf(0) if x == 0 else x * mpmath.log(y),
    ),
    "xlog1py": (
        lambda x, y: S.Zero if x == 0 else x * sympy.log(1 + y),
        lambda x, y: mpmath.mpf(0) if x == 0 else x * mpmath.log1p(y),
    ),
    "power": (lambda x, y: x**y, lambda x, y: x**y),
    **SPECIAL,
}


def _sinc(x: Element) -> Any:
    if x == 0:
        return x._from(1)
    turn = x * pi_like(x)  # type: ignore[operator]
    return apply_smooth("sin", turn) / turn


def pi_like(x: Element) -> Element:
    """Return pi as an element of the kind of `x`."""
    return Symbolic(sympy.pi, +mpmath.pi) if isinstance(x, Symbolic) else Digits(+mpmath.pi)


def apply_smooth(name: str, *args: Any) -> Any:
    """Return a row of `SMOOTH` applied to elements of one kind; nan at a pole, where a branch not taken may be."""
    symbolic, digits = SMOOTH[name]
    try:
        value = real_value(digits(*(arg.value for arg in args)))
    except (ValueError, ZeroDivisionError):
        value = mpmath.nan
    if isinstance(args[0], Symbolic):
        return Symbolic(symbolic(*(arg.expr for arg in args)), value)
    return Digits(value)


def _sign(x: Element) -> Any:
    return x._from(1 if x > 0 else -1 if x < 0 else 0)


def _copysign(x: Element, y: Element) -> Any:
    return abs(x) if y >= 0 else -abs(x)


def _fmod(x: Any, y: Any) -> Any:
    return x - y * x._from(int(x.value / y.value))


def _cbrt(x: Any) -> Any:
    size = abs(x)
    root = size ** x._from(Fraction(1, 3))
    return root if x >= 0 else -root


BY_PATH: Mapping[str, Callable[..., Any]] = {
    "sinc": _sinc,
    "cbrt": _cbrt,
    "sign": _sign,
    "copysign": _copysign,
    "fmod": _fmod,
    "remainder": lambda x, y: x % y,
    "mod": lambda x, y: x % y,
    "floor_divide": lambda x, y: x // y,
    "floor": lambda x: x._from(int(mpmath.floor(x.value))),
    "ceil": lambda x: x._from(int(mpmath.ceil(x.value))),
    "trunc": lambda x: x._from(int(x.value)),
    "rint": lambda x: x._from(int(mpmath.nint(x.value))),
    "fmax": lambda x, y: x if x >= y or y != y else y,
    "fmin": lambda x, y: x if x <= y or y != y else y,
    "heaviside": lambda x, y: y if x == 0 else x._from(1 if x > 0 else 0),
    "nan_to_num": lambda x: x if mpmath.isfinite(x.value) else x._from(0),
    "isnan": lambda x: bool(mpmath.isnan(x.value)),
    "isfinite": lambda x: bool(mpmath.isfinite(x.value)),
    "isinf": lambda x: bool(mpmath.isinf(x.value)),
    "isposinf": lambda x: bool(x.value == mpmath.inf),
    "isneginf": lambda x: bool(x.value == -mpmath.inf),
    "relu": lambda x: x if x > 0 else x._from(0),
    "log_expit": lambda x: -apply_smooth("logaddexp", x._from(0), -x),
    "huber": lambda delta, r: r * r / 2 if abs(r) <= delta else delta * (abs(r) - delta / 2),
    "logcosh": lambda x: apply_smooth("log", apply_smooth("cosh", x)),
    "softplus": lambda x: apply_smooth("logaddexp", x._from(0), x),
    "entr": lambda x: -apply_smooth("xlogy", x, x),
    "deg2rad": lambda x: x * pi_like(x) / 180,
    "rad2deg": lambda x: x * 180 / pi_like(x),
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "abs": lambda x: abs(x),
    "stop_gradient": held,
    "straight_through": lambda hard, soft: held(hard - soft) + soft,
    "scale_cotangent": lambda x, scale: held(x - scale * x) + held(scale) * x,
}
