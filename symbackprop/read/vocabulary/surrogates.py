"""Derivatives that are chosen: none, that of another value, or a multiple."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.errors import ShapeError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import Const, Node, constant
from symbackprop.ir.size import shape_text
from symbackprop.ops import surrogate
from symbackprop.ops.arithmetic import add, mul, subtract
from symbackprop.ops.broadcasting import converted
from symbackprop.read.vocabulary.arguments import node_of, real

__all__ = ["FUNCTIONS"]


def _stop_gradient(x: object) -> Node:
    """Return `x` as a constant of differentiation."""
    node = node_of(x)
    return node if isinstance(node, Const) or not is_float(node.dtype) else surrogate.stop_gradient(node)


def _straight_through(hard: object, soft: object) -> Node:
    """Return `hard`, with the derivative of `soft`."""
    return surrogate.straight_through(node_of(hard), node_of(soft))


def _score_function(log_prob: object, reward: object, baseline: object = 0) -> Node:
    """Return `reward`, with the derivative of its mean over draws of the given logarithms of probabilities."""
    value, usual = real(node_of(reward)), node_of(constant(0) if baseline == 0 else baseline)
    weight = surrogate.stop_gradient(value if isinstance(usual, Const) and usual.value == 0 else subtract(value, usual))
    return surrogate.straight_through(value, add(mul(weight, node_of(log_prob)), value))


def _scale_cotangent(x: object, scale: object) -> Node:
    """Return `x`, whose cotangent is `scale` times that of the result, in the dtype of `x`."""
    node = real(node_of(x))
    factor = real(node_of(scale))
    if factor.shape:
        raise ShapeError(f"scale_cotangent multiplies by one number, not by shape {shape_text(factor.shape)}")
    return node if isinstance(node, Const) else surrogate.scale_cotangent(node, converted(factor, node.dtype))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "scale_cotangent": _scale_cotangent,
    "score_function": _score_function,
    "stop_gradient": _stop_gradient,
    "straight_through": _straight_through,
}
