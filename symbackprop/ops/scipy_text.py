"""Texts of functions of `scipy.special`: with orders as integers, and float32 where the graph has it.

SciPy computes some functions in float64 alone, and others too where one of several arguments is a plain number; a
float32 graph rounds these. Not in here: the functions themselves, each in the file of its family.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import isfinite

from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops.declare import Style

__all__ = ["called", "fixed_number", "moved", "of_order", "rounded", "single", "whole_number", "with_parameters"]

TextOf = Callable[[Apply, Style], str]


def rounded(template: str, node: Apply) -> str:
    """Return a template that computes in float64, rounded to the dtype of `node`."""
    return f"np.float32({template})" if node.dtype == "float32" else template


def single(template: str) -> TextOf:
    """Return the text of a function that SciPy computes in float64 whatever it is given."""
    return lambda node, style: rounded(template, node)


def called(name: str, count: int = 2) -> TextOf:
    """Return the text of a function of several arguments."""
    template = f"special.{name}({', '.join(f'{{{position}}}' for position in range(count))})"

    def text(node: Apply, style: Style) -> str:
        return rounded(template, node) if any(arg.weak for arg in node.args) else template

    return text


def with_parameters(name: str, *parameters: str) -> TextOf:
    """Return the text of a function with static orders before its arguments, computed in float64."""

    def text(node: Apply, style: Style) -> str:
        orders = [str(node.param(parameter)) for parameter in parameters]
        places = [f"{{{position}}}" for position in range(len(node.args))]
        return rounded(f"special.{name}({', '.join(orders + places)})", node)

    return text


def of_order(name: str, short: Mapping[int, str] | None = None) -> TextOf:
    """Return the text of a function of an order and an argument: a whole number prints as an integer.

    Parameters
    ----------
    name : str
        SciPy's name.
    short : mapping of int to str
        SciPy's functions of one fixed order, such as ``j0``.
    """
    general = called(name)

    def text(node: Apply, style: Style) -> str:
        order = whole_number(node.args[0])
        if order is None or node.args[1].weak:
            return general(node, style)
        own = (short or {}).get(order)
        return f"special.{own}({{1}})" if own else rounded(f"special.{name}({order}, {{1}})", node)

    return text


def fixed_number(node: Node) -> int | Fraction | float | None:
    """Return the number that a node is, or None."""
    if not isinstance(node, Const) or isinstance(node.value, bool):
        return None
    return node.value if isinstance(node.value, (int, Fraction, float)) else None


def whole_number(node: Node) -> int | None:
    """Return the whole number that a node is, or None."""
    number = fixed_number(node)
    return int(number) if number is not None and isfinite(number) and number == int(number) else None


def moved(order: Node, step: int) -> Node:
    """Return an order and an integer; of a number the sum is a number."""
    number = fixed_number(order)
    return order + step if number is None else constant(number + step, order.shape, order.dtype)
