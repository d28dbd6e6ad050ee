"""What is known of values when compiling, entry by entry: which are the same in every call, and what these are.

So are numbers, arrays that are bound to the formula, and what is made of them alone; and, among entries that vary, the
zeros that are put around them, or that a mask leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbackprop.emit.header import Recipe
from symbackprop.emit.load import load_function
from symbackprop.emit.module import print_module
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Const, Input, Node, Output, constant, make_apply, make_input, make_output
from symbackprop.ir.signature import ArgumentSpec, Label
from symbackprop.ir.size import product
from symbackprop.transform.sparse.relations import sizes_of
from symbackprop.version import __version__

__all__ = ["LARGEST", "Flags", "Known", "either", "nonzero", "shaped", "uniform"]

Flags = bool | NDArray[np.bool_]  # of all entries, or one for each, of which some are set and some are not

LARGEST = 10_000_000  # entries of an array that is looked at one by one
_RECIPE = Recipe("known", "value", None, None, False, "numpy", "float64", "f")


class Known:
    """Tells which entries of nodes vary with the arguments of a call, and the values of those that do not.

    Parameters
    ----------
    inputs : mapping of Input to array
        The inputs that are known.
    """

    def __init__(self, inputs: Mapping[Input, Any]) -> None:
        self._inputs = dict(inputs)
        self._varies: dict[Node, Flags] = {}
        self._values: dict[Node, Any] = {}

    @classmethod
    def of(cls, graph: Graph, constants: Mapping[str, Any]) -> Known:
        """Return what is known of a formula's graph, some of whose arguments are bound to `constants`."""
        by_name = {spec.name: node for spec, node in zip(graph.arguments, graph.inputs, strict=True)}
        return cls({by_name[name]: array for name, array in constants.items() if name in by_name})

    def __contains__(self, node: Node) -> bool:
        """Tell whether it has been learned what varies of a node."""
        return node in self._varies

    def learn(self, node: Node, varies: Flags) -> None:
        """Take notice of which entries of a node vary, whose arguments have been learned."""
        self._varies[node] = varies

    def is_given(self, x: Input) -> bool:
        """Tell whether an input is known."""
        return x in self._inputs

    def varies(self, node: Node) -> Flags:
        """Return which entries of a node may vary."""
        return self._varies[node]

    def zeros(self, node: Node) -> Flags:
        """Return which entries of a node are zero in every call."""
        varies = self._varies[node]
        if varies is True:
            return False
        if isinstance(node, Const):
            return node.value == 0
        values = self._value(node)
        return False if values is None else uniform((np.ravel(values) == 0) & np.logical_not(varies))

    def __call__(self, node: Node) -> Any:
        """Return the value of a node as an array, or None if it is not known wholly, or cannot be worked out."""
        return self._value(node) if self._varies[node] is False else None

    def _value(self, node: Node) -> Any:
        """Return an array with the entries that are known, and in the places of the others some with which it computes."""
        waiting = [node]
        while waiting:
            top = waiting[-1]
            below = [arg for arg in _operands(top) if arg not in self._values]
            if top in self._values or not below or self._varies[top] is True:
                waiting.pop()
                if top not in self._values:
                    self._values[top] = self._worked_out(top)
            else:
                waiting += below
        return self._values[node]

    def _worked_out(self, node: Node) -> Any:
        varies = self._varies[node]
        if varies is True:
            return _filling(node)
        if isinstance(node, Input):
            return np.asarray(self._inputs[node])
        if isinstance(node, Const):
            value = _printed(constant(node.value, (), node.dtype), [], [])
            return np.broadcast_to(value.astype(node.dtype), node.shape)  # type: ignore[arg-type]
        operands = _operands(node)
        values = [self._values[arg] for arg in operands]
        size = product(node.shape)
        if any(value is None for value in values) or not isinstance(size, int) or size > LARGEST:
            return None
        try:
            result = _by_itself(node, operands, values)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return None  # the call will say what is wrong
        return result if varies is False else np.where(np.reshape(varies, result.shape), _filling(node), result)


def uniform(flags: Any) -> Flags:
    """Return flags as one, if all are the same."""
    array = np.asarray(flags)
    if array.all():
        return array.size > 0
    return np.ravel(array) if array.any() else False


def either(flags: Sequence[Flags]) -> Flags:
    """Return where some are set."""
    total: Flags = False
    for own in flags:
        total = True if own is True or total is True else total | own
    return total if isinstance(total, bool) else uniform(total)


def _filling(node: Node) -> Any:
    """Return ones in the shape of a node; of square matrices such that have inverses, with larger numbers on the diagonal."""
    shape: Any = node.shape
    ones = np.broadcast_to(np.ones((), node.dtype), shape)
    if node.rank < 2 or shape[-1] != shape[-2] or not is_float(node.dtype) or ones.size > LARGEST:
        return ones
    return ones + shape[-1] * np.eye(shape[-1], dtype=node.dtype)


def shaped(flags: Flags, x: Node) -> NDArray[np.bool_]:
    """Return flags in the shape of a node."""
    sizes = sizes_of(x)
    return np.broadcast_to(flags if isinstance(flags, bool) else flags.reshape(sizes), sizes)


def nonzero(x: Node, known: Known) -> NDArray[np.bool_]:
    """Return which entries of a node are not zeros in every call, in its shape."""
    return ~shaped(known.zeros(x), x)


def _operands(node: Node) -> tuple[Node, ...]:
    """Return the arguments of an operation, or of that of which a node is one result."""
    if isinstance(node, Output):
        return node.source.args
    return node.args if isinstance(node, Apply) else ()


def _by_itself(node: Node, operands: Sequence[Node], values: Sequence[Any]) -> Any:
    """Return one operation on values; constants stay in it, as its text may depend on them."""
    source = node.source if isinstance(node, Output) else node
    assert isinstance(source, Apply)
    inputs = {i: make_input(i, x.shape, x.dtype) for i, x in enumerate(operands) if not isinstance(x, Const)}
    args = tuple(inputs.get(i, x) for i, x in enumerate(operands))
    made: Node = make_apply(source.op, args, source.params, source.shape, source.dtype)
    if isinstance(node, Output):
        made = make_output(made, node.index, node.shape, node.dtype)  # type: ignore[arg-type]
    return _printed(made, [*inputs.values()], [values[i] for i in inputs])


def _printed(node: Node, inputs: Sequence[Input], values: Sequence[Any]) -> Any:
    """Return the value of a node by the text that would be printed of it."""
    specs = tuple(ArgumentSpec(f"x{x.index}", x.shape, x.dtype) for x in inputs)
    printed = print_module(Graph(specs, tuple(inputs), (node,), (node,), (Label(),)), _RECIPE, __version__, "numpy")
    with np.errstate(all="ignore"):
        return np.asarray(load_function(printed.source, printed.name)(*values))
