"""Writes into parts of an array, as functions: ``x[index] = value`` and its like give a copy with the part changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.errors import ShapeError, UnsupportedError
from symbackprop.ir.node import Const, Node, constant
from symbackprop.ir.size import shape_text
from symbackprop.ops.broadcasting import align_shapes, broadcast, broadcast_to, converted
from symbackprop.ops.comparison import where
from symbackprop.ops.contraction import permuted
from symbackprop.ops.indexing import Bounds, gather, sliced_shape
from symbackprop.ops.layout import expanded, inverse_permutation, squeezed
from symbackprop.ops.updates import add_at, place_counted, read_part, replace_at, with_added, with_part
from symbackprop.read.vocabulary.arguments import fold_negative, node_of
from symbackprop.read.vocabulary.index_entries import Placed, basic_part, expanded_entries, is_array, placed_arrays
from symbackprop.read.vocabulary.operators import OPERATORS, plus

__all__ = ["FUNCTIONS", "added_at", "assigned"]


def assigned(x: object, index: object, value: object) -> Node:
    """Return a copy of `x` after ``x[index] = value``.

    Parameters
    ----------
    x : node
    index : value
        As `read.vocabulary.indexing.subscript` takes it: a tuple for several axes.
    value : node or number
        Broadcast to the part, and converted to the dtype of `x`. Of several values for one position the last stays.

    Raises
    ------
    ShapeError
        If the value does not fit the part.
    """
    return _updated(x, index, value, adds=False)


def added_at(x: object, index: object, value: object) -> Node:
    """Return a copy of `x` after ``np.add.at(x, index, value)``: what repeated positions get adds up."""
    return _updated(x, index, value, adds=True)


def assigned_with(
    operator: str, x: object, index: object, value: object, read: Callable[[object, object], Any]
) -> Node:
    """Return a copy of `x` after ``x[index] += value`` or its like, whose operator is given without ``=``.

    As in NumPy, what a repeated position gets does not add up: the part is read, changed and written.
    """
    array = node_of(x)
    entries = expanded_entries(array, index if type(index) is tuple else (index,))
    if operator in ("+", "-") and not any(is_array(entry) for entry in entries):
        return _updated(array, index, value if operator == "+" else fold_negative(node_of(value)), adds=True)
    return assigned(array, index, OPERATORS[operator](read(array, index), value))


def _updated(target: object, index: object, value: object, adds: bool) -> Node:
    x, new = node_of(target), converted(node_of(value), node_of(target).dtype)
    entries = expanded_entries(x, index if type(index) is tuple else (index,))
    bounds, added = basic_part(x, entries)
    if not any(is_array(entry) for entry in entries):
        part = sliced_shape(x.shape, bounds)
        filled = squeezed(_filling(new, _with_axes(part, added)), added)
        if part == x.shape and all(bound is None for bound in bounds):
            return plus(x, filled) if adds else filled
        return (with_added if adds else with_part)(x, bounds, filled)
    if added:
        raise UnsupportedError("new axes beside arrays of positions are not supported where something is written")
    return _written_by_arrays(x, bounds, placed_arrays(entries), new, adds)


def _with_axes(shape: tuple[Any, ...], added: tuple[int, ...]) -> tuple[Any, ...]:
    """Return a shape with axes of size 1 at positions of the result."""
    sizes = iter(shape)
    return tuple(1 if axis in added else next(sizes) for axis in range(len(shape) + len(added)))


def _filling(value: Node, shape: tuple[Any, ...]) -> Node:
    """Return `value` broadcast to a part; NumPy lets it have more axes of size 1 in front."""
    while value.rank > len(shape) and value.shape[0] == 1:
        value = squeezed(value, (0,))
    if value.rank > len(shape):
        raise ShapeError(f"shape {shape_text(value.shape)} does not fit a part of shape {shape_text(shape)}")
    return broadcast_to(value, shape)


def _written_by_arrays(x: Node, bounds: Bounds, placed: Placed, value: Node, adds: bool) -> Node:
    """Write by arrays of positions, or by a mask, into the part that slices and fixed numbers leave."""
    whole = all(bound is None for bound in bounds)
    part = x if whole else read_part(x, bounds)
    order = placed.order(part.rank)
    moved = permuted(part, order)
    if any(array.dtype == "bool" for array in placed.arrays):
        changed = _written_by_mask(moved, placed, value, adds)
    else:
        indices = align_shapes(placed.arrays)
        filled = _filling(value, gather(moved, *indices, axis=placed.first).shape)
        changed = (add_at if adds else replace_at)(moved, *indices, filled, axis=placed.first)
    back = permuted(changed, inverse_permutation(order))
    return back if whole else with_part(x, bounds, back)


def _written_by_mask(x: Node, placed: Placed, value: Node, adds: bool) -> Node:
    mask, *others = placed.arrays
    if others:
        raise UnsupportedError("a mask beside another mask or an array of positions is not supported; write twice")
    axis, behind = placed.first, x.shape[placed.first + mask.rank :]
    if x.shape[axis : axis + mask.rank] != mask.shape:
        raise ShapeError(
            f"a mask of shape {shape_text(mask.shape)} for axes of shape {shape_text(x.shape[axis : axis + mask.rank])}"
        )
    chosen = broadcast(mask, shape=x.shape, axes=tuple(range(axis, axis + mask.rank)))
    if isinstance(value, Const):
        value = constant(value.value, (), value.dtype)
    along = value.rank - len(behind) - 1  # the axis of the value that goes along what the mask chooses
    if along >= 0 and value.shape[along] == 1:
        value = expanded(squeezed(value, (along,)), tuple(range(along, along + mask.rank)))
        along = -1
    if along < 0:  # one value for all that the mask chooses
        new = broadcast_to(value, x.shape)
    elif along > axis:
        raise ShapeError(f"shape {shape_text(value.shape)} does not fit what a mask chooses of {shape_text(x.shape)}")
    else:
        spread = broadcast_to(value, (*x.shape[:axis], value.shape[along], *behind))
        new = place_counted(spread, mask, shape=x.shape, axis=axis)
    return where(chosen, plus(x, new) if adds else new, x)


def _subtracted_at(a: object, indices: object, b: object) -> Node:
    return added_at(a, indices, fold_negative(node_of(b)))


def _refused_at(name: str) -> Callable[..., Node]:
    def function(a: object, indices: object, b: object) -> Node:
        raise UnsupportedError(f"{name}.at is not supported; use add.at, or write x[i] = ... where no position repeats")

    return function


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "add.at": lambda a, indices, b: added_at(a, indices, b),
    "subtract.at": _subtracted_at,
    **{f"{name}.at": _refused_at(name) for name in ("multiply", "divide", "maximum", "minimum", "power")},
}
