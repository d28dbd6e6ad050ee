"""Axes that are joined after two groups of them have changed places are joined before, where they lie side by side.

``reshape(P.transpose(2, 0, 1), (n, h*w))`` copies, ``reshape(P, (h*w, n)).T`` is a view, and so is its adjoint: what
comes before it in the backward part stays in one order in memory.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node
from symbackprop.ir.size import product
from symbackprop.ops.broadcasting import reshape
from symbackprop.ops.layout import transpose
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS"]


def _rotated(axes: tuple[int, ...]) -> int | None:
    """Return how many axes went from the front to the end, if nothing else was moved."""
    first = axes[0]
    return first if first and axes == (*range(first, len(axes)), *range(first)) else None


def _reshape_of_rotation(node: Apply, context: Context) -> Node | None:
    """reshape(rotate(x)) is rotate(reshape(x)) where neither group of axes mixes with the other."""
    (x,) = node.args
    if not isinstance(x, Apply) or x.op is not transpose or node.rank >= x.rank:
        return None
    moved = _rotated(x.param("axes"))  # type: ignore[arg-type]
    if moved is None:
        return None
    (inner,) = x.args
    count = product(inner.shape[moved:])
    for split in range(1, node.rank):
        front, end = node.shape[:split], node.shape[split:]
        if product(front) == count and product(end) == product(inner.shape[:moved]):
            kept = reshape(inner, shape=(*end, *front))
            return transpose(kept, axes=(*range(len(end), node.rank), *range(len(end))))
    return None


ROWS = (Row("reshape before rotation", (reshape,), _reshape_of_rotation),)
