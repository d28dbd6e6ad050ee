"""A long short-term memory as a loop over time, its last state read out: half the mean squared error.

The gates are in PyTorch's order: input, forget, cell, output.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

import symbackprop as sb
from benchmarks.workloads.workload import Arguments, Workload

NAMES = ("W", "U", "b", "v")


def data(steps: int, batch: int, d: int, k: int) -> Arguments:
    rng = np.random.default_rng(0)
    return {
        "W": rng.normal(size=(d, 4 * k)) / np.sqrt(d),
        "U": rng.normal(size=(k, 4 * k)) / np.sqrt(k),
        "b": np.repeat([0.0, 1.0, 0.0, 0.0], k) + 0.1 * rng.normal(size=4 * k),
        "v": rng.normal(size=k) / np.sqrt(k),
        "X": rng.normal(size=(steps, batch, d)),
        "y": rng.normal(size=batch),
    }


def forward(W, U, b, X):
    """Return the states, the gates and the tanh of the cells, of all steps."""
    steps, batch, d = X.shape
    k = len(U)
    h, c = np.zeros((steps + 1, batch, k)), np.zeros((steps + 1, batch, k))
    gates = (X.reshape(steps * batch, d) @ W).reshape(steps, batch, 4, k)
    gates += b.reshape(4, k)
    squashed = np.empty((steps, batch, k))
    product = np.empty((batch, 4 * k))
    for t in range(steps):
        z = gates[t]
        np.matmul(h[t], U, out=product)
        z += product.reshape(batch, 4, k)
        expit(z[:, :2], out=z[:, :2])
        np.tanh(z[:, 2], out=z[:, 2])
        expit(z[:, 3], out=z[:, 3])
        np.multiply(z[:, 1], c[t], out=c[t + 1])
        c[t + 1] += z[:, 0] * z[:, 2]
        np.tanh(c[t + 1], out=squashed[t])
        np.multiply(z[:, 3], squashed[t], out=h[t + 1])
    return h, c, gates, squashed


def by_hand(W, U, b, v, X, y):
    h, c, gates, squashed = forward(W, U, b, X)
    steps, batch, k = squashed.shape
    residual = h[-1] @ v - y
    delta = residual / batch
    i, f, g, o = (gates[:, :, j] for j in range(4))
    # the adjoint of z is that of the cell, or of the state for the output gate, times what the forward pass knows
    factors = gates * (1.0 - gates)
    factors[:, :, 0] *= g
    factors[:, :, 1] *= c[:-1]
    np.subtract(1.0, g * g, out=factors[:, :, 2])
    factors[:, :, 2] *= i
    factors[:, :, 3] *= squashed
    by_state = 1.0 - squashed * squashed
    by_state *= o
    h_bar, c_bar = np.outer(delta, v), np.zeros((batch, k))
    UT = np.ascontiguousarray(U.T)
    for t in reversed(range(steps)):
        by_state[t] *= h_bar
        c_bar += by_state[t]
        z_bar = factors[t]
        z_bar[:, :3] *= c_bar[:, None, :]
        z_bar[:, 3] *= h_bar
        np.matmul(z_bar.reshape(batch, 4 * k), UT, out=h_bar)
        c_bar *= f[t]
    flat = factors.reshape(steps * batch, 4 * k)
    by_W = X.reshape(len(flat), -1).T @ flat
    by_U = h[:-1].reshape(len(flat), k).T @ flat
    return 0.5 * (residual @ delta), (by_W, by_U, flat.sum(axis=0), delta @ h[-1])


def formula(W, U, b, v, X, y):
    def step(state, z):
        h, c = state
        i, f, g, o = np.split(z + h @ U, 4, axis=1)
        c = expit(f) * c + expit(i) * np.tanh(g)
        h = expit(o) * np.tanh(c)
        return (h, c), None

    start = np.zeros((X.shape[1], U.shape[0]))
    (h, _), _ = sb.scan(step, (start, start), X @ W + b)
    return 0.5 * np.mean((h @ v - y) ** 2)


def value(xp, W, U, b, v, X, y):
    def step(state, z):
        h, c = state
        i, f, g, o = xp.split(z + h @ U, 4, axis=1)
        c = xp.special.expit(f) * c + xp.special.expit(i) * xp.tanh(g)
        h = xp.special.expit(o) * xp.tanh(c)
        return (h, c), None

    start = xp.zeros((X.shape[1], U.shape[0]))
    (h, _), _ = xp.scan(step, (start, start), X @ W + b)
    return 0.5 * xp.mean((h @ v - y) ** 2)


def in_torch(torch, W, U, b, v, X, y):
    h = c = torch.zeros(X.shape[1], U.shape[0])
    for z in (X @ W + b).unbind(0):
        i, f, g, o = (z + h @ U).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
    return 0.5 * ((h @ v - y) ** 2).mean()


LSTM_SCAN = Workload(
    kind="recurrent",
    sizes={
        "small": {"steps": 10, "batch": 4, "d": 3, "k": 5},
        "medium": {"steps": 50, "batch": 32, "d": 16, "k": 64},
        "large": {"steps": 50, "batch": 64, "d": 64, "k": 256},
    },
    data=data,
    wrt=NAMES,
    formula=formula,
    options={"inputs": {"W": "d 4*k", "U": "k 4*k", "b": "4*k", "v": "k", "X": "n m d", "y": "m"}},
    by_hand=by_hand,
    forms={"autograd": value, "jax": value, "torch": in_torch},
)
