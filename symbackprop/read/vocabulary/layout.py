"""Layout: reshaping, and the order of axes and entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.node import Node, constant
from symbackprop.ir.size import Size, exact_division, known_equal, product, shape_text
from symbackprop.ops.broadcasting import align_shapes, broadcast_to, reshape
from symbackprop.ops.contraction import permuted
from symbackprop.ops.indexing import slice_
from symbackprop.ops.layout import expanded, roll, squeezed
from symbackprop.read.vocabulary.arguments import axis_of, node_of, require, shape_of, static_int

__all__ = ["ATTRIBUTES", "FUNCTIONS", "METHODS", "part", "raised", "ravel"]

_ZERO, _ONE = constant(0), constant(1)


def _reshape(a: object, shape: object, order: object = "C", *, copy: object = None) -> Node:
    x = node_of(a)
    wanted = _completed(x, shape_of(shape, open_ended=True))
    if not _by_columns(order):
        return reshape(x, shape=wanted)
    backwards = reshape(_transpose(x), shape=tuple(reversed(wanted)))
    return _transpose(backwards)


def _reshape_method(a: object, *sizes: object, order: object = "C", copy: object = None) -> Node:
    """Return ``x.reshape(2, 3)``, which takes the sizes one by one too."""
    if not sizes:
        raise ArgumentError("reshape takes a shape, x.reshape(n, 3)")
    return _reshape(a, sizes[0] if len(sizes) == 1 else sizes, order, copy=copy)


def _by_columns(order: object) -> bool:
    """Tell whether entries are read and written with the first index changing fastest."""
    if order not in ("C", "F"):
        raise ArgumentError("order is 'C' (the last index changes fastest) or 'F' (the first one does)")
    return order == "F"


def _completed(x: Node, shape: tuple[Size, ...]) -> tuple[Size, ...]:
    """Fill in the one size that is -1, and require that the counts of entries agree."""
    count = product(x.shape)
    if shape.count(-1) > 1 or any(isinstance(size, int) and size < -1 for size in shape):
        raise ShapeError(f"reshape: {shape_text(shape)} is no shape; one size may be -1, for what is left")
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


def ravel(a: object, order: object = "C") -> Node:
    """Return an array as a vector."""
    x = _transpose(a) if _by_columns(order) else node_of(a)
    return x if x.rank == 1 else reshape(x, shape=(product(x.shape),))


def _transpose(a: object, *order: object, axes: object = None) -> Node:
    x = node_of(a)
    given: Any = order[0] if len(order) == 1 and (order[0] is None or isinstance(order[0], tuple)) else order or axes
    if not given:
        return permuted(x, tuple(reversed(range(x.rank))))
    found = tuple(axis_of(axis, x.rank) for axis in given)
    if sorted(found) != list(range(x.rank)):
        raise ShapeError(f"transpose: axes {found} are not a permutation for shape {shape_text(x.shape)}")
    return permuted(x, found)


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
    if len(set(sources)) < len(sources) or len(set(targets)) < len(targets):
        raise ShapeError("moveaxis: source and destination name each axis once")
    order = [axis for axis in range(x.rank) if axis not in sources]
    for target, origin in sorted(zip(targets, sources, strict=True)):
        order.insert(target, origin)
    return permuted(x, tuple(order))


def _rollaxis(a: object, axis: object, start: object = _ZERO) -> Node:
    x = node_of(a)
    origin, target = axis_of(axis, x.rank), static_int(start, "start")
    if not -x.rank <= target <= x.rank:
        raise ShapeError(f"rollaxis: start {target} is out of range for an array of {x.rank} axes")
    target = target + x.rank if target < 0 else target
    order = [i for i in range(x.rank) if i != origin]
    order.insert(target - (origin < target), origin)
    return permuted(x, tuple(order))


def _expand_dims(a: object, axis: object) -> Node:
    x = node_of(a)
    given = axis if isinstance(axis, tuple) else (axis,)
    axes = sorted(axis_of(i, x.rank + len(given)) for i in given)
    if len(set(axes)) < len(axes):
        raise ShapeError("expand_dims: axis names an axis twice")
    return expanded(x, tuple(axes))


def _squeeze(a: object, axis: object = None) -> Node:
    x = node_of(a)
    if axis is None:
        return squeezed(x, tuple(i for i, size in enumerate(x.shape) if size == 1))
    axes = tuple(axis_of(i, x.rank) for i in (axis if isinstance(axis, tuple) else (axis,)))
    for i in axes:
        if x.shape[i] != 1:
            raise ShapeError(f"squeeze: axis {i} of shape {shape_text(x.shape)} has size {x.shape[i]}, not 1")
    return squeezed(x, axes)


def raised(x: Node, rank: int) -> Node:
    """Return `x` with new axes of size 1 up to `rank`, where ``atleast_1d``, ``2d`` and ``3d`` put them."""
    if x.rank >= rank:
        return x
    if rank == 3 and x.rank == 2:
        return expanded(x, (2,))
    return expanded(x, (0, 2) if rank == 3 and x.rank == 1 else tuple(range(rank - x.rank)))


def _at_least(rank: int) -> Callable[..., Any]:
    def function(*arys: object) -> Any:
        found = tuple(raised(node_of(a), rank) for a in arys)
        return found[0] if len(found) == 1 else found

    return function


def _broadcast_to(array: object, shape: object) -> Node:
    return broadcast_to(node_of(array), shape_of(shape))


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
    shifts = [static_int(amount, "shift") for amount in (shift if isinstance(shift, tuple) else (shift,))]
    if axis is None:
        return reshape(roll(ravel(x), shifts=(sum(shifts),), axes=(0,)), shape=x.shape)
    axes = [axis_of(i, x.rank) for i in (axis if isinstance(axis, tuple) else (axis,))]
    if len(shifts) != len(axes) and 1 not in (len(shifts), len(axes)):
        raise ShapeError(f"roll: {len(shifts)} shifts for {len(axes)} axes")
    count = max(len(shifts), len(axes))
    total: dict[int, int] = {}  # several shifts of one axis add up
    for amount, which in zip(shifts * (count // len(shifts)), axes * (count // len(axes)), strict=True):
        total[which] = total.get(which, 0) + amount
    return roll(x, shifts=tuple(total.values()), axes=tuple(total))


def _rot90(m: object, k: object = _ONE, axes: object = (_ZERO, _ONE)) -> Node:
    x = node_of(m)
    if not isinstance(axes, tuple) or len(axes) != 2 or x.rank < 2:
        raise ShapeError("rot90 turns in the plane of two axes of an array of two or more")
    first, second = axes
    if axis_of(first, x.rank) == axis_of(second, x.rank):
        raise ShapeError("rot90: the two axes of the plane are different ones")
    turns = static_int(k, "k") % 4
    swapped = _swapaxes(x, first, second)
    return (x, _flip(swapped, first), _flip(x, axes), _flip(swapped, second))[turns]


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
    "atleast_1d": _at_least(1),
    "atleast_2d": _at_least(2),
    "atleast_3d": _at_least(3),
    "flip": _flip,
    "fliplr": lambda m: _flip(m, constant(1)),
    "flipud": lambda m: _flip(m, constant(0)),
    "roll": _roll,
    "rot90": _rot90,
}

METHODS: Mapping[str, Callable[..., Any]] = {
    **{name: FUNCTIONS[name] for name in ("ravel", "transpose", "swapaxes", "squeeze")},
    "reshape": _reshape_method,
    "flatten": ravel,
}

ATTRIBUTES: Mapping[str, Callable[[Node], Any]] = {
    "T": lambda x: _transpose(x),
    "mT": lambda x: _swapaxes(x, constant(-1), constant(-2)),
}
