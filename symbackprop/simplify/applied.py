"""What rows ask of one node: which operation it applies, and to what."""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node

__all__ = ["args_of", "is_applied"]


def is_applied(node: Node, op: object) -> bool:
    """Tell whether `node` is what `op` makes of its arguments."""
    return node.op is op


def args_of(node: Node) -> tuple[Node, ...]:
    """Return the arguments of a node which is known to be an application."""
    assert isinstance(node, Apply)
    return node.args
