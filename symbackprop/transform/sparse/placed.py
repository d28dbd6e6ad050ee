"""Sparse derivatives whose pattern has a closed form: matrices whose places are computed when the code runs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from symbackprop.diff.reverse import pull_back
from symbackprop.ir.node import Input, Node, Shape, constant
from symbackprop.ir.size import Size, product
from symbackprop.ops.arithmetic import add
from symbackprop.ops.bodies import substitute
from symbackprop.ops.broadcasting import broadcast, reshape
from symbackprop.ops.creation import arange
from symbackprop.ops.indexing import gather
from symbackprop.ops.layout import concatenate
from symbackprop.ops.literal import literal
from symbackprop.ops.sparse import csr_array, entries_array
from symbackprop.transform.sparse.banded import Piece, pieces_by_columns
from symbackprop.transform.sparse.links import Link, Source, links_of, sources_of

__all__ = ["Products", "hessian_of", "jacobians_of"]

Products = Callable[[Sequence[Node], Sequence[Link]], Iterator[Piece]]


class Rows(NamedTuple):
    """What the rows of a matrix are the entries of: a value; or an input, of which a source may be what is read."""

    shape: Shape
    dtype: str
    source: Source | None = None


def jacobians_of(values: Sequence[Node], wanted: Sequence[Input], products: Products) -> tuple[int, list[Node]]:
    """Return for each value and each of the `wanted` inputs a sparse matrix, and how many entries there are in all.

    These are counted only where sizes are numbers.

    Raises
    ------
    UnsupportedError
        If a block is dense in sizes that have names.
    """
    inner, sources = sources_of(values, wanted)
    found: dict[tuple[int, int], list[Piece]] = {}
    for piece in products(inner, links_of(inner, sources)):
        found.setdefault((piece.link.number, piece.link.source.of), []).append(piece)
    matrices = []
    for number, value in enumerate(values):
        rows = Rows(value.shape, value.dtype)
        for place, x in enumerate(wanted):
            pieces = found.get((number, place), [])
            matrices.append(_matrix(rows.shape, x, pieces, [rows] * len(pieces), rows.dtype))
    return _count(found), _as_read(matrices, sources)


def hessian_of(values: Sequence[Node], bars: Sequence[Node], wanted: Sequence[Input]) -> tuple[int, list[Node]]:
    """Return the blocks of the Hessian of the sum of ``<bar, value>``, row by row, and how many entries there are in all.

    It is that with respect to what is read of the inputs, whose entries then go where they were read.
    """
    inner, sources = sources_of(values, wanted)
    adjoints = pull_back(inner, bars, [source.node for source in sources])
    live = [source for source in sources if source.node in adjoints]
    slopes = [adjoints[source.node] for source in live]
    found: dict[tuple[int, int], list[Piece]] = {}
    for piece in pieces_by_columns(slopes, links_of(slopes, sources)):
        found.setdefault((live[piece.link.number].of, piece.link.source.of), []).append(piece)
    matrices = []
    for first, x in enumerate(wanted):
        for second, y in enumerate(wanted):
            pieces = found.get((first, second), [])
            rows = [Rows(x.shape, x.dtype, live[piece.link.number]) for piece in pieces]
            matrices.append(_matrix(x.shape, y, pieces, rows, x.dtype))
    return _count(found), _as_read(matrices, sources)


def _count(found: Mapping[tuple[int, int], Sequence[Piece]]) -> int:
    counts = [_entries_of(piece) for pieces in found.values() for piece in pieces]
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


def _matrix(height: Shape, x: Input, pieces: Sequence[Piece], rows: Sequence[Rows], dtype: str) -> Node:
    """Return the matrix with the entries of pieces, whose columns are the entries of `x`."""
    shape = (product(height), product(x.shape))
    if not pieces:
        empty = constant(0, (0,), "int64")
        return entries_array(constant(0, (0,), dtype), empty, empty, shape=shape)
    columns = [_index(piece, piece.columns, piece.places, x.shape, piece.link.source) for piece in pieces]
    if _is_in_order(pieces, rows):
        return _by_rows(rows[0], pieces, columns, shape)
    own = [
        _index(piece, piece.rows, range(len(height)), height, side.source)
        for piece, side in zip(pieces, rows, strict=True)
    ]
    return entries_array(_joined([*map(_kept, pieces)]), _joined(own), _joined(columns), shape=shape)


def _is_in_order(pieces: Sequence[Piece], rows: Sequence[Rows]) -> bool:
    """Tell whether pieces one behind the other have each row's columns in order: at offsets along the first axis."""
    one = pieces[0].link
    if not all(piece.is_whole and piece.link is one for piece in pieces):
        return False
    if any(side.source is not None and side.source.reads is not None for side in rows):
        return False
    if one.source.reads is not None and (len(pieces) > 1 or one.source.along not in (None, *one.axes)):
        return False  # positions that are read are in any order, and may repeat
    if len(pieces) > 1:
        return [*one.axes] == [0] and all(piece.kept is None for piece in pieces)
    return _width(pieces[0], rows[0]) is not None


def _width(piece: Piece, rows: Rows) -> Size | None:
    """Return how many entries of a piece there are in each row; None if not equally many."""
    free = product(piece.entries.shape[len(rows.shape) :])
    if piece.kept is None or not isinstance(free, int):
        return free
    inner: Any = product(piece.entries.shape[len(piece.entries.shape) - piece.inside : len(rows.shape)])
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


def _by_rows(rows: Rows, pieces: Sequence[Piece], columns: Sequence[Node], shape: Shape) -> Node:
    """Return a matrix of entries that are in the order of compressed rows, equally many in each row."""
    width = _width(pieces[0], rows)
    assert width is not None
    entries, places = (_side_by_side(parts, (shape[0], width)) for parts in ([*map(_kept, pieces)], columns))
    begins = _times(len(pieces) * width, arange(size=shape[0] + 1))
    return csr_array(entries, places, begins, shape=shape)


def _side_by_side(parts: Sequence[Node], shape: Shape) -> Node:
    """Return the entries of several matrices of one shape, which are vectors, row by row."""
    if len(parts) == 1:
        return parts[0]
    if shape[1] == 1:
        return _flat(concatenate(*(broadcast(part, shape=shape, axes=(0,)) for part in parts), axis=1))
    return _flat(concatenate(*(reshape(part, shape=shape) for part in parts), axis=1))


def _index(piece: Piece, indices: Sequence[Node], places: Sequence[int], sizes: Shape, source: Source | None) -> Node:
    """Return the positions of entries in an array of `sizes`, whose indices along its axes, and the axes of these, are given.

    Along an axis, positions are read from a vector of these, or are all one number, if a source says so.
    """
    shape = piece.entries.shape
    outer = len(shape) if piece.kept is None else len(shape) - piece.inside
    along, fixed = (None, {}) if source is None else (source.along, source.fixed)
    own = iter(zip(indices, places, strict=True))
    terms: list[Node] = []
    inner: list[Inner] = []
    for axis, size in enumerate(sizes):
        stride = product(sizes[axis + 1 :])
        if axis in fixed:
            terms.append(constant(stride * fixed[axis], shape[:outer], "int64"))
            continue
        index, place = next(own)
        positions = source.reads.args[1] if source is not None and source.reads is not None and axis == along else None
        if place >= outer:
            inner.append(Inner(place - outer, stride, positions, size))
            continue
        term = _times(stride, index if positions is None else _read(positions, index, size))
        terms.append(term if term.shape == shape[:outer] else broadcast(term, shape=shape[:outer], axes=(place,)))
    total = functools.reduce(add, terms) if terms else constant(0, shape[:outer], "int64")
    return _flat(total) if piece.kept is None else _flat(_with_inner(piece, _flat(total), inner))


class Inner(NamedTuple):
    """An axis inside of a block: its place there, and where its entries are.

    They are a stride apart, or where an array of positions along an axis of some size says.
    """

    place: int
    stride: Size
    positions: Node | None
    size: Size


def _with_inner(piece: Piece, begins: Node, axes: Sequence[Inner]) -> Node:
    """Return the positions of the entries of blocks that there are, given where each block begins."""
    assert piece.kept is not None
    sizes: Any = piece.entries.shape[len(piece.entries.shape) - piece.inside :]
    grid = np.unravel_index(np.array(piece.kept, dtype=np.intp), sizes)
    shape = (begins.shape[0], len(piece.kept))
    total = broadcast(begins, shape=shape, axes=(0,))
    for place, stride, positions, size in axes:
        if positions is not None:
            term = _times(stride, _read(positions, _written_out(grid[place].tolist()), size))
        elif isinstance(stride, int):
            term = _written_out((grid[place] * stride).tolist())
        else:
            term = _times(stride, _written_out(grid[place].tolist()))
        total = total + broadcast(term, shape=shape, axes=(1,))
    return total


def _read(positions: Node, index: Node, size: Size) -> Node:
    """Return the entries of `positions` at an index, counted from the start of an axis of some size; all are in range."""
    places = gather(arange(size=size), positions, axis=0)
    return places if index is arange(size=positions.shape[0]) else gather(places, index, axis=0)


def _times(factor: Size, index: Node) -> Node:
    return index if factor == 1 else constant(factor, (), "int64") * index


def _joined(parts: Sequence[Node]) -> Node:
    flat = [_flat(part) for part in parts]
    return flat[0] if len(flat) == 1 else concatenate(*flat, axis=0)


def _flat(node: Node) -> Node:
    return node if node.rank == 1 else reshape(node, shape=(product(node.shape),))
