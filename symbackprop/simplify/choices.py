"""Choices by a mask: conditions without a negation, none that is decided already, and no choice twice by the same one."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.ir.node import Apply, Const, Node, Operation, constant
from symbackprop.ops.arithmetic import add, mul, neg
from symbackprop.ops.comparison import equal, greater, greater_equal, less, less_equal, logical_not, not_equal, where
from symbackprop.simplify.numbers import exact, is_number, is_value
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS"]

_COMPARED: Mapping[Operation, Callable[[Any, Any], bool]] = {
    equal: operator.eq,
    not_equal: operator.ne,
    less: operator.lt,
    less_equal: operator.le,
    greater: operator.gt,
    greater_equal: operator.ge,
}


def _known_sign(node: Apply, context: Context) -> Node | None:
    """2 > 0 holds, in whatever precision: of two numbers one of which is 0."""
    a, b = node.args
    if not (is_number(a) and is_number(b) and (is_value(a, 0) or is_value(b, 0))):
        return None
    holds = _COMPARED[node.op](exact(a.value), exact(b.value))  # type: ignore[attr-defined]
    return constant(holds, node.shape, node.dtype)


def _known_choice(node: Apply, context: Context) -> Node | None:
    """where(True, a, b) is a."""
    condition, a, b = node.args
    return (a if condition.value else b) if isinstance(condition, Const) else None


def _positive_condition(node: Apply, context: Context) -> Node | None:
    """where(not c, a, b) is where(c, b, a)."""
    condition, a, b = node.args
    if isinstance(condition, Apply) and condition.op is logical_not:
        return where(condition.args[0], b, a)
    return None


def _decided_choice(node: Apply, context: Context) -> Node | None:
    """where(c, where(c, a, b), d) is where(c, a, d), and so for the other branch."""
    condition, a, b = node.args
    first, second = _branch(a, condition, 1), _branch(b, condition, 2)
    if first is a and second is b:
        return first if a is b else None
    return where(condition, first, second)


def _zero_already(node: Apply, context: Context) -> Node | None:
    """where(c, 2 * where(c, a, 0), 0) is 2 * where(c, a, 0)."""
    condition, a, b = node.args
    inner = _behind_coefficient(a)
    if not is_value(b, 0) or not isinstance(inner, Apply) or inner.op is not where:
        return None
    return a if inner.args[0] is condition and is_value(inner.args[2], 0) else None


def _branch(node: Node, condition: Node, position: int) -> Node:
    """Return what `node` is where the condition holds (1) or does not (2)."""
    while isinstance(node, Apply) and node.op is where and node.args[0] is condition:
        node = node.args[position]
    return node


def _sum_of_choices(node: Apply, context: Context) -> Node | None:
    """where(c, a, 0) + 2 * where(c, 0, b) + where(c, d, 0) is where(c, a + d, 2 * b), in an adjoint."""
    if context.is_primal(node):
        return None
    conditions = [_condition(term, context) for term in node.args]
    for condition in dict.fromkeys(conditions):
        chosen = [term for term, own in zip(node.args, conditions, strict=True) if own is condition]
        if condition is None or len(chosen) < 2:
            continue
        first, second = (add(*(_scaled_branch(term, position) for term in chosen)) for position in (1, 2))
        rest = [term for term, own in zip(node.args, conditions, strict=True) if own is not condition]
        merged = where(condition, first, second)
        return add(*rest, merged) if rest else merged
    return None


def _condition(term: Node, context: Context) -> Node | None:
    """Return the condition of a term that is a choice, or one with a sign or a number before it."""
    inner = _behind_coefficient(term)
    if not isinstance(inner, Apply) or inner.op is not where:
        return None
    cheap = not inner.shape and all(isinstance(branch, Const) for branch in inner.args[1:])
    return inner.args[0] if cheap or context.is_free(inner) else None


def _behind_coefficient(term: Node) -> Node:
    while isinstance(term, Apply) and (term.op is neg or (term.op is mul and is_number(term.args[0]))):
        term = term.args[-1]
    return term


def _scaled_branch(term: Node, position: int) -> Node:
    """Return a branch of a choice with the signs and numbers that stand before it."""
    assert isinstance(term, Apply)
    if term.op is neg:
        return neg(_scaled_branch(term.args[0], position))
    if term.op is mul:
        return mul(term.args[0], _scaled_branch(term.args[1], position))
    return term.args[position]


ROWS = (
    Row("known sign", tuple(_COMPARED), _known_sign),
    Row("known choice", (where,), _known_choice),
    Row("positive condition", (where,), _positive_condition, of=(logical_not,)),
    Row("zero already", (where,), _zero_already),
    Row("decided choice", (where,), _decided_choice),
    Row("sum of choices", (add,), _sum_of_choices, about=(where,)),
)
