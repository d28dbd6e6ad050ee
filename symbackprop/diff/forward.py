"""Forward accumulation: push tangents of the inputs through the graph.

out_dot = sum over arguments x:  (d out/dx) x_dot
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.diff.reverse import pull_back
from symbackprop.ir.graph import topological
from symbackprop.ir.node import Apply, Node, Output
from symbackprop.ops.declare import Primitive

__all__ = ["ENGINE", "push_forward"]


def push_forward(
    outputs: Sequence[Node], tangents: Mapping[Node, Node], found: dict[Node, Node | None] | None = None
) -> list[Node | None]:
    """Return the tangents of `outputs`, given those of the inputs; None where a tangent is zero.

    Those of all nodes on the way are put into `found`.
    """
    known: dict[Node, Node | None] = {} if found is None else found
    known.update(tangents)
    several: dict[Node, Sequence[Node | None]] = {}
    for node in topological(outputs):
        if node in known:
            continue
        if isinstance(node, Output):
            known[node] = several[node.source][node.index] if node.source in several else None
            continue
        if not isinstance(node, Apply):
            known[node] = None
            continue
        op = node.op
        assert isinstance(op, Primitive)
        incoming = [known[arg] for arg in node.args]
        known[node] = None
        if all(tangent is None for tangent in incoming):
            continue
        rule = (incoming, node, ENGINE) if op.has_bodies else (incoming, node)
        if op.outputs:
            several[node] = op.jvp(*rule)  # type: ignore[assignment]
        else:
            known[node] = op.jvp(*rule)
    return [known[output] for output in outputs]


class _Engine:
    """The engine as rules of primitives with body graphs see it: `ops.declare.PushForward`."""

    pull_back = staticmethod(pull_back)

    def __call__(self, outputs: Sequence[Node], tangents: Mapping[Node, Node]) -> list[Node | None]:
        return push_forward(outputs, tangents)


ENGINE = _Engine()
