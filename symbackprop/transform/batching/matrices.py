"""Sparse matrices of all examples in one: below each other, or as blocks on a diagonal.

The rows are those of one example after the other. So are the columns where they are of an input that is a batch, which
the matrix says by its parameter `diagonal`; what all examples share has the same columns in all.
"""

from __future__ import annotations

from symbackprop.ir.node import Node, constant
from symbackprop.ir.size import Size, product
from symbackprop.ops.broadcasting import broadcast, reshape
from symbackprop.ops.creation import arange
from symbackprop.ops.indexing import slice_
from symbackprop.ops.layout import concatenate
from symbackprop.ops.sparse import csr_array, entries_array
from symbackprop.transform.batching.call import Call, Rules

__all__ = ["RULES"]


def _flat(x: Node) -> Node:
    return reshape(x, shape=(product(x.shape),))


def _moved(call: Call, position: int, step: Size) -> Node:
    """Return positions of which those of each example are a step behind those of the one before, in one vector."""
    whole = call.whole(position)
    first = broadcast(constant(step) * arange(size=call.size), shape=whole.shape, axes=(0,))
    return _flat(first + whole)


def _columns(call: Call, position: int) -> Node:
    _, columns = call.node.shape
    return _moved(call, position, columns) if call.node.param("diagonal") else _flat(call.whole(position))


def _shape(call: Call) -> tuple[Size, Size]:
    rows, columns = call.node.shape
    return rows * call.size, columns * call.size if call.node.param("diagonal") else columns


def _compressed(call: Call) -> Node:
    entries, _, indptr = call.node.args
    start = constant(0, (1,), "int64")
    ends = slice_(indptr, bounds=((1, None, 1),))
    ends = broadcast(ends, shape=(call.size, *ends.shape), axes=(1,))
    first = broadcast(constant(entries.shape[0]) * arange(size=call.size), shape=ends.shape, axes=(0,))
    whole = concatenate(start, _flat(first + ends), axis=0)
    return csr_array(_flat(call.whole(0)), _columns(call, 1), whole, shape=_shape(call))


def _of_entries(call: Call) -> Node:
    rows, _ = call.node.shape
    kept = [_flat(call.whole(position)) for position in range(3, len(call.args))]
    return entries_array(_flat(call.whole(0)), _moved(call, 1, rows), _columns(call, 2), *kept, shape=_shape(call))


RULES: Rules = {csr_array: _compressed, entries_array: _of_entries}
