"""Dense layers with each activation, blocks, and two losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

Tensor = torch.Tensor

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "leaky_relu(0.2)": lambda z: F.leaky_relu(z, 0.2),
    "elu": F.elu,
    "elu(0.7)": lambda z: F.elu(z, 0.7),
    "celu": F.celu,
    "celu(0.5)": lambda z: F.celu(z, 0.5),  # 1/alpha is in single precision there: alpha is a power of two
    "selu": F.selu,
    "gelu": F.gelu,
    "gelu_tanh": lambda z: F.gelu(z, approximate="tanh"),
    "silu": F.silu,
    "mish": F.mish,
    "softplus": lambda z: F.softplus(z, threshold=1e9),
    "softsign": F.softsign,
    "sigmoid": F.sigmoid,
    "hard_sigmoid": lambda z: F.hardtanh(z / 6 + 0.5, 0.0, 1.0),  # F.hardsigmoid has 1/6 in single precision
    "tanh": F.tanh,
    "hard_tanh": F.hardtanh,
    "hard_tanh(-0.5,0.3)": lambda z: F.hardtanh(z, -0.5, 0.3),
    "softmax": lambda z: F.softmax(z, -1),
    "log_softmax": lambda z: F.log_softmax(z, -1),
}


def half_squares(a: Tensor, y: Tensor, batch: int | None = 0) -> Tensor:
    """Return half the squared distance, the mean over the axis of the examples if there is one."""
    count = 1 if batch is None else a.shape[batch]
    return F.mse_loss(a, y, reduction="sum") / (2 * count)


def mlp(p: Any, d: Any, f: Callable[[Tensor], Tensor]) -> Tensor:
    return F.linear(f(F.linear(d.x, p.W1, p.b1)), p.W2, p.b2)


def columns(p: Any, d: Any) -> Tensor:
    return mlp(p, type(d)(x=d.x.T), torch.tanh).T


def weighted(p: Any, d: Any) -> Tensor:
    losses = ((F.linear(d.x, p.W1, p.b1) - d.y) ** 2).sum(1) / 2
    return (d.sample_weight * losses).sum() / d.sample_weight.sum()


def penalised(p: Any, d: Any) -> Tensor:
    l1, l2 = 0.1 * p.W1.abs().sum(), 0.2 * (p.W1**2).sum() + 0.3 * (p.W2**2).sum()
    return half_squares(mlp(p, d, torch.tanh), d.y) + l1 + l2


def stacked(x: Tensor, *parameters: Tensor) -> Tensor:
    for W, b in zip(parameters[::2], parameters[1::2], strict=True):
        x = torch.tanh(F.linear(x, W, b))
    return x


REFERENCES: dict[str, Callable[[Any, Any], Any]] = {
    **{f"dense {name}": lambda p, d, f=f: half_squares(mlp(p, d, f), d.y) for name, f in ACTIVATIONS.items()},
    **{f"layer {name}": lambda p, d, f=f: half_squares(f(d.x), d.y, None) for name, f in ACTIVATIONS.items()},
    "identity": lambda p, d: half_squares(F.linear(d.x, p.W1, p.b1), d.y),
    "without bias": lambda p, d: half_squares(F.linear(torch.tanh(F.linear(d.x, p.W1)), p.W2), d.y),
    "over time": lambda p, d: half_squares(stacked(d.x, p.W1, p.b1), d.y),
    "columns": lambda p, d: half_squares(columns(p, d), d.y, 1),
    "one example": lambda p, d: half_squares(mlp(p, d, torch.tanh), d.y, None),
    "penalties": penalised,
    "shared": lambda p, d: half_squares(F.linear(stacked(d.x, p.W_a, p.b_a), p.W_a, p.b_a), d.y),
    "residual": lambda p, d: half_squares(d.x + mlp(p, d, torch.tanh), d.y),
    "residual in residual": lambda p, d: half_squares(2 * d.x + stacked(d.x, p.W1, p.b1), d.y),
    "repeat": lambda p, d: half_squares(stacked(d.x, p.W1, p.b1, p.W2, p.b2, p.W3, p.b3), d.y),
    "repeat shared": lambda p, d: half_squares(stacked(d.x, *[p.W1, p.b1] * 3), d.y),
    "squared_error sum": lambda p, d: F.mse_loss(F.linear(d.x, p.W1, p.b1), d.y, reduction="sum"),
    "squared_error weighted": weighted,
    "softmax_cross_entropy": lambda p, d: F.cross_entropy(F.linear(d.x, p.W1, p.b1), d.y),
    "softmax_cross_entropy of distributions": lambda p, d: F.cross_entropy(F.linear(d.x, p.W1, p.b1), d.y),
    "softmax_cross_entropy columns": lambda p, d: F.cross_entropy(F.linear(d.x.T, p.W1, p.b1), d.y.T),
}
