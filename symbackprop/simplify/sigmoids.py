"""Logistic functions that are written with exponentials or hyperbolic tangents, which overflow or cancel.

Every row is equal over the reals where what it replaces is defined.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ops.arithmetic import add, div, mul, neg
from symbackprop.ops.cancelling import over_one_plus_exp
from symbackprop.ops.exponential import exp
from symbackprop.ops.hyperbolic import tanh
from symbackprop.ops.logistic import expit, expit_slope
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import is_value
from symbackprop.simplify.pattern import Context, Row
from symbackprop.simplify.places import rest_of_one_plus

__all__ = ["ROWS"]


def _over_one_plus_exp(node: Apply, context: Context) -> Node | None:
    """a / (1 + exp(x)) is a * expit(-x), with a slope of its own: the exponential overflows.

    1 / (1 + exp(x)) is the sigmoid alone, whose slope p * (1 - p) everyone knows, though it cancels near 1.
    """
    a, bottom = node.args
    if is_value(a, 1) or not context.is_free(bottom) or not context.is_primal(node):
        return None
    power = rest_of_one_plus(bottom)
    if power is None or not is_applied(power, exp) or not context.is_free(power):
        return None
    return over_one_plus_exp(a, *args_of(power))


def _one_plus_tanh(node: Apply, context: Context) -> Node | None:
    """1 + tanh(x) is 2 * expit(2 * x), which does not cancel, and 1 - tanh(x) is 2 * expit(-2 * x); of numbers.

    In arrays a hyperbolic tangent takes half the time of a sigmoid, and stays.
    """
    rest = rest_of_one_plus(node)
    if rest is None or node.shape or not context.is_primal(node):
        return None
    negative = is_applied(rest, neg)
    tangent = args_of(rest)[0] if negative else rest
    if not is_applied(tangent, tanh) or not context.is_free(tangent):
        return None
    return 2 * expit((-2 if negative else 2) * args_of(tangent)[0])


def _product_with_complement(node: Apply, context: Context) -> Node | None:
    """1 - expit(x) is expit(-x), within the formula itself: in an adjoint it is what the sigmoid gives at no cost."""
    one, rest = node.args if len(node.args) == 2 else (node, node)
    if isinstance(rest, Const):
        one, rest = rest, one
    if (
        not is_value(one, 1)
        or not is_applied(rest, neg)
        or not is_applied(args_of(rest)[0], expit)
        or not context.is_primal(node)
    ):
        return None
    return expit(neg(args_of(args_of(rest)[0])[0]))


def _slope_of_expit(node: Apply, context: Context) -> Node | None:
    """expit(x) * (1 - expit(x)), where nothing else needs the sigmoid, takes one exponential and no choice of sides."""
    for p, rest in (node.args, node.args[::-1]):
        if not is_applied(p, expit) or not is_applied(rest, add) or not context.is_free(rest) or context.is_named(p):
            continue
        one, taken = args_of(rest) if len(args_of(rest)) == 2 else (rest, rest)
        one, taken = (taken, one) if isinstance(taken, Const) else (one, taken)
        if is_value(one, 1) and is_applied(taken, neg) and args_of(taken)[0] is p and context.uses(p) == 2:
            return expit_slope(*args_of(p))
    return None


ROWS = (
    Row("over 1 + exp", (div,), _over_one_plus_exp),
    Row("1 + tanh", (add,), _one_plus_tanh, about=(tanh,)),
    Row("slope of expit", (mul,), _slope_of_expit, of=(expit,)),
    Row("1 - expit", (add,), _product_with_complement, about=(expit,)),
)
