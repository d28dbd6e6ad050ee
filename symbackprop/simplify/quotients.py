"""Quotients: of constants, those that cancel, those by what the formula has the reciprocal of. Rows are in `algebra`."""

from __future__ import annotations

from typing import NamedTuple

from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops.arithmetic import add, div, integer_exponent, integer_power, mul, neg
from symbackprop.ops.powers import sqrt
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import exact, folded, is_dyadic, is_modest, is_number, is_value, minus, quotient
from symbackprop.simplify.pattern import Context
from symbackprop.simplify.places import factors_of, is_own, nearby, parts_of, with_factor

__all__ = [
    "cancel_constant",
    "cancel_power",
    "cancel_product",
    "cancel_quotient",
    "common_denominator",
    "divide_constants",
    "is_product_with_reused",
    "power_of_reciprocal_root",
    "reuse_reciprocal",
]

_TERMS = 8  # of a sum in which a common denominator is looked for, and
_FACTORS = 2  # of its terms, beside numbers


class _Quotient(NamedTuple):
    top: Node
    bottom: Node
    is_free: bool  # whether nothing else needs the quotient that was there


def divide_constants(node: Apply, context: Context) -> Node | None:
    """Fold what is known of a quotient: 0 / b is 0, a / 1 is a, signs go before it."""
    a, b = node.args
    if isinstance(a, Const) and exact(a.value) == 0 and not is_value(b, 0):
        return constant(0, node.shape, node.dtype)
    if is_value(b, 1):
        return a
    if a is b and not context.is_primal(node):
        return constant(1, node.shape, node.dtype)  # a derivative that goes on into the hole at 0
    if is_number(a) and is_number(b):
        return folded(quotient(exact(a.value), exact(b.value)), node)  # type: ignore[attr-defined]
    for number, other in ((a, b), (b, a)):
        if is_number(number) and exact(number.value) < 0:  # type: ignore[attr-defined, operator]
            positive = folded(minus(exact(number.value)), number)  # type: ignore[attr-defined]
            if positive is not None:
                return neg(div(positive, other) if number is a else div(other, positive))
    if isinstance(b, Const) and is_applied(a, mul) and is_number(args_of(a)[0]) and context.is_free(a):
        coefficient, rest = args_of(a)
        ratio = quotient(exact(coefficient.value), exact(b.value))  # type: ignore[attr-defined]
        scale = folded(ratio, node) if is_dyadic(ratio) else None
        return None if scale is None else mul(scale, rest)
    return None


def cancel_quotient(node: Apply, context: Context) -> Node | None:
    """(g / (a / b)) / b is g / a, (g * b) / b is g, and (g * b) / b**2 is g / b, in an adjoint."""
    a, b = node.args
    if context.is_primal(node):
        return None
    if is_applied(a, mul) and b in args_of(a):
        return args_of(a)[args_of(a)[0] is b]
    one = constant(1, a.shape, a.dtype)
    for factor, g in (args_of(a), args_of(a)[::-1]) if is_applied(a, mul) else ((a, one),):
        rest = _over_factor(b, factor)
        if rest is not None:
            return div(g, rest)
    if not is_applied(a, div) or not context.is_free(a):
        return None
    g, q = args_of(a)
    return div(g, args_of(q)[0]) if is_applied(q, div) and args_of(q)[1] is b else None


def cancel_product(node: Apply, context: Context) -> Node | None:
    """(a / b) * b is a, and (a / b) * (b / c) is a / c, in an adjoint."""
    if context.is_primal(node):
        return None
    for ratio, other in (node.args, node.args[::-1]):
        if not is_applied(ratio, div):
            continue
        a, b = args_of(ratio)
        if other is b and context.is_free(ratio):
            return a
        if is_applied(other, div) and args_of(other)[0] is b:
            return div(a, args_of(other)[1])
    return None


def cancel_constant(node: Apply, context: Context) -> Node | None:
    """Pi / (pi * x) is 1 / x, and pi * (a / (pi * x)) is a / x, in an adjoint; 4 / (2 * x) is 2 / x."""
    number, other = node.args
    if context.is_primal(node) or not number.weak:
        return None
    top, bottom = args_of(other) if is_applied(other, div) else (None, other)
    if (top is None) is not (node.op is div) or not is_applied(bottom, mul) or not args_of(bottom)[0].weak:
        return None
    inner, x = args_of(bottom)
    ratio = _ratio(number, inner)
    if ratio is None:
        return None
    if top is None:
        return div(ratio, x)
    return div(top, x) if is_value(ratio, 1) else mul(ratio, div(top, x))


def _ratio(a: Node, b: Node) -> Node | None:
    """Return the ratio of two constants, if it is exact."""
    if a is b:
        return constant(1, a.shape, a.dtype)
    if not is_number(a) or not is_number(b) or not is_modest(b):
        return None
    ratio = quotient(exact(a.value), exact(b.value))  # type: ignore[attr-defined]
    return folded(ratio, a) if is_dyadic(ratio) else None


def common_denominator(node: Apply, context: Context) -> Node | None:
    """a/d - b/d is (a - b)/d, and a*(a/d) - b/d is (a**2 - b)/d where the formula squares a, in an adjoint.

    Other products than those that the formula has might overflow where the quotients do not.
    """
    if context.is_primal(node) or len(node.args) > _TERMS:
        return None
    parts: list[_Quotient] = []
    for term in node.args:
        part = _over(term, context)
        if part is None or (parts and part.bottom is not parts[0].bottom):
            return None
        parts.append(part)
    if not any(part.is_free for part in parts):
        return None  # all quotients are needed anyway
    return div(add(*(part.top for part in parts)), parts[0].bottom)


def _over(term: Node, context: Context) -> _Quotient | None:
    """Return a term that is a quotient, or one times numbers and a factor, as one quotient."""
    inner = args_of(term)[0] if is_applied(term, neg) else term
    if not is_applied(inner, div) and not is_applied(inner, mul):
        return None
    factors = factors_of(term, quotients=False)
    others = [(factor, place) for factor, place in factors if not (is_number(factor) and is_modest(factor))]
    if len(others) > _FACTORS:
        return None
    for ratio, place in others:
        if not is_applied(ratio, div) or not is_own(term, place, context):
            continue
        top, bottom = args_of(ratio)
        rest = term
        for factor, elsewhere in others:
            if elsewhere != place:
                product = _known_product(factor, top, context)
                if product is None:
                    break
                top, rest = product, with_factor(term, elsewhere, constant(1, factor.shape, factor.dtype))
        else:
            return _Quotient(with_factor(rest, place, top), bottom, context.is_free(ratio) and context.is_free(term))
    return None


def _known_product(a: Node, b: Node, context: Context) -> Node | None:
    """Return the product of two nodes, if one is a number, or the formula itself has that of one and a factor of the other."""
    if is_number(b) and is_modest(b):
        return mul(b, a)
    for one, other in ((a, b), (b, a)):
        for factor, place in parts_of(other):
            product = _primal_product(one, factor, context)
            if product is not None:
                return with_factor(other, place, product)
    return None


def _primal_product(a: Node, b: Node, context: Context) -> Node | None:
    known = (integer_power(a, n=2),) if a is b else (context.pair(mul, *pair, a.dtype) for pair in ((a, b), (b, a)))
    return next((product for product in known if product is not None and context.is_primal(product)), None)


def power_of_reciprocal_root(node: Apply, context: Context) -> Node | None:
    """r**3, with r = 1 / sqrt(t), is r / t, in an adjoint: the errors of a root and a quotient do not count three times."""
    if context.is_primal(node) or not any(map(_is_reciprocal_root, nearby(node))):
        return None
    factors = factors_of(node, quotients=False)
    for square, place in factors:
        if not is_applied(square, integer_power) or square.param("n") != 2 or not context.is_free(square):  # type: ignore[attr-defined]
            continue
        (r,) = args_of(square)
        if not _is_reciprocal_root(r):
            continue
        for other, elsewhere in factors:
            if other is r and is_own(node, place, context) and is_own(node, elsewhere, context):
                without = with_factor(node, place, constant(1, r.shape, r.dtype))
                return with_factor(without, elsewhere, div(r, *args_of(args_of(r)[1])))
    return None


def _is_reciprocal_root(node: Node) -> bool:
    return is_applied(node, div) and is_value(args_of(node)[0], 1) and is_applied(args_of(node)[1], sqrt)


def cancel_power(node: Apply, context: Context) -> Node | None:
    """(a / x**2) * b * x is (a / x) * b, and (a / x**2)**2 * x is (a / x**2) * (a / x), in an adjoint."""
    if context.is_primal(node) or all(_over_power(factor) is None for factor in nearby(node)):
        return None
    factors = factors_of(node, quotients=False)
    for factor, place in factors:
        ratio = _over_power(factor)
        if ratio is None:
            continue
        top, bottom = args_of(ratio)
        for other, elsewhere in factors:
            rest = _over_factor(bottom, other)
            if rest is not None and is_own(node, place, context) and is_own(node, elsewhere, context):
                without = with_factor(node, elsewhere, constant(1, other.shape, other.dtype))
                if ratio is factor:
                    return with_factor(without, place, div(top, rest))
                return with_factor(without, place, div(ratio if is_value(top, 1) else mul(ratio, top), rest))
    return None


def _over_power(node: Node) -> Node | None:
    """Return a quotient by a power, or by a multiple of one; that which `node` is the square of too."""
    if is_applied(node, integer_power) and node.param("n") == 2:  # type: ignore[attr-defined]
        (node,) = args_of(node)
    bottom = args_of(node)[1] if is_applied(node, div) else None
    if bottom is not None and is_applied(bottom, mul) and is_number(args_of(bottom)[0]):
        bottom = args_of(bottom)[1]
    return node if bottom is not None and is_applied(bottom, integer_power) else None


def _over_factor(bottom: Node, x: Node) -> Node | None:
    """Return a power of `x`, or a multiple of one, divided by `x`."""
    number = None
    if is_applied(bottom, mul) and is_number(args_of(bottom)[0]):
        number, bottom = args_of(bottom)
    if not is_applied(bottom, integer_power) or args_of(bottom)[0] is not x:
        return None
    rest = integer_exponent(x, bottom.param("n") - 1)  # type: ignore[attr-defined]
    return rest if number is None else mul(number, rest)


def reuse_reciprocal(node: Apply, context: Context) -> Node | None:
    """A / b is a * (1 / b), in an adjoint, where the formula computes 1 / b anyway."""
    a, b = node.args
    if context.is_primal(node) or isinstance(a, Const) or not context.is_paired(div, b):
        return None
    known = _reused_reciprocal(b, node.dtype, context)
    return None if known is None else mul(a, known)


def is_product_with_reused(node: Apply, context: Context) -> bool:
    """Tell whether a product is one that `reuse_reciprocal` makes: of 1 / b, or of a / b where the other is 1 / b."""
    if context.is_primal(node):
        return False
    left, right = node.args
    for known, other in ((left, right), (right, left)):
        if not is_applied(known, div) or not context.is_primal(known) or not is_value(args_of(known)[0], 1):
            continue
        b = args_of(known)[1]
        if _reused_reciprocal(b, node.dtype, context) is known and not is_number(other):
            return True
    return False


def _reused_reciprocal(b: Node, dtype: str, context: Context) -> Node | None:
    """Return 1 / b if the formula computes it."""
    known = context.pair(div, constant(1, b.shape, b.dtype), b, dtype)
    return known if known is not None and context.is_primal(known) else None
