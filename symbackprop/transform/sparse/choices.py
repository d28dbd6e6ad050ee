"""Choices of entries of inputs: what is made of these by moving entries alone, and where each entry comes from."""

from __future__ import annotations

from collections.abc import Sequence, Set
from itertools import combinations
from typing import Any

from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import children, topological
from symbackprop.ir.node import Apply, Input, Node, Operation, constant, make_apply
from symbackprop.ir.size import product
from symbackprop.ops.broadcasting import broadcast, reshape, sized
from symbackprop.ops.creation import arange
from symbackprop.ops.cumulative import take_along
from symbackprop.ops.indexing import are_apart, gather, place, slice_
from symbackprop.ops.layout import concatenate, diagonal, roll, transpose
from symbackprop.ops.literal import literal
from symbackprop.ops.updates import replace_parts

__all__ = ["LAYOUTS", "Choices", "numbered", "positions_in"]

LAYOUTS: frozenset[Operation] = frozenset([broadcast, sized, transpose])  # these keep axes apart

_CHOICES: frozenset[Operation] = LAYOUTS | {
    concatenate, diagonal, gather, literal, place, replace_parts, reshape, roll, slice_, take_along,
}  # fmt: skip
_NONE = -1  # the position of an entry that is not from an input


class Choices:
    """Which nodes are choices of entries of some inputs.

    Attributes
    ----------
    moving : set of Node
        What depends on the inputs.
    chosen : set of Node
        That of which each entry is one of an input, or depends on none.
    """

    def __init__(self, wanted: Sequence[Input]) -> None:
        self.moving: set[Node] = set(wanted)
        self.chosen: set[Node] = set(wanted)
        self._known: set[Node] = set(wanted)

    def note(self, root: Node) -> None:
        """Take notice of a node, and of all that it is computed from."""
        for node in topological([root], known=self._known):
            self._known.add(node)
            below = [child for child in children(node) if child in self.moving]
            if below:
                self.moving.add(node)
                if isinstance(node, Apply) and is_float(node.dtype) and _is_choice(node):
                    real = [arg for arg in below if is_float(arg.dtype)]
                    if real and all(arg in self.chosen for arg in real):
                        self.chosen.add(node)


def _is_choice(node: Apply) -> bool:
    if node.op is place:
        parts: Any = node.param("bounds")
        return all(are_apart(a, b) for a, b in combinations(parts, 2))
    return node.op in _CHOICES


def numbered(x: Node) -> Node:
    """Return the position of each entry of an array, in C order."""
    steps: Node = arange(size=product(x.shape))
    return steps if x.rank == 1 else reshape(steps, shape=x.shape)


def positions_in(x: Input, choice: Node, chosen: Set[Node]) -> tuple[Node, bool]:
    """Return for each entry of a choice its position in `x`, and whether there are entries that are not from there.

    The position of these is -1.
    """
    places: dict[Node, Node] = {x: numbered(x)}
    lacks = False
    for node in topological([choice], known=places):
        if node not in chosen or not isinstance(node, Apply):
            continue
        args = [places.get(arg, arg) for arg in node.args]
        others = [i for i, arg in enumerate(node.args) if arg not in places and is_float(arg.dtype)]
        for i in others:
            args[i] = constant(_NONE, args[i].shape, "int64")
        lacks = lacks or bool(others) or node.op is place
        if node.op is place:
            places[node] = replace_parts(constant(_NONE, node.shape, "int64"), *args, bounds=node.param("bounds"))
        else:
            places[node] = make_apply(node.op, tuple(args), node.params, node.shape, "int64")
    return places.get(choice, constant(_NONE, choice.shape, "int64")), lacks
