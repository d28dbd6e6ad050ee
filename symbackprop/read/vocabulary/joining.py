"""Joining, splitting and repeating arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from symbackprop.errors import ArgumentError, ShapeError, UnsupportedError
from symbackprop.ir.node import Const, Node, constant
from symbackprop.ir.size import Size, exact_division, minimum, shape_text
from symbackprop.ops.broadcasting import broadcast, converted, reduce_sum, reshape
from symbackprop.ops.elementwise import common_dtype
from symbackprop.ops.indexing import gather
from symbackprop.ops.layout import agreeing, concatenate, expanded, squeezed, stacked
from symbackprop.ops.masking import repeated_positions
from symbackprop.read.vocabulary.arguments import (
    as_dtype,
    axis_of,
    counted,
    node_of,
    require,
    shape_of,
    size_of,
    static_flag,
    static_int,
)
from symbackprop.read.vocabulary.layout import part, raised, ravel

__all__ = ["FUNCTIONS", "METHODS", "stack"]

_ZERO, _ONE = constant(0), constant(1)


def _nodes(arrays: object, what: str) -> list[Node]:
    if not isinstance(arrays, tuple) or not arrays:
        raise ArgumentError(f"{what} takes a list of one or more arrays, {what}([a, b])")
    nodes = [node_of(array) for array in arrays]
    dtype = common_dtype(nodes)
    return [converted(node, dtype) for node in nodes]


def _join(nodes: list[Node], axis: int) -> Node:
    return nodes[0] if len(nodes) == 1 else concatenate(*agreeing(nodes, axis), axis=axis)


def _concatenate(arrays: object, axis: object = _ZERO, *, dtype: object = None) -> Node:
    nodes = _nodes(arrays, "concatenate")
    if axis is None:
        return as_dtype(_join([ravel(node) for node in nodes], 0), dtype)
    if not nodes[0].rank:
        raise ShapeError("concatenate joins arrays, not scalars; use stack([a, b])")
    return as_dtype(_join(nodes, axis_of(axis, nodes[0].rank)), dtype)


def stack(arrays: object, axis: object = _ZERO, *, dtype: object = None) -> Node:
    """Return arrays of one shape joined along a new axis."""
    nodes = _nodes(arrays, "stack")
    return as_dtype(stacked(nodes, axis_of(axis, nodes[0].rank + 1)), dtype)


def _vstack(tup: object, *, dtype: object = None) -> Node:
    return as_dtype(_join([raised(node, 2) for node in _nodes(tup, "vstack")], 0), dtype)


def _hstack(tup: object, *, dtype: object = None) -> Node:
    nodes = [raised(node, 1) for node in _nodes(tup, "hstack")]
    return as_dtype(_join(nodes, 0 if nodes[0].rank == 1 else 1), dtype)


def _dstack(tup: object) -> Node:
    return _join([raised(node, 3) for node in _nodes(tup, "dstack")], 2)


def _column_stack(tup: object) -> Node:
    nodes = [expanded(raised(n, 1), (1,)) if n.rank < 2 else n for n in _nodes(tup, "column_stack")]
    return _join(nodes, 1)


def _splitter(equal: bool, fixed_axis: int | None = None) -> Callable[..., tuple[Node, ...]]:
    def function(ary: object, indices_or_sections: object, axis: object = _ZERO) -> tuple[Node, ...]:
        x = node_of(ary)
        chosen = axis_of(axis, x.rank) if fixed_axis is None else (0 if fixed_axis == 1 and x.rank == 1 else fixed_axis)
        if chosen >= x.rank:
            raise ShapeError(f"split along axis {chosen} of an array of shape {shape_text(x.shape)}")
        size = x.shape[chosen]
        if isinstance(indices_or_sections, tuple):
            cuts: list[Size | None] = [0, *(size_of(i) for i in indices_or_sections), None]
            return tuple(part(x, chosen, a, b) for a, b in pairwise(cuts))
        count = static_int(indices_or_sections, "sections")
        if count < 1:
            raise ArgumentError("split: the number of sections is at least 1")
        if equal and isinstance(size, int) and size % count:
            raise ShapeError(f"split: size {size} is not a multiple of {count}; use array_split")
        if equal and exact_division(size, count) is None:
            require(size % count, "==", 0, f"split in {count} equal parts")
        return tuple(part(x, chosen, a, b) for a, b in pairwise(_section_ends(size, count, equal)))

    return function


def _section_ends(size: Size, count: int, equal: bool) -> list[Size]:
    """Return where `count` sections begin and end; where they are unequal the first ones are longer by one."""
    length = exact_division(size, count)
    length = size // count if length is None else length
    longer = 0 if equal else size - count * length
    return [i * length + minimum(i, longer) for i in range(count + 1)]


def _unstack(x: object, *, axis: object = _ZERO) -> tuple[Node, ...]:
    node = node_of(x)
    chosen = axis_of(axis, node.rank)
    size = node.shape[chosen]
    if not isinstance(size, int):
        raise UnsupportedError(f"unstack: the size {size} of the axis is not a fixed number")
    return tuple(squeezed(part(node, chosen, i, i + 1), (chosen,)) for i in range(size))


def _tile(A: object, reps: object) -> Node:
    x = node_of(A)
    counts = shape_of(reps)
    rank = max(x.rank, len(counts))
    counts = (*[1] * (rank - len(counts)), *counts)
    shape = (*[1] * (rank - x.rank), *x.shape)
    spread = tuple(part for pair in zip(counts, shape, strict=True) for part in pair)
    own = tuple(2 * i + 1 for i in range(rank - x.rank, rank))
    repeated = broadcast(x, shape=_with_ones(spread, own, x), axes=own)
    return reshape(repeated, shape=tuple(c * s for c, s in zip(counts, shape, strict=True)))


def _with_ones(spread: tuple[Size, ...], own: tuple[int, ...], x: Node) -> tuple[Size, ...]:
    return tuple(x.shape[own.index(i)] if i in own else size for i, size in enumerate(spread))


def _repeat(a: object, repeats: object, axis: object = None) -> Node:
    x = ravel(a) if axis is None else node_of(a)
    chosen = 0 if axis is None else axis_of(axis, x.rank)
    if isinstance(repeats, tuple) and len(repeats) == 1:
        (repeats,) = repeats
    if isinstance(repeats, tuple):
        return _repeated_each(x, [static_int(count, "repeats") for count in repeats], chosen)
    if isinstance(repeats, Node) and not isinstance(repeats, Const):
        return _repeated_by_array(x, repeats, chosen)
    count = size_of(repeats, "repeats")
    if isinstance(count, int) and count < 0:
        raise ArgumentError("repeat: a count is at least 0")
    shape = (*x.shape[: chosen + 1], count, *x.shape[chosen + 1 :])
    own = tuple(i for i in range(x.rank + 1) if i != chosen + 1)
    spread = broadcast(x, shape=shape, axes=own)
    return reshape(spread, shape=(*x.shape[:chosen], x.shape[chosen] * count, *x.shape[chosen + 1 :]))


def _repeated_each(x: Node, counts: list[int], axis: int) -> Node:
    """Repeat the entries along an axis, each by a fixed number of its own."""
    require(len(counts), "==", x.shape[axis], "repeat: one count an entry")
    if min(counts) < 0:
        raise ArgumentError("repeat: a count is at least 0")
    entries = [part(x, axis, i, i + 1) for i, count in enumerate(counts) for _ in range(count)]
    return _join(entries, axis) if entries else part(x, axis, 0, 0)


def _repeated_by_array(x: Node, counts: Node, axis: int) -> Node:
    """Repeat the entries along an axis by counts that are known only while the function runs."""
    if counts.dtype != "int64" or counts.rank > 1:
        raise ArgumentError("repeat: repeats is an integer or a vector of integers; declare it with ':int', k[n]:int")
    size = x.shape[axis]
    if counts.rank == 0:
        counts = broadcast(counts, shape=(size,), axes=())
    require(counts.shape[0], "==", size, "repeat: one count an entry")
    total = counted(reduce_sum(counts, axes=(0,)))
    return gather(x, repeated_positions(counts, count=total), axis=axis)


def _meshgrid(*xi: object, copy: object = True, sparse: object = False, indexing: object = "xy") -> tuple[Node, ...]:
    nodes = [ravel(x) for x in xi]
    order = list(range(len(nodes)))
    if indexing == "xy" and len(nodes) > 1:
        order[0], order[1] = 1, 0
    elif indexing not in ("xy", "ij"):
        raise ArgumentError("meshgrid: indexing is 'xy' or 'ij'")
    if static_flag(sparse, "sparse"):
        return tuple(
            expanded(node, tuple(i for i in range(len(nodes)) if i != axis))
            for node, axis in zip(nodes, order, strict=True)
        )
    sizes: list[Size] = [1] * len(nodes)
    for node, axis in zip(nodes, order, strict=True):
        sizes[axis] = node.shape[0]
    return tuple(broadcast(node, shape=tuple(sizes), axes=(axis,)) for node, axis in zip(nodes, order, strict=True))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "concatenate": _concatenate,
    "concat": _concatenate,
    "stack": stack,
    "vstack": _vstack,
    "hstack": _hstack,
    "dstack": _dstack,
    "column_stack": _column_stack,
    "split": _splitter(equal=True),
    "array_split": _splitter(equal=False),
    "vsplit": _splitter(equal=True, fixed_axis=0),
    "hsplit": _splitter(equal=True, fixed_axis=1),
    "dsplit": _splitter(equal=True, fixed_axis=2),
    "unstack": _unstack,
    "tile": _tile,
    "repeat": _repeat,
    "meshgrid": _meshgrid,
}

METHODS: Mapping[str, Callable[..., Any]] = {"repeat": _repeat}
