"""Networks from a layer spec: against the same backward pass written by hand, and a convolutional one against PyTorch."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

try:  # an optional peer: pip install 'symbackprop[references]'
    import torch
    from threadpoolctl import threadpool_limits  # which scikit-learn brings along
    from torch.nn import functional
except ImportError:
    torch = None

import symbackprop as sb
from benchmarks.functions import agree
from benchmarks.row import Row
from benchmarks.timing import interleaved, once
from examples.networks.digits_convolution import CONVOLUTION

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


def by_torch(p: Any, x: Any, y: Any, mask: Any, state: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return the loss of the convolutional network for digits and its gradient, by PyTorch."""
    a = functional.relu(functional.conv2d(x, p["W1"], p["b1"], padding=1))
    a = functional.relu(functional.max_pool2d(functional.conv2d(a, p["W2"], p["b2"], padding=1), 2))
    a = functional.batch_norm(a, state["running_mean3"], state["running_var3"], p["gamma3"], p["beta3"], training=True)
    a = functional.relu(functional.max_pool2d(functional.conv2d(a, p["W4"], p["b4"], padding=1), 2))
    a = a.flatten(1) * mask / 0.5
    loss = functional.cross_entropy(functional.linear(a, p["W5"], p["b5"]), y)
    return loss, torch.autograd.grad(loss, list(p.values()))


def convolutional(quick: bool) -> list[Row]:
    """Time value and gradient of the convolutional network of `examples/networks` for 128 digits, on one thread."""
    title = "convolution on digits: value and gradient / PyTorch"
    if torch is None:
        return [Row(f"{title}, which is not installed", "skipped", "", True)]
    torch.set_num_threads(1)
    with threadpool_limits(limits=1):
        ratios = {dtype: _against_torch(dtype, rounds=30 if quick else 100) for dtype in ("float32", "float64")}
    return [Row(f"{title}, {dtype}", f"{ratio:.2f}", "2.0", ratio <= 2.0) for dtype, ratio in ratios.items()]


def _against_torch(dtype: str, rounds: int) -> float:
    """Return how many times as long as PyTorch's our function takes, once both are known to compute the same."""
    net, rng = sb.read_layers(CONVOLUTION), np.random.default_rng(0)
    params, state, (mask,) = net.init(0, dtype), net.init_state(dtype), net.masks(0, m=128).values()
    x, y = rng.random((128, 1, 8, 8)).astype(dtype), rng.integers(10, size=128)
    ours = partial(sb.compile_value_and_grad(net, dtype=dtype), params, x, mask, y, state)
    leaves = {name: torch.tensor(array, requires_grad=True) for name, array in params.items()}
    statistics = {name: torch.tensor(array) for name, array in state.items()}
    theirs = partial(by_torch, leaves, torch.tensor(x), torch.tensor(y), torch.tensor(mask), statistics)
    ((loss, _), grads), (expected, slopes) = ours(), theirs()
    near = 1e-4 if dtype == "float32" else 1e-10
    np.testing.assert_allclose(loss, expected.detach(), rtol=near)
    for (name, gradient), slope in zip(grads.items(), slopes, strict=True):
        np.testing.assert_allclose(gradient, slope, rtol=0, atol=near * np.max(np.abs(gradient)), err_msg=name)
    times = interleaved({"ours": ours, "torch": theirs}, rounds)
    return times["ours"] / times["torch"]


NETWORKS = {"classic-network": classic, "convolutional-network": convolutional}
