"""Which operations are not finite everywhere: those that need a safe argument where a mask is off."""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node
from symbackprop.ops.arithmetic import integer_power
from symbackprop.ops.declare import Primitive

__all__ = ["is_partial"]

_HIGH = 10  # the lowest integer power that counts as overflowing


def is_partial(node: Node) -> bool:
    """Tell whether `node` may be infinite or nan, or have such a derivative, where its arguments are finite."""
    if not isinstance(node, Apply) or not isinstance(node.op, Primitive):
        return False
    return bool(node.op.safe) or (node.op is integer_power and node.param("n") >= _HIGH)  # type: ignore[operator]
