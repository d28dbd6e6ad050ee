"""Composites to simple primitives, by the `lower` of their declarations.

What value and gradient both need (the exponentials of a softmax, their sum) becomes one node each by interning. No
recogniser runs after this.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node
from symbackprop.ops import primitives
from symbackprop.simplify.pattern import Context, Row

__all__ = ["rows"]


def _lower(node: Apply, context: Context) -> Node | None:
    return node.op.lower(node)  # type: ignore[attr-defined, no-any-return]


def rows() -> tuple[Row, ...]:
    """Return one row for each primitive that has a lowering."""
    return tuple(Row(f"lower {op.name}", (op,), _lower) for op in primitives().values() if op.lower is not None)
