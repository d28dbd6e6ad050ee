"""Sparse Jacobians and Hessians, in the cheapest of several ways.

Where sizes are numbers, there is a pattern and a colouring, and entries are read from compressed columns, compressed rows
or some of both; of a Hessian from compressed columns, by star colourings. Where sizes have names, or positions come with
a call, what is a band, blocks or a diagonal has a closed form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from symbackprop.diff.reverse import gradient, pull_back
from symbackprop.emit.header import Recipe
from symbackprop.errors import UnsupportedError
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Input, Node, constant
from symbackprop.ir.signature import Label
from symbackprop.lazily import scipy_sparse
from symbackprop.ops.sparse import parts_of
from symbackprop.transform.batching import axes_of
from symbackprop.transform.jacobians import effort
from symbackprop.transform.products import check_real
from symbackprop.transform.sparse.banded import pieces_by_columns, pieces_by_fewest, pieces_by_rows
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
from symbackprop.transform.sparse.placed import BANDS, READS, Products, Way, hessian_of, jacobians_of
from symbackprop.transform.sparse.tables import Tables
from symbackprop.transform.wanted import name_of, wanted_inputs, with_cotangent_inputs

__all__ = ["with_sparse_hessian", "with_sparse_jacobian"]

_COLOURINGS: Mapping[str, Sequence[Callable[[Any], Colouring]]] = {
    "forward": (column_colouring,),
    "reverse": (row_colouring,),
    "auto": (column_colouring, row_colouring, bidirectional_colouring),
}


_FEW = 3  # products: an arrowhead, the least that takes both ways, takes three

_PRODUCTS: Mapping[str, Sequence[Products]] = {
    "forward": (pieces_by_columns,),
    "reverse": (pieces_by_rows,),
    "auto": (pieces_by_rows, pieces_by_columns),
}
_FEWEST: Mapping[str, Products] = {
    "forward": pieces_by_columns,
    "reverse": pieces_by_rows,
    "auto": pieces_by_fewest,
}

_Finish = Callable[[Graph], Graph]
_Candidate = Callable[[], tuple[int, Graph]]  # how many entries are stored, and what is printed


def with_sparse_jacobian(graph: Graph, recipe: Recipe, finished: _Finish, constants: Mapping[str, Any]) -> Graph:
    """Return `graph` with the sparse Jacobians of its values, finished: with the fewest entries, of these the cheapest.

    Raises
    ------
    UnsupportedError
        If the Jacobian is not sparse, or not known to be for sizes that have names.
    """
    check_real(graph, "Jacobian")
    wanted = _wanted(graph, recipe)
    mode = recipe.mode or "auto"
    candidates: list[_Candidate] = []
    if _are_numbers(graph):
        candidates += _coloured(graph, wanted, recipe, finished, constants)
    candidates += [partial(_placed, graph, wanted, recipe, finished, BANDS, products) for products in _PRODUCTS[mode]]
    fallback = partial(_placed, graph, wanted, recipe, finished, READS, _FEWEST[mode])
    return _best(candidates, fallback)


def _best(candidates: Iterable[_Candidate], otherwise: _Candidate) -> Graph:
    """Return the graph with the fewest entries, of several the one with the fewest operations."""
    found: list[tuple[int, Graph]] = []
    refusals: list[UnsupportedError] = []
    for candidate in candidates:
        try:
            found.append(candidate())
        except UnsupportedError as refused:
            refusals.append(refused)
    if not found:
        try:
            return otherwise()[1]
        except UnsupportedError:
            raise refusals[0] from None
    return min(found, key=lambda one: (one[0], effort(one[1])[::-1]))[1]


def _coloured(
    graph: Graph, wanted: Sequence[Input], recipe: Recipe, finished: _Finish, constants: Mapping[str, Any]
) -> Iterator[_Candidate]:
    """Yield what makes a Jacobian by each of the colourings of its pattern."""
    try:
        pattern = _stacked(patterns_of(graph.primals, wanted, Known.of(graph, constants)))
    except UnsupportedError as refused:
        yield partial(_refuse, refused)
        return
    tried: set[tuple[int, int]] = set()
    for colour in _COLOURINGS[recipe.mode or "auto"]:
        if colour is bidirectional_colouring and min(map(sum, tried)) <= _FEW:
            return
        colouring = colour(pattern)
        counts = colouring.column_count, colouring.row_count
        if counts not in tried:
            tried.add(counts)
            yield partial(_with_colours, graph, wanted, recipe, finished, pattern, colouring)


def _refuse(refused: UnsupportedError) -> tuple[int, Graph]:
    raise refused


def _with_colours(
    graph: Graph, wanted: Sequence[Input], recipe: Recipe, finished: _Finish, pattern: Any, colouring: Colouring
) -> tuple[int, Graph]:
    tables = Tables(graph, recipe)
    compressed = compress(graph.primals, wanted, pattern, tables, colouring)
    outputs = [
        matrix_of(compressed, number, place, block, tables, graph.primals[number].dtype)
        for number, place, block in blocks_of(graph.primals, wanted, pattern, colouring)
    ]
    return pattern.nnz, finished(tables.onto(_with_jacobians(graph, wanted, recipe, outputs)))


def _placed(
    graph: Graph, wanted: Sequence[Input], recipe: Recipe, finished: _Finish, way: Way, products: Products
) -> tuple[int, Graph]:
    count, outputs = jacobians_of(graph.primals, wanted, way, products)
    return count, finished(_with_jacobians(graph, wanted, recipe, outputs))


def _with_jacobians(graph: Graph, wanted: Sequence[Input], recipe: Recipe, outputs: Sequence[Node]) -> Graph:
    names = [name_of(graph, x) for x in wanted]
    labels = [Label(i, x, form="jacobian", sparse=True) for i in range(len(graph.primals)) for x in names]
    outputs = _for_batches(graph, recipe, labels, outputs)
    graph = _with_names(graph, outputs)
    if not recipe.with_value:
        return graph.with_outputs(outputs, labels)
    return graph.with_outputs([*graph.primals, *outputs], [*graph.labels, *labels])


def with_sparse_hessian(graph: Graph, recipe: Recipe, finished: _Finish, constants: Mapping[str, Any]) -> Graph:
    """Return `graph` with the sparse Hessians of its values, or with that of their weighted sum, block by block, finished.

    Raises
    ------
    UnsupportedError
        If the Hessian is not sparse, or not known to be for sizes that have names.
    """
    wanted = _wanted(graph, recipe)
    if recipe.weighted:
        check_real(graph, "Hessian")
        wider, bars = with_cotangent_inputs(graph, recipe)
        adjoints = pull_back(graph.primals, bars, wanted)
        slopes: Sequence[Node] = [adjoints.get(x, constant(0, x.shape, x.dtype)) for x in wanted]
        functions: list[tuple[Sequence[Node], Sequence[Node]]] = [(graph.primals, bars)]
    else:
        wider = gradient(graph, wanted)
        slopes = wider.outputs
        functions = [([value], [constant(1, (), value.dtype)]) for value in graph.primals]
    wide = len(wanted)
    every = [slopes[start : start + wide] for start in range(0, len(slopes), wide)]

    def coloured() -> tuple[int, Graph]:
        tables, known = Tables(wider, recipe), Known.of(graph, constants)
        found = [_hessian(own, wanted, known, tables) for own in every]
        outputs = [block for _, blocks in found for block in blocks]
        return sum(count for count, _ in found), finished(
            tables.onto(_with_hessians(graph, wider, wanted, recipe, outputs))
        )

    def placed(way: Way, products: Products) -> tuple[int, Graph]:
        found = [hessian_of(values, weights, wanted, way, products) for values, weights in functions]
        outputs = [block for _, blocks in found for block in blocks]
        return sum(count for count, _ in found), finished(_with_hessians(graph, wider, wanted, recipe, outputs))

    banded = partial(placed, BANDS, pieces_by_columns)
    return _best([coloured, banded] if _are_numbers(graph) else [banded], partial(placed, READS, pieces_by_fewest))


def _with_hessians(
    graph: Graph, wider: Graph, wanted: Sequence[Input], recipe: Recipe, outputs: Sequence[Node]
) -> Graph:
    names = [name_of(graph, x) for x in wanted]
    count = len(outputs) // len(names) ** 2
    labels = [Label(i, x, form="hessian", second=y, sparse=True) for i in range(count) for x in names for y in names]
    outputs = _for_batches(graph, recipe, labels, outputs)
    wider = _with_names(wider, outputs)
    if not recipe.with_value:
        return wider.with_outputs(outputs, labels)
    both = [*graph.primals, *wider.outputs, *outputs]
    return wider.with_outputs(both, [*graph.labels, *wider.labels, *labels])


def _hessian(slopes: Sequence[Node], wanted: Sequence[Input], known: Known, tables: Tables) -> tuple[int, list[Node]]:
    """Return the blocks of the Hessian of one value, row by row, given its gradient, and how many entries they have."""
    pattern = _stacked(patterns_of(slopes, wanted, known))
    pattern = (pattern + pattern.T).tocsr()  # either way it is the same derivative
    colouring = star_colouring(pattern)
    compressed = compress(slopes, wanted, pattern, tables, colouring).joined(slopes)
    return pattern.nnz, [
        matrix_of(compressed, first, second, block, tables, slopes[first].dtype)
        for first, second, block in blocks_of(slopes, wanted, pattern, colouring)
    ]


def _with_names(graph: Graph, matrices: Sequence[Node]) -> Graph:
    """Return `graph` with names for the parts of matrices, those of the user's before."""
    parts = {part: name for matrix in matrices for part, name in parts_of(matrix).items()}
    return replace(graph, names={**parts, **graph.names})


def _for_batches(graph: Graph, recipe: Recipe, labels: Sequence[Label], outputs: Sequence[Node]) -> Sequence[Node]:
    """Return matrices that say whether each example has columns of its own, if there are to be several."""
    if not recipe.batch:
        return outputs
    axes = axes_of(graph.arguments, recipe)
    return [
        output.op(*output.args, shape=output.shape, diagonal=(label.second or label.wrt) in axes)  # type: ignore[operator, misc]
        for output, label in zip(outputs, labels, strict=True)
    ]


def _wanted(graph: Graph, recipe: Recipe) -> list[Input]:
    """Return the inputs that a derivative is asked with respect to, each once."""
    wanted = wanted_inputs(graph, recipe)
    for i, x in enumerate(wanted):
        if x in wanted[:i]:
            raise UnsupportedError(f"wrt names {name_of(graph, x)!r} twice; of a sparse derivative, name it once")
    return wanted


def _are_numbers(graph: Graph) -> bool:
    """Tell whether all sizes are known when compiling."""
    return all(isinstance(size, int) for node in (*graph.inputs, *graph.primals) for size in node.shape)


def _stacked(patterns: Sequence[Any]) -> Any:
    """Return the patterns of several values as one, in canonical form."""
    whole = scipy_sparse().vstack(patterns, format="csr", dtype=bool)
    whole.sum_duplicates()
    return whole
