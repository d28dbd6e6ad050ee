"""Exact arithmetic on the values of constants; None wherever the result would not be exact or representable."""

from __future__ import annotations

import math
from fractions import Fraction

from symbackprop.ir.node import Const, ConstantValue, Node, constant
from symbackprop.ir.size import SizeExpression

__all__ = ["exact", "folded", "is_dyadic", "is_number", "is_value", "minus", "plus", "quotient", "times"]

Exact = int | Fraction | SizeExpression
_LIMIT = 2**1000  # results beyond this are left to the printed code, which overflows as the user's would
_BITS = 2048  # and so are fractions too long to be worth carrying


def exact(value: ConstantValue) -> Exact | None:
    """Return `value` as an exact number, or None for pi, infinities, nan, -0.0 and truth values."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        if not math.isfinite(value) or (value == 0.0 and math.copysign(1.0, value) < 0):
            return None
        return int(value) if value.is_integer() else Fraction(value)
    return value if isinstance(value, (int, Fraction, SizeExpression)) else None


def is_number(node: Node) -> bool:
    """Tell whether `node` is a constant of an exact rational value."""
    return isinstance(node, Const) and isinstance(exact(node.value), (int, Fraction))


def is_value(node: Node, number: int) -> bool:
    """Tell whether `node` is a constant filled with `number`."""
    return isinstance(node, Const) and not isinstance(node.value, bool) and exact(node.value) == number


def folded(value: Exact | None, like: Node) -> Const | None:
    """Return `value` as a constant of the shape and dtype of `like`."""
    if value is None:
        return None
    if isinstance(value, Fraction):
        if value.denominator == 1:
            value = int(value)
        elif max(value.numerator.bit_length(), value.denominator.bit_length()) > _BITS:
            return None
    if not isinstance(value, SizeExpression) and not -_LIMIT < value < _LIMIT:
        return None
    if isinstance(value, Fraction) and abs(value) < Fraction(1, _LIMIT):
        return None
    return constant(value, like.shape, like.dtype)


def plus(a: Exact | None, b: Exact | None) -> Exact | None:
    """Return a + b; None for a size and a fraction."""
    if a is None or b is None or _mixed(a, b):
        return None
    return a + b  # type: ignore[operator]


def times(a: Exact | None, b: Exact | None) -> Exact | None:
    """Return a * b; None for a size and a fraction."""
    if a is None or b is None or _mixed(a, b):
        return None
    return a * b  # type: ignore[operator]


def minus(a: Exact | None) -> Exact | None:
    """Return -a."""
    return None if a is None else -1 * a


def quotient(a: Exact | None, b: Exact | None) -> Exact | None:
    """Return a / b for rationals; None for sizes and for b = 0."""
    if isinstance(a, (int, Fraction)) and isinstance(b, (int, Fraction)) and b != 0:
        return Fraction(a) / Fraction(b)
    return None


def is_dyadic(value: Exact | None) -> bool:
    """Tell whether multiplying by `value` only shifts the exponent or is by a small integer: no rounding is added."""
    if isinstance(value, Fraction):
        return value.numerator in (1, -1) and value.denominator & (value.denominator - 1) == 0
    return isinstance(value, int)


def _mixed(a: Exact, b: Exact) -> bool:
    sizes = isinstance(a, SizeExpression) or isinstance(b, SizeExpression)
    return sizes and (isinstance(a, Fraction) or isinstance(b, Fraction))
