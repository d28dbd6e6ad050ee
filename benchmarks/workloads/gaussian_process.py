"""The negative log marginal likelihood of a Gaussian process, squared exponential, with a length for each input."""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import cho_solve, cholesky
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs

from benchmarks.workloads.workload import Arguments, Workload

NAMES = ("log_variance", "log_lengths", "log_noise")


def data(n: int, d: int) -> Arguments:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    y = np.sin(X[:, 0]) + 0.3 * rng.normal(size=n)
    return {"log_variance": 0.1, "log_lengths": 0.3 + 0.1 * rng.normal(size=d), "log_noise": -1.0, "X": X, "y": y}


def by_hand(log_variance, log_lengths, log_noise, X, y):
    n, noise = len(y), math.exp(log_noise)
    Z = X * np.exp(-log_lengths)
    half = -0.5 * np.einsum("ij,ij->i", Z, Z)
    half += 0.5 * log_variance
    E = Z @ Z.T
    E += half
    E += half[:, None]
    np.exp(E, out=E)
    K = E.copy()
    K.reshape(-1)[:: n + 1] += noise
    # K is symmetric: K.T is K in LAPACK's order, and is overwritten by its factor, then by its inverse
    U, failed = dpotrf(K.T, lower=False, overwrite_a=True, clean=False)
    if failed:
        raise np.linalg.LinAlgError("the covariance is not positive definite")
    alpha, _ = dpotrs(U, y, lower=False)
    value = 0.5 * (y @ alpha) + np.log(U.diagonal()).sum() + 0.5 * n * math.log(2.0 * math.pi)
    inverse, _ = dpotri(U, lower=False, overwrite_c=True)
    # G = E * (inverse - alpha alpha.T): of the inverse only one triangle is known, which counts twice
    G = np.tril(inverse.T)
    trace = np.vdot(inverse.diagonal(), np.ones(n)) - alpha @ alpha
    G.reshape(-1)[:: n + 1] *= 0.5
    G *= 2.0
    G *= E
    weighted = alpha[:, None] * Z
    E_alpha = E @ np.column_stack([alpha, weighted])
    squares = Z * Z
    rows, columns = G.sum(axis=1), G.sum(axis=0)
    by_lengths = 0.5 * ((rows + columns) @ squares) - np.einsum("ij,ij->j", G @ Z, Z)
    by_lengths -= (alpha * E_alpha[:, 0]) @ squares - np.einsum("ij,ij->j", weighted, E_alpha[:, 1:])
    return value, (0.5 * (rows.sum() - alpha @ E_alpha[:, 0]), by_lengths, 0.5 * noise * trace)


def formula(log_variance, log_lengths, log_noise, X, y):
    Z = X * np.exp(-log_lengths)
    squares = np.sum(Z * Z, axis=1)
    K = np.exp(log_variance - 0.5 * (squares[:, None] + squares - 2 * Z @ Z.T)) + np.exp(log_noise) * np.eye(len(y))
    L = cholesky(K, lower=True)
    return 0.5 * y @ cho_solve((L, True), y) + np.sum(np.log(np.diagonal(L))) + 0.5 * len(y) * np.log(2 * np.pi)


def value(xp, log_variance, log_lengths, log_noise, X, y):
    Z = X * xp.exp(-log_lengths)
    squares = xp.sum(Z * Z, axis=1)
    K = xp.exp(log_variance - 0.5 * (squares[:, None] + squares - 2 * Z @ Z.T)) + xp.exp(log_noise) * xp.eye(len(y))
    L = xp.linalg.cholesky(K)
    z = xp.solve_triangular(L, y, lower=True)
    return 0.5 * xp.sum(z**2) + xp.sum(xp.log(xp.diag(L))) + 0.5 * len(y) * math.log(2 * math.pi)


def in_torch(torch, log_variance, log_lengths, log_noise, X, y):
    Z = X * torch.exp(-log_lengths)
    squares = (Z * Z).sum(1)
    distances = squares[:, None] + squares - 2 * Z @ Z.T
    K = torch.exp(log_variance - 0.5 * distances) + torch.exp(log_noise) * torch.eye(len(y))
    L = torch.linalg.cholesky(K)
    z = torch.linalg.solve_triangular(L, y[:, None], upper=False)
    return 0.5 * (z**2).sum() + torch.log(torch.diagonal(L)).sum() + 0.5 * len(y) * math.log(2 * math.pi)


GAUSSIAN_PROCESS = Workload(
    kind="blas",
    sizes={"small": {"n": 20, "d": 2}, "medium": {"n": 200, "d": 5}, "large": {"n": 1_000, "d": 5}},
    data=data,
    wrt=NAMES,
    formula=formula,
    options={"inputs": {"log_variance": "", "log_lengths": "d", "log_noise": "", "X": "n d", "y": "n"}},
    by_hand=by_hand,
    forms={"autograd": value, "jax": value, "torch": in_torch},
)
