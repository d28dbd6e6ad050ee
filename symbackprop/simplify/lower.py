"""Composites to simple primitives, by the `lower` of their declarations.

What value and gradient both need (the exponentials of a softmax, their sum) becomes one node each by interning. No
recogniser runs after this.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import add, neg
from symbackprop.ops.exponential import log
from symbackprop.ops.reduction import largest
from symbackprop.simplify.applied import is_applied
from symbackprop.simplify.pattern import Context, Row

__all__ = ["rows"]


def _lower(node: Apply, context: Context) -> Node | None:
    return node.op.lower(node)  # type: ignore[attr-defined, no-any-return]


def _without_shift(node: Apply, context: Context) -> Node | None:
    """max(x) + log(sum(exp(x - max(x)))) - max(x) is the logarithm: what a lowered logsumexp(x) - max(x) has become."""
    for lowered in node.args:
        if not is_applied(lowered, add) or len(lowered.args) != 2:
            continue
        shift, rest = lowered.args
        undone = neg(shift)
        if is_applied(shift, largest) and is_applied(rest, log) and undone in node.args:
            kept = [arg for arg in node.args if arg is not lowered and arg is not undone]
            return add(rest, *kept) if kept else rest
    return None


def rows() -> tuple[Row, ...]:
    """Return one row for each primitive that has a lowering, and what is simpler once it is lowered."""
    lowering = tuple(Row(f"lower {op.name}", (op,), _lower) for op in primitives().values() if op.lower is not None)
    return (*lowering, Row("logsumexp without its shift", (add,), _without_shift, of=(add,)))
