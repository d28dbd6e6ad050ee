"""The objective of k-means: the sum of the squared distances of points to the nearest of the centres."""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.workload import Arguments, Workload


def data(n: int, d: int, K: int) -> Arguments:
    rng = np.random.default_rng(0)
    return {"C": rng.normal(size=(K, d)), "X": rng.normal(size=(n, d))}


def by_hand(C, X):
    n, K = len(X), len(C)
    D = X @ (-2.0 * C.T)
    D += np.einsum("kj,kj->k", C, C)
    nearest = D.argmin(axis=1)
    points = np.arange(n)
    value = np.vdot(X, X) + D[points, nearest].sum()
    D.fill(0.0)
    D[points, nearest] = 2.0  # which centre is whose
    slope = 2.0 * np.bincount(nearest, minlength=K)[:, None] * C
    slope -= D.T @ X
    return value, (slope,)


def value(xp, C, X):
    return xp.sum(xp.min(xp.sum((X[:, None, :] - C) ** 2, axis=2), axis=1))


def in_torch(torch, C, X):
    return ((X[:, None, :] - C) ** 2).sum(2).amin(1).sum()


def in_pytensor(pt, C, X):
    return pt.sum(pt.min(pt.sum((X[:, None, :] - C) ** 2, axis=2), axis=1))


K_MEANS = Workload(
    kind="arrays",
    sizes={
        "small": {"n": 50, "d": 2, "K": 5},
        "medium": {"n": 2_000, "d": 10, "K": 10},
        "large": {"n": 20_000, "d": 32, "K": 25},
    },
    data=data,
    wrt=("C",),
    formula="C[K,d] X[n,d] -> sum(min(sum((X[:, None, :] - C)**2, axis=2), axis=1))",
    by_hand=by_hand,
    forms={"autograd": value, "jax": value, "torch": in_torch, "pytensor": in_pytensor},
)
