"""`CompiledFunction.to_sympy`: symbols for the inputs, the graph as expressions, the results nested as they are returned.

Composes `symbolic` with `emit`: what a node does that only moves or adds up entries is what its printed text does to
arrays of expressions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from symbackprop.check.run import run_source
from symbackprop.emit.header import Recipe
from symbackprop.emit.module import print_module
from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import FLOATS, is_float
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, make_apply, make_input
from symbackprop.ir.signature import ArgumentSpec, Label, arranged
from symbackprop.ir.size import SizeExpression, evaluate, names, shape_text
from symbackprop.symbolic.expressions import Expressions
from symbackprop.symbolic.to_sympy import graph_expressions

__all__ = ["expressions_of"]

_NODE = Recipe("one node", "value", None, None, False, "numpy", "float64", "node")


def expressions_of(
    graph: Graph, recipe: Recipe, known: Mapping[str, Any], sizes: Mapping[str, int] | None
) -> Expressions:
    """Return values and derivatives as SymPy expressions.

    Parameters
    ----------
    graph : Graph
        Its outputs are the values, then the derivatives, if the recipe asks for any.
    recipe : Recipe
    known : mapping
        SymPy's own objects for inputs, by name; the others become real symbols.
    sizes : mapping or None
        A number for each named size.

    Raises
    ------
    UnsupportedError
        If a size has no number, or a function no counterpart in SymPy.
    """
    numbers = dict(sizes or {})
    symbols = [_symbols(spec, known.get(spec.name), numbers) for spec in graph.arguments]
    taken = {str(symbol) for array in symbols for symbol in np.ravel(np.asarray(array, dtype=object))}
    outputs, pairs = graph_expressions(
        graph, symbols, numbers, lambda node, arrays: _run_node(node, arrays, numbers), _fresh(taken)
    )
    results = [_plain(output) for output in outputs]
    count = len(graph.primals)
    value = arranged(graph.structure, iter(results[:count]), _gathered)
    gradient: Any = None
    if recipe.kind == "grad":
        derivatives = results[count:]
        differentiated = 1 if recipe.has_aux else count
        wide = len(derivatives) // differentiated
        if not isinstance(recipe.wrt, str):
            derivatives = [tuple(derivatives[i * wide : (i + 1) * wide]) for i in range(differentiated)]
        gradient = arranged(None if recipe.has_aux else graph.structure, iter(derivatives), _gathered)
    inputs = {spec.name: _plain(array) for spec, array in zip(graph.arguments, symbols, strict=True)}
    return Expressions(value, gradient, inputs, tuple(pairs))


def _gathered(kind: type, items: list[Any]) -> Any:
    return kind(items)


def _fresh(taken: set[str]) -> Iterator[Any]:
    """Yield symbols x0, x1, ... that no input has."""
    letter = next(
        letter for letter in ("x", "s", "u", "_x") if not any(re.fullmatch(rf"{letter}\d+", t) for t in taken)
    )
    number = 0
    while True:
        yield sympy.Symbol(f"{letter}{number}", real=True)
        number += 1


def _symbols(spec: ArgumentSpec, known: Any, sizes: Mapping[str, int]) -> Any:
    """Return the symbol of a scalar input, the array of the entries of another."""
    if spec.shape is None or not spec.shape:
        return known if known is not None else _symbol(spec, spec.name)
    if not is_float(spec.dtype):
        raise UnsupportedError(f"input {spec.name!r} is an array of {spec.dtype}, which has no counterpart in SymPy")
    missing = [name for size in spec.shape for name in names(size) if name not in sizes]
    if missing:
        raise UnsupportedError(
            f"input {spec.name!r} has shape {shape_text(spec.shape)}; SymPy's expressions need numbers: "
            f"to_sympy(sizes={{{missing[0]!r}: 3}})"
        )
    shape = tuple(evaluate(size, sizes) for size in spec.shape)
    result = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        if known is not None and not isinstance(known, sympy.Symbol):
            result[index] = known[index]
        else:
            result[index] = _symbol(spec, "_".join([spec.name, *map(str, index)]))
    return result


def _symbol(spec: ArgumentSpec, name: str) -> Any:
    if spec.dtype == "bool":
        return sympy.Symbol(name)
    return sympy.Symbol(name, integer=True) if spec.dtype == "int64" else sympy.Symbol(name, real=True)


def _plain(value: Any) -> Any:
    """Return an array of expressions as SymPy's: a matrix where it has two axes."""
    if not isinstance(value, np.ndarray):
        return sympy.sympify(value) if isinstance(value, (int, float, np.generic)) else value
    if value.ndim == 0:
        return value[()]
    if value.ndim == 2:
        return sympy.ImmutableDenseMatrix(*value.shape, list(value.ravel()))
    return sympy.ImmutableDenseNDimArray(list(value.ravel()), value.shape)


class _ObjectArrays:
    """NumPy, with new arrays that can hold expressions."""

    def __getattr__(self, name: str) -> Any:
        if name in ("zeros", "ones"):
            value = 0 if name == "zeros" else 1
            return lambda shape, dtype=None: np.full(shape, value, object if dtype in (None, float) else dtype)
        if name in FLOATS:
            return float
        return getattr(np, name)


def _run_node(node: Apply, arrays: Sequence[Any], sizes: Mapping[str, int]) -> Any:
    """Return what the printed text of a node makes of arrays of expressions."""
    inputs = tuple(make_input(position, _fixed(arg.shape, sizes), arg.dtype) for position, arg in enumerate(node.args))
    params = tuple((name, _fixed(value, sizes)) for name, value in node.params)
    alone = make_apply(node.op, inputs, params, _fixed(node.shape, sizes), node.dtype)
    specs = tuple(ArgumentSpec(f"x{i}", x.shape, x.dtype) for i, x in enumerate(inputs))
    graph = Graph(specs, inputs, (alone,), (alone,), (Label(),))
    printed = print_module(graph, _NODE, "0", "numpy")
    objects = [x if isinstance(x, np.ndarray) else np.asarray(x, dtype=object) for x in arrays]
    return run_source(printed.source, printed.name, None if not objects else _ObjectArrays())(*objects)


def _fixed(value: Any, sizes: Mapping[str, int]) -> Any:
    """Return a size, or nested tuples with sizes in them, with numbers for the names."""
    if isinstance(value, SizeExpression):
        return evaluate(value, sizes)
    return tuple(_fixed(item, sizes) for item in value) if isinstance(value, tuple) else value
