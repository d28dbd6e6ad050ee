"""`cond` and `switch`: functions of the formula as branches, of which only the one that is chosen runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.dtype import is_float, promote
from symbackprop.ir.node import Const, Input, Node, make_input
from symbackprop.ir.size import shape_text
from symbackprop.ops.branches import branched
from symbackprop.ops.broadcasting import agreed, broadcast_to, converted, with_shape
from symbackprop.read.vocabulary.arguments import Listed, Value, collected_here, node_of
from symbackprop.read.vocabulary.closing import closed, refusing_counts
from symbackprop.read.vocabulary.trees import filled, leaves, same_form, typed

__all__ = ["FUNCTIONS", "Branch", "Capture", "cond", "switch"]


class Capture:
    """What branches take from outside, each node with the input that stands for it inside.

    Whatever they compute of these belongs to the branch, and runs with it alone.
    """

    def __init__(self, level: int) -> None:
        self.level = level
        self.inputs: dict[Node, Input] = {}
        self.environments: list[Any] = []  # of functions that are called inside

    def bound(self, value: Value) -> Value:
        """Return a value with inputs for its nodes; numbers stay."""
        if isinstance(value, tuple):
            items = [self.bound(item) for item in value]
            return Listed(items) if isinstance(value, Listed) else tuple(items)
        if not isinstance(value, Node) or isinstance(value, Const) or value.weak:
            return value
        if value not in self.inputs:
            self.inputs[value] = make_input(len(self.inputs), value.shape, value.dtype, self.level)
        return self.inputs[value]


class Branch(Protocol):
    """A function that may run or not."""

    title: str

    def apart(self, values: Sequence[Value], capture: Capture) -> Value:
        """Return what the function makes of values, with inputs for all that it takes from outside."""


def cond(pred: Value, if_true: Any, if_false: Any, *operands: Value) -> Value:
    """``cond(pred, f, g, x, ...)``: ``f(x, ...)`` if `pred` is true, else ``g(x, ...)``; only one of them runs."""
    chooser = node_of(pred)
    if chooser.shape or chooser.dtype != "bool":
        raise ShapeError(
            f"cond chooses by one truth value, not by {_about(chooser)}; entry by entry use where(mask, a, b)"
        )
    return _chosen("cond", chooser, [if_true, if_false], operands)


def switch(index: Value, branches: Value, *operands: Value) -> Value:
    """``switch(i, (f, g, h), x, ...)``: the i-th function of ``x, ...``; below 0 the first, beyond the end the last."""
    chooser = node_of(index)
    if chooser.shape or chooser.dtype != "int64":
        raise ShapeError(f"switch chooses by one integer, not by {_about(chooser)}")
    if not isinstance(branches, tuple) or not branches:
        raise ArgumentError("switch takes a tuple of functions: switch(i, (f, g, h), x)")
    return _chosen("switch", chooser, branches, operands)


def _chosen(word: str, chooser: Node, branches: Sequence[Any], operands: Sequence[Value]) -> Value:
    for branch in branches:
        if not hasattr(branch, "apart"):
            raise ArgumentError(f"{word} chooses among functions, defined above: def f(x): ...")
    capture = Capture(collected_here().new_level())
    given = [capture.bound(operand) for operand in operands]
    results: list[Value] = []
    for branch in branches:
        with refusing_counts(branch.title):
            results.append(branch.apart(given, capture))
    first = results[0]
    for branch, other in zip(branches, results, strict=True):
        if not same_form(first, other):
            raise ShapeError(f"{branches[0].title} and {branch.title} nest their results otherwise than each other")
    every = _alike([leaves(result, "a result") for result in results], [branch.title for branch in branches])
    count = len(every[0])
    whole, captured = closed([node for found in every for node in found], [*capture.inputs.values()])
    bodies = [whole.part(range(at * count, (at + 1) * count)) for at in range(len(branches))]
    choice = branched(chooser, bodies, [*capture.inputs, *captured])
    return filled(first, [choice.result(position) for position in range(count)])


def _alike(results: list[list[Node]], titles: Sequence[str]) -> list[list[Node]]:
    """Return the results of all branches in one shape and dtype each."""
    columns = []
    for numbers in zip(*results, strict=True):
        column = [*map(typed, numbers)]
        dtype = promote(node.dtype for node in column)
        shape = next((node.shape for node in column if node.shape), ())
        fitted = []
        for node in column:
            node = broadcast_to(node, shape) if isinstance(node, Const) and not node.shape else node
            if len(node.shape) != len(shape) or not all(map(agreed, node.shape, shape)):
                found = zip(titles, column, strict=True)
                shapes = ", ".join(f"that of {title} has {shape_text(own.shape)}" for title, own in found)
                raise ShapeError(f"results of branches have one shape; {shapes}")
            fitted.append(with_shape(converted(node, dtype), shape))
        columns.append(fitted)
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in results]


def _about(node: Node) -> str:
    if node.shape:
        return f"an array of shape {shape_text(node.shape)}"
    return "a real number" if is_float(node.dtype) else f"a number of dtype {node.dtype}"


FUNCTIONS: dict[str, Callable[..., Value]] = {"cond": cond, "switch": switch}
