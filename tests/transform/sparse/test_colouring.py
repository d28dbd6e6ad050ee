"""Colourings of sparse patterns, against their definitions, and matrices read back from their compressed products."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import sparse

from symbackprop.errors import ArgumentError
from symbackprop.transform.sparse.colouring import (
    Colouring,
    bidirectional_colouring,
    column_colouring,
    recovery,
    row_colouring,
    star_colouring,
)


def band(n: int, width: int) -> np.ndarray:
    return np.abs(np.subtract.outer(np.arange(n), np.arange(n))) <= width


def arrowhead(n: int) -> np.ndarray:
    pattern = np.eye(n, dtype=bool)
    pattern[0] = pattern[:, 0] = True
    return pattern


def symmetric(seed: int, n: int, density: float) -> np.ndarray:
    half = np.random.default_rng(seed).random((n, n)) < density
    return half | half.T | np.eye(n, dtype=bool)


RANDOM = [np.random.default_rng(seed).random((9 + seed, 14 - seed)) < 0.08 * (1 + seed) for seed in range(6)]
SQUARES = [symmetric(seed, 12, 0.04 * (1 + seed)) for seed in range(6)]
SHAPES = [
    np.zeros((0, 0), bool), np.zeros((0, 3), bool), np.zeros((3, 0), bool), np.zeros((4, 3), bool), np.ones((1, 1), bool),
    np.ones((5, 4), bool), np.eye(6, dtype=bool), band(9, 1), band(9, 2), arrowhead(8),
    np.kron(band(4, 1), np.ones((3, 2), bool)), np.repeat(RANDOM[1], 2, axis=0),
]  # fmt: skip
PATTERNS = [*RANDOM, *SQUARES, *SHAPES]


def seeds(colours: np.ndarray, count: int) -> np.ndarray:
    return (colours[:, None] == np.arange(count)).astype(float)


def read_back(pattern: np.ndarray, colouring: Colouring) -> None:
    """Make products with a matrix of this pattern, and read the matrix from them."""
    values = np.random.default_rng(0).normal(size=pattern.shape)
    matrix = np.where(pattern, values + values.T if colouring.symmetric else values, 0.0)
    by_columns = matrix @ seeds(colouring.columns, colouring.column_count)
    by_rows = seeds(colouring.rows, colouring.row_count).T @ matrix
    where = recovery(sparse.csr_array(pattern), colouring)
    rows, columns = np.nonzero(pattern)
    read = np.empty(len(rows))
    read[where.from_rows] = by_rows[where.row[where.from_rows], where.column[where.from_rows]]
    read[~where.from_rows] = by_columns[where.row[~where.from_rows], where.column[~where.from_rows]]
    np.testing.assert_array_equal(read, matrix[rows, columns])


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: "x".join(map(str, pattern.shape)))
def test_columns_of_a_colour_meet_in_no_row(pattern: np.ndarray) -> None:
    found = column_colouring(sparse.csr_array(pattern))
    for i, j in combinations(range(pattern.shape[1]), 2):
        assert found.columns[i] != found.columns[j] or found.columns[i] < 0 or not (pattern[:, i] & pattern[:, j]).any()
    assert ((found.columns >= 0) == pattern.any(axis=0)).all()
    turned = row_colouring(sparse.csr_array(pattern.T))
    assert turned.rows.tolist() == found.columns.tolist()
    assert found.count >= pattern.sum(axis=1).max(initial=0)
    read_back(pattern, found)
    read_back(pattern.T, turned)


@pytest.mark.parametrize("pattern", [*SQUARES, band(9, 1), band(9, 3), arrowhead(8), np.ones((4, 4), bool)])
def test_no_path_of_four_vertices_has_two_colours(pattern: np.ndarray) -> None:
    found = star_colouring(sparse.csr_array(pattern))
    near = [np.flatnonzero(row & ~own) for row, own in zip(pattern, np.eye(len(pattern), dtype=bool), strict=True)]
    colours = found.columns
    for b in range(len(pattern)):
        for c in near[b]:
            assert colours[b] != colours[c]
            ends = [(a, d) for a in near[b] for d in near[c] if len({a, b, c, d}) == 4]
            assert not any(colours[a] == colours[c] and colours[b] == colours[d] for a, d in ends)
    assert found.count <= column_colouring(sparse.csr_array(pattern)).count
    read_back(pattern, found)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: "x".join(map(str, pattern.shape)))
def test_both_ways_take_no_more_colours_than_one(pattern: np.ndarray) -> None:
    matrix = sparse.csr_array(pattern)
    found = bidirectional_colouring(matrix)
    assert found.count <= min(column_colouring(matrix).count, row_colouring(matrix).count)
    read_back(pattern, found)


def test_how_many_colours_known_patterns_take() -> None:
    def counts(pattern: np.ndarray) -> tuple[int, int, int]:
        matrix = sparse.csr_array(pattern)
        return column_colouring(matrix).count, star_colouring(matrix).count, bidirectional_colouring(matrix).count

    assert counts(band(50, 1)) == (3, 3, 3)
    assert counts(band(50, 3)) == (7, 7, 7)
    assert counts(np.eye(5, dtype=bool)) == (1, 1, 1)
    assert counts(np.ones((5, 5), bool)) == (5, 5, 5)
    assert counts(arrowhead(40)) == (40, 2, 3)
    assert counts(np.zeros((3, 3), bool)) == (0, 0, 0)
    tall = arrowhead(40)[::-1]  # the full row is last, the full column first
    assert bidirectional_colouring(sparse.csr_array(tall)).count == 3


def test_orders_that_are_better_than_the_natural_one() -> None:
    crown = ~np.eye(6, dtype=bool)  # a crown in its worst order: 6 colours in turn, 2 if one side comes first
    pairs = np.zeros((12, 12), bool)
    pairs[np.ix_(range(0, 12, 2), range(1, 12, 2))] = crown
    i, j = np.nonzero(pairs)
    meeting = np.zeros((len(i), 12), bool)  # a row for each edge
    meeting[np.arange(len(i)), i] = meeting[np.arange(len(i)), j] = True
    assert column_colouring(sparse.csr_array(meeting)).count == 2


def test_stored_zeros_and_other_formats_count() -> None:
    stored = sparse.csr_array((np.zeros(3), ([0, 0, 1], [0, 1, 1])), shape=(2, 2))
    assert column_colouring(stored).columns.tolist() == [0, 1]
    assert column_colouring(sparse.coo_matrix(np.ones((2, 3)))).count == 3


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="symmetric pattern"):
        star_colouring(sparse.csr_array(np.triu(np.ones((3, 3)))))
    with pytest.raises(ArgumentError, match="symmetric pattern"):
        star_colouring(sparse.csr_array(np.ones((2, 3))))
    same = Colouring(np.zeros(2, np.intp), np.full(2, -1))
    with pytest.raises(ArgumentError, match="row 0, column 0 alone"):
        recovery(sparse.csr_array(np.ones((2, 2))), same)


def test_a_bundle_adjustment_takes_the_colours_of_one_observation() -> None:
    random = np.random.default_rng(0)
    observations, cameras, points = 2_000, 20, 500
    camera, point = random.integers(cameras, size=observations), random.integers(points, size=observations)
    rows = np.arange(2 * observations)[:, None]
    columns = np.hstack([camera[:, None] * 11 + np.arange(11), 11 * cameras + point[:, None] * 3 + np.arange(3)])
    columns = np.repeat(columns, 2, axis=0)
    shape = (2 * observations, 11 * cameras + 3 * points)
    pattern = sparse.csr_array(
        (np.ones(columns.size), (np.broadcast_to(rows, columns.shape).ravel(), columns.ravel())), shape
    )
    found = column_colouring(pattern)
    assert found.count == 14
    assert not recovery(pattern, found).from_rows.any()


@pytest.mark.parametrize("pattern", SQUARES, ids=range(len(SQUARES)))
def test_large_graphs_are_coloured_in_one_order(pattern: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symbackprop.transform.sparse.colouring._EDGES", 0)
    read_back(pattern, star_colouring(sparse.csr_array(pattern)))


def test_a_long_band_has_its_colours_in_turn() -> None:
    count = 100_000
    pattern = sparse.diags_array([np.ones(count - 1), np.ones(count), np.ones(count - 1)], offsets=[-1, 0, 1])
    found = star_colouring(pattern.tocsr())
    assert found.columns.tolist() == (np.arange(count) % 3).tolist()
    recovery(pattern.tocsr(), found)
