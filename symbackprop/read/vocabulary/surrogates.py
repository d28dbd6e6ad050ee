"""Derivatives that are chosen: none, or that of another value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import Const, Node
from symbackprop.ops import surrogate
from symbackprop.read.vocabulary.arguments import node_of

__all__ = ["FUNCTIONS"]


def _stop_gradient(x: object) -> Node:
    """Return `x` as a constant of differentiation."""
    node = node_of(x)
    return node if isinstance(node, Const) or not is_float(node.dtype) else surrogate.stop_gradient(node)


def _straight_through(hard: object, soft: object) -> Node:
    """Return `hard`, with the derivative of `soft`."""
    return surrogate.straight_through(node_of(hard), node_of(soft))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "stop_gradient": _stop_gradient,
    "straight_through": _straight_through,
}
