"""The long short-term memory of `lstm_scan`, its steps written out: what counts is the time until the first gradient."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from benchmarks.workloads import lstm_scan
from benchmarks.workloads.workload import Workload

STEPS = 50


def formula(W, U, b, v, X, y):
    h = c = np.zeros((X.shape[1], U.shape[0]))
    for t in range(STEPS):
        i, f, g, o = np.split(X[t] @ W + b + h @ U, 4, axis=1)
        c = expit(f) * c + expit(i) * np.tanh(g)
        h = expit(o) * np.tanh(c)
    return 0.5 * np.mean((h @ v - y) ** 2)


def value(xp, W, U, b, v, X, y):
    h = c = xp.zeros((X.shape[1], U.shape[0]))
    for t in range(STEPS):
        i, f, g, o = xp.split(X[t] @ W + b + h @ U, 4, axis=1)
        c = xp.special.expit(f) * c + xp.special.expit(i) * xp.tanh(g)
        h = xp.special.expit(o) * xp.tanh(c)
    return 0.5 * xp.mean((h @ v - y) ** 2)


LSTM_UNROLLED = Workload(
    kind="unrolled",
    sizes={"medium": {"steps": STEPS, "batch": 32, "d": 16, "k": 64}},
    data=lstm_scan.data,
    wrt=lstm_scan.NAMES,
    formula=formula,
    options={"inputs": {"W": "d 4*k", "U": "k 4*k", "b": "4*k", "v": "k", "X": f"{STEPS} m d", "y": "m"}},
    by_hand=lstm_scan.by_hand,
    forms={"autograd": value, "jax": value, "torch": lstm_scan.in_torch},
)
