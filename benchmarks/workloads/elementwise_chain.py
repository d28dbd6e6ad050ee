"""A chain of elementwise functions of one array, summed: what counts is memory and the cost of a call."""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.workload import Arguments, Workload

BLOCK = 16_384  # numbers of which some six arrays stay in the processor's cache


def data(n: int) -> Arguments:
    return {"x": np.random.default_rng(0).normal(size=n)}


def by_hand(x):
    slope = np.empty_like(x)
    buffers = np.empty((5, min(len(x), BLOCK)))
    value = 0.0
    for start in range(0, len(x), BLOCK):
        part = x[start : start + BLOCK]
        value += _block(part, slope[start : start + BLOCK], *buffers[:, : len(part)])
    return value, (slope,)


def _block(x, slope, square, bell, wave, v, root):
    """Return the sum of v**2 * root, and write its derivative into `slope`."""
    np.multiply(x, x, out=square)
    np.multiply(square, -0.5, out=bell)
    np.exp(bell, out=bell)
    np.sin(x, out=wave)
    wave *= bell
    np.multiply(x, 0.1, out=v)
    v += wave
    np.tanh(v, out=v)
    np.add(square, 1.0, out=root)
    np.sqrt(root, out=root)
    # slope = 2*v*(1 - v**2)*root*(cos(x)*bell - x*wave + 0.1) + v**2*x/root
    np.cos(x, out=slope)
    slope *= bell
    np.multiply(x, wave, out=wave)
    slope -= wave
    slope += 0.1
    np.multiply(v, v, out=square)
    np.subtract(1.0, square, out=bell)
    bell *= v
    bell *= root
    bell *= 2.0
    slope *= bell
    value = np.vdot(square, root)
    square *= x
    square /= root
    slope += square
    return value


def value(xp, x):
    v = xp.tanh(xp.sin(x) * xp.exp(-0.5 * x**2) + 0.1 * x)
    return xp.sum(v**2 * xp.sqrt(1 + x**2))


ELEMENTWISE_CHAIN = Workload(
    kind="elementwise",
    sizes={"small": {"n": 100}, "medium": {"n": 10_000}, "large": {"n": 10_000_000}},
    data=data,
    wrt=("x",),
    formula="x[n] -> v = tanh(sin(x)*exp(-0.5*x**2) + 0.1*x)\nsum(v**2*sqrt(1 + x**2))",
    by_hand=by_hand,
    forms=dict.fromkeys(("autograd", "jax", "torch", "casadi", "pytensor"), value),
)
