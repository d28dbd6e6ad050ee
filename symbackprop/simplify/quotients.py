"""Quotients: of constants, those that cancel, those by what the formula has the reciprocal of. Rows are in `algebra`."""

from __future__ import annotations

from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops.arithmetic import div, mul, neg
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import exact, folded, is_dyadic, is_number, is_value, minus, quotient
from symbackprop.simplify.pattern import Context

__all__ = ["cancel_product", "cancel_quotient", "divide_constants", "is_product_with_reused", "reuse_reciprocal"]


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
    """(g / (a / b)) / b is g / a, and (g * b) / b is g, in an adjoint."""
    a, b = node.args
    if not context.is_primal(node) and is_applied(a, mul) and b in args_of(a):
        return args_of(a)[args_of(a)[0] is b]
    if context.is_primal(node) or not is_applied(a, div) or not context.is_free(a):
        return None
    g, q = args_of(a)
    return div(g, args_of(q)[0]) if is_applied(q, div) and args_of(q)[1] is b else None


def cancel_product(node: Apply, context: Context) -> Node | None:
    """(a / b) * b is a, in an adjoint."""
    if context.is_primal(node):
        return None
    for ratio, b in (node.args, node.args[::-1]):
        if is_applied(ratio, div) and args_of(ratio)[1] is b and context.is_free(ratio):
            return args_of(ratio)[0]
    return None


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
