"""What linear algebra refuses, and what it says to do instead."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.errors import ArgumentError, ShapeError, UnknownNameError, UnsupportedError

REFUSED = [
    ("sum(linalg.svd(X)[0])", UnsupportedError, "full_matrices=False"),
    ("sum(linalg.svd(W).Vh)", UnsupportedError, "full_matrices=False"),
    ("sum(linalg.svd(X, hermitian=True)[1])", UnsupportedError, "use eigh"),
    ("sum(linalg.qr(X, mode='complete')[0])", UnsupportedError, "mode='reduced'"),
    ("sum(linalg.qr(X, mode='raw')[0])", UnsupportedError, "'reduced' or 'r'"),
    ("sum(scipy.linalg.qr(X)[0])", UnsupportedError, "mode='economic'"),
    ("sum(scipy.linalg.qr(A, pivoting=True)[0])", UnsupportedError, "pivoting= is not supported"),
    ("sum(linalg.pinv(A, hermitian=True))", UnsupportedError, "hermitian=True"),
    ("sum(linalg.lstsq(X, c)[1])", UnsupportedError, r"sum\(\(b - A @ x\)\*\*2, axis=0\)"),
    ("linalg.lstsq(X, c)[2]", UnsupportedError, "known only when the code runs"),
    ("sum(linalg.lstsq(AA, b)[0])", ShapeError, "pinv"),
    ("sum(linalg.lstsq(X, b)[0])", ShapeError, "unlike numbers of rows"),
    ("sum(linalg.cholesky(tril(A)))", UnsupportedError, r"tril\(T, -1\)\.T"),
    ("sum(linalg.eigvalsh(triu(A)))", UnsupportedError, "symmetric"),
    ("sum(linalg.eigh(A, UPLO='X')[0])", ArgumentError, "'L' or 'U'"),
    ("sum(linalg.eigh(A).U)", UnknownNameError, "no attribute 'U'"),
    ("sum(linalg.cholesky(X))", ShapeError, "square matrices"),
    ("linalg.det(b)", ShapeError, "takes matrices"),
    ("sum(linalg.solve(A, c))", ShapeError, "do not match"),
    ("sum(scipy.linalg.solve(A, b, assume_a='banded'))", UnsupportedError, "use 'gen' or 'pos'"),
    ("sum(scipy.linalg.solve_triangular(A, b, trans=3))", ArgumentError, "0 or 'N', 1 or 'T'"),
    ("sum(scipy.linalg.cho_solve(A, b))", ArgumentError, "cho_factor"),
    ("sum(scipy.linalg.eigh(A, A)[0])", UnsupportedError, "b= is not supported"),
    ("sum(scipy.linalg.eig(A, left=True)[0])", UnsupportedError, "left= is not supported"),
    ("sum(scipy.linalg.pinv(A, atol=0.1))", UnsupportedError, "atol= is not supported"),
    ("sum(scipy.linalg.logm(A, disp=False)[0])", UnsupportedError, "disp=False"),
    ("sum(scipy.linalg.sqrtm(A, disp=False)[0])", UnsupportedError, "disp=False"),
    ("sum(scipy.linalg.expm(X))", ShapeError, "square"),
    ("sum(scipy.linalg.solve_sylvester(A, A, X))", ShapeError, "A @ X"),
    ("sum(scipy.linalg.schur(A)[0])", UnknownNameError, "unknown function 'scipy.linalg.schur'"),
]
INPUTS = {"A": (3, 3), "X": (4, 3), "W": (3, 4), "AA": (2, 3, 3), "b": (3,), "c": (4,)}


@pytest.mark.parametrize(("formula", "error", "message"), REFUSED)
def test_refused(formula: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sb.compile_grad(formula, inputs=INPUTS)


def test_full_decomposition_of_unknown_sizes_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="full_matrices=False"):
        sb.compile_grad("X[n,d] -> sum(linalg.svd(X).U)")
    assert sb.compile_value("X[n,d] -> sum(linalg.svd(X).S)")(np.eye(3)) == 3.0


def test_wide_matrices_of_unknown_sizes_are_refused_on_call() -> None:
    compiled = sb.compile_grad("X[n,d] -> sum(linalg.qr(X).R)")
    assert compiled(np.eye(3))[0].shape == (3, 3)
    with pytest.raises(ArgumentError, match="at least as many rows as columns"):
        compiled(np.ones((2, 3)))


def test_a_completed_triangle_is_a_symmetric_matrix() -> None:
    matrix = np.array([[4.0, 99.0], [1.0, 3.0]])
    formula = "K[n,n] -> T = tril(K)\nsum(linalg.cholesky(T + tril(T, -1).T)**3)"
    compiled = sb.compile_value_and_grad(formula)
    _, (found,) = compiled(matrix)
    moved = matrix + np.array([[0.0, 0.0], [1e-6, 0.0]])
    back = matrix - np.array([[0.0, 0.0], [1e-6, 0.0]])
    assert found[1, 0] == pytest.approx((compiled(moved)[0] - compiled(back)[0]) / 2e-6, rel=1e-7)
    assert found[0, 1] == 0.0
