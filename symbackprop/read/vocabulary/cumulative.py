"""Cumulative operations, differences, order statistics and moments of data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.node import Node, constant
from symbackprop.ir.size import product, shape_text
from symbackprop.ops.broadcasting import broadcast, broadcast_to, converted, reduce_sum, reshape
from symbackprop.ops.comparison import not_equal
from symbackprop.ops.contraction import contract, permuted
from symbackprop.ops.cumulative import cummax, cumsum, take_along
from symbackprop.ops.elementwise import common_dtype
from symbackprop.ops.indexing import slice_
from symbackprop.ops.layout import concatenate, expanded
from symbackprop.ops.order import argpartition, argsort, order_statistic, sort
from symbackprop.ops.powers import sqrt
from symbackprop.ops.products import cumprod
from symbackprop.ops.reduction import count_of, mean, restored
from symbackprop.read.vocabulary.arguments import (
    as_dtype,
    axes_of,
    axis_of,
    node_of,
    real,
    require,
    static_flag,
    static_int,
)
from symbackprop.read.vocabulary.padding import offset_diagonal
from symbackprop.read.vocabulary.reductions import keeping

__all__ = ["FUNCTIONS", "METHODS"]

_ZERO, _ONE, _LAST = constant(0), constant(1), constant(-1)


def _flat(x: Node) -> Node:
    return x if x.rank == 1 else reshape(x, shape=(product(x.shape),))


def _running(primitive: Callable[..., Node]) -> Callable[..., Node]:
    def function(a: object, axis: object = None, dtype: object = None) -> Node:
        x = as_dtype(node_of(a), dtype)
        if axis is None:
            return primitive(_flat(x), axis=0)
        return primitive(x, axis=axis_of(axis, x.rank))

    return function


def _part(x: Node, axis: int, start: int | None, stop: int | None) -> Node:
    return slice_(x, bounds=tuple((start, stop, 1) if i == axis else None for i in range(x.rank)))


def _diff(a: object, n: object = _ONE, axis: object = _LAST, prepend: object = None, append: object = None) -> Node:
    x = node_of(a)
    if not x.rank:
        raise ShapeError("diff needs an array, not a scalar")
    chosen = axis_of(axis, x.rank)
    parts = [node_of(part) for part in (prepend, x, append) if part is not None]
    if len(parts) > 1:
        edge = (*x.shape[:chosen], 1, *x.shape[chosen + 1 :])
        dtype = common_dtype(parts)
        x = concatenate(*(converted(p if p.rank else broadcast_to(p, edge), dtype) for p in parts), axis=chosen)
    count = static_int(n, "n")
    if count < 0:
        raise ArgumentError(f"diff: n is at least 0, not {count}")
    for _ in range(count):
        later, earlier = _part(x, chosen, 1, None), _part(x, chosen, None, -1)
        x = not_equal(later, earlier) if x.dtype == "bool" else later - earlier
    return x


def _trapezoid(y: object, x: object = None, dx: object = _ONE, axis: object = _LAST) -> Node:
    values = node_of(y)
    chosen = axis_of(axis, values.rank)
    means = (_part(values, chosen, 1, None) + _part(values, chosen, None, -1)) / 2
    if x is None:
        return node_of(dx) * reduce_sum(means, axes=(chosen,))
    points = node_of(x)
    if points.rank == 1 and values.rank > 1:
        widths = _diff(points)
        return reduce_sum(means * broadcast(widths, shape=means.shape, axes=(chosen,)), axes=(chosen,))
    return reduce_sum(means * _diff(points, axis=constant(chosen)), axes=(chosen,))


def _sort(a: object, axis: object = _LAST, kind: object = None, *, stable: object = None) -> Node:
    x = node_of(a)
    return sort(_flat(x), axis=0) if axis is None else sort(x, axis=axis_of(axis, x.rank))


def _argsort(a: object, axis: object = _LAST, kind: object = None, *, stable: object = None) -> Node:
    x = node_of(a)
    return argsort(_flat(x), axis=0) if axis is None else argsort(x, axis=axis_of(axis, x.rank))


def _partition(a: object, kth: object, axis: object = _LAST, kind: object = "introselect") -> Node:
    x = node_of(a)
    x, chosen = (_flat(x), 0) if axis is None else (x, axis_of(axis, x.rank))
    size = x.shape[chosen]
    positions = tuple(static_int(k, "kth") for k in (kth if isinstance(kth, tuple) else (kth,)))
    for position in positions:
        if isinstance(size, int) and not -size <= position < size:
            raise ShapeError(f"partition: kth={position} is out of range for an axis of size {size}")
        place = position if position >= 0 else -position - 1
        require(place, "<", size, f"partition with kth={position}", numpy_checks=True)
    only = positions[0] if len(positions) == 1 else positions
    return take_along(x, argpartition(x, kth=only, axis=chosen), axis=chosen)


def _median(
    a: object, axis: object = None, *, overwrite_input: object = False, keepdims: object = constant(False)
) -> Node:
    x = node_of(a)
    axes = axes_of(axis, x)
    flat, along = x, axes[0] if axes else 0
    if len(axes) != 1:  # several axes as one, the last
        kept = [i for i in range(x.rank) if i not in axes]
        moved = permuted(x, (*kept, *axes))
        flat = reshape(moved, shape=(*moved.shape[: len(kept)], product(x.shape[i] for i in axes)))
        along = len(kept)
    size = flat.shape[along]
    require(1, "<=", size, "median of no entries", numpy_checks=True)
    low, high = (order_statistic(flat, axis=along, position=position) for position in ((size - 1) // 2, size // 2))
    middle = low if isinstance(size, int) and size % 2 else (low + high) / 2  # one entry twice where the size is odd
    return keeping(middle, x, axes, keepdims)


def _cov(
    m: object,
    y: object = None,
    rowvar: object = True,
    bias: object = False,
    ddof: object = None,
    fweights: object = None,
    aweights: object = None,
    *,
    dtype: object = None,
) -> Node:
    by_row = static_flag(rowvar, "rowvar")
    x = _variables(real(as_dtype(node_of(m), dtype)), by_row)
    if y is not None:
        x = concatenate(x, _variables(converted(node_of(y), x.dtype), by_row), axis=0)
    lost = (0 if static_flag(bias, "bias") else 1) if ddof is None else static_int(ddof, "ddof")
    if fweights is None and aweights is None:
        require(lost, "<=", x.shape[1], f"a covariance with ddof={lost}")
        centred = x - restored(mean(x, axes=(1,)), x, (1,))
        result = contract([centred, centred], [(0, 1), (2, 1)], (0, 2)) / (count_of(x, (1,), x.dtype) - lost)
    else:
        result = _weighted_cov(x, fweights, aweights, lost)
    return reshape(result, shape=()) if x.shape[0] == 1 else result


def _variables(x: Node, by_row: bool) -> Node:
    """Return data as a matrix with a variable in each row."""
    if x.rank > 2:
        raise ShapeError(f"cov takes vectors and matrices, not shape {shape_text(x.shape)}")
    if x.rank < 2:
        return expanded(x, (0,) if x.rank else (0, 1))
    return x if by_row or x.shape[0] == 1 else permuted(x, (1, 0))


def _weighted_cov(x: Node, fweights: object, aweights: object, lost: int) -> Node:
    """Return the covariance of the rows of `x` with the columns repeated (fweights) and weighted (aweights)."""
    given = [converted(node_of(w), x.dtype) for w in (fweights, aweights) if w is not None]
    for w in given:
        if w.shape != x.shape[1:]:
            raise ShapeError(f"cov: weights have shape {shape_text(x.shape[1:])}, not {shape_text(w.shape)}")
    weights = given[0] if len(given) == 1 else given[0] * given[1]
    total = reduce_sum(weights, axes=(0,))
    centre = contract([x, weights], [(0, 1), (1,)], (0,)) / total
    centred = x - broadcast(centre, shape=x.shape, axes=(0,))
    scatter = contract([centred, weights, centred], [(0, 1), (1,), (2, 1)], (0, 2))
    if aweights is None or lost == 0:
        return scatter / (total - lost)
    own = given[-1]
    return scatter / (total - lost * contract([weights, own], [(0,), (0,)], ()) / total)


def _corrcoef(x: object, y: object = None, rowvar: object = True, *, dtype: object = None) -> Node:
    covariance = _cov(x, y, rowvar, dtype=dtype)
    if covariance.rank == 0:
        return covariance / covariance
    spread = sqrt(offset_diagonal(covariance, 0))
    return covariance / contract([spread, spread], [(0,), (1,)], (0, 1))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "cumsum": _running(cumsum),
    "cumprod": _running(cumprod),
    "cummax": _running(cummax),
    "diff": _diff,
    "trapezoid": _trapezoid,
    "sort": _sort,
    "argsort": _argsort,
    "msort": lambda a: _sort(a, _ZERO),
    "partition": _partition,
    "median": _median,
    "cov": _cov,
    "corrcoef": _corrcoef,
}

METHODS: Mapping[str, Callable[..., Any]] = {name: FUNCTIONS[name] for name in ("cumsum", "cumprod", "argsort")}
