"""Sparse derivatives whose pattern has a closed form: matrices whose places are computed when the code runs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from symbackprop.diff.reverse import pull_back
from symbackprop.ir.node import Apply, Input, Node, Shape, constant
from symbackprop.ir.size import Size, product
from symbackprop.ops.bodies import substitute
from symbackprop.ops.broadcasting import broadcast, reshape
from symbackprop.ops.comparison import greater_equal, logical_and
from symbackprop.ops.creation import arange
from symbackprop.ops.indexing import gather
from symbackprop.ops.layout import concatenate, transpose
from symbackprop.ops.literal import literal
from symbackprop.ops.sparse import csr_array, entries_array
from symbackprop.transform.sparse.banded import Piece
from symbackprop.transform.sparse.choices import Choices, numbered
from symbackprop.transform.sparse.links import Home, Link, Source, links_of, read_at_all, read_by_a_call, sources_of
from symbackprop.transform.sparse.reads import with_reads_of_inputs, with_vectors_of_inputs
from symbackprop.transform.sparse.rows import Rows, rows_of

__all__ = ["BANDS", "READS", "Products", "Way", "hessian_of", "jacobians_of"]

Products = Callable[[Sequence[Node], Sequence[Link]], Iterator[Piece]]


class Way(NamedTuple):
    """How values are looked at.

    Parameters
    ----------
    read : callable
        How reads are brought down to the inputs.
    is_source : callable
        Which choices of entries of inputs derivatives are taken with respect to.
    are_taken_apart : bool
        Whether values are taken apart into what their entries are joined and added up of.
    """

    read: Callable[[Sequence[Node], Sequence[Input]], list[Node]]
    is_source: Callable[[Apply], bool]
    are_taken_apart: bool

    def sources(self, values: Sequence[Node], wanted: Sequence[Input]) -> tuple[list[Node], list[Source]]:
        """Return the values in terms of sources, and these."""
        return sources_of(self.read(values, wanted), wanted, self.is_source)

    def rows(self, value: Node, sources: Sequence[Source]) -> list[Rows]:
        """Return what a value is made of, in terms of sources."""
        if not self.are_taken_apart:
            return [Rows(value, numbered(value))]
        choices = Choices([source.node for source in sources])
        choices.note(value)
        return rows_of(value, choices)


BANDS = Way(with_vectors_of_inputs, read_by_a_call, False)  # slices stay: they are bands
READS = Way(with_reads_of_inputs, read_at_all, True)  # each read is an array of its own, whose positions are known


class Side(NamedTuple):
    """What the rows, or the columns, of the entries of a piece are.

    Parameters
    ----------
    positions : Node
        Those that the entries of an array have.
    indices : sequence of Node
        Of which entries of that, along each of its axes.
    places : sequence of int
        Which axis of the piece each of these axes is.
    lacks : bool
        Whether positions of -1 are among them, which are none.
    """

    positions: Node
    indices: Sequence[Node]
    places: Sequence[int]
    lacks: bool


class Placed(NamedTuple):
    """The entries of a piece, and which rows and columns of a matrix they have."""

    piece: Piece
    rows: Side
    columns: Side
    are_rows_whole: bool  # whether each row of the matrix is one of the piece's


def jacobians_of(
    values: Sequence[Node], wanted: Sequence[Input], way: Way, products: Products
) -> tuple[int, list[Node]]:
    """Return for each value and each of the `wanted` inputs a sparse matrix, and how many entries there are in all.

    These are counted only where sizes are numbers.

    Raises
    ------
    UnsupportedError
        If a block is dense in sizes that have names.
    """
    inner, sources = way.sources(values, wanted)
    parts = [(number, rows) for number, value in enumerate(inner) for rows in way.rows(value, sources)]
    entries = [rows.entries for _, rows in parts]
    found: dict[tuple[int, int], list[Placed]] = {}
    for piece in products(entries, links_of(entries, sources)):
        number, own = parts[piece.link.number]
        rows = Side(own.positions, piece.rows, range(own.node.rank), own.lacks)
        for home in piece.link.source.homes:
            placed = Placed(piece, rows, _columns(piece, home), own.node is inner[number])
            found.setdefault((number, home.of), []).append(placed)
    matrices = [
        _matrix(value.shape, x, found.get((number, place), []), value.dtype)
        for number, value in enumerate(values)
        for place, x in enumerate(wanted)
    ]
    return _count(found), _as_read(matrices, sources)


def _columns(piece: Piece, home: Home) -> Side:
    return Side(home.positions, piece.columns, piece.places, home.lacks)


def hessian_of(
    values: Sequence[Node], bars: Sequence[Node], wanted: Sequence[Input], way: Way, products: Products
) -> tuple[int, list[Node]]:
    """Return the blocks of the Hessian of the sum of ``<bar, value>``, row by row, and how many entries there are in all.

    It is that with respect to what is read of the inputs, whose entries then go where they were read.
    """
    inner, sources = way.sources(values, wanted)
    adjoints = pull_back(inner, bars, [source.node for source in sources])
    live = [source for source in sources if source.node in adjoints]
    slopes = [adjoints[source.node] for source in live]
    found: dict[tuple[int, int], list[Placed]] = {}
    for piece in products(slopes, links_of(slopes, sources)):
        source = live[piece.link.number]
        for first in source.homes:
            rows = Side(first.positions, piece.rows, range(source.node.rank), first.lacks)
            for second in piece.link.source.homes:
                placed = Placed(piece, rows, _columns(piece, second), source.reads is None)
                found.setdefault((first.of, second.of), []).append(placed)
    matrices = [
        _matrix(x.shape, y, found.get((first, second), []), x.dtype)
        for first, x in enumerate(wanted)
        for second, y in enumerate(wanted)
    ]
    return _count(found), _as_read(matrices, sources)


def _count(found: Mapping[tuple[int, int], Sequence[Placed]]) -> int:
    counts = [_entries_of(placed.piece) for pieces in found.values() for placed in pieces]
    return sum(count for count in counts if isinstance(count, int))


def _entries_of(piece: Piece) -> Size:
    shape = piece.entries.shape
    if piece.kept is None:
        return product(shape)
    return product(shape[: len(shape) - piece.inside]) * len(piece.kept)


def _as_read(matrices: Sequence[Node], sources: Sequence[Source]) -> list[Node]:
    """Return matrices in terms of what sources read."""
    new = substitute(matrices, {source.node: source.reads for source in sources if source.reads is not None})
    return [new[matrix] for matrix in matrices]


def _matrix(height: Shape, x: Input, pieces: Sequence[Placed], dtype: str) -> Node:
    """Return the matrix with the entries of pieces, whose columns are the entries of `x`."""
    shape = (product(height), product(x.shape))
    if not pieces:
        empty = constant(0, (0,), "int64")
        return entries_array(constant(0, (0,), dtype), empty, empty, shape=shape)
    columns = [_index(placed.piece, placed.columns) for placed in pieces]
    if _is_in_order(pieces):
        return _by_rows(len(height), pieces, columns, shape)
    rows = _joined([_index(placed.piece, placed.rows) for placed in pieces])
    parts = [_joined([_kept(placed.piece) for placed in pieces]), rows, _joined(columns)]
    lacking = [any(side.lacks for side in sides) for sides in zip(*((p.rows, p.columns) for p in pieces), strict=True)]
    kept = [
        greater_equal(places, constant(0, places.shape, places.dtype))
        for places, lacks in zip(parts[1:], lacking, strict=True)
        if lacks
    ]
    return entries_array(*parts, *([functools.reduce(logical_and, kept)] if kept else []), shape=shape)


def _is_in_order(pieces: Sequence[Placed]) -> bool:
    """Tell whether pieces one behind the other have each row's columns in order: at offsets along the first axis."""
    one = pieces[0].piece.link
    if not all(placed.are_rows_whole and placed.piece.is_whole and placed.piece.link is one for placed in pieces):
        return False
    if one.source.reads is not None and (len(pieces) > 1 or not one.source.is_ascending(one.axes)):
        return False  # positions that are read are in any order, and may repeat
    if len(pieces) > 1:
        return [*one.axes] == [0] and all(placed.piece.kept is None for placed in pieces)
    return _width(pieces[0].piece, len(pieces[0].rows.places)) is not None


def _width(piece: Piece, rank: int) -> Size | None:
    """Return how many entries of a piece there are in each row; None if not equally many."""
    free = product(piece.entries.shape[rank:])
    if piece.kept is None or not isinstance(free, int):
        return free
    inner: Any = product(piece.entries.shape[len(piece.entries.shape) - piece.inside : rank])
    counts = np.bincount(np.array(piece.kept, dtype=np.intp) // free, minlength=inner)
    return int(counts[0]) if np.all(counts == counts[0]) else None


def _kept(piece: Piece) -> Node:
    """Return the entries of a piece that there are, in a vector."""
    if piece.kept is None:
        return _flat(piece.entries)
    shape = piece.entries.shape
    outer = len(shape) - piece.inside
    blocks = reshape(piece.entries, shape=(product(shape[:outer]), product(shape[outer:])))
    return _flat(gather(blocks, _written_out(piece.kept), axis=1))


def _written_out(numbers: Sequence[int]) -> Node:
    return literal(*map(constant, numbers), shape=(len(numbers),))


def _by_rows(rank: int, pieces: Sequence[Placed], columns: Sequence[Node], shape: Shape) -> Node:
    """Return a matrix of entries that are in the order of compressed rows, equally many in each row."""
    width = _width(pieces[0].piece, rank)
    assert width is not None
    kept = [_kept(placed.piece) for placed in pieces]
    entries, places = (_side_by_side(parts, (shape[0], width)) for parts in (kept, columns))
    begins = _times(len(pieces) * width, arange(size=shape[0] + 1))
    return csr_array(entries, places, begins, shape=shape)


def _side_by_side(parts: Sequence[Node], shape: Shape) -> Node:
    """Return the entries of several matrices of one shape, which are vectors, row by row."""
    if len(parts) == 1:
        return parts[0]
    if shape[1] == 1:
        return _flat(concatenate(*(broadcast(part, shape=shape, axes=(0,)) for part in parts), axis=1))
    return _flat(concatenate(*(reshape(part, shape=shape) for part in parts), axis=1))


def _index(piece: Piece, side: Side) -> Node:
    """Return the position that each entry of a piece has on a side."""
    positions = side.positions
    for axis, index in enumerate(side.indices):
        positions = _at(positions, index, axis)
    shape = piece.entries.shape
    outer = len(shape) if piece.kept is None else len(shape) - piece.inside
    order = tuple(sorted(range(positions.rank), key=lambda axis: side.places[axis]))
    positions = positions if order == tuple(range(positions.rank)) else transpose(positions, axes=order)
    places = [side.places[axis] for axis in order]
    inner = [place - outer for place in places if place >= outer]
    if piece.kept is None:
        return _flat(_spread(positions, shape, places))
    sizes: Any = shape[outer:]
    grid = np.unravel_index(np.array(piece.kept, dtype=np.intp), sizes)
    own = [sizes[place] for place in inner]
    chosen = np.ravel_multi_index(tuple(grid[place] for place in inner), own) if inner else np.array([], dtype=np.intp)
    ahead = positions.shape[: len(places) - len(inner)]
    if inner:
        positions = reshape(positions, shape=(*ahead, product(own)))
        positions = gather(positions, _written_out(chosen.tolist()), axis=len(ahead))
    at = [place for place in places if place < outer]
    return _flat(_spread(positions, (*shape[:outer], len(piece.kept)), [*at, outer] if inner else at))


def _at(positions: Node, index: Node, axis: int) -> Node:
    """Return the entries of `positions` at an index along an axis, which is in range."""
    if index is arange(size=positions.shape[axis]):
        return positions
    return index if positions is arange(size=positions.shape[0]) else gather(positions, index, axis=axis)


def _spread(x: Node, shape: Shape, axes: Sequence[int]) -> Node:
    return x if x.shape == shape else broadcast(x, shape=shape, axes=tuple(axes))


def _times(factor: Size, index: Node) -> Node:
    return index if factor == 1 else constant(factor, (), "int64") * index


def _joined(parts: Sequence[Node]) -> Node:
    flat = [_flat(part) for part in parts]
    return flat[0] if len(flat) == 1 else concatenate(*flat, axis=0)


def _flat(node: Node) -> Node:
    return node if node.rank == 1 else reshape(node, shape=(product(node.shape),))
