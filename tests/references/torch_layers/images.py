"""Convolutions, their transposes, and pooling, from the options of the cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from layer_cases import images as cases
from torch.nn import functional as F

from torch_layers.dense import half_squares

Tensor = torch.Tensor
Reference = Callable[[Any, Any], Any]


def parsed(options: str) -> tuple[list[Any], dict[str, Any]]:
    """Return the options of a case by position and by name."""

    def value(text: str) -> Any:
        if text.isalpha():
            return {"true": True, "false": False}.get(text, text)
        numbers = tuple(map(int, text.split(",")))
        return numbers if len(numbers) > 1 else numbers[0]

    words = [word.split("=") for word in options.split()]
    return [value(word[0]) for word in words if len(word) == 1], {word[0]: value(word[1]) for word in words if word[1:]}


def filters(function: Callable[..., Tensor], options: str) -> Reference:
    """Return a layer with filters alone."""
    _, named = parsed(options)
    named.pop("bias", None)
    return lambda p, d: half_squares(function(d.x, p.W1, getattr(p, "b1", None), **named), d.y)


def pooling(function: Callable[..., Tensor], options: str) -> Reference:
    (size,), named = parsed(options)
    return lambda p, d: half_squares(function(d.x, size, **named), d.y)


def small_network(p: Any, d: Any) -> Tensor:
    a = F.avg_pool2d(torch.tanh(F.conv2d(d.x, p.W1, p.b1, padding=1)), 2)
    a = F.relu(F.conv2d(a, p.W2, p.b2)).amax((2, 3))
    return F.cross_entropy(F.linear(a, p.W3, p.b3), d.y)


def penalised(p: Any, d: Any) -> Tensor:
    loss = half_squares(F.relu(F.conv2d(d.x, p.W1, p.b1)), d.y, None)
    return loss + 0.1 * p.W1.abs().sum() + 0.2 * (p.W1**2).sum()


def shared(p: Any, d: Any) -> Tensor:
    return half_squares(F.conv1d(torch.tanh(F.conv1d(d.x, p.W_a, p.b_a)), p.W_a, p.b_a), d.y)


REFERENCES: dict[str, Reference] = {
    **{f"conv1d {o}": filters(F.conv1d, o) for o in cases.CONV1D},
    **{f"conv2d {o}": filters(F.conv2d, o) for o in cases.CONV2D},
    **{f"conv_transpose1d {o}": filters(F.conv_transpose1d, o) for o in cases.CONV_TRANSPOSE1D},
    **{f"conv_transpose2d {o}": filters(F.conv_transpose2d, o) for o in cases.CONV_TRANSPOSE2D},
    **{f"max_pool1d {o}": pooling(F.max_pool1d, o) for o in cases.MAX_POOL1D},
    **{f"max_pool2d {o}": pooling(F.max_pool2d, o) for o in cases.MAX_POOL2D},
    **{f"avg_pool1d {o}": pooling(F.avg_pool1d, o) for o in cases.AVG_POOL1D},
    **{f"avg_pool2d {o}": pooling(F.avg_pool2d, o) for o in cases.AVG_POOL2D},
    "conv1d of one sequence": lambda p, d: half_squares(F.conv1d(d.x, p.W1, p.b1, 2), d.y, None),
    "conv2d of one image": lambda p, d: half_squares(F.gelu(F.conv2d(d.x, p.W1, p.b1, padding=1)), d.y, None),
    "conv2d of any size": lambda p, d: half_squares(F.conv2d(d.x, p.W1, p.b1, 2, 1), d.y),
    "conv2d penalties": penalised,
    "conv1d shared": shared,
    "conv2d softmax": lambda p, d: half_squares(F.softmax(F.conv2d(d.x, p.W1, p.b1), 1), d.y),
    "conv_transpose2d of any size": lambda p, d: half_squares(F.conv_transpose2d(d.x, p.W1, p.b1, 2), d.y),
    "max_pool2d of one image": lambda p, d: half_squares(F.max_pool2d(d.x, 2), d.y, None),
    "max_pool2d of any size": lambda p, d: half_squares(F.max_pool2d(d.x, 2), d.y),
    "global_max_pool": lambda p, d: half_squares(d.x.amax(2), d.y),
    "global_avg_pool": lambda p, d: half_squares(F.linear(d.x.mean((2, 3)), p.W1, p.b1), d.y),
    "global_avg_pool of one image": lambda p, d: half_squares(d.x.mean((1, 2)), d.y, None),
    "a small network": small_network,
}
