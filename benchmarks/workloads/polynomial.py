"""Half the sum of squared residuals of a polynomial, in its ten coefficients from the constant one upwards."""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.workload import Arguments, Workload

TERMS = 10
BLOCK = 16_384  # numbers of which the powers stay in the processor's cache


def data(n: int) -> Arguments:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1.0, 1.0, size=n)
    return {"c": rng.normal(size=TERMS), "x": x, "y": np.sin(3.0 * x) + 0.1 * rng.normal(size=n)}


def by_hand(c, x, y):
    value, slope = 0.0, np.zeros_like(c)
    V = np.empty((len(c), min(len(x), BLOCK)))
    for start in range(0, len(x), BLOCK):
        part = x[start : start + BLOCK]
        powers = V[:, : len(part)]
        powers[0] = 1.0
        for k in range(1, len(c)):
            np.multiply(powers[k - 1], part, out=powers[k])
        r = c @ powers
        r -= y[start : start + BLOCK]
        value += r @ r
        slope += powers @ r
    return 0.5 * value, (slope,)


def value(xp, c, x, y):
    p = c[TERMS - 1]
    for k in range(TERMS - 2, -1, -1):
        p = p * x + c[k]
    return 0.5 * xp.sum((p - y) ** 2)


POLYNOMIAL = Workload(
    kind="arrays",
    sizes={
        "small": {"n": 100},
        "medium": {"n": 10_000},
        "large": {"n": 1_000_000},
    },
    data=data,
    wrt=("c",),
    formula=f"c[{TERMS}] x[n] y[n] -> 0.5*sum((polyval(c[::-1], x) - y)**2)",
    by_hand=by_hand,
    forms=dict.fromkeys(("autograd", "jax", "torch", "casadi", "pytensor"), value),
)
