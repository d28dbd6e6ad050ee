"""How a value hangs together with an input where sizes have names: bands, blocks and diagonals, and read positions.

An input that is read by an array of positions, ``cameras[ci]``, is looked at as what is read; the columns are then given
by the positions when the code runs.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

from symbackprop.errors import UnsupportedError
from symbackprop.ir.graph import children, topological
from symbackprop.ir.node import Apply, Input, Node, make_input
from symbackprop.ir.size import Size, evaluate, names, product
from symbackprop.ops.bodies import substitute
from symbackprop.ops.indexing import gather, slice_
from symbackprop.transform.sparse.alignment import Relation, alignments_of
from symbackprop.transform.sparse.choices import LAYOUTS, Choices, numbered, positions_in
from symbackprop.transform.sparse.inside import entries_kept
from symbackprop.transform.sparse.relations import LARGEST, not_sparse

__all__ = ["Home", "Link", "Source", "links_of", "read_at_all", "read_by_a_call", "sources_of"]


class Home(NamedTuple):
    """Where the entries of a source are from.

    Parameters
    ----------
    of : int
        The number of an input, among those that are wanted.
    positions : Node
        For each entry of the source its position in that input.
    lacks : bool
        Whether there are entries that are not from the input, whose position is -1.
    """

    of: int
    positions: Node
    lacks: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """What derivatives are taken with respect to: an input, or what is read of some.

    Parameters
    ----------
    node : Input
    homes : sequence of Home
        One for each input that there are entries of.
    reads : Apply or None
        What is read, if that is not an input itself: a choice of entries.
    """

    node: Input
    homes: Sequence[Home]
    reads: Apply | None = None

    def is_ascending(self, aligned: Container[int]) -> bool:
        """Tell whether positions are sure to ascend along the axes that are not `aligned`."""
        read = self.reads
        if read is None:
            return True
        if not isinstance(read.args[0], Input):
            return False
        if read.op is slice_:
            bounds: Any = read.param("bounds")
            return all(not isinstance(bound, tuple) or bound[2] > 0 for bound in bounds)
        first: Any = read.param("axis") if read.op is gather else None
        return read.op is gather and all(axis in aligned for axis in range(first, first + read.args[1].rank))


@dataclass(frozen=True, slots=True)
class Link:
    """The relations of a value to a source, along the axes that all of them have in common.

    Parameters
    ----------
    number : int
        That of the value.
    source : Source
    axes : mapping of int to int
        For each axis of the source that goes along with one of the value, that one. All others are free.
    offsets : sequence of tuples
        The distances along these axes.
    kept : sequence of (tuple of int or None)
        For each of these, which of the entries of a block, along the axes that are free, there are; None for all.
    """

    number: int
    source: Source
    axes: Mapping[int, int]
    offsets: Sequence[tuple[int, ...]]
    kept: Sequence[tuple[int, ...] | None]

    def widths(self) -> dict[int, int]:
        """Return for each axis of the source that is not free how many offsets there are from the first to the last."""
        columns = zip(*self.offsets, strict=True)
        return {axis: 1 + max(own) - min(own) for axis, own in zip(self.axes, columns, strict=True)}


def sources_of(
    values: Sequence[Node], wanted: Sequence[Input], is_source: Callable[[Apply], bool]
) -> tuple[list[Node], list[Source]]:
    """Return the values in terms of sources, and these: the inputs, and those choices of entries that `is_source` names."""
    nodes = topological(values)
    choices = Choices(wanted)
    for value in values:
        choices.note(value)
    chosen = choices.chosen
    level = 1 + max((node.level for node in nodes if isinstance(node, Input)), default=0)
    found = [node for node in nodes if isinstance(node, Apply) and node in chosen and is_source(node)]
    fresh: dict[Node, Input] = {node: make_input(i, node.shape, node.dtype, level) for i, node in enumerate(found)}
    new = substitute(values, {**fresh})
    made = [new[value] for value in values]
    used = {*topological(made)}
    return made, [
        *(Source(x, [Home(i, numbered(x))]) for i, x in enumerate(wanted)),
        *(Source(fresh[node], _homes(node, wanted, chosen), node) for node in found if fresh[node] in used),
    ]


def _homes(choice: Node, wanted: Sequence[Input], chosen: Set[Node]) -> list[Home]:
    within = {node for node in topological([choice], known=wanted) for node in children(node)}
    return [Home(i, *positions_in(x, choice, chosen)) for i, x in enumerate(wanted) if x is choice or x in within]


def read_by_a_call(node: Apply) -> bool:
    """Tell whether a node reads an input at one vector of positions, or at numbers along axes whose sizes have names."""
    if not isinstance(node.args[0], Input):
        return False
    if node.op is gather:
        return len(node.args) == 2 and node.args[1].rank == 1
    if node.op is not slice_:
        return False
    bounds: Any = node.param("bounds")
    named = {
        isinstance(at, int) and not isinstance(size, int) for at, size in zip(bounds, node.args[0].shape, strict=True)
    }
    return True in named and all(at is None or isinstance(at, int) for at in bounds)


def read_at_all(node: Apply) -> bool:
    """Tell whether a node is more than another layout of what it is made of."""
    return node.op not in LAYOUTS


def links_of(values: Sequence[Node], sources: Sequence[Source]) -> list[Link]:
    """Return the links of values to sources that they depend on.

    Raises
    ------
    UnsupportedError
        If a block is dense in sizes that have names.
    """
    by_node = {source.node: source for source in sources}
    links = []
    for number, relations in enumerate(alignments_of(values, [*by_node])):
        for x, own in relations.items():
            axes = _common(x.rank, [*own])
            groups: dict[tuple[int, ...], list[Relation]] = {}
            for relation in own:
                groups.setdefault(_offsets(relation, axes), []).append(relation)
            offsets = sorted(groups)
            kept = [entries_kept(values[number].shape, x.shape, axes, groups[key]) for key in offsets]
            links.append(Link(number, by_node[x], axes, offsets, kept))
            _check(values[number], links[-1])
    return links


def _offsets(relation: Relation, axes: Mapping[int, int]) -> tuple[int, ...]:
    parts = [relation.parts[axis] for axis in axes]
    return tuple(part[1] for part in parts if isinstance(part, tuple))


def _common(rank: int, relations: Sequence[Relation]) -> dict[int, int]:
    """Return the axes that go along with an axis of the value, the same one in all relations."""
    found: dict[int, int] = {}
    for axis in range(rank):
        parts = [relation.parts[axis] for relation in relations]
        places = {part[0] if isinstance(part, tuple) else None for part in parts}
        place = places.pop()
        if not places and place is not None and place not in found.values():
            found[axis] = place
    return found


def _check(value: Node, link: Link) -> None:
    """Refuse what is dense."""
    own, other = product(value.shape), product(link.source.node.shape)
    free = product(size for axis, size in enumerate(link.source.node.shape) if axis not in link.axes)
    entries = own * free * len(link.offsets)
    if isinstance(entries, int) and entries > LARGEST:
        raise UnsupportedError(not_sparse(entries))
    if not link.axes and not _is_bounded(own) and not _is_bounded(other):
        raise UnsupportedError(
            f"a block of the sparse derivative has all of its {own * other} entries, as it is not known to be a band, "
            "blocks or a diagonal, or read at given positions, whatever the sizes are; give sizes that are numbers, or "
            "example arrays"
        )


def _is_bounded(size: Size) -> bool:
    """Tell whether a size does not grow with those that have names, as ``min(n, 3)`` does not."""
    return evaluate(size, dict.fromkeys(names(size), LARGEST)) < LARGEST // 2
