"""An LSTM layer against backpropagation through time that is written by hand, with the gates in the same order."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy.special import expit

import symbackprop as sb
from benchmarks.functions import agree
from benchmarks.row import Row
from benchmarks.timing import interleaved, once

__all__ = ["RECURRENT"]

SPEC = """
    input t 16
    lstm 64 last
    dense 1
    loss squared_error
"""


def forward(params: dict[str, Any], X: Any) -> tuple[Any, ...]:
    """Return the states and gates of all steps; the first axis is that of time."""
    U = params["U1"]
    steps, batch, k = len(X), X.shape[1], U.shape[1]
    inputs = X @ params["W1"].T + params["b1"]
    h, c = np.zeros((steps + 1, batch, k)), np.zeros((steps + 1, batch, k))
    gates, squashed = np.empty((steps, batch, 4 * k)), np.empty((steps, batch, k))
    for t in range(steps):
        z = inputs[t] + h[t] @ U.T
        gates[t] = expit(z)
        gates[t, :, 2 * k : 3 * k] = np.tanh(z[:, 2 * k : 3 * k])
        i, f, g, o = (gates[t, :, j * k : (j + 1) * k] for j in range(4))
        c[t + 1] = f * c[t] + i * g
        squashed[t] = np.tanh(c[t + 1])
        h[t + 1] = o * squashed[t]
    return h, c, gates, squashed


def by_hand(params: dict[str, Any], x: Any, y: Any) -> tuple[float, dict[str, Any]]:
    """Return the loss of the network and its gradient."""
    X = np.ascontiguousarray(np.swapaxes(x, 0, 1))
    h, c, gates, squashed = forward(params, X)
    steps, batch, k = squashed.shape
    residual = h[-1] @ params["W2"].T + params["b2"] - y
    delta = residual / batch
    h_bar, c_bar = delta @ params["W2"], np.zeros((batch, k))
    z_bars = np.empty_like(gates)
    for t in reversed(range(steps)):
        i, f, g, o = (gates[t, :, j * k : (j + 1) * k] for j in range(4))
        c_bar += h_bar * o * (1 - squashed[t] ** 2)
        z_bars[t, :, :k] = c_bar * g * i * (1 - i)
        z_bars[t, :, k : 2 * k] = c_bar * c[t] * f * (1 - f)
        z_bars[t, :, 2 * k : 3 * k] = c_bar * i * (1 - g**2)
        z_bars[t, :, 3 * k :] = h_bar * squashed[t] * o * (1 - o)
        h_bar = z_bars[t] @ params["U1"]
        c_bar = c_bar * f
    flat = z_bars.reshape(-1, 4 * k)
    return 0.5 * np.vdot(residual, residual) / batch, {
        "W1": flat.T @ X.reshape(len(flat), -1), "U1": flat.T @ h[:-1].reshape(-1, k), "b1": flat.sum(axis=0),
        "W2": delta.T @ h[-1], "b2": delta.sum(axis=0),
    }  # fmt: skip


def lstm_layer(quick: bool) -> list[Row]:
    """Time value and gradient of an LSTM layer of 64 units, 50 steps of 16 features, 32 examples."""
    net = sb.read_layers(SPEC)
    compile_it = partial(sb.compile_value_and_grad, net)
    seconds = min(once(compile_it) for _ in range(3 if quick else 7))
    compiled = compile_it()
    params, rng = net.init(seed=0), np.random.default_rng(0)
    x, y = rng.normal(size=(32, 50, 16)), rng.normal(size=(32, 1))
    agree(compiled(params, x, y), by_hand(params, x, y))
    works = {
        "ours": partial(compiled, params, x, y),
        "value": partial(sb.compile_value(net), params, x, y),
        "hand": partial(by_hand, params, x, y),
    }
    times = interleaved(works, rounds=24 if quick else 60)
    forward_ratio, hand = times["ours"] / times["value"], times["ours"] / times["hand"]
    lines = len(compiled.source.splitlines())
    return [
        Row("LSTM layer, 50 steps: lines of printed code", str(lines), "150", lines <= 150),
        Row("  compile", f"{1000 * seconds:.0f} ms", "300 ms", seconds < 0.3),
        Row("  value and gradient / value alone", f"{forward_ratio:.2f}", "3.0", forward_ratio <= 3),
        Row("  value and gradient / by hand", f"{hand:.2f}", "1.5", hand <= 1.5),
    ]


RECURRENT = {"lstm-layer": lstm_layer}
