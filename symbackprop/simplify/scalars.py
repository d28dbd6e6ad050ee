"""Numbers that multiply or divide whole arrays: gathered among themselves, and out of sums and contractions.

What is one number for a whole array is multiplied with other such numbers first and with an array last, or with the
result of a sum, which is smaller.
"""

from __future__ import annotations

from symbackprop.ir.dtype import is_half
from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops.arithmetic import div, mul, neg
from symbackprop.ops.broadcasting import broadcast, reduce_sum
from symbackprop.ops.contraction import einsum
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import is_modest, is_number
from symbackprop.simplify.pattern import Context

__all__ = [
    "coefficient_of", "gather_repeated", "gather_scalars", "is_absorbed", "may_share_signs", "quotient_by_scalar",
    "scalar_out_of_sum", "scale_scalar",
]  # fmt: skip

_SUMMING = frozenset((einsum, reduce_sum))  # out of which signs and numbers are taken


def _is_scalar(node: Node) -> bool:
    """Tell whether `node` is one number, repeated."""
    return is_applied(node, broadcast) and args_of(node)[0].shape == ()


def _scalar_factor(node: Node) -> tuple[Node, Node] | None:
    """Split ``broadcast(s) * x``, for a number s, into s and x."""
    if is_applied(node, mul):
        for factor, rest in (args_of(node), args_of(node)[::-1]):
            if is_applied(factor, broadcast) and args_of(factor)[0].shape == ():
                return args_of(factor)[0], rest
    return None


def gather_scalars(node: Apply, context: Context) -> Node | None:
    """A * (s * b) is s * (a * b), and s * (t * b) is (s * t) * b, for numbers s and t."""
    for left, right in (node.args, node.args[::-1]):
        parts = _scalar_factor(right) if isinstance(left, Const) or context.is_free(right) else None
        if parts is None:
            continue
        scalar, rest = parts
        if not is_modest(scalar):
            continue
        if is_applied(left, broadcast) and args_of(left)[0].shape == ():
            return mul(mul(args_of(left)[0], scalar), rest)
        if isinstance(left, Const):
            return mul(mul(constant(left.value, (), left.dtype), scalar), rest)
        return mul(scalar, mul(left, rest) if right is node.args[1] else mul(rest, left))
    return None


def gather_repeated(node: Apply, context: Context) -> Node | None:
    """(X * u[:, None]) * v[:, None] is X * (u * v)[:, None], in an adjoint, where one repeats along all axes of the other."""
    if context.is_primal(node) or node.rank < 2:
        return None
    for left, right in (node.args, node.args[::-1]):
        if not is_applied(left, broadcast) or not is_applied(right, mul) or not context.is_free(right) or right.weak:
            continue
        for factor, rest in (args_of(right), args_of(right)[::-1]):
            if is_applied(factor, broadcast) and not is_applied(rest, broadcast) and _are_nested(left, factor):
                return mul(rest, mul(factor, left))
    return None


def _are_nested(one: Node, other: Node) -> bool:
    """Tell whether one of two broadcast arrays has all axes of the other, before they are repeated."""
    a, b = (set(node.param("axes")) for node in (one, other))  # type: ignore[attr-defined]
    return bool(a and b) and (a <= b or b <= a) and not is_half(one.dtype)


def scale_scalar(node: Apply, context: Context) -> Node | None:
    """S * (2 * x), for a number s, is (2 * s) * x."""
    for left, right in (node.args, node.args[::-1]):
        if (
            is_applied(left, broadcast)
            and args_of(left)[0].shape == ()
            and is_applied(right, mul)
            and isinstance(args_of(right)[0], Const)
            and is_modest(args_of(right)[0])
            and context.is_free(right)
        ):
            coefficient, rest = args_of(right)
            number = constant(coefficient.value, (), coefficient.dtype)  # type: ignore[attr-defined]
            return mul(mul(number, args_of(left)[0]), rest)
    return None


def scalar_out_of_sum(node: Apply, context: Context) -> Node | None:
    """sum(s * x) is s * sum(x), for a number s."""
    if not is_absorbed(node.args[0], context):
        return None
    parts = _scalar_factor(node.args[0])
    if parts is None or not is_modest(parts[0]):
        return None
    return mul(parts[0], reduce_sum(parts[1], axes=node.param("axes")))


def quotient_by_scalar(node: Apply, context: Context) -> Node | None:
    """(s * x) / t is (s / t) * x, and (s / x) / t is (s / t) / x, in an adjoint, for numbers s and t."""
    top, bottom = node.args
    if not _is_scalar(bottom) or context.is_primal(node) or not context.is_free(top) or not isinstance(top, Apply):
        return None
    t = args_of(bottom)[0]
    if top.op is mul:
        for one, rest in (top.args, top.args[::-1]):
            s = _number_of(one)
            if s is not None and is_modest(s):
                return mul(div(s, t), rest)
    if top.op is div and (s := _number_of(top.args[0])) is not None:
        return div(broadcast(div(s, t), shape=node.shape, axes=()), top.args[1])
    return None


def _number_of(node: Node) -> Node | None:
    """Return the one number that `node` repeats."""
    if isinstance(node, Const):
        return constant(node.value, (), node.dtype)
    return args_of(node)[0] if _is_scalar(node) else None


# --- out of contractions ----------------------------------------------------------------------------------------------


def coefficient_of(arg: Node, node: Apply, context: Context) -> tuple[Node, Node] | None:
    """Split an operand of a contraction into a number, which may go to the result, and an array."""
    if not is_applied(arg, mul):
        return None
    number, rest = args_of(arg)
    parts: tuple[Node, Node] | None
    if is_number(number) and is_modest(number):
        parts = constant(number.value, (), number.dtype), rest  # type: ignore[attr-defined]
    else:
        parts = _scalar_factor(arg) if node.rank <= arg.rank else None
        parts = parts if parts is not None and is_modest(parts[0]) else None
    return parts if parts is not None and is_absorbed(arg, context) else None


def is_absorbed(node: Node, context: Context) -> bool:
    """Tell whether the sign or number that `node` begins with may go to the results of all that use it."""
    return context.is_free(node) or context.only_feeds(node, _SUMMING)


def may_share_signs(node: Node) -> bool:
    """Tell whether `node` sums something with a sign or a number before it, which others may need too."""
    if not is_applied(node, einsum) and not is_applied(node, reduce_sum):
        return False
    return any(
        is_applied(arg, neg) or (is_applied(arg, mul) and _number_of(args_of(arg)[0]) is not None)
        for arg in args_of(node)
    )
