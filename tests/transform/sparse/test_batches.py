"""Sparse derivatives of many examples: one matrix, with the rows of one example after the other."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import symbackprop as sb
from symbackprop.api import check_saved
from symbackprop.check.batches import blocks


@pytest.mark.parametrize("size", [0, 1, 3])
def test_examples_are_blocks_on_a_diagonal(size: int) -> None:
    text = "x[4] -> x[1:]*x[:-1]"
    x = np.random.default_rng(0).normal(size=(size, 4))
    found = sb.compile_jacobian(text, wrt="x", sparse=True, batch={"x": 0})(x)
    each = sb.compile_jacobian(text, wrt="x", sparse=True)
    assert found.has_canonical_format
    assert found.shape == (3 * size, 4 * size)
    wanted = sparse.block_diag([each(row) for row in x]) if size else np.zeros((0, 0))
    np.testing.assert_array_equal(found.toarray(), wanted.toarray() if size else wanted)
    np.testing.assert_array_equal(found.data.reshape(size, 6), np.reshape([each(row).data for row in x], (size, 6)))


@pytest.fixture(scope="module")
def mixed() -> Any:
    """A Hessian with an input that is a batch, along its last axis, and one that all examples share."""
    return sb.compile_hessian("w[4] x[3] -> sum(w[1:]**2*x) + sum(x**3)", sparse=True, batch={"x": -1})


def test_what_examples_share_has_its_columns_in_all(mixed: Any) -> None:
    w, x = np.arange(4.0), np.arange(6.0).reshape(3, 2)
    found = mixed(w, x)
    dense = sb.compile_hessian("w[4] x[3] -> sum(w[1:]**2*x) + sum(x**3)", batch={"x": -1})(w, x)
    assert [[block.shape for block in row] for row in found] == [[(8, 4), (8, 6)], [(6, 4), (6, 6)]]
    for row, wanted in zip(found, dense, strict=True):
        np.testing.assert_array_equal(row[0].toarray(), wanted[0].reshape(row[0].shape))
        np.testing.assert_array_equal(row[1].toarray(), sparse.block_diag(wanted[1]).toarray())


def test_batches_of_matrices_are_verified_saved_and_pickled(tmp_path: Path) -> None:
    J = sb.compile_jacobian("x[2] w -> w*x**2", wrt=("x", "w"), sparse=True, batch={"x": 0})
    assert J.verify(points=1, seconds=0.5)
    J.save(tmp_path / "jacobian.py")
    check_saved(tmp_path / "jacobian.py")
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    for block, wanted in zip(pickle.loads(pickle.dumps(J))(x, 2.0), (np.diag(4 * x.ravel()), x**2), strict=True):
        np.testing.assert_array_equal(block.toarray(), np.reshape(wanted, block.shape))


def test_places_that_come_with_a_call_may_differ_between_examples() -> None:
    J = sb.compile_jacobian("x[n] i[m]:int -> x[i]**2", wrt="x", sparse=True, batch={"x": 0, "i": 0})
    found = J(np.ones((2, 3)), [[0, 1], [2, 2]]).toarray()
    assert found.tolist() == [[2, 0, 0, 0, 0, 0], [0, 2, 0, 0, 0, 0], [0, 0, 0, 0, 0, 2], [0, 0, 0, 0, 0, 2]]
    assert J.verify(points=1, seconds=1)


def test_a_derivative_that_is_the_same_for_all_examples_is_repeated() -> None:
    J = sb.compile_jacobian("x[2] -> 3*x", sparse=True, batch={"x": 0})
    assert J(np.zeros((2, 2)))[0].toarray().tolist() == (3 * np.eye(4)).tolist()


def test_the_check_finds_entries_of_other_examples() -> None:
    matrix = np.arange(16.0).reshape(4, 4)
    with pytest.raises(ValueError, match="entries of one example in the columns of another"):
        blocks(matrix, 2, diagonal=True)
    assert blocks(np.kron(np.eye(2), matrix[:2, :2]), 2, diagonal=True)[1].tolist() == [[0, 1], [4, 5]]
