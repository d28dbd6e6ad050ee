"""Greedy colouring of columns: those of one colour have no entries in one row.

Equal rows say the same, and equal columns are coloured together, so that what counts are blocks. The result depends on
the order in which columns are taken: the natural one comes first, which is best for bands, and the others are tried until
the number of colours is that of the entries of the longest row, below which there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbackprop.transform.sparse.orders import Neighbours, orders

__all__ = ["TURNS", "Ints", "alone", "column_colours", "csr", "entries", "greedy", "lists", "neighbours", "uncoloured"]

Ints = NDArray[np.intp]

TURNS = 32  # colours at most that may follow each other in turn
_TABLE = 4  # numbers for each entry, in a table of how many there are of each colour in each place
_EDGES = 2_000_000  # where more pairs of columns meet in rows, only the natural order is tried


def csr(pattern: Any) -> Any:
    """Return a matrix in CSR, with each entry once and in order, whose values are ones."""
    matrix = pattern.tocsr(copy=True)
    matrix.data = np.ones(len(matrix.data), dtype=np.int64)  # so that nothing cancels
    matrix.sum_duplicates()
    return matrix


def entries(matrix: Any) -> tuple[Ints, Ints]:
    """Return the rows and the columns of the entries."""
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.intp), np.diff(matrix.indptr))
    return rows, matrix.indices.astype(np.intp)


def uncoloured(count: int) -> Ints:
    """Return no colour for each of `count` columns or rows."""
    return np.full(count, -1, dtype=np.intp)


def lists(counts: Ints, values: Ints) -> list[list[int]]:
    """Return `values` cut into lists of `counts`."""
    ends = np.cumsum(counts).tolist()
    every = values.tolist()
    return [every[end - count : end] for end, count in zip(ends, counts.tolist(), strict=True)]


def column_colours(matrix: Any) -> Ints:
    """Return the colours of the columns, those of equal ones chosen together."""
    in_turn = _in_turn(matrix)
    if in_turn is not None:
        return in_turn
    across = csr(_chosen(matrix, _equal_rows(matrix)).T)
    blocks = _equal_rows(across)
    columns = _chosen(across, blocks)  # a row for each block of equal columns
    sizes = [len(block) for block in blocks]
    longest = int(max(columns.T @ np.array(sizes, dtype=np.int64), default=0))
    colours = uncoloured(matrix.shape[1])
    if longest == sum(sizes):  # all meet in one row
        colours[sorted(chain.from_iterable(blocks))] = np.arange(longest)
        return colours
    places = lists(np.diff(columns.indptr), columns.indices)
    fewest = longest + sum(sizes)
    for order in orders(len(blocks), lambda: _meeting(columns)):
        found = [*greedy(places, sizes, order, columns.shape[1])]
        count = 1 + max(chosen[-1] for chosen in found)
        if count < fewest:
            fewest = count
            colours[[*chain.from_iterable(blocks[block] for block in order)]] = [*chain.from_iterable(found)]
        if count == longest:
            break
    return colours


def _in_turn(matrix: Any) -> Ints | None:
    """Return colours that follow each other in turn, as many as the longest row has entries; None if they are not apart."""
    count = int(np.diff(matrix.indptr).max(initial=0))
    if not 0 < count <= TURNS:
        return None
    rows, columns = entries(matrix)
    colours = np.arange(matrix.shape[1]) % count
    used = np.bincount(columns, minlength=matrix.shape[1]) > 0
    return np.where(used, colours, -1) if alone(rows, colours[columns]).all() else None


def alone(place: Ints, colour: Ints) -> NDArray[np.bool_]:
    """Return whether an entry is the only one of its colour, which it has, in its place."""
    count = int(colour.max(initial=-1)) + 2
    key = place * count + colour + 1
    if count * (int(place.max(initial=-1)) + 1) <= _TABLE * (len(key) + 1):
        alone = np.bincount(key)[key] == 1
    else:
        _, inverse, counts = np.unique(key, return_inverse=True, return_counts=True)
        alone = counts[inverse] == 1
    found: NDArray[np.bool_] = (colour >= 0) & alone
    return found


def greedy(places: list[list[int]], sizes: list[int], order: Iterable[int], count: int) -> Iterator[list[int]]:
    """Yield the colours of each block in turn, the first that are free in all of its places.

    Sets of colours are the bits of an integer, so that a block asks each place once: linear in the entries.
    """
    used = [0] * count
    for block in order:
        taken = 0
        for place in places[block]:
            taken |= used[place]
        before = taken
        chosen = []
        for _ in range(sizes[block]):
            bit = ~taken & (taken + 1)
            taken |= bit
            chosen.append(bit.bit_length() - 1)
        for place in places[block]:
            used[place] |= taken ^ before
        yield chosen


def _equal_rows(matrix: Any) -> list[list[int]]:
    """Return the rows that have entries, equal ones together."""
    found: dict[bytes, list[int]] = {}
    raw, width = matrix.indices.tobytes(), matrix.indices.itemsize
    for row, (start, end) in enumerate(pairwise(matrix.indptr.tolist())):
        if start < end:
            found.setdefault(raw[start * width : end * width], []).append(row)
    return list(found.values())


def _chosen(matrix: Any, blocks: list[list[int]]) -> Any:
    """Return the first row of each block."""
    return matrix[np.array([block[0] for block in blocks], dtype=np.intp)]


def _meeting(columns: Any) -> Neighbours | None:
    """Return which columns, here rows, have an entry in one place; None if these are too many to tell."""
    degrees = np.bincount(columns.indices)
    if np.sum(degrees * degrees) > _EDGES:
        return None
    return neighbours(csr(columns @ columns.T))


def neighbours(matrix: Any) -> list[list[int]]:
    """Return the graph of a symmetric pattern."""
    rows, columns = entries(matrix)
    beside = rows != columns
    return lists(np.bincount(rows[beside], minlength=matrix.shape[0]), columns[beside])
