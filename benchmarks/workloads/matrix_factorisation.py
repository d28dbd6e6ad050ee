"""Half the squared error of a product of two factors, each entry with a weight, and a penalty on both factors.

The weights are 1 where an entry is known and 0 elsewhere; N. Srebro, T. Jaakkola, Weighted low-rank approximations,
International Conference on Machine Learning (2003).
"""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.workload import Arguments, Workload


def data(n: int, m: int, k: int) -> Arguments:
    rng = np.random.default_rng(0)
    known = (rng.random((n, m)) < 0.3).astype(float)
    U, V = rng.normal(size=(n, k)), rng.normal(size=(m, k))
    return {"U": U, "V": V, "X": rng.normal(size=(n, m)), "known": known, "penalty": 0.1}


def by_hand(U, V, X, known, penalty):
    R = U @ V.T
    R -= X
    weighted = known * R
    value = 0.5 * np.vdot(weighted, R) + 0.5 * penalty * (np.vdot(U, U) + np.vdot(V, V))
    by_U = weighted @ V
    by_U += penalty * U
    by_V = weighted.T @ U
    by_V += penalty * V
    return value, (by_U, by_V)


def value(xp, U, V, X, known, penalty):
    return 0.5 * xp.sum(known * (U @ V.T - X) ** 2) + 0.5 * penalty * (xp.sum(U**2) + xp.sum(V**2))


def in_casadi(casadi, U, V, X, known, penalty):
    return 0.5 * (casadi.dot(known, (U @ V.T - X) ** 2) + penalty * (casadi.sumsqr(U) + casadi.sumsqr(V)))


MATRIX_FACTORISATION = Workload(
    kind="blas",
    sizes={
        "small": {"n": 12, "m": 10, "k": 3},
        "medium": {"n": 300, "m": 200, "k": 10},
        "large": {"n": 2_000, "m": 1_000, "k": 50},
    },
    data=data,
    wrt=("U", "V"),
    formula="""
        U[n,k] V[m,k] X[n,m] known[n,m] penalty ->
        0.5*sum(known*(U @ V.T - X)**2) + 0.5*penalty*(sum(U**2) + sum(V**2))
    """,
    by_hand=by_hand,
    forms=dict.fromkeys(("autograd", "jax", "torch", "pytensor"), value) | {"casadi": in_casadi},
)
