"""Sparse Jacobians and Hessians: a pattern, a colouring, compressed products, and the entries read from these.

A Jacobian is made of compressed columns, of compressed rows, or of some of both, whichever is cheapest; a Hessian of
compressed columns, by star colourings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scipy import sparse

from symbackprop.diff.reverse import gradient, pull_back
from symbackprop.emit.header import Recipe
from symbackprop.errors import UnsupportedError
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Input, Node, constant
from symbackprop.ir.signature import Label
from symbackprop.transform.jacobians import effort
from symbackprop.transform.products import check_real
from symbackprop.transform.sparse.blocks import blocks_of, compress, matrix_of
from symbackprop.transform.sparse.colouring import (
    Colouring,
    bidirectional_colouring,
    column_colouring,
    row_colouring,
    star_colouring,
)
from symbackprop.transform.sparse.known import Known
from symbackprop.transform.sparse.pattern import patterns_of
from symbackprop.transform.sparse.tables import Tables
from symbackprop.transform.wanted import name_of, wanted_inputs, with_cotangent_inputs

__all__ = ["with_sparse_hessian", "with_sparse_jacobian"]

_CANDIDATES: Mapping[str, Sequence[Callable[[Any], Colouring]]] = {
    "forward": (column_colouring,),
    "reverse": (row_colouring,),
    "auto": (column_colouring, row_colouring, bidirectional_colouring),
}


def with_sparse_jacobian(
    graph: Graph, recipe: Recipe, finished: Callable[[Graph], Graph], constants: Mapping[str, Any]
) -> Graph:
    """Return `graph` with the sparse Jacobians of its values, finished; of compressed columns, rows or both, the cheapest.

    Raises
    ------
    UnsupportedError
        If a size is no number, or the Jacobian not sparse.
    """
    check_real(graph, "Jacobian")
    wanted = wanted_inputs(graph, recipe)
    _check_sizes(graph)
    patterns = patterns_of(graph.primals, wanted, Known.of(graph, constants))
    pattern = _stacked(patterns)
    candidates: list[Graph] = []
    refusals: list[UnsupportedError] = []
    tried: list[Colouring] = []
    for colour in _CANDIDATES[recipe.mode or "auto"]:
        colouring = colour(pattern)
        if any(colouring.column_count == c.column_count and colouring.row_count == c.row_count for c in tried):
            continue
        tried.append(colouring)
        try:
            candidates.append(finished(_with_jacobians(graph, wanted, recipe, pattern, colouring)))
        except UnsupportedError as refused:
            refusals.append(refused)
    if not candidates:
        raise refusals[0]
    return min(candidates, key=lambda candidate: effort(candidate)[::-1])


def _with_jacobians(graph: Graph, wanted: Sequence[Input], recipe: Recipe, pattern: Any, colouring: Colouring) -> Graph:
    tables = Tables(graph, recipe)
    compressed = compress(graph.primals, wanted, pattern, tables, colouring)
    outputs, labels = [], []
    for number, place, block in blocks_of(graph.primals, wanted, pattern, colouring):
        outputs.append(matrix_of(compressed, number, place, block, tables, graph.primals[number].dtype))
        labels.append(Label(number, name_of(graph, wanted[place]), form="jacobian", sparse=True))
    if not recipe.with_value:
        return tables.onto(graph.with_outputs(outputs, labels))
    return tables.onto(graph.with_outputs([*graph.primals, *outputs], [*graph.labels, *labels]))


def with_sparse_hessian(graph: Graph, recipe: Recipe, constants: Mapping[str, Any]) -> Graph:
    """Return `graph` with the sparse Hessians of its values, or with that of their weighted sum, block by block.

    Raises
    ------
    UnsupportedError
        If a size is no number, or the Hessian not sparse.
    """
    wanted = wanted_inputs(graph, recipe)
    _check_sizes(graph)
    if recipe.weighted:
        check_real(graph, "Hessian")
        wider, bars = with_cotangent_inputs(graph, recipe)
        adjoints = pull_back(graph.primals, bars, wanted)
        slopes: Sequence[Node] = [adjoints.get(x, constant(0, x.shape, x.dtype)) for x in wanted]
        count = 1
    else:
        wider = gradient(graph, wanted)
        slopes, count = wider.outputs, len(graph.primals)
    tables = Tables(wider, recipe)
    known = Known.of(graph, constants)
    wide = len(wanted)
    outputs: list[Node] = []
    labels: list[Label] = []
    for number in range(count):
        outputs += _hessian(slopes[number * wide : (number + 1) * wide], wanted, known, tables)
        names = [name_of(graph, x) for x in wanted]
        labels += [Label(number, x, form="hessian", second=y, sparse=True) for x in names for y in names]
    if recipe.with_value:
        outputs = [*graph.primals, *wider.outputs, *outputs]
        labels = [*graph.labels, *wider.labels, *labels]
    return tables.onto(wider.with_outputs(outputs, labels))


def _hessian(slopes: Sequence[Node], wanted: Sequence[Input], known: Known, tables: Tables) -> list[Node]:
    """Return the blocks of the Hessian of one value, row by row, given its gradient."""
    pattern = _stacked(patterns_of(slopes, wanted, known))
    pattern = (pattern + pattern.T).tocsr()  # either way it is the same derivative
    colouring = star_colouring(pattern)
    compressed = compress(slopes, wanted, pattern, tables, colouring).joined(slopes)
    return [
        matrix_of(compressed, first, second, block, tables, slopes[first].dtype)
        for first, second, block in blocks_of(slopes, wanted, pattern, colouring)
    ]


def _check_sizes(graph: Graph) -> None:
    for spec in graph.arguments:
        for size in spec.shape or ():
            if not isinstance(size, int):
                raise UnsupportedError(
                    f"the pattern of a sparse derivative is found for sizes that are numbers, and {spec.name!r} has the "
                    f"size {size}; give sizes, or example arrays"
                )


def _stacked(patterns: Sequence[Any]) -> Any:
    """Return the patterns of several values as one, in canonical form."""
    whole = sparse.vstack(patterns, format="csr", dtype=bool)
    whole.sum_duplicates()
    return whole
