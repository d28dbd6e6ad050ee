"""Indexing: integers, slices, new axes, ellipsis, integer arrays; take and its relatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.errors import ArgumentError, ShapeError, UnsupportedError
from symbackprop.ir.node import Const, Node, constant
from symbackprop.ir.size import Size, product, shape_text
from symbackprop.ops.broadcasting import align_shapes, broadcast_shapes, broadcast_to, converted, reduce_sum, reshape
from symbackprop.ops.comparison import not_equal
from symbackprop.ops.contraction import permuted
from symbackprop.ops.cumulative import take_along
from symbackprop.ops.elementwise import common_dtype
from symbackprop.ops.extrema import maximum, minimum
from symbackprop.ops.indexing import choose, gather, slice_
from symbackprop.ops.layout import expanded
from symbackprop.ops.masking import masked
from symbackprop.ops.rounding import remainder
from symbackprop.ops.updates import read_part
from symbackprop.read.vocabulary import updates
from symbackprop.read.vocabulary.arguments import axis_of, counted, node_of, require, static_flag, static_int
from symbackprop.read.vocabulary.index_entries import (
    Slice,
    basic_part,
    entry_of,
    expanded_entries,
    is_array,
    placed_arrays,
)
from symbackprop.read.vocabulary.updates import added_at, assigned, assigned_with

__all__ = ["FUNCTIONS", "METHODS", "Slice", "added_at", "assigned", "changed", "subscript"]


def subscript(value: object, index: object) -> Any:
    """Return ``value[index]``: of a tuple (a shape, the parts of a split) an item, of an array a part."""
    if isinstance(value, tuple):
        return _item(value, index)
    x = node_of(value)
    entries = expanded_entries(x, index if type(index) is tuple else (index,))
    bounds, added = basic_part(x, entries)
    if any(bound is not None for bound in bounds):
        x = read_part(x, bounds)
    x = expanded(x, added)
    return _advanced(x, entries) if any(is_array(entry) for entry in entries) else x


def changed(operator: str, x: object, index: object, value: object) -> Node:
    """Return a copy of `x` after ``x[index] = value``, or ``+=`` and its like for an operator."""
    return assigned_with(operator, x, index, value, subscript) if operator else assigned(x, index, value)


def _item(value: tuple[object, ...], index: object) -> object:
    if isinstance(index, Slice):
        start, stop, step = (
            None if p is None else static_int(p, "index") for p in (index.start, index.stop, index.step)
        )
        return value[start:stop:step]
    position = static_int(index, "index")
    if not -len(value) <= position < len(value):
        raise ShapeError(f"index {position} is out of range for {len(value)} items")
    return value[position]


def _advanced(x: Node, entries: list[object]) -> Node:
    """Choose by arrays of positions, or by a mask, along the axes that slices and fixed numbers left whole."""
    placed = placed_arrays(entries)
    x = permuted(x, placed.order(x.rank))
    if any(array.dtype == "bool" for array in placed.arrays):
        return _chosen_by_mask(x, placed.arrays, placed.first)
    return gather(x, *align_shapes(placed.arrays), axis=placed.first)


def _chosen_by_mask(x: Node, arrays: list[Node], axis: int) -> Node:
    mask, *others = arrays
    if others:
        raise UnsupportedError("a mask beside another mask or an array of positions is not supported; index twice")
    if x.shape[axis : axis + mask.rank] != mask.shape:
        raise ShapeError(
            f"a mask of shape {shape_text(mask.shape)} for axes of shape {shape_text(x.shape[axis : axis + mask.rank])}"
        )
    return masked(x, mask, axis=axis, count=counted(reduce_sum(mask, axes=tuple(range(mask.rank)))))


def _take(a: object, indices: object, axis: object = None, *, mode: object = "raise") -> Node:
    x, index = node_of(a), entry_of(indices)
    if axis is None:
        x = reshape(x, shape=(product(x.shape),)) if x.rank != 1 else x
        axis = constant(0)
    chosen = axis_of(axis, x.rank)
    if not isinstance(index, Node) or index.dtype == "bool":
        raise ArgumentError("take: indices are integers")
    index = _in_range(index, x.shape[chosen], mode, "take")
    if isinstance(index, Const) and not index.shape:
        return node_of(subscript(x, (*[Slice(None, None, None)] * chosen, index)))
    return gather(x, index, axis=chosen)


def _in_range(index: Node, size: Size, mode: object, what: str) -> Node:
    """Return positions as ``mode=`` asks: as they are, modulo the size, or moved to the nearest end."""
    if mode == "raise":
        return index
    if mode == "wrap":
        return remainder(index, constant(size))
    if mode == "clip":
        return minimum(maximum(index, 0), constant(size - 1))
    raise ArgumentError(f"{what}: mode is 'raise', 'wrap' or 'clip'")


def _take_along_axis(arr: object, indices: object, axis: object = constant(-1)) -> Node:
    x, index = node_of(arr), node_of(indices)
    if axis is None:
        x, axis = reshape(x, shape=(product(x.shape),)), constant(0)
    chosen = axis_of(axis, x.rank)
    if index.rank != x.rank:
        raise ShapeError(f"take_along_axis: shapes {shape_text(x.shape)} and {shape_text(index.shape)} do not match")
    shared = broadcast_shapes([(*y.shape[:chosen], *y.shape[chosen + 1 :]) for y in (x, index)])
    x, index = (broadcast_to(y, (*shared[:chosen], y.shape[chosen], *shared[chosen:])) for y in (x, index))
    return take_along(x, index, axis=chosen)


def _choose(a: object, choices: object, *, mode: object = "raise") -> Node:
    if not isinstance(choices, tuple) or not choices:
        raise ArgumentError("choose takes a list of arrays")
    nodes = [node_of(choice) for choice in choices]
    dtype = common_dtype(nodes)
    index, *aligned = align_shapes([node_of(entry_of(a)), *nodes])
    index = _in_range(index, len(nodes), mode, "choose")
    return choose(index, *(converted(node, dtype) for node in aligned))


def _compress(condition: object, a: object, axis: object = None) -> Node:
    x = node_of(a)
    x, chosen = (reshape(x, shape=(product(x.shape),)), 0) if axis is None else (x, axis_of(axis, x.rank))
    if not isinstance(condition, tuple):
        mask = node_of(condition)
        if mask.rank != 1:
            raise ShapeError(f"compress: the condition is a vector, not of shape {shape_text(mask.shape)}")
        mask = mask if mask.dtype == "bool" else not_equal(mask, 0)
        if isinstance(mask.shape[0], int):  # what lies behind a shorter condition is left out
            require(mask.shape[0], "<=", x.shape[chosen], "compress", numpy_checks=True)
            x = slice_(x, bounds=tuple((None, mask.shape[0], 1) if i == chosen else None for i in range(x.rank)))
            x = reshape(x, shape=(*x.shape[:chosen], mask.shape[0], *x.shape[chosen + 1 :]))  # as was required
        return node_of(subscript(x, (*[Slice(None, None, None)] * chosen, mask)))
    flags = tuple(static_flag(flag, "compress: a condition") for flag in condition)
    require(len(flags), "<=", x.shape[chosen], "compress", numpy_checks=True)
    return node_of(subscript(x, (*[Slice(None, None, None)] * chosen, flags)))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **updates.FUNCTIONS,
    "take": _take,
    "take_along_axis": _take_along_axis,
    "choose": _choose,
    "compress": _compress,
}

METHODS: Mapping[str, Callable[..., Any]] = {
    "take": _take,
    "choose": _choose,
    "compress": lambda a, condition, axis=None: _compress(condition, a, axis),
}
