"""Layers with several inputs, other shapes, tables, and activations with parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

from torch_layers.dense import half_squares

Tensor = torch.Tensor


def add(p: Any, d: Any) -> Tensor:
    a, b = torch.tanh(F.linear(d.x, p.W_a, p.b_a)), F.linear(d.x, p.W_b, p.b_b)
    return half_squares(a + b + d.x, d.y)


def gated(a: Tensor, b: Tensor, W: Tensor, c: Tensor) -> Tensor:
    return torch.lerp(b, a, torch.sigmoid(F.linear(torch.cat([a, b], -1), W, c)))


def gated_sum(p: Any, d: Any) -> Tensor:
    h = gated(torch.tanh(F.linear(d.x, p.W_a, p.b_a)), d.x, p.W2, p.c2)
    return half_squares(F.linear(h, p.W3, p.b3), d.y)


def maxout(z: Tensor, pieces: int) -> Tensor:
    return z.unflatten(-1, (-1, pieces)).amax(-1)


def reshape_over_time(p: Any, d: Any) -> Tensor:
    z = F.linear(d.x, p.W1, p.b1).unflatten(-1, (2, 3))
    return half_squares(F.linear(z, p.W2, p.b2), d.y)


REFERENCES: dict[str, Callable[[Any, Any], Any]] = {
    "flatten": lambda p, d: half_squares(F.linear(d.x.flatten(1), p.W1, p.b1), d.y),
    "flatten one example": lambda p, d: half_squares(F.linear(d.x.flatten(), p.W1, p.b1), d.y, None),
    "reshape": lambda p, d: half_squares(F.linear(d.x.reshape(-1, 2, 3), p.W1, p.b1), d.y),
    "reshape over time": reshape_over_time,
    "concatenate": lambda p, d: half_squares(F.linear(torch.cat([d.a, d.b], 1), p.W1, p.b1), d.y),
    "concatenate channels": lambda p, d: half_squares(torch.cat([d.a, d.b, d.a], 1), d.y),
    "concatenate columns": lambda p, d: half_squares(F.linear(torch.cat([d.a, d.b]).T, p.W1, p.b1), d.y.T),
    "add": add,
    "add one example": lambda p, d: half_squares(d.a + d.b, d.y, None),
    "gated_sum": gated_sum,
    "gated_sum of columns": lambda p, d: half_squares(gated(d.a.T, d.b.T, p.W1, p.c1), d.y.T),
    "gated_sum over time": lambda p, d: half_squares(gated(d.a, d.b, p.W1, p.c1), d.y),
    "bilinear": lambda p, d: half_squares(F.bilinear(d.a, d.b, p.W1, p.b1), d.y),
    "bilinear over time": lambda p, d: half_squares(F.bilinear(d.a, d.b, p.W1), d.y),
    "bilinear of one example": lambda p, d: half_squares(F.bilinear(d.a, d.b, p.W1, p.b1), d.y, None),
    "embedding": lambda p, d: half_squares(F.linear(F.embedding(d.x, p.E1).flatten(1), p.W2, p.b2), d.y),
    "embedding over time": lambda p, d: half_squares(F.embedding(d.x, p.E1), d.y),
    "embedding of one number": lambda p, d: half_squares(F.embedding(d.x, p.E1), d.y, None),
    "prelu": lambda p, d: half_squares(F.linear(F.prelu(F.linear(d.x, p.W1, p.b1), p.alpha2), p.W3, p.b3), d.y),
    "prelu by channel": lambda p, d: half_squares(F.prelu(d.x, p.alpha1), d.y),
    "prelu by feature of columns": lambda p, d: half_squares(F.prelu(d.x.T, p.alpha1), d.y.T),
    "maxout": lambda p, d: half_squares(F.linear(maxout(F.linear(d.x, p.W1, p.b1), 3), p.W2, p.b2), d.y),
    "maxout of columns": lambda p, d: half_squares(maxout(d.x.T, 2), d.y.T),
}
