"""Padding, triangles and diagonals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from symbackprop.errors import ArgumentError, ShapeError, UnsupportedError
from symbackprop.ir.node import Const, Node, constant
from symbackprop.ir.size import Size, minimum, shape_text
from symbackprop.ops.broadcasting import broadcast, broadcast_to, converted
from symbackprop.ops.comparison import equal, greater_equal, less_equal, logical_and, where
from symbackprop.ops.contraction import permuted
from symbackprop.ops.creation import arange
from symbackprop.ops.indexing import gather, place, slice_
from symbackprop.ops.layout import concatenate, diagonal, expanded, identity_mask
from symbackprop.ops.literal import literal
from symbackprop.ops.rounding import remainder
from symbackprop.read.vocabulary.arguments import axis_of, node_of, require, static_flag, static_int
from symbackprop.read.vocabulary.layout import ravel

__all__ = ["FUNCTIONS", "METHODS", "offset_diagonal"]

_ZERO, _ONE = constant(0), constant(1)


def _pad(
    array: object,
    pad_width: object,
    mode: object = "constant",
    *,
    constant_values: object = _ZERO,
    reflect_type: object = "even",
) -> Node:
    x = node_of(array)
    if reflect_type not in ("even", "odd"):
        raise ArgumentError("pad: reflect_type is 'even' or 'odd'")
    fills = _fills(constant_values, x.rank)
    for axis, (before, after) in enumerate(_widths(pad_width, x.rank)):
        if before or after:
            constant_mode = mode == "constant"
            x = (
                _filled_around(x, axis, before, after, fills[axis])
                if constant_mode
                else _padded(x, axis, before, after, mode, odd=reflect_type == "odd")
            )
    return x


def _widths(pad_width: object, rank: int) -> list[tuple[int, int]]:
    if not isinstance(pad_width, tuple):
        width = static_int(pad_width, "pad_width")
        if width < 0:
            raise ArgumentError(f"pad: pad_width is at least 0, not {width}")
        return [(width, width)] * rank
    if pad_width and not isinstance(pad_width[0], tuple):
        pairs = [tuple(static_int(w, "pad_width") for w in pad_width)] * rank
    else:
        pairs = [tuple(static_int(w, "pad_width") for w in pair) for pair in pad_width]
        pairs = pairs * rank if len(pairs) == 1 else pairs
    if len(pairs) != rank or any(len(pair) not in (1, 2) or min(pair) < 0 for pair in pairs):
        raise ArgumentError("pad: pad_width is a number, a pair, or a pair an axis, of numbers of at least 0")
    return [(pair[0], pair[-1]) for pair in pairs]


def _fills(constant_values: object, rank: int) -> list[tuple[Node, Node]]:
    """Return the numbers before and behind each axis, from one number, a pair, or a pair an axis."""
    if not isinstance(constant_values, tuple):
        return [(node_of(constant_values),) * 2] * rank
    if isinstance(constant_values[0], tuple):
        pairs = [tuple(node_of(v) for v in pair) for pair in constant_values]
    else:
        pairs = [tuple(node_of(v) for v in constant_values)]
    pairs = pairs * rank if len(pairs) == 1 else pairs
    if len(pairs) != rank or any(len(pair) not in (1, 2) or any(v.rank for v in pair) for pair in pairs):
        raise ArgumentError("pad: constant_values is a number, a pair, or a pair an axis")
    return [(pair[0], pair[-1]) for pair in pairs]


def _filled_around(x: Node, axis: int, before: int, after: int, fills: tuple[Node, Node]) -> Node:
    if all(isinstance(fill, Const) and fill.value == 0 for fill in fills):
        total = (*x.shape[:axis], x.shape[axis] + before + after, *x.shape[axis + 1 :])
        bounds = tuple((before, before + x.shape[axis], 1) if i == axis else None for i in range(x.rank))
        return place(x, shape=total, bounds=(bounds,))
    outside = [
        broadcast_to(converted(fill, x.dtype), (*x.shape[:axis], width, *x.shape[axis + 1 :]))
        for width, fill in zip((before, after), fills, strict=True)
    ]
    return concatenate(outside[0], x, outside[1], axis=axis)


def _padded(x: Node, axis: int, before: int, after: int, mode: object, odd: bool) -> Node:
    size = x.shape[axis]
    if mode == "edge":
        require(1, "<=", size, "pad with mode 'edge'")
        return concatenate(*[_edge(x, axis, 0)] * before, x, *[_edge(x, axis, -1)] * after, axis=axis)
    if mode not in ("reflect", "wrap", "symmetric"):
        raise UnsupportedError(f"pad: mode {mode!r} is not supported; use constant, edge, reflect, symmetric or wrap")
    longest = max(before, after) + (mode == "reflect")
    if isinstance(size, int) and 0 < size < longest and not odd:  # the array is repeated more than once
        turns = [_source(i, size, str(mode)) for i in range(-before, size + after)]
        positions = literal(*(constant(i, (), "int64") for i in turns), shape=(len(turns),))
        return gather(x, positions, axis=axis)
    require(longest, "<=", size, f"pad with mode {mode!r}")
    left, right = _beyond(x, axis, before, after, str(mode))
    if odd and mode != "wrap":
        left, right = 2 * _edge(x, axis, 0) - left, 2 * _edge(x, axis, -1) - right
    return concatenate(*[left] * bool(before), x, *[right] * bool(after), axis=axis)


def _edge(x: Node, axis: int, position: int) -> Node:
    """Return the first or last entries along an axis, the axis kept."""
    return expanded(slice_(x, bounds=tuple(position if i == axis else None for i in range(x.rank))), (axis,))


def _beyond(x: Node, axis: int, before: int, after: int, mode: str) -> tuple[Node, Node]:
    """Return what stands before and behind an axis; positions, for their number is known where the size is not."""
    skipped = int(mode == "reflect")  # the edge itself is not repeated
    steps = arange(size=before), arange(size=after)
    if mode == "wrap":
        places = steps[0] - before, steps[1]
    else:
        places = before - 1 + skipped - steps[0], -1 - skipped - steps[1]
    left, right = (gather(x, place, axis=axis) for place in places)
    return left, right


def _source(position: int, size: int, mode: str) -> int:
    """Return which entry stands at a position of an array that goes on for ever."""
    if mode == "wrap":
        return position % size
    period = max(2 * (size - 1), 1) if mode == "reflect" else 2 * size
    turned = position % period
    return min(turned, period - turned) if mode == "reflect" else min(turned, period - 1 - turned)


def _grid(shape: tuple[Size, ...]) -> tuple[Node, Node]:
    """Return the row and column numbers of matrices of `shape`."""
    rank = len(shape)
    rows = broadcast(arange(size=shape[-2]), shape=shape, axes=(rank - 2,))
    return rows, broadcast(arange(size=shape[-1]), shape=shape, axes=(rank - 1,))


def _nothing(x: Node) -> Node:
    """Return what stands where nothing of `x` does: 0, or False among conditions."""
    return constant(False) if x.dtype == "bool" else constant(0)


def _triangle(lower: bool) -> Callable[..., Node]:
    def function(m: object, k: object = _ZERO) -> Node:
        x = node_of(m)
        if x.rank == 1:
            x = broadcast(x, shape=(x.shape[0], x.shape[0]), axes=(1,))
        if x.rank < 2:
            raise ShapeError("tril and triu need a matrix")
        rows, columns = _grid(x.shape[-2:])
        limit = rows + static_int(k, "k")
        keep = less_equal(columns, limit) if lower else greater_equal(columns, limit)
        return where(broadcast(keep, shape=x.shape, axes=(x.rank - 2, x.rank - 1)), x, _nothing(x))

    return function


def offset_diagonal(x: Node, offset: int) -> Node:
    """Return the diagonal of the last two axes, `offset` above the main one."""
    rows, columns = x.shape[-2:]
    if offset == 0 and rows == columns:
        return diagonal(x)
    top, left = max(-offset, 0), max(offset, 0)
    length: Size
    if isinstance(rows, int) and isinstance(columns, int):
        length = max(min(rows - top, columns - left), 0)
    else:
        require(top, "<=", rows, "diagonal")
        require(left, "<=", columns, "diagonal")
        length = minimum(rows - top, columns - left)
    bounds = (*[None] * (x.rank - 2), (top, length + top, 1), (left, length + left, 1))
    return diagonal(slice_(x, bounds=bounds))


def _diagonal(a: object, offset: object = _ZERO, axis1: object = _ZERO, axis2: object = _ONE) -> Node:
    x = node_of(a)
    if x.rank < 2:
        raise ShapeError(f"diagonal needs two axes, not shape {shape_text(x.shape)}")
    i, j = axis_of(axis1, x.rank), axis_of(axis2, x.rank)
    others = tuple(axis for axis in range(x.rank) if axis not in (i, j))
    return offset_diagonal(permuted(x, (*others, i, j)), static_int(offset, "offset"))


def _diag(v: object, k: object = _ZERO) -> Node:
    x = node_of(v)
    offset = static_int(k, "k")
    if x.rank == 2:
        return offset_diagonal(x, offset)
    if x.rank != 1:
        raise ShapeError("diag takes a vector or a matrix")
    size = x.shape[0]
    square = where(identity_mask(size), broadcast(x, shape=(size, size), axes=(0,)), _nothing(x))
    if offset == 0:
        return square
    whole = size + abs(offset)
    top, left = max(-offset, 0), max(offset, 0)
    return place(square, shape=(whole, whole), bounds=(((top, top + size, 1), (left, left + size, 1)),))


def _fill_diagonal(a: object, val: object, wrap: object = False) -> Node:
    x, value = node_of(a), node_of(val)
    if x.rank < 2 or (x.rank > 2 and len(set(x.shape)) > 1):
        raise ShapeError("fill_diagonal (which returns a new array here) needs a matrix, or an array of equal sizes")
    if value.rank:  # its entries go along the diagonal, over and over
        if static_flag(wrap, "wrap"):
            raise UnsupportedError("fill_diagonal: with wrap=True val is one number")
        entries = ravel(value)
        turns = remainder(arange(size=x.shape[0]), constant(entries.shape[0]))
        value = broadcast(gather(entries, turns, axis=0), shape=x.shape, axes=(0,))
    indices = [broadcast(arange(size=size), shape=x.shape, axes=(axis,)) for axis, size in enumerate(x.shape)]
    if x.rank == 2 and static_flag(wrap, "wrap"):  # begin again below, after an empty row
        indices[0] = remainder(indices[0], constant(x.shape[1] + 1))
    mask = equal(indices[0], indices[1])
    for i, j in pairwise(indices[1:]):
        mask = logical_and(mask, equal(i, j))
    return where(mask, value, x)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "pad": _pad,
    "tril": _triangle(lower=True),
    "triu": _triangle(lower=False),
    "diag": _diag,
    "diagonal": _diagonal,
    "diagflat": lambda v, k=_ZERO: _diag(ravel(v), k),
    "fill_diagonal": _fill_diagonal,
}

METHODS: Mapping[str, Callable[..., Any]] = {"diagonal": _diagonal}
