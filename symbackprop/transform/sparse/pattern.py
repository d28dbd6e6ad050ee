"""The pattern of a derivative: on which entries of the inputs each entry of a value depends.

An abstract interpretation: every node of the graph becomes a boolean matrix with a row for each of its entries and a
column for each entry of the inputs. It never leaves an entry out; one that is there may be zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import topological
from symbackprop.ir.node import Apply, Input, Node, Output
from symbackprop.lazily import scipy_sparse
from symbackprop.ops.declare import Primitive
from symbackprop.transform.sparse.dependence import Dependence
from symbackprop.transform.sparse.known import Known
from symbackprop.transform.sparse.linear_algebra import STACKED
from symbackprop.transform.sparse.relations import check_sparse, sizes_of

__all__ = ["patterns_of"]


def patterns_of(values: Sequence[Node], wanted: Sequence[Input], known: Known) -> list[Any]:
    """Return for each value a boolean CSR array of shape (its size, the size of all `wanted` inputs together).

    Raises
    ------
    UnsupportedError
        If a pattern has so many entries that it is not sparse.
    """
    columns = sum(prod(sizes_of(x)) for x in wanted)
    found: dict[Node, Any] = {}  # what depends on none of the inputs is not in here
    start = 0
    for x in wanted:
        size = prod(sizes_of(x))
        found[x] = scipy_sparse().eye_array(size, columns, k=start, dtype=bool, format="csr")
        start += size
    dependence = Dependence(known)
    for node in topological(values):
        dependence.study(node)
        if isinstance(node, Output) and node.source in found and is_float(node.dtype):
            found[node] = _spread(found[node.source], prod(sizes_of(node)))
        elif isinstance(node, Apply):
            try:
                pattern = _pattern(node, found, dependence)
            except UnsupportedError as error:
                raise UnsupportedError(f"{node.op.name}: {error}") from None
            if pattern is not None and pattern.nnz:
                found[node] = pattern
    return [
        found.get(value, scipy_sparse().csr_array((prod(sizes_of(value)), columns), dtype=bool)) for value in values
    ]


def _pattern(node: Apply, found: dict[Node, Any], dependence: Dependence) -> Any:
    """Return the pattern of a node, None if it depends on nothing; in a row a matrix, or one, if it has several results."""
    op = node.op
    assert isinstance(op, Primitive)
    live = [arg for arg in node.args if arg in found]
    if not live or dependence.known.varies(node) is False:
        return None
    if op.infer_outputs is not None:
        return _stacked(node, found) if op.name in STACKED else _union([found[arg] for arg in live])
    if not is_float(node.dtype):
        return None
    return _sum(
        [
            _through(relation, found[arg], node)
            for relation, arg in zip(dependence.relations(node), node.args, strict=True)
            if relation is not None and arg in found
        ]
    )


def _stacked(node: Apply, found: dict[Node, Any]) -> Any:
    """Return the pattern of all entries of each matrix of a stack in a row."""
    (x,) = node.args
    count, size = prod(sizes_of(x)[:-2]), prod(sizes_of(x)[-2:])
    return (
        scipy_sparse().kron(scipy_sparse().eye_array(count, dtype=bool), np.ones((1, size), dtype=bool), format="csr")
        @ found[x]
    )


def _spread(rows: Any, size: int) -> Any:
    """Return the pattern of one of several results, whose entries depend on the same, or the same for each matrix."""
    count = rows.shape[0]
    if count < 2:
        return _everywhere(rows, size)
    check_sparse(size // count * rows.nnz)
    return rows[np.repeat(np.arange(count), size // count)]


def _through(relation: Any, pattern: Any, node: Apply) -> Any:
    if isinstance(relation, str):
        return _everywhere(_union([pattern]), prod(sizes_of(node)))
    if relation is True:
        return pattern
    return _rows(pattern, relation) if relation.ndim == 1 else relation @ pattern


def _rows(pattern: Any, kept: Any) -> Any:
    """Return a pattern without the entries of the other rows."""
    counts = np.diff(pattern.indptr)
    entries = np.repeat(kept, counts)
    ends = np.concatenate(([0], np.cumsum(np.where(kept, counts, 0))))
    return scipy_sparse().csr_array((pattern.data[entries], pattern.indices[entries], ends), shape=pattern.shape)


def _sum(patterns: Sequence[Any]) -> Any:
    total = None
    for pattern in patterns:
        total = pattern if total is None else total + pattern
    return total


def _union(patterns: Sequence[Any]) -> Any:
    """Return in one row all columns in which some row of the patterns has an entry."""
    columns = np.unique(np.concatenate([pattern.indices for pattern in patterns]))
    ones = np.ones(len(columns), dtype=bool)
    return scipy_sparse().csr_array((ones, columns, [0, len(columns)]), shape=(1, patterns[0].shape[1]))


def _everywhere(row: Any, size: int) -> Any:
    """Return the pattern of `size` entries that depend on the same."""
    check_sparse(size * row.nnz)
    indptr = row.nnz * np.arange(size + 1)
    ones = np.ones(size * row.nnz, dtype=bool)
    return scipy_sparse().csr_array((ones, np.tile(row.indices, size), indptr), shape=(size, row.shape[1]))
