"""What Python's operators mean on values: numbers and sizes fold exactly, all else builds nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symbackprop.errors import UnsupportedError
from symbackprop.ir.node import Const, Node, constant
from symbackprop.ir.size import SizeExpression
from symbackprop.ops.comparison import logical_and, logical_or
from symbackprop.ops.powers import power
from symbackprop.ops.rounding import floor_divide, remainder
from symbackprop.read.vocabulary.arguments import node_of
from symbackprop.read.vocabulary.logic import are_masks, bitwise, negation

__all__ = ["OPERATORS", "minus", "plus", "times"]

_BITS = 1024  # of the largest float64


def _static(
    symbol: str, operator: Callable[[int, int], int], build: Callable[[Node, Node], Node]
) -> Callable[[object, object], Node]:
    """Fold integers and sizes, which axes and shapes are made of; build a node from anything else."""

    def apply(left: object, right: object) -> Node:
        a, b = node_of(left), node_of(right)
        if _is_static(a) and _is_static(b):
            if b.value == 0 and symbol in ("//", "%"):  # type: ignore[attr-defined]
                raise UnsupportedError(f"`{symbol}` by zero has no value")
            return constant(operator(a.value, b.value))  # type: ignore[attr-defined]
        return build(a, b)

    return apply


def _is_static(node: Node) -> bool:
    if not isinstance(node, Const) or node.shape != () or isinstance(node.value, bool):
        return False
    return isinstance(node.value, SizeExpression) or (isinstance(node.value, int) and abs(node.value) < 2**512)


def _power(left: object, right: object) -> Node:
    a, b = node_of(left), node_of(right)
    if _is_static(a) and _is_static(b) and isinstance(a.value, int) and isinstance(b.value, int):  # type: ignore[attr-defined]
        base, exponent = a.value, b.value  # type: ignore[attr-defined]
        if exponent >= 0 and base.bit_length() * exponent <= _BITS:
            return constant(base**exponent)
        if abs(base) > 1 and (base.bit_length() - 1) * exponent >= _BITS:
            raise UnsupportedError(f"{base}**{exponent} is larger than any float64; write inf if you mean infinity")
    return power(a, b)


def _quotient(left: object, right: object) -> Node:
    a, b = node_of(left), node_of(right)
    if isinstance(a, Const) and isinstance(b, Const) and not b.shape and b.value == 0:
        raise UnsupportedError("`/` by zero has no value; write inf or nan")
    return a / b


def plus(a: Node, b: Node) -> Node:
    """Return ``a + b``; of two conditions Python's sum is a count and NumPy's is `or`, so there is none here."""
    if are_masks(a, b):
        raise UnsupportedError(
            "`+` of two conditions counts in Python, and is `or` in NumPy; write `|` for `or`, or 1*a + b to count"
        )
    return a + b


def minus(a: Node, b: Node) -> Node:
    """Return ``a - b``; NumPy has no difference of conditions."""
    if are_masks(a, b):
        raise UnsupportedError("`-` of two conditions is not defined; write `!=` for `xor`, or 1*a - b for numbers")
    return a - b


def times(a: Node, b: Node) -> Node:
    """Return ``a * b``, which is `and` for two conditions."""
    return logical_and(a, b) if are_masks(a, b) else a * b


OPERATORS: Mapping[str, Callable[..., Node]] = {
    "+": _static("+", lambda a, b: a + b, plus),
    "-": _static("-", lambda a, b: a - b, minus),
    "*": _static("*", lambda a, b: a * b, times),
    "/": _quotient,
    "**": _power,
    "//": _static("//", lambda a, b: a // b, lambda a, b: floor_divide(a, b)),
    "%": _static("%", lambda a, b: a % b, lambda a, b: remainder(a, b)),
    "&": bitwise(logical_and),
    "|": bitwise(logical_or),
    "unary +": lambda a: node_of(a),
    "unary not": negation,
    "unary ~": negation,
}
