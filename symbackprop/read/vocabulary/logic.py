"""Comparison, logic and choice: masks, and what is chosen by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from symbackprop.errors import ArgumentError, UnsupportedError
from symbackprop.ir.node import Node, constant
from symbackprop.ops import primitives
from symbackprop.ops.broadcasting import broadcast_to, converted
from symbackprop.ops.comparison import logical_and, logical_not, logical_or, where
from symbackprop.ops.declare import Primitive
from symbackprop.read.vocabulary.arguments import node_of

__all__ = ["FUNCTIONS", "are_masks", "bitwise", "chain", "choose", "conjunction", "disjunction", "negation"]

_COMPARISONS = {
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
    "==": "equal",
    "!=": "not_equal",
}


def chain(operators: Sequence[str], operands: Sequence[object]) -> Node:
    """Return ``a < b <= c``, which is ``(a < b) and (b <= c)``."""
    nodes = [node_of(operand) for operand in operands]
    links = [
        primitives()[_COMPARISONS[operator]](left, right)
        for operator, left, right in zip(operators, nodes, nodes[1:], strict=False)
    ]
    return _folded(logical_and, links)


def conjunction(operands: Sequence[object]) -> Node:
    """Return ``a and b``, entry by entry."""
    return _folded(logical_and, [_mask(operand, "and") for operand in operands])


def disjunction(operands: Sequence[object]) -> Node:
    """Return ``a or b``, entry by entry."""
    return _folded(logical_or, [_mask(operand, "or") for operand in operands])


def choose(condition: object, if_true: object, if_false: object) -> Node:
    """Return ``if_true if condition else if_false``, entry by entry."""
    return where(_mask(condition, "if"), node_of(if_true), node_of(if_false))


def negation(operand: object) -> Node:
    """Return ``not a``, entry by entry."""
    return logical_not(_mask(operand, "not"))


def are_masks(*nodes: Node) -> bool:
    """Tell whether all of `nodes` are conditions."""
    return all(node.dtype == "bool" for node in nodes)


def bitwise(primitive: Primitive) -> Callable[[object, object], Node]:
    """Return the operator ``&`` or ``|`` on masks."""
    symbol = "&" if primitive is logical_and else "|"
    return lambda a, b: primitive(_mask(a, symbol), _mask(b, symbol))


def _folded(primitive: Primitive, masks: Sequence[Node]) -> Node:
    result = masks[0]
    for mask in masks[1:]:
        result = primitive(result, mask)
    return result


def _mask(operand: object, what: str) -> Node:
    node = node_of(operand)
    if node.dtype != "bool":
        raise UnsupportedError(
            f"`{what}` needs conditions such as x > 0, not numbers; write x != 0 to ask for non-zero"
        )
    return node


def _where(condition: object, x: object = None, y: object = None) -> Node:
    if x is None or y is None:
        raise UnsupportedError(
            "where needs three arguments, where(condition, x, y); positions of True are not supported"
        )
    node = node_of(condition)
    mask = node if node.dtype == "bool" else primitives()["not_equal"](node, 0)
    return where(mask, node_of(x), node_of(y))


def _select(condlist: object, choicelist: object, default: object = constant(0)) -> Node:
    if not isinstance(condlist, tuple) or not isinstance(choicelist, tuple) or len(condlist) != len(choicelist):
        raise ArgumentError("select takes two lists of one length, select([c1, c2], [x1, x2], default)")
    result = node_of(default)
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = where(_mask(condition, "select"), node_of(choice), result)
    return result


def _piecewise(x: object, condlist: object, funclist: object) -> Node:
    conditions = condlist if isinstance(condlist, tuple) else (condlist,)
    choices = funclist if isinstance(funclist, tuple) else (funclist,)
    if len(choices) not in (len(conditions), len(conditions) + 1):
        raise ArgumentError("piecewise takes as many values as conditions, or one more for everything else")
    node = node_of(x)
    otherwise = node_of(choices[-1]) if len(choices) > len(conditions) else constant(0)
    result = broadcast_to(converted(otherwise, node.dtype), node.shape)
    for condition, choice in zip(conditions, choices, strict=False):  # the last condition that holds decides
        result = where(_mask(condition, "piecewise"), converted(node_of(choice), node.dtype), result)
    return result


def _clip(a: object, a_min: object = None, a_max: object = None, *, min: object = None, max: object = None) -> Node:
    low = a_min if a_min is not None else min
    high = a_max if a_max is not None else max
    if low is None and high is None:
        raise ArgumentError("clip needs a lower or an upper bound")
    result = node_of(a)
    if low is not None:
        result = primitives()["maximum"](result, node_of(low))
    return result if high is None else primitives()["minimum"](result, node_of(high))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "where": _where,
    "select": _select,
    "piecewise": _piecewise,
    "clip": _clip,
}

METHODS: Mapping[str, Callable[..., Any]] = {"clip": _clip}
