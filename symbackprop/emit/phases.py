"""In which phase of its computation an array is computed row by row: a sum over all rows ends one.

What the backward part alone needs is computed where it is needed, if all that it is computed from is there anyway:
rows that one loop would hand on to the next take memory, and the time to write and read it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from symbackprop.emit.rows import is_look, sliced_args, summed_args, turned_among
from symbackprop.ir.graph import children
from symbackprop.ir.node import Apply, Node
from symbackprop.ir.size import Size, has_opaque

__all__ = ["Phases"]

_SHORTEST = 4096  # rows, where their number is known


class Phases:
    """The phases of the nodes that work row by row.

    Parameters
    ----------
    nodes : sequence of Node
        In topological order.
    earliest : mapping of Node to int
        Phases before which nodes are not to be computed.

    Attributes
    ----------
    flags : dict of Node to tuple of bool
        Which of its arguments a node needs row by row.
    lengths : dict of Node to size
        How many rows it needs.
    of_rows : dict of Node to int
        The phases of what has rows itself.
    ready : dict of Node to int
        The first phase in which all of an array is there.
    sums : set of Node
        What is summed over all rows.
    """

    def __init__(self, nodes: Sequence[Node], earliest: Mapping[Node, int] | None = None) -> None:
        self.flags: dict[Node, tuple[bool, ...]] = {}
        self.lengths: dict[Node, Size] = {}
        self.of_rows: dict[Node, int] = {}
        self.ready: dict[Node, int] = {}
        self.sums: set[Node] = set()
        self._nodes = nodes
        self._earliest = earliest or {}
        self._turned = turned_among(nodes)
        for node in nodes:
            self._find(node)

    def phase(self, node: Node) -> int:
        """Return the phase in which the rows of a node, or those that it sums, are computed."""
        return self.of_rows.get(node, self.ready[node] - 1)

    def postponed(self, fixed: Collection[Node], whole: Collection[Node]) -> Phases:
        """Return the phases where nothing is computed before it is needed that would have to be stored.

        Parameters
        ----------
        fixed : collection of Node
            What stays in its place: results, and the values that the formula itself speaks of.
        whole : collection of Node
            What is stored as the phases are.
        """
        latest = self._latest(fixed)
        earliest: dict[Node, int] = {}
        stored: set[Node] = set()  # what is there in later phases too
        for node in self._nodes:
            wanted = latest.get(node)
            sliced = [*self._sliced(node)]
            if wanted is not None and all(arg in stored or earliest.get(arg) == wanted for arg in sliced):
                earliest[node] = wanted
            elif node not in self.of_rows or node in whole or (is_look(node) and stored.issuperset(sliced)):
                stored.add(node)
        return Phases(self._nodes, earliest) if earliest else self

    def _latest(self, fixed: Collection[Node]) -> dict[Node, int]:
        """Return the phases in which nodes are needed that could be computed later than they are."""
        needed: dict[Node, int] = {}
        staying = {*fixed}
        latest: dict[Node, int] = {}
        for node in reversed(self._nodes):
            at = self.phase(node)
            if node in self.of_rows and node not in staying and needed.get(node, at) > at:
                latest[node] = at = needed[node]
            sliced = {*self._sliced(node)}
            for child in children(node):
                if child in sliced and self.lengths.get(child) == self.lengths[node]:
                    needed[child] = min(needed.get(child, at), at)
                else:
                    staying.add(child)
        return latest

    def _sliced(self, node: Node) -> Iterator[Node]:
        """Yield the arguments that a node needs row by row."""
        if isinstance(node, Apply) and node in self.flags:
            yield from (arg for arg, own in zip(node.args, self.flags[node], strict=True) if own)

    def _find(self, node: Node) -> None:
        """Find out whether a node works row by row, and in which phase."""
        summed = summed_args(node) if isinstance(node, Apply) else None
        flags = summed or (sliced_args(node) if isinstance(node, Apply) else None)
        length = self._length(node, flags, summed is not None)
        if flags is None or self._lies_turned(node) or not _is_long(length):
            self.ready[node] = max([self.ready[child] for child in children(node)], default=0)
            return
        assert isinstance(node, Apply) and length is not None
        phases = [
            self.of_rows.get(arg, self.ready[arg]) if own else self.ready[arg]
            for arg, own in zip(node.args, flags, strict=True)
        ]
        phase = max([*phases, self._earliest.get(node, 0)])
        self.flags[node], self.lengths[node], self.ready[node] = flags, length, phase + 1
        if summed is not None:
            self.sums.add(node)
        else:
            self.of_rows[node] = phase

    def _length(self, node: Node, flags: tuple[bool, ...] | None, is_sum: bool) -> Size | None:
        if flags is None:
            return None
        if not is_sum:
            return node.shape[0]
        assert isinstance(node, Apply)
        return next((arg.shape[0] for arg, own in zip(node.args, flags, strict=True) if own), None)

    def _lies_turned(self, node: Node) -> bool:
        """Tell whether the rows of an array, or of what it is computed from entry by entry, are apart in memory."""
        if is_look(node) or not isinstance(node, Apply):
            return node in self._turned and not is_look(node)
        return node in self._turned or not self._turned.isdisjoint(node.args)


def _is_long(length: Size | None) -> bool:
    """Tell whether so many rows may be worth a loop."""
    return length is not None and (length >= _SHORTEST if isinstance(length, int) else not has_opaque(length))
