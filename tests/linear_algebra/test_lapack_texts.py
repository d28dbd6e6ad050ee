"""`optimize="fast"` calls LAPACK itself for Cholesky factors and what is solved with them; the results are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import symbackprop as sb

LOWER = "L = scipy.linalg.cholesky(K, lower=True)\n"
UPPER = "L = scipy.linalg.cholesky(K).T\n"
SOLUTIONS = {
    "a = scipy.linalg.solve_triangular(L, B, lower=True)\nsum(a**2) + sum(log(diag(L)))": ["potrf", "trtrs", "trtri"],
    "sum(scipy.linalg.solve_triangular(L.T, B)**2)": ["potrf", "trtrs"],
    "sum(scipy.linalg.solve_triangular(L, B, lower=True, trans='T', unit_diagonal=True)**2)": ["trtrs"],
    "sum(scipy.linalg.cho_solve((L, True), B) * B) + sum(log(diag(L)))": ["potrs", "trtri"],
    "sum(scipy.linalg.cho_solve((L.T, False), B) * B)": ["potrf", "potrs"],
}


def problem(size: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(size, size))
    return x @ x.T + np.eye(size), rng.normal(size=(size, size))


@pytest.fixture(scope="module", params=[LOWER, UPPER], ids=["lower", "upper"])
def factor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("formula", SOLUTIONS)
def test_results_are_those_of_the_readable_form(factor: str, formula: str) -> None:
    text = f"K[n,n] B[n,n] -> {factor}{formula}"
    fast, readable = (sb.compile_value_and_grad(text, optimize=way) for way in ("fast", "readable"))
    assert all(f"linalg.lapack.d{function}(" in fast.source for function in SOLUTIONS[formula])
    for size in (0, 1, 4):
        arguments = problem(size)
        wanted = readable(*arguments)
        for found in (fast(*arguments), fast.workspace(n=size)(*arguments)):
            for a, b in zip((found[0], *found[1]), (wanted[0], *wanted[1]), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    assert fast.verify(points=1, seconds=0.5)


def test_float32_stays_float32(factor: str) -> None:
    formula = f"K[n,n] b[n] -> {factor}a = scipy.linalg.cho_solve((L, True), b)\na @ b + sum(log(diag(L)))"
    gradient = sb.compile_grad(formula, optimize="fast", dtype="float32")
    K, B = problem(3)
    found = gradient(K, B[0])
    assert "linalg.lapack.spotrf(" in gradient.source and {x.dtype for x in found} == {np.dtype(np.float32)}
    a = np.linalg.solve(K, B[0])
    np.testing.assert_allclose(found[0], 0.5 * np.linalg.inv(K) - np.outer(a, a), rtol=1e-4, atol=1e-5)


def test_a_matrix_that_is_not_positive_definite_is_an_error(factor: str) -> None:
    formula = f"K[n,n] b[n] -> {factor}scipy.linalg.cho_solve((L, True), b) @ b"
    for way in ("fast", "readable"):
        with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
            sb.compile_grad(formula, optimize=way)(-np.eye(2), np.ones(2))


def test_a_singular_triangle_of_the_users_is_an_error_still() -> None:
    formula = "A[n,n] b[n] -> sum(scipy.linalg.solve_triangular(A, b, lower=True)**2)"
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        sb.compile_grad(formula, optimize="fast")(np.zeros((2, 2)), np.ones(2))
