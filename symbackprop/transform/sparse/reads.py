"""Reads brought down to what is read, and joins brought up to what is returned.

``sin(x)[i]`` is ``sin(x[i])``, as is all that works along other axes, and ``concatenate((a, b))**2`` is
``concatenate((a**2, b**2))``. So it can be seen on which entries of an input a value depends: each is read at places
that do not depend on what is computed of it, and goes to places that do not either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symbackprop.errors import UnsupportedError
from symbackprop.ir.graph import topological
from symbackprop.ir.node import Apply, Const, Input, Node, constant, make_input
from symbackprop.simplify.pattern import with_new_arguments
from symbackprop.transform.sparse.axes import labelled, rebuilt_of
from symbackprop.transform.sparse.choices import Choices
from symbackprop.transform.sparse.joins import computed_by_parts, join_of, joined_among_zeros, read_by_parts
from symbackprop.transform.sparse.moves import Gathered, Read, Reshaped, read_of
from symbackprop.transform.sparse.shapes import computed_before_reshape

__all__ = ["at_one_vector", "with_reads_of_inputs", "with_vectors_of_inputs"]

_MOST = 50_000  # reads that are made


def at_one_vector(read: Read) -> bool:
    """Tell whether a read is at one vector of positions."""
    return isinstance(read, Gathered) and len(read.indices) == 1 and read.indices[0].rank == 1


def with_vectors_of_inputs(values: Sequence[Node], wanted: Sequence[Input]) -> list[Node]:
    """Return `values` with reads at one vector of positions as near to the `wanted` inputs as they can be."""
    return _walked(values, _Reads(wanted), lambda reads, node: reads.pushed(node, at_one_vector))


def with_reads_of_inputs(values: Sequence[Node], wanted: Sequence[Input]) -> list[Node]:
    """Return `values` with all reads as near to the `wanted` inputs as they can be, and joins as near to the values."""
    return _walked(values, _Reads(wanted), _Reads.joined)


def _walked(values: Sequence[Node], reads: _Reads, step: Callable[[_Reads, Apply], Node]) -> list[Node]:
    new: dict[Node, Node] = {}
    for node in topological(values):
        made = reads.noted(with_new_arguments(node, new))
        new[node] = reads.noted(step(reads, made)) if isinstance(made, Apply) and made in reads.moving else made
    return [new[value] for value in values]


class _Reads:
    """Reads of what depends on some inputs, each made once.

    Attributes
    ----------
    moving : set of Node
        What depends on them.
    """

    def __init__(self, wanted: Sequence[Input]) -> None:
        self._choices = Choices(wanted)
        self.moving = self._choices.moving
        self._made: dict[tuple[Node, Read], Node] = {}

    def noted(self, node: Node) -> Node:
        """Return a node, of which it is known now what it depends on."""
        self._choices.note(node)
        return node

    def pushed(self, node: Apply, among: Callable[[Read], bool]) -> Node:
        """Return a node as it is read of inputs, if it is a read among some kinds of these."""
        read = read_of(node)
        return node if read is None or not among(read) else self.of(node.args[0], read)

    def joined(self, node: Apply) -> Node:
        """Return a node as it is read of inputs, or computed of parts of joins and joined again."""
        made: Node = node
        for step in (self._read_of_inputs, self._among_zeros, self._before_reshape, self._by_parts):
            made = made if not isinstance(made, Apply) or made in self._choices.chosen else step(made)
            self._choices.note(made)
        return made

    def _read_of_inputs(self, node: Apply) -> Node:
        read = read_of(node)
        if read is None:
            return node
        x = node.args[0]
        join = join_of(x) if self._is_join(x) else None
        if join is None or join.axis not in read.axes:
            return self.of(x, read)
        by_parts = read_by_parts(x, read, self.of)
        return node if by_parts is None else by_parts

    def _among_zeros(self, node: Apply) -> Node:
        joined = joined_among_zeros(node)
        return node if joined is None else joined

    def _before_reshape(self, node: Apply) -> Node:
        before = computed_before_reshape(
            node, self._is_computed, self.of, lambda made: self.noted(self._by_parts(made))
        )
        return node if before is None else before

    def _by_parts(self, node: Apply) -> Node:
        by_parts = computed_by_parts(node, self._is_join, self.of)
        return node if by_parts is None else by_parts

    def _is_computed(self, node: Node) -> bool:
        """Tell whether a node depends on inputs, and is no choice of their entries."""
        return node in self.moving and node not in self._choices.chosen

    def _is_join(self, node: Node) -> bool:
        """Tell whether a node is a join of what is computed: one of inputs is a choice of their entries."""
        return self._is_computed(node) and join_of(node) is not None

    def of(self, x: Node, read: Read) -> Node:
        """Return what is read of `x`."""
        waiting: list[tuple[Node, Read]] = [(x, read)]
        while waiting:
            node, own = waiting[-1]
            below = self._below(node, own)
            pairs = [] if below is None else [
                (arg, there) for arg, there in zip(node.args, below, strict=True) if there is not None
            ]  # fmt: skip
            needed = [pair for pair in pairs if pair not in self._made]
            if needed:
                waiting += needed
                continue
            waiting.pop()
            self._made[node, own] = self.noted(self._read(node, own, below))
            if len(self._made) > _MOST:
                raise UnsupportedError(
                    f"the entries of the sparse derivative are read in more than {_MOST} ways, whatever the sizes are; "
                    "give sizes that are numbers, or example arrays"
                )
        return self._made[x, read]

    def _read(self, node: Node, read: Read, below: Sequence[Read | None] | None) -> Node:
        if isinstance(node, Const):
            return constant(node.value, read.of(node).shape, node.dtype)
        if below is None or not isinstance(node, Apply):
            return read.of(node)
        args = [arg if own is None else self._made[arg, own] for arg, own in zip(node.args, below, strict=True)]
        known = labelled(node)
        assert known is not None
        own = [labels if there is None else there.after(labels) for there, labels in zip(below, known[0], strict=True)]
        shape = read.of(make_input(0, node.shape, node.dtype)).shape
        return rebuilt_of(node, args, own, read.after(range(node.rank)), shape)

    def _below(self, node: Node, read: Read) -> Sequence[Read | None] | None:
        """Return what is read of the arguments of a node, None for all of one; None where it is read itself."""
        if not isinstance(node, Apply) or node not in self.moving or node in self._choices.chosen:
            return None
        known = labelled(node)
        if known is None or not set(read.axes).isdisjoint(known[1]):
            return None
        below: list[Read | None] = []
        for labels in known[0]:
            if isinstance(read, Reshaped) and [*labels] not in ([], [*range(node.rank)]):
                return None
            places = {axis: place for place, axis in enumerate(labels) if axis in read.axes}
            own = read.onto(places) if places else None
            if places and own is None:
                return None
            below.append(own)
        return below
