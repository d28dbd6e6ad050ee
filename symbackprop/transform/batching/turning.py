"""Steps before examples: the arrays that loops read and write have the axis of steps first, and that of examples second.

A batch of them, with examples first, is a transpose. What is done to it entry by entry, or along steps, is done to the
array itself as long as that can be, so that loops go on reading what loops wrote.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node
from symbackprop.ops.contraction import permuted
from symbackprop.ops.layout import transpose

__all__ = ["turned", "unturned"]


def unturned(x: Node) -> Node | None:
    """Return the array with steps first, where `x` is one whose first two axes are exchanged."""
    if not isinstance(x, Apply) or x.op is not transpose:
        return None
    axes: tuple[int, ...] = x.param("axes")  # type: ignore[assignment]
    return x.args[0] if axes == _exchange(x) else None


def turned(x: Node) -> Node:
    """Return `x` with its first two axes exchanged."""
    back = unturned(x)
    return permuted(x, _exchange(x)) if back is None else back


def _exchange(x: Node) -> tuple[int, ...]:
    return (1, 0, *range(2, x.rank))
