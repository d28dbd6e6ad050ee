"""Sparse Jacobians and Hessians: a pattern, a colouring, compressed products, and the entries read from these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from symbackprop.diff.reverse import gradient
from symbackprop.emit.header import Recipe
from symbackprop.errors import UnsupportedError
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Input, Node, constant
from symbackprop.ir.signature import Label
from symbackprop.ops.broadcasting import reshape
from symbackprop.ops.indexing import gather
from symbackprop.ops.layout import concatenate
from symbackprop.ops.sparse import csr_array
from symbackprop.transform.jacobians import effort
from symbackprop.transform.products import check_real
from symbackprop.transform.sparse.colouring import (
    Colouring,
    bidirectional_colouring,
    column_colouring,
    recovery,
    row_colouring,
    star_colouring,
)
from symbackprop.transform.sparse.compressed import columns_summed, rows_summed, seeds_of
from symbackprop.transform.sparse.known import Known
from symbackprop.transform.sparse.pattern import patterns_of
from symbackprop.transform.sparse.relations import sizes_of
from symbackprop.transform.sparse.tables import Tables
from symbackprop.transform.wanted import name_of, wanted_inputs

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
    patterns = patterns_of(graph.primals, wanted, _known(graph, constants))
    pattern = _stacked(patterns, wanted)
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
    tables = Tables(graph, _parameters(recipe))
    compressed = _compress(graph.primals, wanted, pattern, tables, colouring)
    outputs, labels = [], []
    for number, place, block in _blocks(graph.primals, wanted, pattern, colouring):
        outputs.append(_matrix(compressed, number, place, block, tables, graph.primals[number].dtype))
        labels.append(Label(number, name_of(graph, wanted[place]), form="jacobian", sparse=True))
    if not recipe.with_value:
        return tables.onto(graph.with_outputs(outputs, labels))
    return tables.onto(graph.with_outputs([*graph.primals, *outputs], [*graph.labels, *labels]))


def with_sparse_hessian(graph: Graph, recipe: Recipe, constants: Mapping[str, Any]) -> Graph:
    """Return `graph` with the sparse Hessians of its values, block by block: compressed columns by star colourings."""
    wanted = wanted_inputs(graph, recipe)
    _check_sizes(graph)
    differentiated = gradient(graph, wanted)
    known = _known(graph, constants)
    tables = Tables(differentiated, _parameters(recipe))
    outputs: list[Node] = []
    labels: list[Label] = []
    wide = len(wanted)
    for number in range(len(graph.primals)):
        slopes = differentiated.outputs[number * wide : (number + 1) * wide]
        pattern = _stacked(patterns_of(slopes, wanted, known), wanted)
        pattern = (pattern + pattern.T).tocsr()  # either way it is the same derivative
        colouring = star_colouring(pattern)
        compressed = _compress(slopes, wanted, pattern, tables, colouring).joined(slopes)
        for first, second, block in _blocks(slopes, wanted, pattern, colouring):
            outputs.append(_matrix(compressed, first, second, block, tables, slopes[first].dtype))
            names = (name_of(graph, wanted[first]), name_of(graph, wanted[second]))
            labels.append(Label(number, names[0], form="hessian", second=names[1], sparse=True))
    if not recipe.with_value:
        return tables.onto(differentiated.with_outputs(outputs, labels))
    both = [*graph.primals, *differentiated.outputs, *outputs]
    return tables.onto(differentiated.with_outputs(both, [*graph.labels, *differentiated.labels, *labels]))


def _parameters(recipe: Recipe) -> set[str]:
    return set() if recipe.packing is None else {name for name, _ in recipe.packing.arguments}


def _check_sizes(graph: Graph) -> None:
    for spec in graph.arguments:
        for size in spec.shape or ():
            if not isinstance(size, int):
                raise UnsupportedError(
                    f"the pattern of a sparse derivative is found for sizes that are numbers, and {spec.name!r} has the "
                    f"size {size}; give sizes, or example arrays"
                )


def _known(graph: Graph, constants: Mapping[str, Any]) -> Known:
    by_name = {spec.name: node for spec, node in zip(graph.arguments, graph.inputs, strict=True)}
    return Known({by_name[name]: array for name, array in constants.items() if name in by_name})


def _stacked(patterns: Sequence[Any], wanted: Sequence[Input]) -> Any:
    """Return the patterns of several values as one, in canonical form."""
    whole = sparse.vstack(patterns, format="csr", dtype=bool)
    whole.sum_duplicates()
    return whole


# --- compressed products ----------------------------------------------------------------------------------------------


class _Compressed(NamedTuple):
    """Sums of columns of the Jacobian, for each value, and sums of its rows, for each input."""

    columns: Sequence[Node | None]
    rows: Sequence[Node | None]
    all_columns: Node | None = None  # those of all values side by side

    def joined(self, values: Sequence[Node]) -> _Compressed:
        """Return this with the columns of all values side by side, where a symmetric matrix is read across them."""
        parts = [part for part in self.columns if part is not None]
        if len(values) == 1 or not parts:
            return self._replace(all_columns=parts[0] if parts else None)
        shapes = ((parts[0].shape[0], prod(sizes_of(value))) for value in values)
        filled = [
            constant(0, shape, value.dtype) if part is None else part
            for part, shape, value in zip(self.columns, shapes, values, strict=True)
        ]
        return self._replace(all_columns=concatenate(*filled, axis=1))


def _compress(
    values: Sequence[Node], wanted: Sequence[Input], pattern: Any, tables: Tables, colouring: Colouring
) -> _Compressed:
    used = np.diff(pattern.indptr) > 0, np.bincount(pattern.indices, minlength=pattern.shape[1]) > 0
    columns: Sequence[Node | None] = [None] * len(values)
    rows: Sequence[Node | None] = [None] * len(wanted)
    if colouring.column_count:
        columns = columns_summed(values, wanted, seeds_of("colours", colouring.columns, used[1], tables))
    if colouring.row_count:
        rows = rows_summed(values, wanted, seeds_of("row_colours", colouring.rows, used[0], tables))
    return _Compressed(columns, rows)


class _Block(NamedTuple):
    """The entries of one block in the order of CSR, and where each is read: a position in what is compressed."""

    indices: Any
    indptr: Any
    shape: tuple[int, int]
    from_rows: Any
    places: Any


def _blocks(
    values: Sequence[Node], wanted: Sequence[Input], pattern: Any, colouring: Colouring
) -> Iterator[tuple[int, int, _Block]]:
    """Yield for each value and each input the block of the Jacobian."""
    found = recovery(pattern, colouring)
    rows = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
    columns = pattern.indices
    heights, widths = ([prod(sizes_of(node)) for node in nodes] for nodes in (values, wanted))
    for number, (bottom, height) in enumerate(zip(accumulate(heights), heights, strict=True)):
        for place, (right, width) in enumerate(zip(accumulate(widths), widths, strict=True)):
            top, left = bottom - height, right - width
            own = np.flatnonzero((rows >= top) & (rows < bottom) & (columns >= left) & (columns < right))
            from_rows = found.from_rows[own]
            first, second = found.row[own], found.column[own]
            by_column = second * pattern.shape[0] + first if colouring.symmetric else second * height + first - top
            places = np.where(from_rows, first * width + second - left, by_column)
            indptr = np.concatenate(([0], np.cumsum(np.bincount(rows[own] - top, minlength=height))))
            yield number, place, _Block(columns[own] - left, indptr, (height, width), from_rows, places)


def _matrix(compressed: _Compressed, number: int, place: int, block: _Block, tables: Tables, dtype: str) -> Node:
    """Return the node of a block."""
    columns = compressed.columns[number] if compressed.all_columns is None else compressed.all_columns
    rows = compressed.rows[place]
    places = block.places
    if not len(places):
        entries: Node = constant(0, (0,), dtype)
    elif not block.from_rows.any():
        entries = _read(columns, places, tables)
    elif block.from_rows.all():
        entries = _read(rows, places, tables)
    else:
        assert columns is not None and rows is not None
        both = concatenate(_flat(columns), _flat(rows), axis=0)
        entries = _read(both, np.where(block.from_rows, places + prod(sizes_of(columns)), places), tables)
    indices, indptr = tables.node("indices", block.indices), tables.node("indptr", block.indptr)
    return csr_array(entries, indices, indptr, shape=block.shape)


def _read(source: Node | None, places: Any, tables: Tables) -> Node:
    assert source is not None
    flat = _flat(source)
    if np.array_equal(places, np.arange(prod(sizes_of(flat)))):
        return flat
    return gather(flat, tables.node("places", places), axis=0)


def _flat(node: Node) -> Node:
    return node if node.rank == 1 else reshape(node, shape=(prod(sizes_of(node)),))
