"""Gradients through a Cholesky factor: the closed forms are what the general rule gives, and print as people write them."""

from __future__ import annotations

import re
from typing import Any

import mpmath
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
        assert body.count("linalg.lapack.dtrtri(L.T)[0] if n else L") == 1 and "np.eye" not in body
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


def ill_conditioned() -> dict[str, Any]:
    x, rng = np.linspace(0, 1, 10), np.random.default_rng(2)
    scale, a = np.logspace(0, -6, 8), rng.normal(size=(8, 8))
    return {
        "Hilbert": scipy.linalg.hilbert(8),
        "near points": np.exp(-2 * (x[:, None] - x) ** 2) + 1e-11 * np.eye(10),
        "graded": scale[:, None] * (a @ a.T) * scale,
    }


@pytest.mark.parametrize("name", ill_conditioned())
@pytest.mark.parametrize("lower", [False, True])
def test_inverses_are_as_accurate_as_the_solution_for_the_identity(name: str, lower: bool) -> None:
    """Of matrices of conditions of 1e10 and more, against 50 digits."""
    K = ill_conditioned()[name]
    gradient = sb.compile_grad(
        f"K[n,n] y[n] -> c = scipy.linalg.cholesky(K, lower={lower})\nlinalg.cho_solve((c, {lower}), y) @ y + 2*sum(log(diag(c)))",
        wrt="K",
    )
    assert "trtri" in gradient.source
    with mpmath.workdps(50):
        exact = np.array((mpmath.matrix(K.tolist()) ** -1).tolist(), dtype=object)

    def error(found: Any) -> float:
        return float(np.linalg.norm((found - exact).astype(float)))

    factor = scipy.linalg.cho_factor(K, lower=lower)
    plain = error(scipy.linalg.cho_solve(factor, np.eye(len(K))))
    assert error(gradient(K, np.zeros(len(K)))) <= 2 * plain


def test_inverses_of_matrices_with_one_row_and_none_and_in_float32() -> None:
    text = "K[n,n] y[n] -> c = scipy.linalg.cho_factor(K)\nlinalg.cho_solve(c, y) @ y + 2*sum(log(diag(c[0])))"
    gradient = sb.compile_grad(text, wrt="K")
    assert gradient(np.zeros((0, 0)), np.zeros(0)).shape == (0, 0)
    np.testing.assert_allclose(gradient([[4.0]], [0.0]), [[0.25]])
    with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
        gradient(-np.eye(2), np.zeros(2))
    short = sb.compile_grad(text, wrt="K", dtype="float32")
    found = short(4 * np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
    assert "linalg.lapack.strtri(" in short.source and found.dtype == np.float32
    np.testing.assert_allclose(found, np.eye(3) / 4)
