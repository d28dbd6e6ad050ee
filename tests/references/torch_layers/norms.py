"""Layers that normalise, and dropout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

from torch_layers.dense import half_squares

Tensor = torch.Tensor


def batch_norm(x: Tensor, p: Any, d: Any, number: int = 1, train: bool = True, **options: float) -> Any:
    """Return what is normalised, and the states after it."""
    states = f"running_mean{number}", f"running_var{number}"
    running = [getattr(d, name).detach().clone() for name in states]
    gamma, beta = (getattr(p, f"{stem}{number}", None) for stem in ("gamma", "beta"))
    a = F.batch_norm(x, *running, gamma, beta, training=train, **options)
    return a, dict(zip(states, running, strict=True))


def in_network(p: Any, d: Any, train: bool = True) -> Any:
    a, states = batch_norm(F.linear(d.x, p.W1, p.b1), p, d, 2, train)
    return half_squares(F.linear(a, p.W3, p.b3), d.y), states


def alone(train: bool = True, **options: float) -> Callable[[Any, Any], Any]:
    def loss(p: Any, d: Any) -> Any:
        a, states = batch_norm(d.x, p, d, train=train, **options)
        return half_squares(a, d.y), states

    return loss


def columns(p: Any, d: Any) -> Any:
    a, states = batch_norm(d.x.T, p, d)
    return half_squares(a, d.y.T), states


def one_image(p: Any, d: Any) -> Any:
    a, states = batch_norm(d.x[None], p, d)
    return half_squares(a[0], d.y, None), states


def between(p: Any, d: Any, layer: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the loss of a network of two dense layers with a layer between them."""
    last = (p.W3, p.b3) if hasattr(p, "W3") else (p.W2, p.b2)
    return half_squares(F.linear(layer(F.linear(d.x, p.W1, p.b1)), *last), d.y)


def dropped(x: Tensor, mask: Tensor, rate: float) -> Tensor:
    return x * mask / (1 - rate)


REFERENCES: dict[str, Callable[[Any, Any], Any]] = {
    "batch_norm": in_network,
    "batch_norm in inference": lambda p, d: in_network(p, d, train=False),
    "batch_norm of sequences": alone(momentum=0.3, eps=1e-3),
    "batch_norm of images": alone(),
    "batch_norm of images in inference": alone(train=False),
    "batch_norm of columns": columns,
    "batch_norm without parameters": alone(),
    "batch_norm of one image": one_image,
    "layer_norm": lambda p, d: between(p, d, lambda z: F.layer_norm(z, (4,), p.gamma2, p.beta2)),
    "layer_norm over two axes": lambda p, d: half_squares(F.layer_norm(d.x, (3, 4), p.gamma1, p.beta1, eps=0.01), d.y),
    "layer_norm over time": lambda p, d: half_squares(F.layer_norm(d.x, (4,), p.gamma1), d.y),
    "layer_norm of columns": lambda p, d: half_squares(F.layer_norm(d.x.T, (4,), p.gamma1, p.beta1), d.y.T),
    "layer_norm of one example": lambda p, d: half_squares(F.layer_norm(d.x, (5,), None, p.beta1), d.y, None),
    "rms_norm": lambda p, d: between(p, d, lambda z: F.rms_norm(z, (4,), p.gamma2, eps=1e-5)),
    "rms_norm over two axes": lambda p, d: half_squares(F.rms_norm(d.x, (3, 4), p.gamma1, eps=0.01), d.y),
    "rms_norm with offset": lambda p, d: half_squares(F.rms_norm(d.x.T, (4,), p.gamma1, eps=1e-5) + p.beta1, d.y.T),
    "group_norm": lambda p, d: half_squares(F.group_norm(d.x, 2, p.gamma1, p.beta1), d.y),
    "group_norm of features": lambda p, d: half_squares(F.group_norm(d.x, 3, p.gamma1, p.beta1, eps=0.01), d.y),
    "group_norm of columns": lambda p, d: half_squares(F.group_norm(d.x.T, 2, p.gamma1, p.beta1), d.y.T),
    "instance norm": lambda p, d: half_squares(F.instance_norm(d.x, weight=p.gamma1, bias=p.beta1), d.y),
    "all channels together": lambda p, d: half_squares(F.group_norm(d.x[None], 1, p.gamma1, p.beta1)[0], d.y, None),
    "dropout": lambda p, d: between(p, d, lambda z: dropped(torch.tanh(z), d.mask1, 0.3)),
    "dropout of the input": lambda p, d: half_squares(dropped(d.x, d.mask, 0.5), d.y, 1),
    "dropout twice": lambda p, d: half_squares(dropped(dropped(d.x, d.mask, 0.5), d.mask_2, 0.25), d.y),
    "dropout in inference": lambda p, d: between(p, d, torch.tanh),
}
