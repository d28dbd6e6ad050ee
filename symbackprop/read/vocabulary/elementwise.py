"""Elementwise functions: every elementwise primitive under its names, and those made of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.ir.node import Node
from symbackprop.ops import primitives
from symbackprop.ops.declare import Primitive
from symbackprop.ops.powers import power
from symbackprop.read.vocabulary.arguments import node_of

__all__ = ["FUNCTIONS"]


def _word(primitive: Primitive) -> Callable[..., Node]:
    def function(*operands: object) -> Node:
        return primitive(*map(node_of, operands))

    function.__name__ = primitive.name
    return function


def _all_elementwise() -> dict[str, Callable[..., Any]]:
    return {
        name: _word(primitive)
        for primitive in primitives().values()
        if primitive.kind == "elementwise" and primitive.public
        for name in (primitive.name, *primitive.aliases)
    }


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **_all_elementwise(),
    "power": lambda x1, x2: power(node_of(x1), node_of(x2)),
    "pow": lambda x1, x2: power(node_of(x1), node_of(x2)),
    "add": lambda x1, x2: node_of(x1) + node_of(x2),
    "subtract": lambda x1, x2: node_of(x1) - node_of(x2),
    "square": lambda x: power(node_of(x), 2),
}
