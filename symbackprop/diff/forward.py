"""Forward accumulation: push tangents of the inputs through the graph.

out_dot = sum over arguments x:  (d out/dx) x_dot
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.errors import UnsupportedError
from symbackprop.ir.graph import topological
from symbackprop.ir.node import Apply, Node, Output
from symbackprop.ops.declare import Primitive

__all__ = ["push_forward"]


def push_forward(outputs: Sequence[Node], tangents: Mapping[Node, Node]) -> list[Node | None]:
    """Return the tangents of `outputs`, given those of the inputs; None where a tangent is zero."""
    known: dict[Node, Node | None] = dict(tangents)
    for node in topological(outputs):
        if node in known:
            continue
        if isinstance(node, Output):
            raise UnsupportedError(f"forward mode through {node.describe()} is not supported yet; use reverse mode")
        if not isinstance(node, Apply):
            known[node] = None
            continue
        op = node.op
        assert isinstance(op, Primitive)
        incoming = [known[arg] for arg in node.args]
        known[node] = None if all(tangent is None for tangent in incoming) else op.jvp(incoming, node)
    return [known[output] for output in outputs]
