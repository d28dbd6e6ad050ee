"""Numbers in front of sums of large and small arrays: 0.5*(x[:, None] + x - 2*A) is x/2 of both less A.

Two passes over the large array less, for one over a small one. Done for powers of two alone, by which scaling is exact,
so that no bit of the result changes.
"""

from __future__ import annotations

import math
from fractions import Fraction

from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops.arithmetic import add, mul, neg
from symbackprop.ops.broadcasting import broadcast
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import exact, is_number
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS"]

_TERMS = 8


def _number_into_sum(node: Apply, context: Context) -> Node | None:
    """c*(x[:, None] + x - A/c) is (c*x)[:, None] + c*x - A."""
    number, total = node.args
    if not is_number(number) or not is_applied(total, add) or not is_float(node.dtype) or not context.is_free(total):
        return None
    factor = exact(number.value)  # type: ignore[attr-defined]
    terms = _terms(total, context)
    if not isinstance(factor, (int, Fraction)) or not _is_power_of_two(factor) or len(terms) > _TERMS:
        return None
    large = [term for term in terms if not _is_repeated(term)]
    if (
        len(large) == len(terms)
        or not large
        or not all(_is_multiple(term, 1 / Fraction(factor), context) for term in large)
    ):
        return None
    return add(*(_without_number(term, factor) if term in large else mul(_like(number, term), term) for term in terms))


def _terms(total: Node, context: Context) -> list[Node]:
    """Return the terms of a sum, with those of a sum that it begins with."""
    first, *rest = args_of(total)
    while is_applied(first, add) and context.is_free(first) and len(rest) < _TERMS:
        first, *before = args_of(first)
        rest = [*before, *rest]
    return [first, *rest]


def _is_power_of_two(number: int | Fraction) -> bool:
    value = abs(Fraction(number))
    return value > 0 and value != 1 and math.frexp(value)[0] == 0.5 and Fraction(float(value)) == value


def _is_repeated(term: Node) -> bool:
    """Tell whether a term is a number, or an array of fewer axes."""
    return isinstance(term, Const) or is_applied(args_of(term)[0] if is_applied(term, neg) else term, broadcast)


def _is_multiple(term: Node, factor: Fraction, context: Context) -> bool:
    """Tell whether a term is `factor`, or its negative, times an array, which nothing else needs."""
    product = args_of(term)[0] if is_applied(term, neg) else term
    if not is_applied(product, mul) or not is_number(args_of(product)[0]) or not context.is_free(product):
        return False
    found = exact(args_of(product)[0].value)  # type: ignore[attr-defined]
    return isinstance(found, (int, Fraction)) and abs(found) == abs(factor)


def _without_number(term: Node, factor: int | Fraction) -> Node:
    """Return a large term times `factor`, which cancels its number but for the sign."""
    negative = is_applied(term, neg)
    number, x = args_of(args_of(term)[0] if negative else term)
    changes = (exact(number.value) * factor < 0) is not negative  # type: ignore[attr-defined, operator]
    return neg(x) if changes else x


def _like(number: Node, term: Node) -> Node:
    return constant(number.value, term.shape, term.dtype)  # type: ignore[attr-defined]


ROWS = (Row("number into a sum", (mul,), _number_into_sum, arrays=True),)
