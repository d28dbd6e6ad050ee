"""The mean log-loss of a logistic regression, with labels -1 and 1."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from benchmarks.workloads.workload import Arguments, Workload


def data(n: int, d: int) -> Arguments:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    y = np.sign(X @ rng.normal(size=d) + rng.normal(size=n))
    return {"w": rng.normal(size=d) / np.sqrt(d), "X": X, "y": y}


def by_hand(w, X, y):
    margin = X @ w
    margin *= y
    share = expit(-margin)
    share *= y
    slope = share @ X
    slope *= -1.0 / len(y)
    return np.logaddexp(0.0, -margin).mean(), (slope,)


def value(xp, w, X, y):
    return xp.mean(xp.logaddexp(0.0, -y * (X @ w)))


def in_torch(torch, w, X, y):
    return torch.nn.functional.softplus(-y * (X @ w)).mean()


def in_casadi(casadi, w, X, y):
    return casadi.sum1(casadi.log1p(casadi.exp(-y * (X @ w)))) / y.shape[0]


def in_pytensor(pt, w, X, y):
    return pt.mean(pt.softplus(-y * (X @ w)))


LOGISTIC_REGRESSION = Workload(
    kind="arrays",
    sizes={"small": {"n": 50, "d": 10}, "medium": {"n": 2_000, "d": 50}, "large": {"n": 50_000, "d": 100}},
    data=data,
    wrt=("w",),
    formula="w[d] X[n,d] y[n] -> mean(logaddexp(0, -y*(X @ w)))",
    by_hand=by_hand,
    forms={"autograd": value, "jax": value, "torch": in_torch, "casadi": in_casadi, "pytensor": in_pytensor},
)
