"""In how many places the text of each node would stand, and what the backward part needs of the forward part."""

from __future__ import annotations

from collections.abc import Iterable, Set

from symbackprop.emit.control import control_operands
from symbackprop.emit.schedule import Schedule
from symbackprop.emit.style import TargetStyle
from symbackprop.emit.template import repeated
from symbackprop.ir.node import Apply, Node, Operation, Output
from symbackprop.ops.broadcasting import sized
from symbackprop.ops.declare import Primitive

__all__ = ["Uses"]


class Uses:
    """The uses of the nodes of a schedule.

    Attributes
    ----------
    counts : dict of Node to int
        In how many places the text of a node would stand.
    crossing : set of Node
        The nodes that another part than their own needs: the backward part, or another piece of it. There, also results.
    outer_constants : set of Node
        Numbers made of numbers that are no part of a larger one.
    """

    def __init__(self, schedule: Schedule, style: TargetStyle, outputs: Iterable[Node]) -> None:
        self.counts: dict[Node, int] = {}
        self.crossing: set[Node] = set()
        self.outer_constants: set[Node] = set()
        self._schedule = schedule
        self._style = style
        self._twice_by_op: dict[Operation, frozenset[int]] = {}
        self._count(outputs)

    def _count(self, outputs: Iterable[Node]) -> None:
        forward = set(self._schedule.forward)
        uses = self.counts
        for node in outputs:
            uses[node] = uses.get(node, 0) + 1
            if node in self._schedule.turns:
                self.crossing.add(node)
        for nodes in (self._schedule.backward, self._schedule.forward):
            behind = forward if nodes is self._schedule.backward else frozenset()
            for node in reversed(nodes):
                if node not in uses:
                    continue  # what every use looks through needs nothing
                if isinstance(node, Output):
                    uses[node.source] = uses.get(node.source, 0) + 1
                    if node.source in behind:
                        self.crossing.add(node.source)
                elif isinstance(node, Apply) and node in self._schedule.needed:
                    self._count_arguments(node, behind)

    def _count_arguments(self, node: Apply, behind: Set[Node]) -> None:
        """Count the uses of what is written inside `node`; nodes `behind` it are those of the forward part."""
        uses, style = self.counts, self._style
        if isinstance(node.op, Primitive) and node.op.has_bodies:
            for inner, times in control_operands(node):
                uses[inner] = uses.get(inner, 0) + times
                if inner in behind:
                    self.crossing.add(inner)
            return
        twice = self._twice(node)
        turns = self._schedule.turns
        passes_on = node.op is sized and node in self.crossing
        for position, (inner, index) in enumerate(style.operands(node)):
            if inner.weak and not node.weak and isinstance(inner, Apply):
                self.outer_constants.add(inner)
            times = uses[node] if node.op is sized else 2 if index or position in twice else 1
            uses[inner] = uses.get(inner, 0) + times
            if inner in behind or passes_on or (turns and turns.get(inner) != turns.get(node)):
                self.crossing.add(inner)

    def _twice(self, node: Apply) -> frozenset[int]:
        """Return the arguments that the text of `node` has more than once."""
        op = node.op
        assert isinstance(op, Primitive)
        if op.lines is not None and (lines := op.lines(node, self._style)):
            in_loops = [line for line in lines if line.startswith(" ")]  # which is computed again in every step
            return repeated("; ".join(lines + in_loops))
        known = self._twice_by_op.get(op)
        if known is None:
            text = op.texts.get(self._style.target)
            known = self._twice_by_op[op] = repeated(text) if isinstance(text, str) else frozenset()
        return known
