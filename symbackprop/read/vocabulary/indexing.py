"""Indexing: integers, slices, new axes, ellipsis, integer arrays; take and its relatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.errors import ArgumentError, ShapeError, UnsupportedError
from symbackprop.ir.node import Const, Node, constant
from symbackprop.ir.size import Size, SizeExpression, is_nonnegative, product, shape_text
from symbackprop.ir.slices import counts_from_end
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
from symbackprop.read.vocabulary.arguments import axis_of, counted, node_of, require, static_flag, static_int

__all__ = ["FUNCTIONS", "METHODS", "Slice", "subscript"]


class Slice:
    """``start:stop:step`` inside an index."""

    __slots__ = ("start", "step", "stop")

    def __init__(self, start: object, stop: object, step: object) -> None:
        self.start, self.stop, self.step = start, stop, step


def subscript(value: object, index: object) -> Any:
    """Return ``value[index]``: of a tuple (a shape, the parts of a split) an item, of an array a part."""
    if isinstance(value, tuple):
        return _item(value, index)
    x = node_of(value)
    entries = _expanded_entries(x, index if type(index) is tuple else (index,))
    basic = _basic(x, entries)
    return _advanced(basic, entries) if any(_is_array(entry) for entry in entries) else basic


def _is_array(entry: object) -> bool:
    """Tell whether an entry of an index is an array of positions or a mask, and not a fixed number."""
    return isinstance(entry, Node) and not _is_fixed(entry)


def _is_fixed(entry: object) -> bool:
    return isinstance(entry, Const) and not entry.shape


def _axes_taken(entry: object) -> int:
    """Return how many axes an entry of an index speaks of: a mask has one for each of its own."""
    if entry is None or entry is Ellipsis:
        return 0
    return entry.rank if isinstance(entry, Node) and entry.dtype == "bool" else 1


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


def _expanded_entries(x: Node, index: tuple[object, ...]) -> list[object]:
    """Return one entry an axis (and a None for each new axis), the ellipsis and what is left out filled in."""
    entries = [_entry(entry) for entry in index]
    used = sum(map(_axes_taken, entries))
    if sum(1 for entry in entries if entry is Ellipsis) > 1:
        raise ShapeError("an index has at most one `...`")
    if used > x.rank:
        if not x.rank:
            raise ShapeError("a number has no entries; declare the shape of what is indexed, inputs={..., 'x': 'n'}")
        raise ShapeError(f"{used} indices for an array of shape {shape_text(x.shape)}, which has {x.rank} axes")
    fill: list[object] = [Slice(None, None, None)] * (x.rank - used)
    if Ellipsis in [entry if entry is Ellipsis else None for entry in entries]:
        place = next(i for i, entry in enumerate(entries) if entry is Ellipsis)
        return [*entries[:place], *fill, *entries[place + 1 :]]
    return [*entries, *fill]


def _entry(entry: object) -> object:
    if entry is None or entry is Ellipsis or isinstance(entry, Slice):
        return entry
    if isinstance(entry, tuple) and entry and all(isinstance(flag, bool) for flag in entry):
        entry = tuple(constant(i) for i, flag in enumerate(entry) if flag)  # a mask that is written out
        if not entry:
            return Slice(None, constant(0), None)
    node = node_of(entry)
    if node.dtype == "bool":
        if not node.rank or isinstance(node, Const):
            raise UnsupportedError("an index that is one truth value is not supported; use where(condition, x, 0)")
        return node
    if node.dtype != "int64":
        raise ShapeError(f"an index is an integer, not {node.dtype}; declare index arrays with ':int', idx[k]:int")
    return node


def _basic(x: Node, entries: list[object]) -> Node:
    """Apply slices, fixed integers and new axes; integer arrays leave their axis whole."""
    bounds: list[Any] = []
    dropped = 0
    added: list[int] = []
    axis = 0
    for entry in entries:
        if entry is None:
            added.append(axis - dropped + len(added))
            continue
        if isinstance(entry, Slice):
            bounds.append(_slice_bounds(entry))
        elif isinstance(entry, Const) and not entry.shape:
            bounds.append(_position(entry, x.shape[axis]))
            dropped += 1
        else:
            bounds.extend([None] * _axes_taken(entry))
        axis += _axes_taken(entry)
    if any(bound is not None for bound in bounds):
        x = slice_(x, bounds=tuple(bounds))
    return expanded(x, tuple(added))


def _slice_bounds(entry: Slice) -> tuple[Size | None, Size | None, int] | None:
    step = 1 if entry.step is None else static_int(entry.step, "a slice's step")
    if step == 0:
        raise ShapeError("a slice's step is not 0")
    start, stop = (_bound(part) for part in (entry.start, entry.stop))
    return None if start is None and stop is None and step == 1 else (start, stop, step)


def _bound(part: object) -> Size | None:
    if part is None:
        return None
    if isinstance(part, Const) and isinstance(part.value, (int, SizeExpression)) and not isinstance(part.value, bool):
        bound = part.value
        if counts_from_end(bound):  # the sign decides where a bound counts from, so it has to be known
            if not is_nonnegative(-bound - 1):
                require(bound, "<", 0, "a slice's bound")
        elif not is_nonnegative(bound):
            require(0, "<=", bound, "a slice's bound")
        return bound
    raise ArgumentError("a slice's bounds are fixed integers or sizes such as x.shape[0] - 1")


def _position(entry: Const, size: Size) -> Size:
    """Return a fixed index, which has to lie in the axis: known now, or checked on every call."""
    value = entry.value
    if not isinstance(value, (int, SizeExpression)) or isinstance(value, bool) or entry.shape:
        raise ShapeError("an index is a fixed integer, a size, or an integer array")
    if isinstance(value, int) and isinstance(size, int):
        if not -size <= value < size:
            raise ShapeError(f"index {value} is out of range for an axis of size {size}")
    elif isinstance(value, int):
        require(value if value >= 0 else -value - 1, "<", size, f"index {value} needs a larger axis", numpy_checks=True)
    else:
        require(value, "<", size, f"index {value} needs a larger axis", numpy_checks=True)
    return value


def _advanced(x: Node, entries: list[object]) -> Node:
    """Choose by arrays of positions, or by a mask, along the axes that `_basic` left whole.

    What is chosen stands where these axes stood; where a slice or a new axis stands between them (or between them and
    a fixed number), it stands first.
    """
    axes: list[int] = []
    arrays: list[Node] = []
    axis = 0
    for entry in entries:
        if _is_array(entry):
            axes.extend(range(axis, axis + _axes_taken(entry)))
            arrays.append(node_of(entry))
        axis += 0 if _is_fixed(entry) else max(_axes_taken(entry), 1)
    places = [i for i, entry in enumerate(entries) if isinstance(entry, Node)]
    contiguous = places == list(range(places[0], places[0] + len(places)))
    first = places[0] if contiguous else 0
    others = [axis for axis in range(x.rank) if axis not in axes]
    x = permuted(x, (*others[:first], *axes, *others[first:]))
    if any(array.dtype == "bool" for array in arrays):
        return _chosen_by_mask(x, arrays, first)
    return gather(x, *align_shapes(arrays), axis=first)


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
    x, index = node_of(a), _entry(indices)
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
    index, *aligned = align_shapes([node_of(_entry(a)), *nodes])
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
