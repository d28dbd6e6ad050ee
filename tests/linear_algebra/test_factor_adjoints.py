"""Gradients through a Cholesky factor: the closed forms are what the general rule gives, and print as people write them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import symbackprop as sb
from symbackprop.ops.factorisations import cholesky
from symbackprop.ops.matrices import flipped, lower_and_mirrored, times
from symbackprop.ops.solves import triangular

WAYS = {
    "cho_solve": "a = linalg.cho_solve((L, True), y)\n0.5*y @ a + sum(log(diag(L)))",
    "two solves": "a = linalg.solve_triangular(L, linalg.solve_triangular(L, y, lower=True), trans='T', lower=True)\n"
    "0.5*(y @ a) + sum(log(diag(L)))",
    "the transpose": "a = linalg.solve_triangular(L.T, linalg.solve_triangular(L, y, lower=True), lower=False)\n"
    "0.5*(y @ a) + sum(log(diag(L)))",
    "whitened": "z = linalg.solve_triangular(L, y, lower=True)\n0.5*sum(z**2) + sum(log(diag(L)))",
    "NumPy alone": "a = linalg.solve(L.T, linalg.solve(L, y))\n0.5*y @ a + sum(log(diag(L)))",
    "scaled": "z = linalg.solve(L, y)\n(z @ z + 2*log(prod(diag(L)))) / 2",
}


def compiled_of(way: str, upper: bool = False) -> Any:
    text = (
        f"K[n,n] y[n] -> L = linalg.cholesky(K, upper=True).T\n{way}"
        if upper
        else f"K[n,n] y[n] -> L = linalg.cholesky(K)\n{way}"
    )
    return sb.compile_grad(text)


def problem(size: int = 5) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(size, size))
    return x @ x.T + np.eye(size), rng.normal(size=size)


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_marginal_likelihood(way: str, upper: bool) -> None:
    """Rasmussen and Williams (2006), equation 5.9: half of inv(K) - a a.T."""
    K, y = problem()
    k_bar, y_bar = compiled_of(WAYS[way], upper)(K, y)
    a = np.linalg.solve(K, y)
    np.testing.assert_allclose(k_bar, 0.5 * (np.linalg.inv(K) - np.outer(a, a)), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(y_bar, a, rtol=1e-10)


@pytest.mark.parametrize("way", [name for name in WAYS if name != "scaled"])
def test_marginal_likelihood_reads_as_it_is_written(way: str) -> None:
    source = compiled_of(WAYS[way]).source
    body = re.sub("#.*", "", source[source.rindex('"""') :])
    assert body.count("np.outer") == 1 and body.count("np.linalg.cholesky(K)") == 1
    assert "np.tril" not in body and "@ L" not in body
    if "NumPy" in way:
        assert "from scipy" not in source and body.count("np.linalg.solve(") == 2
    else:
        assert body.count("linalg.cho_solve((L, True), np.eye(n))") == 1
        assert body.count("solve_triangular(") <= 2


GENERAL = [
    "sum(B * linalg.cholesky(K))",
    "sum(linalg.solve_triangular(linalg.cholesky(K), B, lower=True)**3)",
    "sum(linalg.cho_solve((linalg.cholesky(K), True), B)**2) + sum(diag(linalg.cholesky(K))**3)",
    "sum(linalg.cho_solve(linalg.cho_factor(K), B)**3) + sum(log(diag(linalg.cho_factor(K)[0])))",
    "sum(linalg.solve(linalg.cholesky(K), B) * B) - sum(log(diag(linalg.cholesky(K))) * B[0])",
    "sum((linalg.cholesky(K) @ B)**2) + sum(log(diag(linalg.cholesky(K))) * 3)",
    "sum(linalg.solve_triangular(linalg.cholesky(K), B, lower=True, unit_diagonal=True)**2)",
    "sum(outer(B[0], B[1]) * linalg.cholesky(K)) + sum(outer(B[0], B[1]) * linalg.cholesky(K).T)",
    "sum(log(diagonal(linalg.cholesky(K * K))) * diagonal(linalg.cholesky(K)))",
    "sum(diag(linalg.cholesky(K)))**2",
]
BATCHED = [
    "sum(linalg.cho_solve((linalg.cholesky(K), True), B)**2) + sum(log(diagonal(linalg.cholesky(K), axis1=1, axis2=2)))",
    "sum(linalg.solve_triangular(linalg.cholesky(K), B, lower=True)**2)",
    "sum(einsum('bi,bj->bij', B[:, 0], B[:, 1]) * linalg.cholesky(K))",
    "sum(log(diagonal(linalg.cholesky(K), axis1=1, axis2=2)) * sum(B, axis=(1, 2))[:, None])",
]


def plain(g: Any, out: Any) -> Any:
    """Return what the rule gives that knows nothing of how an adjoint is made."""
    lower = out.param("lower")
    factor, bar = (out, g) if lower else (flipped(out), flipped(g))
    middle = lower_and_mirrored(times(flipped(factor), bar))

    def back(x: Any) -> Any:
        return triangular(out, x, lower=lower, transposed=lower, clean=True)

    return [back(flipped(back(middle))) / 2]


@pytest.mark.parametrize("formula", [*GENERAL, *BATCHED])
def test_closed_forms_agree_with_the_general_rule(formula: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = (2, 3, 3) if formula in BATCHED else (3, 3)
    inputs = {"K": shape, "B": shape}
    rng = np.random.default_rng(1)
    x, B = rng.normal(size=shape), rng.normal(size=shape)
    K = x @ np.swapaxes(x, -2, -1) + np.eye(3)
    found = sb.compile_grad(formula, inputs=inputs)(K, B)
    with monkeypatch.context() as patch:
        patch.setitem(cholesky.__dict__, "vjp", plain)
        wanted = sb.compile_grad(formula, inputs=inputs)(K, B)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


def test_the_hilbert_matrix_is_inverted_as_well_as_by_scipy() -> None:
    K = scipy.linalg.hilbert(8)
    (found,) = sb.compile_grad("K[n,n] -> 2*sum(log(diag(scipy.linalg.cholesky(K))))")(K)
    np.testing.assert_allclose(found @ K, np.eye(8), atol=1e-5)
