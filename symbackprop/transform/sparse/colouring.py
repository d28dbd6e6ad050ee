"""Colourings of sparse patterns: which columns, or rows, of a matrix may be summed and its entries still be read.

A Jacobian times the sum of the unit vectors of one colour is a compressed column, and its transpose times such a sum a
compressed row. Where no two columns of a colour have entries in one row, every entry stands alone in a compressed
column. `recovery` says where each is read.

Sources: Curtis, Powell and Reid 1974; Coleman and More 1983 and 1984; Coleman and Verma 1998 (bidirectional);
Gebremedhin, Manne and Pothen 2005, "What color is your Jacobian?".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbackprop.errors import ArgumentError
from symbackprop.transform.sparse.bidirectional import best_split
from symbackprop.transform.sparse.greedy import TURNS, Ints, alone, column_colours, csr, entries, neighbours, uncoloured
from symbackprop.transform.sparse.orders import orders
from symbackprop.transform.sparse.star import greedy_star

__all__ = [
    "Colouring",
    "Recovery",
    "bidirectional_colouring",
    "column_colouring",
    "recovery",
    "row_colouring",
    "star_colouring",
]

_EDGES = 2_000_000  # entries that are looked at in all of the orders of one star colouring, but for the first


@dataclass(frozen=True, slots=True)
class Colouring:
    """The colours of the columns and of the rows; -1 where there is none, as nothing is read from there.

    Parameters
    ----------
    columns, rows : array of int
    symmetric : bool
        Whether an entry may be read as the one across the diagonal.
    """

    columns: Ints
    rows: Ints
    symmetric: bool = False

    @property
    def column_count(self) -> int:
        """The number of compressed columns: of products with the matrix."""
        return int(self.columns.max(initial=-1)) + 1

    @property
    def row_count(self) -> int:
        """The number of compressed rows: of products with its transpose."""
        return int(self.rows.max(initial=-1)) + 1

    @property
    def count(self) -> int:
        """The number of all products."""
        return self.column_count + self.row_count


@dataclass(frozen=True, slots=True)
class Recovery:
    """Where the entries are read, in the order of CSR: in ``compressed_columns[row, column]``, or in the rows.

    Parameters
    ----------
    from_rows : array of bool
        Whether an entry is read in ``compressed_rows[row, column]``.
    row, column : array of int
        In compressed columns, the second is the colour; in compressed rows, the first.
    """

    from_rows: NDArray[np.bool_]
    row: Ints
    column: Ints


def column_colouring(pattern: Any) -> Colouring:
    """Colour the columns so that no two of one colour have entries in one row (distance 2 in the bipartite graph).

    Parameters
    ----------
    pattern : scipy.sparse array
        Its stored entries count, whatever their values.

    Returns
    -------
    Colouring
    """
    matrix = csr(pattern)
    return Colouring(column_colours(matrix), uncoloured(matrix.shape[0]))


def row_colouring(pattern: Any) -> Colouring:
    """Colour the rows so that no two of one colour have entries in one column."""
    matrix = csr(pattern)
    return Colouring(uncoloured(matrix.shape[1]), column_colours(csr(matrix.T)))


def star_colouring(pattern: Any) -> Colouring:
    """Colour the columns of a symmetric matrix so that each entry, or that across the diagonal, can be read.

    Raises
    ------
    ArgumentError
        On a pattern that is not symmetric.
    """
    matrix = csr(pattern)
    if not is_symmetric(matrix):
        raise ArgumentError("a star colouring is one of a symmetric pattern, and this one is not")
    lengths = np.diff(matrix.indptr)
    colours = np.where(lengths > 0, _best_star(matrix), -1)
    if lengths.max(initial=0) <= colours.max(initial=-1):
        apart = column_colours(matrix)  # is one too, and at times has fewer colours
        colours = min(colours, apart, key=np.max)
    return Colouring(colours, uncoloured(len(colours)), symmetric=True)


def bidirectional_colouring(pattern: Any) -> Colouring:
    """Colour some rows, and the columns for the entries in the other rows; or some columns, and rows for the others.

    What has few full rows, or few full columns, takes few products so: an arrowhead three, however large. Of all ways
    the one with the fewest colours is taken, of equals columns alone, then rows alone.
    """
    return Colouring(*best_split(csr(pattern)))


def recovery(pattern: Any, colouring: Colouring) -> Recovery:
    """Return where each entry of a matrix of this pattern is read.

    Raises
    ------
    ArgumentError
        On a colouring that leaves an entry that nothing gives alone.
    """
    matrix = csr(pattern)
    rows, columns = entries(matrix)
    by_column = alone(rows, colouring.columns[columns])
    row, column = rows.copy(), colouring.columns[columns]
    from_rows = np.zeros(len(rows), dtype=bool)
    rest = ~by_column
    if colouring.symmetric:
        across = colouring.columns[rows]
        rest &= ~alone(columns, across)
        use = ~by_column & ~rest
        row[use], column[use] = columns[use], across[use]
    else:
        from_rows = rest & alone(columns, colouring.rows[rows])
        row[from_rows], column[from_rows] = colouring.rows[rows][from_rows], columns[from_rows]
        rest &= ~from_rows
    if rest.any():
        at = int(np.argmax(rest))
        raise ArgumentError(f"no product gives the entry in row {rows[at]}, column {columns[at]} alone")
    return Recovery(from_rows, row, column)


def is_symmetric(matrix: Any) -> bool:
    if matrix.shape[0] != matrix.shape[1]:
        return False
    turned = csr(matrix.T)
    return np.array_equal(turned.indptr, matrix.indptr) and np.array_equal(turned.indices, matrix.indices)


def _best_star(matrix: Any) -> Ints:
    """Return the star colouring with the fewest colours: in turn, which is best for bands, or that an order gives."""
    fewest = _fewest(matrix)
    best = _in_turn(matrix, fewest)
    edges = matrix.nnz
    if best is not None and (best.max(initial=-1) < fewest or edges > _EDGES):
        return best
    graph = neighbours(matrix)
    for tried, order in enumerate(orders(len(graph), lambda: graph)):
        colours = np.array(greedy_star(graph, order), dtype=np.intp)
        if best is None or colours.max(initial=-1) < best.max(initial=-1):
            best = colours
        if best.max(initial=-1) < fewest or (tried + 2) * edges > _EDGES:
            break
    assert best is not None
    return best


def _fewest(matrix: Any) -> int:
    """Return a number of colours that every star colouring has: three, if there is more than stars."""
    rows, columns = entries(matrix)
    beside = rows != columns
    degrees = np.bincount(rows[beside], minlength=matrix.shape[0])
    inner = degrees > 1
    return 3 if (inner[rows] & inner[columns] & beside).any() else 2 if beside.any() else 1


def _in_turn(matrix: Any, fewest: int) -> Ints | None:
    """Return colours that follow each other in turn, as few as they can be; None if they are more than a row is long."""
    rows, columns = entries(matrix)
    longest = int(np.diff(matrix.indptr).max(initial=0))
    for count in range(fewest, min(longest, TURNS) + 1):
        colours = np.arange(matrix.shape[0]) % count
        if (alone(rows, colours[columns]) | alone(columns, colours[rows])).all():
            return colours
    return None
