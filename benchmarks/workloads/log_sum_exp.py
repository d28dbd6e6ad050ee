"""The logarithm of a sum of exponentials, whose gradient is the softmax."""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.workload import Arguments, Workload


def data(n: int) -> Arguments:
    return {"x": 5.0 * np.random.default_rng(0).normal(size=n)}


def by_hand(x):
    highest = x.max()
    E = x - highest
    np.exp(E, out=E)
    total = E.sum()
    E *= 1.0 / total
    return highest + np.log(total), (E,)


def value(xp, x):
    return xp.special.logsumexp(x)


def in_torch(torch, x):
    return torch.logsumexp(x, 0)


def in_casadi(casadi, x):
    return casadi.logsumexp(x)


def in_pytensor(pt, x):
    return pt.logsumexp(x)


LOG_SUM_EXP = Workload(
    kind="arrays",
    sizes={"small": {"n": 100}, "medium": {"n": 10_000}, "large": {"n": 1_000_000}},
    data=data,
    wrt=("x",),
    formula="x[n] -> logsumexp(x)",
    by_hand=by_hand,
    forms={"autograd": value, "jax": value, "torch": in_torch, "casadi": in_casadi, "pytensor": in_pytensor},
)
