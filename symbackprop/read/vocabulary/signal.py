"""Signals and polynomials: convolution, interpolation, positions in sorted vectors, differences of samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.errors import ArgumentError, ShapeError, UnsupportedError
from symbackprop.ir.node import Const, Node, constant
from symbackprop.ir.size import is_nonnegative, shape_text
from symbackprop.ops import convolution, differences, interpolation, polynomials
from symbackprop.ops.broadcasting import broadcast_shapes, broadcast_to, converted
from symbackprop.ops.cumulative import reversed_along
from symbackprop.ops.elementwise import common_dtype
from symbackprop.ops.indexing import gather
from symbackprop.ops.layout import concatenate, expanded
from symbackprop.ops.order import argsort
from symbackprop.ops.rounding import absolute, remainder
from symbackprop.read.vocabulary.arguments import (
    axis_of,
    node_of,
    real,
    require,
    require_entries,
    static_flag,
    static_int,
)
from symbackprop.read.vocabulary.layout import part
from symbackprop.read.vocabulary.logic import are_masks

__all__ = ["FUNCTIONS", "METHODS"]


# --- convolution ------------------------------------------------------------------------------------------------------


def _vectors(a: object, v: object, what: str) -> tuple[Node, Node]:
    x, y = node_of(a), node_of(v)
    if are_masks(x, y):
        raise UnsupportedError(f"{what} of two conditions is `or` in NumPy; write 1*a to count")
    x, y = (expanded(z, (0,)) if not z.rank else z for z in (x, y))
    if x.rank != 1 or y.rank != 1:
        raise ShapeError(f"{what} takes vectors, not shapes {shape_text(x.shape)} and {shape_text(y.shape)}")
    for z in (x, y):
        require_entries(z, (0,), what)
    dtype = common_dtype([x, y])
    return converted(x, dtype), converted(y, dtype)


def _is_shorter(x: Node, y: Node, what: str, mode: object) -> bool:
    """Tell whether the first vector is the shorter one; where that is not known, it must not be, on every call."""
    (n,), (m,) = x.shape, y.shape
    if is_nonnegative(n - m):
        return False
    if is_nonnegative(m - n):
        return True
    require(m, "<=", n, f"{what} in mode {mode!r} with the first vector as long as the second or longer")
    return False


def _mode(mode: object, what: str) -> str:
    if mode not in ("full", "same", "valid"):
        raise ArgumentError(f"{what}: mode is 'full', 'same' or 'valid'")
    return str(mode)


def _sized(primitive: Callable[..., Node], x: Node, y: Node, mode: str) -> Node:
    """Return a convolution or correlation of vectors, the longer one first where the mode is not ``"full"``."""
    (n,), (m,) = x.shape, y.shape
    return primitive(x, y, mode=mode, size={"full": n + m - 1, "same": n, "valid": n - m + 1}[mode])


def _convolve(a: object, v: object, mode: object = "full") -> Node:
    x, y = _vectors(a, v, "convolve")
    kind = _mode(mode, "convolve")
    if kind != "full" and _is_shorter(x, y, "convolve", mode):
        x, y = y, x
    return _sized(convolution.convolve, x, y, kind)


def _correlate(a: object, v: object, mode: object = "valid") -> Node:
    x, y = _vectors(a, v, "correlate")
    kind = _mode(mode, "correlate")
    if kind != "full" and _is_shorter(x, y, "correlate", mode):
        return reversed_along(_sized(convolution.correlate, y, x, kind), 0)
    return _sized(convolution.correlate, x, y, kind)


# --- polynomials ------------------------------------------------------------------------------------------------------


def _polyval(p: object, x: object) -> Node:
    """Return the sum of ``p[i]*x**(n - 1 - i)``; of coefficients that are written out, by Horner's rule."""
    at = node_of(x)
    if not isinstance(p, tuple):
        coefficients = node_of(p)
        if coefficients.rank != 1:
            raise ShapeError(f"polyval: the coefficients are a vector, not of shape {shape_text(coefficients.shape)}")
        dtype = common_dtype([coefficients, at])
        if dtype == "bool":
            raise UnsupportedError("polyval of conditions is not supported; write 1*a for numbers")
        return polynomials.polyval(converted(coefficients, dtype), converted(at, dtype))
    if not p:
        return 0 * at
    total = node_of(p[0])
    for coefficient in p[1:]:
        total = total * at + node_of(coefficient)
    return broadcast_to(total, broadcast_shapes([total.shape, at.shape]))


# --- interpolation ----------------------------------------------------------------------------------------------------


def _interp(
    x: object, xp: object, fp: object, left: object = None, right: object = None, period: object = None
) -> Node:
    at, knots, values = (real(node_of(z)) for z in (x, xp, fp))
    if knots.rank != 1 or knots.shape != values.shape:
        raise ShapeError(
            f"interp: xp and fp are vectors of one size, not {shape_text(knots.shape)} and {shape_text(values.shape)}"
        )
    require_entries(knots, (0,), "interp")
    if period is not None:
        at, knots, values = _periodic(at, knots, values, real(node_of(period)))
        left = right = None  # NumPy does not look at them then
    ends = {side: node_of(end) for side, end in (("left", left), ("right", right)) if end is not None}
    if any(end.rank for end in ends.values()):
        raise ShapeError("interp: left and right are numbers")
    dtype = common_dtype([at, knots, values, *ends.values()])
    at, knots, values = (converted(z, dtype) for z in (at, knots, values))
    beyond = [converted(end, dtype) for end in ends.values()]
    return interpolation.interp(at, knots, values, *beyond, sides=tuple(ends))


def _periodic(at: Node, knots: Node, values: Node, period: Node) -> tuple[Node, Node, Node]:
    """Return what goes on for ever as one period, with a knot more at either end."""
    if period.rank:
        raise ShapeError("interp: the period is a number")
    if isinstance(period, Const) and period.value == 0:
        raise ArgumentError("interp: the period is not 0")
    length = absolute(period)
    at, knots = remainder(at, length), remainder(knots, length)
    order = argsort(knots, axis=0)
    knots, values = gather(knots, order, axis=0), gather(values, order, axis=0)
    before, behind = part(knots, 0, -1, None) - length, part(knots, 0, None, 1) + length
    return (
        at,
        concatenate(before, knots, behind, axis=0),
        concatenate(part(values, 0, -1, None), values, part(values, 0, None, 1), axis=0),
    )


# --- positions --------------------------------------------------------------------------------------------------------


def _searchsorted(a: object, v: object, side: object = "left", sorter: object = None) -> Node:
    x, sought = node_of(a), node_of(v)
    if x.rank != 1:
        raise ShapeError(f"searchsorted searches vectors, not shape {shape_text(x.shape)}")
    if side not in ("left", "right"):
        raise ArgumentError("searchsorted: side is 'left' or 'right'")
    if sorter is not None:
        order = node_of(sorter)
        if order.dtype != "int64" or order.shape != x.shape:
            raise ShapeError("searchsorted: sorter is a vector of positions, as argsort(a) gives them")
        x = gather(x, order, axis=0)
    dtype = common_dtype([x, sought])
    return interpolation.searchsorted(converted(x, dtype), converted(sought, dtype), side=side)


def _digitize(x: object, bins: object, right: object = False) -> Node:
    values, ends = node_of(x), node_of(bins)
    if ends.rank != 1:
        raise ShapeError(f"digitize: bins are a vector, not of shape {shape_text(ends.shape)}")
    dtype = common_dtype([values, ends])
    return interpolation.digitize(converted(values, dtype), converted(ends, dtype), right=static_flag(right, "right"))


# --- differences ------------------------------------------------------------------------------------------------------


def _gradient(f: object, *varargs: object, axis: object = None, edge_order: object = constant(1)) -> Any:
    values = real(node_of(f))
    order = static_int(edge_order, "edge_order")
    if order not in (1, 2):
        raise ArgumentError(f"gradient: edge_order is 1 or 2, not {order}")
    if not values.rank:
        raise ShapeError("gradient takes an array, not a number")
    given = range(values.rank) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = [i if isinstance(i, int) else axis_of(i, values.rank) for i in given]
    if len(set(axes)) < len(axes):
        raise ShapeError("gradient: axis names an axis twice")
    spacings = _spacings(varargs, len(axes))
    found = tuple(_slope(values, i, spacing, order) for i, spacing in zip(axes, spacings, strict=True))
    return found[0] if len(found) == 1 else found


def _spacings(varargs: tuple[object, ...], count: int) -> list[Node]:
    """Return a distance or a vector of coordinates for each axis."""
    nodes = [real(node_of(spacing)) for spacing in varargs] or [constant(1)]
    if len(nodes) == 1 and not nodes[0].rank:
        return nodes * count
    if len(nodes) != count:
        raise ArgumentError(f"gradient: {len(nodes)} distances or vectors of coordinates for {count} axes")
    return nodes


def _slope(f: Node, axis: int, spacing: Node, edge_order: int) -> Node:
    require(edge_order + 1, "<=", f.shape[axis], f"gradient with edge_order={edge_order}", numpy_checks=True)
    if spacing.rank > 1:
        raise ShapeError("gradient: a spacing is a number or a vector of coordinates")
    if not spacing.rank:
        found = differences.gradient(f, axis=axis, edge_order=edge_order)
        return found if isinstance(spacing, Const) and spacing.value == 1 else found / spacing
    if spacing.shape != f.shape[axis : axis + 1]:
        require(spacing.shape[0], "==", f.shape[axis], "gradient: one coordinate an entry", numpy_checks=True)
        spacing = broadcast_to(spacing, f.shape[axis : axis + 1])
    dtype = common_dtype([f, spacing])
    return differences.gradient_along(converted(f, dtype), converted(spacing, dtype), axis, edge_order)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "convolve": _convolve,
    "correlate": _correlate,
    "polyval": _polyval,
    "interp": _interp,
    "searchsorted": _searchsorted,
    "digitize": _digitize,
    "gradient": _gradient,
}

METHODS: Mapping[str, Callable[..., Any]] = {"searchsorted": _searchsorted}
