"""Rosenbrock's function of two numbers, and of a vector.

H. H. Rosenbrock, An automatic method for finding the greatest or least value of a function, Computer Journal 3 (1960).
"""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.workload import Arguments, Workload

BLOCK = 16_384  # numbers of which a few arrays stay in the processor's cache


def point() -> Arguments:
    return {"x": -1.2, "y": 1.0}


def vector(n: int) -> Arguments:
    return {"x": np.random.default_rng(0).uniform(-1.5, 1.5, size=n)}


def of_two_by_hand(x, y):
    a = 1.0 - x
    b = y - x * x
    slope = 200.0 * b
    return a * a + 100.0 * b * b, (-2.0 * (a + slope * x), slope)


def by_hand(x):
    slope = np.zeros_like(x)
    value = 0.0
    for start in range(0, len(x) - 1, BLOCK):
        part = slice(start, start + BLOCK + 1)  # the last of a block is the first of the next
        value += _block(x[part], slope[part])
    return value, (slope,)


def _block(x, slope):
    """Return the sum over neighbours, and add its derivative to `slope`."""
    left = x[:-1]
    b = left * left
    np.subtract(x[1:], b, out=b)
    a = 1.0 - left
    value = 100.0 * np.vdot(b, b) + np.vdot(a, a)
    b *= 200.0
    slope[1:] += b
    b *= left
    b += a
    b *= 2.0
    slope[:-1] -= b
    return value


def of_two(xp, x, y):
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def value(xp, x):
    return xp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


ROSENBROCK_SCALAR = Workload(
    kind="scalar",
    sizes={"small": {}},
    data=point,
    wrt=("x", "y"),
    formula="(1 - x)**2 + 100*(y - x**2)**2",
    by_hand=of_two_by_hand,
    forms=dict.fromkeys(("autograd", "jax", "torch", "casadi", "pytensor", "sympy"), of_two),
)
ROSENBROCK = Workload(
    kind="arrays",
    sizes={"small": {"n": 100}, "medium": {"n": 10_000}, "large": {"n": 1_000_000}},
    data=vector,
    wrt=("x",),
    formula="x[n] -> sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)",
    by_hand=by_hand,
    forms=dict.fromkeys(("autograd", "jax", "torch", "casadi", "pytensor"), value),
)
