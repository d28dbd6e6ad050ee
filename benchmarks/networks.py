"""Networks from a layer spec against the same backward pass written by hand."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

import symbackprop as sb
from benchmarks.functions import agree
from benchmarks.row import Row
from benchmarks.timing import interleaved, once

__all__ = ["NETWORKS"]

CLASSIC = """
    input 784
    dense 256 tanh
    dense 128 tanh
    dense 10
    loss softmax_cross_entropy
"""


def by_hand(params: dict[str, Any], x: Any, y: Any) -> tuple[float, dict[str, Any]]:
    """Return the loss of the network and its gradient, as one writes it who knows NumPy and the textbook."""
    W1, b1, W2, b2, W3, b3 = params.values()
    m = len(x)
    a1 = np.tanh(x @ W1.T + b1)
    a2 = np.tanh(a1 @ W2.T + b2)
    z3 = a2 @ W3.T + b3
    z3 -= z3.max(axis=1, keepdims=True)
    e = np.exp(z3)
    s = e.sum(axis=1, keepdims=True)
    loss = np.sum(np.log(s)) / m - np.vdot(y, z3) / m
    delta3 = (e / s - y) / m
    delta2 = (delta3 @ W3) * (1 - a2 * a2)
    delta1 = (delta2 @ W2) * (1 - a1 * a1)
    return loss, {
        "W1": delta1.T @ x, "b1": delta1.sum(axis=0),
        "W2": delta2.T @ a1, "b2": delta2.sum(axis=0),
        "W3": delta3.T @ a2, "b3": delta3.sum(axis=0),
    }  # fmt: skip


def classic(quick: bool) -> list[Row]:
    """Time value and gradient of 784-256-128-10 for 128 examples."""
    net = sb.read_layers(CLASSIC)
    compile_it = partial(sb.compile_value_and_grad, net)
    seconds = min(once(compile_it) for _ in range(3 if quick else 7))
    compiled = compile_it()
    params, rng = net.init(seed=0), np.random.default_rng(0)
    x, y = rng.normal(size=(128, 784)), np.eye(10)[rng.integers(10, size=128)]
    agree(compiled(params, x, y), by_hand(params, x, y))
    works = {"ours": partial(compiled.function, params, x, y), "hand": partial(by_hand, params, x, y)}
    times = interleaved(works, rounds=60 if quick else 200)
    ratio = times["ours"] / times["hand"]
    lines = len(compiled.source.split('"""')[-1].strip().splitlines())
    return [
        Row("784-256-128-10: lines of the function", str(lines), "60", lines <= 60),
        Row("  compile", f"{1000 * seconds:.0f} ms", "", True),
        Row("  value and gradient / by hand, 128 examples", f"{ratio:.2f}", "1.1", ratio <= 1.1),
    ]


NETWORKS = {"classic-network": classic}
