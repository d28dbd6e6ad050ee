"""Graphs to SymPy expressions: node by node, iteratively, each shared node once.

Scalars become expressions, arrays become NumPy arrays of expressions, at fixed sizes. SymPy flattens sums and products
as it builds them, so what is shared in a large graph is kept behind a symbol of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph, count_uses
from symbackprop.ir.node import Apply, Const, ConstantValue, Input, NamedNumber, Node, Output
from symbackprop.ir.size import SizeExpression, evaluate
from symbackprop.ops.declare import Primitive
from symbackprop.symbolic.meanings import meaning_of

__all__ = ["graph_expressions"]

_LARGE = 400  # nodes of the expressions as trees, from which on they are given in pairs
_LONGEST = 40  # nodes of one expression then

RunNode = Callable[[Apply, Sequence[Any]], Any]


def graph_expressions(
    graph: Graph, inputs: Sequence[Any], sizes: Mapping[str, int], run: RunNode, names: Iterator[Any]
) -> tuple[list[Any], list[tuple[Any, Any]]]:
    """Return the outputs of `graph` as expressions, or arrays of them, and the pairs that they share.

    Parameters
    ----------
    graph : Graph
    inputs : sequence
        The symbol of each scalar input, the array of symbols of each other.
    sizes : mapping
        The number of each named size.
    run : callable
        ``(node, arrays) -> array``: what a node that only moves or adds up entries gives, by its printed text.
    names : iterator
        Fresh symbols for pairs.

    Raises
    ------
    UnsupportedError
        If a function has no counterpart in SymPy.
    """
    return _Builder(graph, inputs, sizes, run, names).outputs()


class _Builder:
    """Builds the expression of every node, arguments first."""

    def __init__(
        self, graph: Graph, inputs: Sequence[Any], sizes: Mapping[str, int], run: RunNode, names: Iterator[Any]
    ) -> None:
        self.graph = graph
        self.inputs = dict(zip(graph.inputs, inputs, strict=True))
        self.sizes = sizes
        self.run = run
        self.names = names
        self.pairs: list[tuple[Any, Any]] = []
        nodes = graph.nodes()
        self.uses = count_uses(nodes, graph.outputs)
        self.in_pairs = _tree_size(nodes, graph.outputs) > _LARGE
        self.weights: dict[Node, int] = {}

    def outputs(self) -> tuple[list[Any], list[tuple[Any, Any]]]:
        found: dict[Node, Any] = {}
        for node in self.graph.nodes():
            if isinstance(node, Apply):
                value = self._applied(node, [found[arg] for arg in node.args])
                found[node] = self._kept(node, value)
            elif isinstance(node, Output) and isinstance(found[node.source], tuple):
                found[node] = found[node.source][node.index]
                self.weights[node] = self.weights[node.source]
            else:
                found[node] = self._leaf(node)
                self.weights[node] = 1
        return [found[node] for node in self.graph.outputs], self.pairs

    def _leaf(self, node: Node) -> Any:
        if isinstance(node, Input):
            return self.inputs[node]
        if not isinstance(node, Const):
            raise UnsupportedError(f"{node.describe()} has no counterpart in SymPy")
        number = _number(node.value, self.sizes)
        if not node.shape:
            return number
        shape = tuple(evaluate(size, self.sizes) for size in node.shape)
        if node.dtype in ("int64", "bool"):
            return np.full(shape, int(number) if node.dtype == "int64" else bool(number))
        return _filled(shape, number)

    def _kept(self, node: Apply, value: Any) -> Any:
        """Return the value of a node, behind a symbol where it is shared or long and the whole is large."""
        weight = 1 + sum(self.weights[arg] for arg in node.args)
        long = weight > _LONGEST
        if (
            self.in_pairs
            and not node.shape
            and not isinstance(value, tuple)
            and is_float(node.dtype)
            and (self.uses[node] > 1 or long)
        ):
            symbol = next(self.names)
            self.pairs.append((symbol, value))
            value, weight = symbol, 1
        self.weights[node] = weight
        return value

    def _applied(self, node: Apply, args: list[Any]) -> Any:
        op = node.op
        assert isinstance(op, Primitive)
        params = dict(node.params)
        if op.name == "cast":
            return _cast(args[0], node.args[0].dtype, node.dtype)
        meaning = meaning_of(op)
        if meaning is not None:
            return _entrywise(lambda *entries: meaning(*entries, **params), args)
        reduction = _REDUCTIONS.get(op.name)
        if reduction is not None:
            return _reduced(reduction, np.asarray(args[0]), params["axes"])
        normalisation = _NORMALISATIONS.get(op.name)
        if normalisation is not None:
            return _normalised(normalisation, np.asarray(args[0]), (params["axis"],))
        if op.name == "divided_by_rms":
            return _divided_by_rms(np.asarray(args[0]), **params)
        if op.name in _MATRICES:
            return _MATRICES[op.name](*map(np.asarray, args))
        if op.name == "eye" and is_float(node.dtype):
            return _entrywise(lambda entry: sympy.Integer(int(entry)), [self.run(node, args)])
        if op.kind == "linear" or op.name == "einsum":
            return self.run(node, args)
        raise UnsupportedError(f"{op.name} has no counterpart in SymPy")


def _tree_size(nodes: Sequence[Node], outputs: Sequence[Node]) -> int:
    """Return how many nodes the outputs have as trees, or a number above the limit."""
    sizes: dict[Node, int] = {}
    for node in nodes:
        below = node.args if isinstance(node, Apply) else ()
        sizes[node] = min(_LARGE + 1, 1 + sum([sizes[arg] for arg in below]))
    return sum(sizes[output] for output in outputs)


# --- numbers and arrays -----------------------------------------------------------------------------------------------


def _number(value: ConstantValue, sizes: Mapping[str, int]) -> Any:
    if isinstance(value, bool):
        return sympy.true if value else sympy.false
    if isinstance(value, NamedNumber):
        return {"pi": sympy.pi, "e": sympy.E}[value.name]
    if isinstance(value, SizeExpression):
        return sympy.Integer(evaluate(value, sizes))
    if isinstance(value, Fraction):
        return sympy.Rational(value.numerator, value.denominator)
    return sympy.Integer(value) if isinstance(value, int) else sympy.Float(value)


def _filled(shape: tuple[int, ...], value: Any) -> Any:
    result = np.empty(shape, dtype=object)
    result.fill(value)
    return result


def _entrywise(function: Callable[..., Any], args: list[Any]) -> Any:
    if not any(isinstance(arg, np.ndarray) for arg in args):
        return function(*args)
    result = np.frompyfunc(function, len(args), 1)(*args)
    return result if isinstance(result, np.ndarray) else _filled((), result)


def _cast(x: Any, source: str, target: str) -> Any:
    """Return truth values as numbers; positions, which stay integers of NumPy, as SymPy's."""
    if source == "bool":
        return _entrywise(lambda entry: sympy.Piecewise((1, entry), (0, True)), [x])
    if isinstance(x, np.ndarray) and x.dtype.kind in "iu" and is_float(target):
        return _entrywise(lambda entry: sympy.Integer(int(entry)), [x])
    return x


def _log_sum_exp(*entries: Any) -> Any:
    return sympy.log(sympy.Add(*map(sympy.exp, entries)))


_REDUCTIONS: Mapping[str, Callable[..., Any]] = {
    "max": lambda *entries: sympy.Max(*entries),
    "min": lambda *entries: sympy.Min(*entries),
    "prod": lambda *entries: sympy.Mul(*entries),
    "any": lambda *entries: sympy.Or(*entries),
    "all": lambda *entries: sympy.And(*entries),
    "logsumexp": _log_sum_exp,
}


_NORMALISATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "softmax": lambda entry, total: sympy.exp(entry) / sympy.exp(total),
    "log_softmax": lambda entry, total: entry - total,
}


def _normalised(function: Callable[[Any, Any], Any], x: Any, axes: Any) -> Any:
    """Return a function of each entry and the logarithm of the sum of the exponentials along `axes`."""
    totals = np.asarray(_reduced(_log_sum_exp, x, axes), dtype=object)
    return _entrywise(function, [x, np.expand_dims(totals, tuple(axes))])


def _divided_by_rms(x: Any, axes: Any, eps: Any) -> Any:
    """Return entries divided by their root mean square along `axes`, with `eps` below the root."""
    root = _reduced(lambda *entries: sympy.sqrt(sympy.Add(*(e**2 for e in entries)) / len(entries) + eps), x, axes)
    return x / np.expand_dims(np.asarray(root, dtype=object), tuple(axes))


def _inverses(x: Any) -> Any:
    """Return the inverses of the matrices in the last two axes."""
    result = np.empty(x.shape, dtype=object)
    for index in np.ndindex(x.shape[:-2]):
        result[index] = np.array(sympy.Matrix(x[index]).inv(method="ADJ"), dtype=object)
    return result


def _determinants(x: Any) -> Any:
    """Return the determinants of the matrices in the last two axes."""
    result = np.empty(x.shape[:-2], dtype=object)
    for index in np.ndindex(result.shape):
        result[index] = sympy.Matrix(x[index]).det(method="berkowitz")
    return result[()]


def _sign_and_logarithm(x: Any) -> tuple[Any, Any]:
    """Return the signs of determinants, and the logarithms of their sizes."""
    found = _determinants(x)
    return _entrywise(sympy.sign, [found]), _entrywise(lambda entry: sympy.log(sympy.Abs(entry)), [found])


_MATRICES: Mapping[str, Callable[..., Any]] = {
    "inv": _inverses,
    "solve": lambda a, b: _inverses(a) @ b,
    "det": _determinants,
    "slogdet": _sign_and_logarithm,
}


def _reduced(reduction: Callable[..., Any], x: Any, axes: Any) -> Any:
    """Return a reduction of the entries along `axes`."""
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    rows = np.transpose(x, (*kept, *axes)).reshape(*(x.shape[axis] for axis in kept), -1)
    if not kept:
        return reduction(*rows)
    result = np.empty(rows.shape[:-1], dtype=object)
    for index in np.ndindex(result.shape):
        result[index] = reduction(*rows[index])
    return result
