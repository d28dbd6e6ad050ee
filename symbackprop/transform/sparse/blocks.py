"""The blocks of a compressed derivative: what is computed of it, and where in that each entry is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple

import numpy as np

from symbackprop.ir.node import Input, Node, constant
from symbackprop.ops.broadcasting import reshape
from symbackprop.ops.indexing import gather
from symbackprop.ops.layout import concatenate
from symbackprop.ops.sparse import csr_array
from symbackprop.transform.sparse.colouring import Colouring, recovery
from symbackprop.transform.sparse.compressed import columns_summed, rows_summed, seeds_of
from symbackprop.transform.sparse.relations import sizes_of
from symbackprop.transform.sparse.tables import Tables

__all__ = ["Block", "Compressed", "blocks_of", "compress", "matrix_of"]


class Compressed(NamedTuple):
    """Sums of columns of the Jacobian, for each value, and sums of its rows, for each input."""

    columns: Sequence[Node | None]
    rows: Sequence[Node | None]
    all_columns: Node | None = None  # those of all values side by side

    def joined(self, values: Sequence[Node]) -> Compressed:
        """Return this with the columns of all values side by side, where a symmetric matrix is read across them."""
        parts = [part for part in self.columns if part is not None]
        if len(values) == 1 or not parts:
            return self._replace(all_columns=parts[0] if parts else None)
        shapes = ((parts[0].shape[0], prod(sizes_of(value))) for value in values)
        filled = [
            constant(0, shape, value.dtype) if part is None else part
            for part, shape, value in zip(self.columns, shapes, values, strict=True)
        ]
        return self._replace(all_columns=concatenate(*filled, axis=1))


def compress(
    values: Sequence[Node], wanted: Sequence[Input], pattern: Any, tables: Tables, colouring: Colouring
) -> Compressed:
    """Return the products with the colours of a colouring of the Jacobian of `values`, which has this `pattern`."""
    used = np.diff(pattern.indptr) > 0, np.bincount(pattern.indices, minlength=pattern.shape[1]) > 0
    columns: Sequence[Node | None] = [None] * len(values)
    rows: Sequence[Node | None] = [None] * len(wanted)
    if colouring.column_count:
        columns = columns_summed(values, wanted, seeds_of("colours", colouring.columns, used[1], tables))
    if colouring.row_count:
        rows = rows_summed(values, wanted, seeds_of("row_colours", colouring.rows, used[0], tables))
    return Compressed(columns, rows)


class Block(NamedTuple):
    """The entries of one block in the order of CSR, and where each is read: a position in what is compressed."""

    indices: Any
    indptr: Any
    shape: tuple[int, int]
    from_rows: Any
    places: Any


def blocks_of(
    values: Sequence[Node], wanted: Sequence[Input], pattern: Any, colouring: Colouring
) -> Iterator[tuple[int, int, Block]]:
    """Yield for each value and each input the block of the Jacobian."""
    found = recovery(pattern, colouring)
    rows = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
    columns = pattern.indices
    heights, widths = ([prod(sizes_of(node)) for node in nodes] for nodes in (values, wanted))
    for number, (bottom, height) in enumerate(zip(accumulate(heights), heights, strict=True)):
        for place, (right, width) in enumerate(zip(accumulate(widths), widths, strict=True)):
            top, left = bottom - height, right - width
            own = np.flatnonzero((rows >= top) & (rows < bottom) & (columns >= left) & (columns < right))
            from_rows = found.from_rows[own]
            first, second = found.row[own], found.column[own]
            by_column = second * pattern.shape[0] + first if colouring.symmetric else second * height + first - top
            places = np.where(from_rows, first * width + second - left, by_column)
            indptr = np.concatenate(([0], np.cumsum(np.bincount(rows[own] - top, minlength=height))))
            yield number, place, Block(columns[own] - left, indptr, (height, width), from_rows, places)


def matrix_of(compressed: Compressed, number: int, place: int, block: Block, tables: Tables, dtype: str) -> Node:
    """Return the node of a block."""
    columns = compressed.columns[number] if compressed.all_columns is None else compressed.all_columns
    rows = compressed.rows[place]
    places = block.places
    if not len(places):
        entries: Node = constant(0, (0,), dtype)
    elif not block.from_rows.any():
        entries = _read(columns, places, tables)
    elif block.from_rows.all():
        entries = _read(rows, places, tables)
    else:
        assert columns is not None and rows is not None
        both = concatenate(_flat(columns), _flat(rows), axis=0)
        entries = _read(both, np.where(block.from_rows, places + prod(sizes_of(columns)), places), tables)
    indices, indptr = tables.node("indices", block.indices), tables.node("indptr", block.indptr)
    return csr_array(entries, indices, indptr, shape=block.shape)


def _read(source: Node | None, places: Any, tables: Tables) -> Node:
    assert source is not None
    flat = _flat(source)
    if np.array_equal(places, np.arange(prod(sizes_of(flat)))):
        return flat
    return gather(flat, tables.node("places", places), axis=0)


def _flat(node: Node) -> Node:
    return node if node.rank == 1 else reshape(node, shape=(prod(sizes_of(node)),))
