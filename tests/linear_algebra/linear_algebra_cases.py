"""Formulas of linear algebra: every word in several argument forms, with inputs that suit them.

Inputs are named after what they are: K symmetric positive definite, S symmetric, A general and well conditioned, T of
real distinct eigenvalues, X tall, W wide, N with its eigenvalues near 1; KK, SS, ... stacks of two; b, c vectors, B, C
matrices of right sides, BB a stack of these.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["BATCHED", "CASES", "SYMMETRIC", "drawn", "inputs_of"]

SHAPES = {"K": (3, 3), "S": (3, 3), "A": (3, 3), "T": (3, 3), "X": (4, 2), "W": (2, 4), "N": (3, 3)}
SHAPES |= {"b": (3,), "c": (4,), "B": (3, 2), "C": (4, 2), "BB": (2, 3, 2), "D": (2, 2), "E": (3, 3)}
SHAPES |= {name * 2: (2, *SHAPES[name]) for name in "KSATXWN"}
SYMMETRIC = {"K", "S", "KK", "SS"}

CASES = {
    "inv": ["sum(linalg.inv(A)**2)", "sum(np.linalg.inv(AA)**3)", "sum(scipy.linalg.inv(A) * E)"],
    "det": ["linalg.det(A)**2", "sum(np.linalg.det(AA)**3)", "scipy.linalg.det(A @ E)"],
    "slogdet": ["linalg.slogdet(A)[1]", "sum(np.linalg.slogdet(AA).logabsdet**2)", "linalg.slogdet(E @ A).sign * linalg.slogdet(K).logabsdet"],
    "solve": [
        "sum(linalg.solve(A, b)**2)",
        "sum(np.linalg.solve(A, B)**2)",
        "sum(np.linalg.solve(AA, b)**3)",
        "sum(np.linalg.solve(AA, BB)**2)",
        "sum(np.linalg.solve(AA, B)**2)",
        "sum(np.linalg.solve(A, BB)**2)",
        "sum(scipy.linalg.solve(A, b, transposed=True)**2)",
        "sum(scipy.linalg.solve(K, B, assume_a='pos')**2)",
        "b @ linalg.solve(A.T, b) + sum(linalg.solve(A, E))",
    ],
    "cholesky": [
        "sum(linalg.cholesky(K)**3)",
        "sum(np.linalg.cholesky(KK)**2 * linalg.cholesky(KK))",
        "sum(np.linalg.cholesky(K, upper=True)**3)",
        "sum(scipy.linalg.cholesky(K)**3)",
        "sum(scipy.linalg.cholesky(K, lower=True) * A)",
        "sum(log(diag(linalg.cholesky(K))))",
        "sum(linalg.cholesky(X.T @ X) * D)",
    ],
    "eigvalsh": ["sum(linalg.eigvalsh(S)**3)", "sum(np.linalg.eigvalsh(SS, UPLO='U')**3)", "sum(exp(scipy.linalg.eigvalsh(S, lower=False)))"],
    "eigh": [
        "sum(linalg.eigh(S)[0]**3) + sum(linalg.eigh(S)[1]**4)",
        "sum(np.linalg.eigh(SS).eigenvectors[:, 0]**4) + sum(np.linalg.eigh(SS).eigenvalues**3)",
        "sum(linalg.eigh(S, UPLO='U').eigenvectors**4)",
        "sum(scipy.linalg.eigh(S, eigvals_only=True)[:2]**3)",
        "sum((linalg.eigh(K)[1] * linalg.eigh(K)[0]**1.5) @ linalg.eigh(K)[1].T * E)",
    ],
    "eigvals": ["sum(linalg.eigvals(T)**3)", "sum(np.linalg.eigvals(TT)**3)", "sum(exp(scipy.linalg.eigvals(T)))"],
    "eig": ["sum(linalg.eig(T)[0]**2)", "sum(np.linalg.eig(TT).eigenvectors**4)", "sum(scipy.linalg.eig(T)[0]**3) + sum(scipy.linalg.eig(T)[1]**2 * E)"],
    "svd": [
        "sum(linalg.svd(X, compute_uv=False)**3)",
        "sum(np.linalg.svd(XX, full_matrices=False).U**4)",
        "sum(linalg.svd(W, False)[2]**4) + sum(linalg.svd(W, False).S**3)",
        "sum(linalg.svd(A).U**4) + sum(linalg.svd(A).Vh**4)",
        "sum(linalg.svd(A).U @ linalg.svd(A).Vh * E)",
        "sum(linalg.svdvals(X)**3) + sum(scipy.linalg.svdvals(W)**3)",
        "sum(scipy.linalg.svd(X, full_matrices=False)[0]**4)",
    ],
    "qr": [
        "sum(linalg.qr(X)[0]**3) + sum(linalg.qr(X)[1]**3)",
        "sum(np.linalg.qr(XX).Q**3)",
        "sum(linalg.qr(A, mode='r')**3)",
        "sum(linalg.qr(W).R**3) + sum(linalg.qr(W).Q**3)",
        "sum(scipy.linalg.qr(X, mode='economic')[1]**3)",
        "sum(scipy.linalg.qr(A)[0]**3)",
    ],
    "pinv": ["sum(linalg.pinv(X)**3)", "sum(np.linalg.pinv(WW)**3)", "sum(linalg.pinv(A, rtol=0.000001)**3)", "sum(scipy.linalg.pinv(X)**2)"],
    "lstsq": [
        "sum(linalg.lstsq(X, c)[0]**3)",
        "sum(np.linalg.lstsq(X, C)[0]**3)",
        "sum(linalg.lstsq(W, D)[0]**3)",
        "sum(linalg.lstsq(A, b, rcond=0.000001)[0]**2) + sum(linalg.lstsq(X, c)[3]**3)",
        "sum(scipy.linalg.lstsq(X, c)[0]**2)",
    ],
    "solve_triangular": [
        "sum(linalg.solve_triangular(A, b, lower=True)**2)",
        "sum(scipy.linalg.solve_triangular(A, B, trans='T')**2)",
        "sum(scipy.linalg.solve_triangular(A, B, lower=True, unit_diagonal=True)**2)",
        "sum(scipy.linalg.solve_triangular(AA, BB, trans=1, lower=True)**2)",
        "sum(scipy.linalg.solve_triangular(AA, b)**2)",
    ],
    "cho_solve": [
        "sum(scipy.linalg.cho_solve(scipy.linalg.cho_factor(K), b)**2)",
        "sum(scipy.linalg.cho_solve(scipy.linalg.cho_factor(K, lower=True), B)**2)",
        "sum(log(diag(scipy.linalg.cho_factor(K)[0])))",
        "sum(scipy.linalg.cho_solve((linalg.cholesky(KK), True), BB)**2)",
        "sum(scipy.linalg.cho_solve((tril(A), True), b)**2)",
    ],
    "expm": ["sum(scipy.linalg.expm(A)**2)", "sum(scipy.linalg.expm(SS) * EE)", "sum(linalg.expm(A - A.T) @ b)"],
    "expm_frechet": ["sum(scipy.linalg.expm_frechet(A, E, compute_expm=False)**2)", "sum(linalg.expm_frechet(A, E)[1] * linalg.expm_frechet(A, E)[0])"],
    "logm": ["sum(scipy.linalg.logm(K)**3)", "sum(scipy.linalg.logm(NN)**2)", "sum(linalg.logm(N) * E)"],
    "sqrtm": ["sum(scipy.linalg.sqrtm(K)**3)", "sum(scipy.linalg.sqrtm(NN)**3)", "sum(linalg.sqrtm(N) * E)"],
    "solve_sylvester": ["sum(scipy.linalg.solve_sylvester(A, D, B)**2)", "sum(linalg.solve_sylvester(A, A, E)**2)"],
}  # fmt: skip
SHAPES["EE"] = (2, 3, 3)
BATCHED = [name for name, shape in SHAPES.items() if len(shape) > 2]


def inputs_of(formula: str) -> dict[str, tuple[int, ...]]:
    """Return the inputs that a formula reads, with their shapes."""
    import re

    found = re.findall(r"(?<![\w.'])[A-Za-z]{1,2}\b(?![\w(.]*\()", formula)
    return {name: SHAPES[name] for name in sorted(set(found)) if name in SHAPES}


def drawn(name: str, rng: np.random.Generator) -> Any:
    """Return values for an input, of the kind that its name says."""
    shape = SHAPES[name]
    x = rng.uniform(-1, 1, shape)
    steps = np.diag(np.arange(1.0, shape[-1] + 1)) if len(shape) > 1 and shape[-1] == shape[-2] else 0
    turned = np.swapaxes(x, -2, -1) if len(shape) > 1 else x
    kind = name[0] if name in SHAPES else ""
    if name in ("K", "KK"):
        return x @ turned + steps
    if name in ("S", "SS"):
        return x + turned + steps
    if name in ("A", "AA", "T", "TT"):
        return 0.4 * x + (2 if kind == "T" else 1) * steps
    if name in ("N", "NN"):
        return 0.2 * x + np.eye(shape[-1]) + 0.1 * steps
    if name == "D":
        return x + 2 * np.eye(2)
    return x
