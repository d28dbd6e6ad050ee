"""Splits of a pattern: some rows in colours of their own, and the columns coloured for the other rows alone.

Source: Coleman and Verma 1998, "The efficient computation of sparse Jacobian matrices using automatic differentiation".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from symbackprop.transform.sparse.greedy import Ints, column_colours, csr, greedy, lists, uncoloured

__all__ = ["best_split"]

_SPLITS = 4  # that are tried for the rows, and again for the columns


def best_split(matrix: Any) -> tuple[Ints, Ints]:
    """Return the colours of the columns and of the rows: the fewest, and of equally many those of columns alone."""
    turned = csr(matrix.T)
    splits = [(split, False) for split in _splits(matrix)] + [(split, True) for split in _splits(turned)]
    fewest: tuple[int, int] | None = None
    for split, swapped in sorted(splits, key=lambda pair: (pair[0].bound, len(pair[0].rows))):
        if fewest is not None and split.bound > fewest[0]:
            break
        columns, rows = split.coloured(turned if swapped else matrix)
        count = columns.max(initial=-1) + rows.max(initial=-1) + 2, len(split.rows)
        if fewest is None or count < fewest:
            fewest, best = count, (rows, columns) if swapped else (columns, rows)
    return best


@dataclass(frozen=True, slots=True)
class _Split:
    """Rows in colours of their own, the longest ones; the columns are then coloured for the others.

    `bound` is the least number of colours that this takes in all: those of the rows, and the length of the next row.
    """

    bound: int
    rows: Ints
    colours: Ints

    def coloured(self, matrix: Any) -> tuple[Ints, Ints]:
        """Return the colours of the columns and of the rows."""
        rows = uncoloured(matrix.shape[0])
        rows[self.rows] = self.colours
        return column_colours(matrix[rows < 0]), rows


def _splits(matrix: Any) -> list[_Split]:
    """Return the splits with the least bounds, the first of which has no rows in colours of their own."""
    lengths = np.diff(matrix.indptr)
    order = np.argsort(-lengths, kind="stable")
    places = lists(lengths, matrix.indices)
    longest = [*lengths[order].tolist(), 0]
    found = [(longest[0], 0)]
    colours: list[int] = []
    count = 0
    for chosen in greedy(places, [1] * len(places), order.tolist(), matrix.shape[1]):
        colours += chosen
        count = max(count, colours[-1] + 1)
        after = len(colours)
        if count > 2 * min(found)[0]:
            break
        if longest[after] < longest[after - 1]:
            found.append((count + longest[after], after))
    own = np.array(colours, dtype=np.intp)
    best = [found[0], *sorted(found[1:])[:_SPLITS]]
    return [_Split(bound, order[:chosen], own[:chosen]) for bound, chosen in best]
