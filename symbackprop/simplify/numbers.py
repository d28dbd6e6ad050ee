"""Exact arithmetic on the values of constants; None wherever the result would not be exact or representable."""

from __future__ import annotations

import math
from fractions import Fraction

from symbackprop.ir.dtype import is_half
from symbackprop.ir.node import Apply, Const, ConstantValue, Node, constant
from symbackprop.ir.size import SizeExpression, is_negative
from symbackprop.ops.arithmetic import mul

__all__ = [
    "exact", "folded", "is_below_zero", "is_dyadic", "is_modest", "is_number", "is_value", "minus", "plus", "quotient",
    "times",
]  # fmt: skip

Exact = int | Fraction | SizeExpression
_LIMIT = 2**1000  # results beyond this are left to the printed code, which overflows as the user's would
_MODEST = 2**16  # a gathered coefficient is at most this, and at least its reciprocal
_FACTORS = 8  # of a gathered coefficient that is no number
_LONG = 160  # bits of a denominator: that of one decimal has some 55
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


def is_below_zero(value: Exact) -> bool:
    """Tell whether a number is negative, or a size has a minus before each of its terms."""
    return is_negative(value) if isinstance(value, SizeExpression) else value < 0


def is_value(node: Node, number: int | Fraction) -> bool:
    """Tell whether `node` is a constant filled with `number`."""
    return isinstance(node, Const) and not isinstance(node.value, bool) and exact(node.value) == number


def is_modest(coefficient: Node) -> bool:
    """Tell whether a coefficient may move out of what it multiplies, to join others there.

    Along a chain of thousands of products coefficients would gather without bound, while what they leave underflows.
    In a dtype of two bytes any product may leave its range, and factors stay where they were written.
    """
    if is_half(coefficient.dtype):
        return False
    if isinstance(coefficient, Const):
        value = exact(coefficient.value)
        if not isinstance(value, (int, Fraction)):
            return True
        top, bottom = abs(value.numerator), value.denominator
        if bottom.bit_length() > _LONG:
            return False  # a product of several decimals
        return top <= _MODEST * bottom and bottom <= _MODEST * top
    factors, waiting = 0, [coefficient]
    while waiting and factors <= _FACTORS:
        node = waiting.pop()
        if isinstance(node, Apply) and node.op is mul:
            waiting.extend(node.args)
        else:
            factors += 1
    return factors <= _FACTORS


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
    if isinstance(value, Fraction) and value.denominator != 1:
        return value.numerator in (1, -1) and value.denominator & (value.denominator - 1) == 0
    return isinstance(value, (int, Fraction))


def _mixed(a: Exact, b: Exact) -> bool:
    sizes = isinstance(a, SizeExpression) or isinstance(b, SizeExpression)
    return sizes and (isinstance(a, Fraction) or isinstance(b, Fraction))
