"""The comment above what the backward part computes again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from symbackprop.emit.lines import Line
from symbackprop.emit.names import is_number
from symbackprop.ir.graph import children
from symbackprop.ir.node import Apply, Input, Node

__all__ = ["AGAIN", "again_line"]

AGAIN = "# again: "
_LISTED = 3  # names of what it is computed from


def again_line(nodes: Sequence[Node], names: Mapping[Node, str], forward: Set[Node]) -> Line:
    """Return ``# again: a11 to a19, from a10``: what is computed, in this order, and from which kept values."""
    computed = [*dict.fromkeys(names[node] for node in nodes if node in names)]
    computed = [name for name in computed if not is_number(name)] or computed
    kept: dict[str, None] = {}
    arrays = any(node.shape for node in nodes)
    for node in nodes:
        for child in children(node):
            while child in forward and child not in names and isinstance(child, Apply):
                child = child.args[0]  # what is written inside of a line: a view of it
            if child in forward and child in names and bool(child.shape) == arrays and not isinstance(child, Input):
                kept[names[child]] = None
    sources = [*kept]
    listed = ", ".join(sources[:_LISTED]) + (f" and {len(sources) - _LISTED} more" if len(sources) > _LISTED else "")
    what = computed[0] if len(computed) == 1 else f"{computed[0]} to {computed[-1]}"
    return Line("", f"{AGAIN}{what}, from {listed or 'the arguments'}")
