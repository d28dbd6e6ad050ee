"""What the backward part of a graph computes again, and when: the table of a graph with checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from symbackprop.ir.node import Node

__all__ = ["Recomputation"]


@dataclass(frozen=True)
class Recomputation:
    """A forward part in segments, of which all but the last are computed again for the way back.

    Parameters
    ----------
    kept : tuple of Node
        The values of the forward part that later segments, or the way back through them, begin with.
    originals : mapping of Node to Node
        For what is computed again what it was the first time.
    segments : mapping of Node to int
        For each node of the backward part the segment in whose turn it is computed. The last segment has its turn first.
    sums : mapping of Node to Node
        For what a sum amounts to before the last turn of its terms the whole of it.
    """

    kept: tuple[Node, ...]
    originals: Mapping[Node, Node]
    segments: Mapping[Node, int]
    sums: Mapping[Node, Node] = field(default_factory=dict)

    def mapped(self, new: Mapping[Node, Node]) -> Recomputation:
        """Return the table with `new` of every node in it, which is itself where `new` has none."""

        def of(node: Node) -> Node:
            return new.get(node, node)

        return Recomputation(
            tuple(dict.fromkeys(map(of, self.kept))),
            {of(node): of(original) for node, original in self.originals.items()},
            {of(node): segment for node, segment in self.segments.items()},
            {of(node): of(whole) for node, whole in self.sums.items()},
        )
