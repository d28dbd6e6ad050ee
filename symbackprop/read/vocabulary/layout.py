"""Layout: reshaping, and the order of axes and entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Node, constant
from symbackprop.ir.size import Size, exact_division, known_equal, product, shape_text
from symbackprop.ops.broadcasting import align_shapes, broadcast_to, reshape
from symbackprop.ops.contraction import permuted
from symbackprop.ops.indexing import slice_
from symbackprop.ops.layout import concatenate, expanded, squeezed
from symbackprop.read.vocabulary.arguments import axis_of, node_of, require, shape_of, static_int

__all__ = ["ATTRIBUTES", "FUNCTIONS", "METHODS", "at_least", "part", "ravel"]

_ZERO, _ONE = constant(0), constant(1)


def _reshape(a: object, *shape: object) -> Node:
    x = node_of(a)
    wanted = shape_of(shape[0] if len(shape) == 1 else shape)
    return reshape(x, shape=_completed(x, wanted))


def _completed(x: Node, shape: tuple[Size, ...]) -> tuple[Size, ...]:
    """Fill in the one size that is -1, and require that the counts of entries agree."""
    count = product(x.shape)
    if shape.count(-1) > 1:
        raise ShapeError("reshape: only one size may be -1")
    if -1 in shape:
        rest = product(size for size in shape if size != -1)
        missing = exact_division(count, rest) if rest != 0 else None
        if missing is None:
            if isinstance(count, int) and isinstance(rest, int):
                raise ShapeError(f"reshape: {count} entries of shape {shape_text(x.shape)} do not divide by {rest}")
            missing = count // rest
            require(missing * rest, "==", count, "reshape", numpy_checks=True)
        return tuple(missing if size == -1 else size for size in shape)
    total = product(shape)
    if known_equal(total, count) is False:
        raise ShapeError(f"reshape: shape {shape_text(x.shape)} does not have as many entries as {shape_text(shape)}")
    require(total, "==", count, f"reshape of shape {shape_text(x.shape)} to {shape_text(shape)}", numpy_checks=True)
    return shape


def ravel(a: object) -> Node:
    """Return an array as a vector."""
    x = node_of(a)
    return x if x.rank == 1 else reshape(x, shape=(product(x.shape),))


def _transpose(a: object, *axes: object) -> Node:
    x = node_of(a)
    given = axes[0] if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], tuple)) else axes
    if not given:
        return permuted(x, tuple(reversed(range(x.rank))))
    order = tuple(axis_of(axis, x.rank) for axis in given)
    if sorted(order) != list(range(x.rank)):
        raise ShapeError(f"transpose: axes {order} are not a permutation for shape {shape_text(x.shape)}")
    return permuted(x, order)


def _swapaxes(a: object, axis1: object, axis2: object) -> Node:
    x = node_of(a)
    order = list(range(x.rank))
    i, j = axis_of(axis1, x.rank), axis_of(axis2, x.rank)
    order[i], order[j] = order[j], order[i]
    return permuted(x, tuple(order))


def _moveaxis(a: object, source: object, destination: object) -> Node:
    x = node_of(a)
    sources = [axis_of(s, x.rank) for s in (source if isinstance(source, tuple) else (source,))]
    targets = [axis_of(d, x.rank) for d in (destination if isinstance(destination, tuple) else (destination,))]
    if len(sources) != len(targets):
        raise ShapeError("moveaxis: source and destination have unlike lengths")
    order = [axis for axis in range(x.rank) if axis not in sources]
    for target, origin in sorted(zip(targets, sources, strict=True)):
        order.insert(target, origin)
    return permuted(x, tuple(order))


def _rollaxis(a: object, axis: object, start: object = _ZERO) -> Node:
    x = node_of(a)
    origin, target = axis_of(axis, x.rank), static_int(start, "start")
    target = target + x.rank if target < 0 else target
    order = [i for i in range(x.rank) if i != origin]
    order.insert(target - (origin < target), origin)
    return permuted(x, tuple(order))


def _expand_dims(a: object, axis: object) -> Node:
    x = node_of(a)
    given = axis if isinstance(axis, tuple) else (axis,)
    return expanded(x, tuple(sorted(axis_of(i, x.rank + len(given)) for i in given)))


def _squeeze(a: object, axis: object = None) -> Node:
    x = node_of(a)
    if axis is None:
        return squeezed(x, tuple(i for i, size in enumerate(x.shape) if size == 1))
    axes = tuple(axis_of(i, x.rank) for i in (axis if isinstance(axis, tuple) else (axis,)))
    for i in axes:
        if x.shape[i] != 1:
            raise ShapeError(f"squeeze: axis {i} of shape {shape_text(x.shape)} has size {x.shape[i]}, not 1")
    return squeezed(x, axes)


def at_least(rank: int) -> Callable[[object], Node]:
    """Return ``atleast_1d``, ``atleast_2d`` or ``atleast_3d``."""

    def function(a: object) -> Node:
        x = node_of(a)
        if x.rank >= rank:
            return x
        if rank == 3 and x.rank == 2:
            return expanded(x, (2,))
        if rank == 3 and x.rank == 1:
            return expanded(x, (0, 2))
        return expanded(x, tuple(range(rank - x.rank)))

    return function


def _broadcast_to(a: object, shape: object) -> Node:
    return broadcast_to(node_of(a), shape_of(shape))


def _broadcast_arrays(*args: object) -> tuple[Node, ...]:
    return tuple(align_shapes([node_of(arg) for arg in args]))


def part(x: Node, axis: int, start: Size | None, stop: Size | None) -> Node:
    """Return what lies between two positions along an axis."""
    return slice_(x, bounds=tuple((start, stop, 1) if i == axis else None for i in range(x.rank)))


def _flip(m: object, axis: object = None) -> Node:
    x = node_of(m)
    axes = (
        range(x.rank) if axis is None else [axis_of(i, x.rank) for i in (axis if isinstance(axis, tuple) else (axis,))]
    )
    return slice_(x, bounds=tuple((None, None, -1) if i in axes else None for i in range(x.rank)))


def _roll(a: object, shift: object, axis: object = None) -> Node:
    x = node_of(a)
    if axis is None:
        return reshape(_rolled(ravel(x), static_int(shift, "shift"), 0), shape=x.shape)
    axes = axis if isinstance(axis, tuple) else (axis,)
    shifts = shift if isinstance(shift, tuple) else (shift,) * len(axes)
    for amount, which in zip(shifts, axes, strict=True):
        x = _rolled(x, static_int(amount, "shift"), axis_of(which, x.rank))
    return x


def _rolled(x: Node, shift: int, axis: int) -> Node:
    size = x.shape[axis]
    if isinstance(size, int):
        shift = shift % size if size else 0
    elif shift:
        require(abs(shift), "<=", size, "roll")
    if shift == 0:
        return x
    return concatenate(part(x, axis, -shift, None), part(x, axis, None, -shift), axis=axis)


def _rot90(m: object, k: object = _ONE) -> Node:
    x = node_of(m)
    if x.rank < 2:
        raise ShapeError("rot90 needs an array of two or more axes")
    turns = static_int(k, "k") % 4
    swapped = _swapaxes(x, constant(0), constant(1))
    both = _flip(x, (constant(0), constant(1)))
    return (x, _flip(swapped, constant(0)), both, _flip(swapped, constant(1)))[turns]


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "reshape": _reshape,
    "ravel": ravel,
    "transpose": _transpose,
    "permute_dims": _transpose,
    "matrix_transpose": lambda x: _swapaxes(x, constant(-1), constant(-2)),
    "swapaxes": _swapaxes,
    "moveaxis": _moveaxis,
    "rollaxis": _rollaxis,
    "expand_dims": _expand_dims,
    "squeeze": _squeeze,
    "broadcast_to": _broadcast_to,
    "broadcast_arrays": _broadcast_arrays,
    "atleast_1d": at_least(1),
    "atleast_2d": at_least(2),
    "atleast_3d": at_least(3),
    "flip": _flip,
    "fliplr": lambda m: _flip(m, constant(1)),
    "flipud": lambda m: _flip(m, constant(0)),
    "roll": _roll,
    "rot90": _rot90,
}

METHODS: Mapping[str, Callable[..., Any]] = {
    **{name: FUNCTIONS[name] for name in ("reshape", "ravel", "transpose", "swapaxes", "squeeze")},
    "flatten": ravel,
}

ATTRIBUTES: Mapping[str, Callable[[Node], Any]] = {
    "T": lambda x: _transpose(x),
    "mT": lambda x: _swapaxes(x, constant(-1), constant(-2)),
}
