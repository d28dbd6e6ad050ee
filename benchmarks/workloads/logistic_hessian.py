"""The Hessian of the mean log-loss of a logistic regression in its weights."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from benchmarks.workloads import logistic_regression
from benchmarks.workloads.workload import HESSIAN, Workload


def by_hand(w, X, y):
    p = expit(X @ w)
    root = np.sqrt(p * (1.0 - p) / len(p))
    Z = X * root[:, None]
    return Z.T @ Z  # of which BLAS computes one half


LOGISTIC_HESSIAN = Workload(
    kind="arrays",
    sizes={"small": {"n": 50, "d": 10}, "medium": {"n": 2_000, "d": 30}, "large": {"n": 20_000, "d": 100}},
    data=logistic_regression.data,
    wrt=("w",),
    formula=logistic_regression.LOGISTIC_REGRESSION.formula,
    by_hand=by_hand,
    forms=logistic_regression.LOGISTIC_REGRESSION.forms,
    derivative=HESSIAN,
)
