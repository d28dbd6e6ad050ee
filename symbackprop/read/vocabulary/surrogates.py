"""Derivatives that are chosen: none, or that of another value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import Const, Node, constant
from symbackprop.ops import surrogate
from symbackprop.ops.arithmetic import add, mul, subtract
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


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "score_function": _score_function,
    "stop_gradient": _stop_gradient,
    "straight_through": _straight_through,
}
