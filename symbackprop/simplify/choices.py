"""Choices by a mask: conditions without a negation, and no choice twice by the same condition."""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node
from symbackprop.ops.comparison import logical_not, where
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS"]


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


def _branch(node: Node, condition: Node, position: int) -> Node:
    """Return what `node` is where the condition holds (1) or does not (2)."""
    while isinstance(node, Apply) and node.op is where and node.args[0] is condition:
        node = node.args[position]
    return node


ROWS = (
    Row("positive condition", (where,), _positive_condition),
    Row("decided choice", (where,), _decided_choice),
)
