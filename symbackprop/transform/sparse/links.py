"""How a value hangs together with an input where sizes have names: bands, blocks and diagonals, and read positions.

An input that is read by an array of positions, ``cameras[ci]``, is looked at as what is read; the columns are then given
by the positions when the code runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symbackprop.errors import UnsupportedError
from symbackprop.ir.graph import topological
from symbackprop.ir.node import Apply, Input, Node, make_input
from symbackprop.ir.size import Size, product
from symbackprop.ops.bodies import substitute
from symbackprop.ops.indexing import gather, slice_
from symbackprop.transform.sparse.alignment import Relation, alignments_of
from symbackprop.transform.sparse.inside import entries_kept
from symbackprop.transform.sparse.reads import with_reads_of_inputs
from symbackprop.transform.sparse.relations import LARGEST, not_sparse

__all__ = ["Link", "Source", "links_of", "sources_of"]


@dataclass(frozen=True, slots=True)
class Source:
    """What derivatives are taken with respect to: an input, or what is read of it.

    Parameters
    ----------
    node : Input
    of : int
        The number of the input, among those that are wanted.
    reads : Apply or None
        What is read, if that is not the input itself: a `gather` by one vector of positions, or a slice at numbers.
    """

    node: Input
    of: int
    reads: Apply | None = None

    @property
    def along(self) -> int | None:
        """The axis along which positions are read."""
        return self.reads.param("axis") if self.reads is not None and self.reads.op is gather else None  # type: ignore[return-value]

    @property
    def fixed(self) -> Mapping[int, Size]:
        """The axes of the input along which one number is read, and these."""
        if self.reads is None or self.reads.op is gather:
            return {}
        bounds: Any = self.reads.param("bounds")
        sizes = self.reads.args[0].shape
        return {axis: at if at >= 0 else sizes[axis] + at for axis, at in enumerate(bounds) if at is not None}


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


def sources_of(values: Sequence[Node], wanted: Sequence[Input]) -> tuple[list[Node], list[Source]]:
    """Return the values in terms of sources, and these."""
    values = with_reads_of_inputs(values, wanted)
    level = 1 + max((node.level for node in topological(values) if isinstance(node, Input)), default=0)
    found: dict[Node, Source] = {}
    for node in topological(values):
        if isinstance(node, Apply) and node.args and node.args[0] in wanted and _is_read(node):
            fresh = make_input(len(found), node.shape, node.dtype, level)
            found[node] = Source(fresh, wanted.index(node.args[0]), node)
    new = substitute(values, {node: source.node for node, source in found.items()})
    return [new[value] for value in values], [*(Source(x, i) for i, x in enumerate(wanted)), *found.values()]


def _is_read(node: Apply) -> bool:
    """Tell whether a node reads an input at one vector of positions, or at numbers along axes whose sizes have names."""
    if node.op is gather:
        return len(node.args) == 2 and node.args[1].rank == 1
    if node.op is not slice_:
        return False
    bounds: Any = node.param("bounds")
    named = {
        isinstance(at, int) and not isinstance(size, int) for at, size in zip(bounds, node.args[0].shape, strict=True)
    }
    return True in named and all(at is None or isinstance(at, int) for at in bounds)


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
    if not link.axes and not isinstance(own, int) and not isinstance(other, int):
        raise UnsupportedError(
            f"a block of the sparse derivative has all of its {own * other} entries, as it is not known to be a band, "
            "blocks or a diagonal, or read at given positions, whatever the sizes are; give sizes that are numbers, or "
            "example arrays"
        )
