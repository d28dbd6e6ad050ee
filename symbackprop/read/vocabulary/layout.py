"""Layout: reshaping, reordering, joining, splitting, repeating, padding, diagonals and triangles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.errors import ArgumentError, ShapeError, UnsupportedError
from symbackprop.ir.node import Const, Node, constant
from symbackprop.ir.size import Size, SizeExpression, exact_division, known_equal, product, shape_text
from symbackprop.ops.broadcasting import align_shapes, broadcast, broadcast_to, converted, reshape
from symbackprop.ops.comparison import greater_equal, less_equal, where
from symbackprop.ops.contraction import permuted
from symbackprop.ops.creation import arange
from symbackprop.ops.elementwise import common_dtype
from symbackprop.ops.indexing import place, slice_
from symbackprop.ops.layout import concatenate, diagonal, expanded, identity_mask, squeezed
from symbackprop.read.vocabulary.arguments import axis_of, node_of, require, shape_of, size_of, static_int

__all__ = ["ATTRIBUTES", "FUNCTIONS", "METHODS", "offset_diagonal", "stack"]

_ZERO, _ONE = constant(0), constant(1)


# --- shape ------------------------------------------------------------------------------------------------------------


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
            require(missing * rest, "==", count, "reshape")
        return tuple(missing if size == -1 else size for size in shape)
    total = product(shape)
    if known_equal(total, count) is False:
        raise ShapeError(f"reshape: shape {shape_text(x.shape)} does not have as many entries as {shape_text(shape)}")
    require(total, "==", count, f"reshape of shape {shape_text(x.shape)} to {shape_text(shape)}")
    return shape


def _ravel(a: object) -> Node:
    x = node_of(a)
    return x if x.rank == 1 else reshape(x, shape=(product(x.shape),))


def _transpose(a: object, *axes: object) -> Node:
    x = node_of(a)
    given = axes[0] if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], tuple)) else axes
    if not given:
        return permuted(x, tuple(reversed(range(x.rank))))
    order = tuple(axis_of(axis, x.rank) for axis in given)  # type: ignore[union-attr]
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


def _at_least(rank: int) -> Callable[[object], Node]:
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


# --- joining and splitting --------------------------------------------------------------------------------------------


def _nodes(arrays: object, what: str) -> list[Node]:
    if not isinstance(arrays, tuple) or not arrays:
        raise ArgumentError(f"{what} takes a list of one or more arrays, {what}([a, b])")
    nodes = [node_of(array) for array in arrays]
    dtype = common_dtype(nodes)
    return [converted(node, dtype) for node in nodes]


def _join(nodes: list[Node], axis: int) -> Node:
    return nodes[0] if len(nodes) == 1 else concatenate(*nodes, axis=axis)


def _concatenate(arrays: object, axis: object = _ZERO) -> Node:
    nodes = _nodes(arrays, "concatenate")
    if axis is None:
        return _join([_ravel(node) for node in nodes], 0)
    if not nodes[0].rank:
        raise ShapeError("concatenate joins arrays, not scalars; use stack([a, b])")
    return _join(nodes, axis_of(axis, nodes[0].rank))


def stack(arrays: object, axis: object = _ZERO) -> Node:
    """Return arrays of one shape joined along a new axis."""
    nodes = _nodes(arrays, "stack")
    if any(node.shape != nodes[0].shape for node in nodes):
        shapes = ", ".join(shape_text(node.shape) for node in nodes)
        raise ShapeError(f"stack needs arrays of one shape, not {shapes}")
    position = axis_of(axis, nodes[0].rank + 1)
    if all(isinstance(node, Const) and node.value == nodes[0].value for node in nodes):  # type: ignore[attr-defined]
        shape = (*nodes[0].shape[:position], len(nodes), *nodes[0].shape[position:])
        return constant(nodes[0].value, shape, nodes[0].dtype)  # type: ignore[attr-defined]
    return _join([expanded(node, (position,)) for node in nodes], position)


def _vstack(arrays: object) -> Node:
    return _join([_at_least(2)(node) for node in _nodes(arrays, "vstack")], 0)


def _hstack(arrays: object) -> Node:
    nodes = [_at_least(1)(node) for node in _nodes(arrays, "hstack")]
    return _join(nodes, 0 if nodes[0].rank == 1 else 1)


def _dstack(arrays: object) -> Node:
    return _join([_at_least(3)(node) for node in _nodes(arrays, "dstack")], 2)


def _column_stack(arrays: object) -> Node:
    nodes = [expanded(_at_least(1)(n), (1,)) if n.rank < 2 else n for n in _nodes(arrays, "column_stack")]
    return _join(nodes, 1)


def _part(x: Node, axis: int, start: Size | None, stop: Size | None) -> Node:
    return slice_(x, bounds=tuple((start, stop, 1) if i == axis else None for i in range(x.rank)))


def _splitter(equal: bool, fixed_axis: int | None = None) -> Callable[..., tuple[Node, ...]]:
    def function(ary: object, indices_or_sections: object, axis: object = _ZERO) -> tuple[Node, ...]:
        x = node_of(ary)
        chosen = axis_of(axis, x.rank) if fixed_axis is None else (0 if fixed_axis == 1 and x.rank == 1 else fixed_axis)
        if chosen >= x.rank:
            raise ShapeError(f"split along axis {chosen} of an array of shape {shape_text(x.shape)}")
        size = x.shape[chosen]
        if isinstance(indices_or_sections, tuple):
            cuts: list[Size | None] = [0, *(size_of(i) for i in indices_or_sections), None]
            return tuple(_part(x, chosen, a, b) for a, b in zip(cuts, cuts[1:], strict=False))
        count = static_int(indices_or_sections, "sections")
        if count < 1:
            raise ArgumentError("split: the number of sections is at least 1")
        if isinstance(size, SizeExpression) or not equal:
            length = exact_division(size, count)
            if length is None and isinstance(size, int):
                sizes = [size // count + (i < size % count) for i in range(count)]
                ends = [sum(sizes[: i + 1]) for i in range(count)]
                return tuple(_part(x, chosen, end - s, end) for s, end in zip(sizes, ends, strict=True))
            if length is None:
                raise UnsupportedError(f"split: size {size} in {count} parts is not known to be equal; slice by hand")
            return tuple(_part(x, chosen, i * length, (i + 1) * length) for i in range(count))
        if size % count:
            raise ShapeError(f"split: size {size} is not a multiple of {count}; use array_split")
        return tuple(_part(x, chosen, i * (size // count), (i + 1) * (size // count)) for i in range(count))

    return function


def _unstack(x: object, *, axis: object = _ZERO) -> tuple[Node, ...]:
    node = node_of(x)
    chosen = axis_of(axis, node.rank)
    size = node.shape[chosen]
    if not isinstance(size, int):
        raise UnsupportedError(f"unstack: the size {size} of the axis is not a fixed number")
    return tuple(squeezed(_part(node, chosen, i, i + 1), (chosen,)) for i in range(size))


def _tile(a: object, reps: object) -> Node:
    x = node_of(a)
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
    x = _ravel(a) if axis is None else node_of(a)
    chosen = 0 if axis is None else axis_of(axis, x.rank)
    count = size_of(repeats, "repeats (a fixed number; an array of counts is not supported)")
    shape = (*x.shape[: chosen + 1], count, *x.shape[chosen + 1 :])
    own = tuple(i for i in range(x.rank + 1) if i != chosen + 1)
    spread = broadcast(x, shape=shape, axes=own)
    return reshape(spread, shape=(*x.shape[:chosen], x.shape[chosen] * count, *x.shape[chosen + 1 :]))


# --- order ------------------------------------------------------------------------------------------------------------


def _flip(m: object, axis: object = None) -> Node:
    x = node_of(m)
    axes = (
        range(x.rank) if axis is None else [axis_of(i, x.rank) for i in (axis if isinstance(axis, tuple) else (axis,))]
    )
    return slice_(x, bounds=tuple((None, None, -1) if i in axes else None for i in range(x.rank)))


def _roll(a: object, shift: object, axis: object = None) -> Node:
    x = node_of(a)
    if axis is None:
        return reshape(_rolled(_ravel(x), static_int(shift, "shift"), 0), shape=x.shape)
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
    return concatenate(_part(x, axis, -shift, None), _part(x, axis, None, -shift), axis=axis)


def _rot90(m: object, k: object = _ONE) -> Node:
    x = node_of(m)
    if x.rank < 2:
        raise ShapeError("rot90 needs an array of two or more axes")
    turns = static_int(k, "k") % 4
    swapped = _swapaxes(x, constant(0), constant(1))
    both = _flip(x, (constant(0), constant(1)))
    return (x, _flip(swapped, constant(0)), both, _flip(swapped, constant(1)))[turns]


# --- padding, triangles, diagonals ------------------------------------------------------------------------------------


def _pad(array: object, pad_width: object, mode: object = "constant", constant_values: object = _ZERO) -> Node:
    x = node_of(array)
    for axis, (before, after) in enumerate(_widths(pad_width, x.rank)):
        if before or after:
            x = _padded(x, axis, before, after, mode, constant_values)
    return x


def _widths(pad_width: object, rank: int) -> list[tuple[int, int]]:
    if not isinstance(pad_width, tuple):
        width = static_int(pad_width, "pad_width")
        return [(width, width)] * rank
    if pad_width and not isinstance(pad_width[0], tuple):
        pairs = [tuple(static_int(w, "pad_width") for w in pad_width)] * rank
    else:
        pairs = [tuple(static_int(w, "pad_width") for w in pair) for pair in pad_width]
        pairs = pairs * rank if len(pairs) == 1 else pairs
    if len(pairs) != rank or any(len(pair) not in (1, 2) or min(pair) < 0 for pair in pairs):
        raise ArgumentError("pad: pad_width is a number, a pair, or a pair an axis, of numbers of at least 0")
    return [(pair[0], pair[-1]) for pair in pairs]


def _padded(x: Node, axis: int, before: int, after: int, mode: object, value: object) -> Node:
    size = x.shape[axis]
    if mode == "constant":
        if isinstance(value, tuple):
            raise UnsupportedError("pad: constant_values is one number here")
        fill = node_of(value)
        total = (*x.shape[:axis], size + before + after, *x.shape[axis + 1 :])
        bounds = tuple((before, before + size, 1) if i == axis else None for i in range(x.rank))
        placed = place(x, shape=total, bounds=(bounds,))
        if isinstance(fill, Const) and fill.value == 0:
            return placed
        outside = [
            broadcast_to(converted(fill, x.dtype), (*x.shape[:axis], width, *x.shape[axis + 1 :]))
            for width in (before, after)
        ]
        return concatenate(outside[0], x, outside[1], axis=axis)
    if mode == "edge":
        first, last = _part(x, axis, 0, 1), _part(x, axis, -1, None)
        parts = [first] * before + [x] + [last] * after
    elif mode in ("reflect", "wrap"):
        require(max(before, after) + (mode == "reflect"), "<=", size, f"pad with mode {mode!r}")
        if mode == "wrap":
            left, right = _part(x, axis, -before, None), _part(x, axis, 0, after)
        else:
            left = _backwards(_part(x, axis, 1, before + 1), axis)
            right = _backwards(_part(x, axis, -after - 1, -1), axis)
        parts = [left] * bool(before) + [x] + [right] * bool(after)
    else:
        raise UnsupportedError(f"pad: mode {mode!r} is not supported; use constant, edge, reflect or wrap")
    return concatenate(*parts, axis=axis)


def _backwards(x: Node, axis: int) -> Node:
    return slice_(x, bounds=tuple((None, None, -1) if i == axis else None for i in range(x.rank)))


def _grid(shape: tuple[Size, ...]) -> tuple[Node, Node]:
    """Return the row and column numbers of matrices of `shape`."""
    rank = len(shape)
    rows = broadcast(arange(size=shape[-2]), shape=shape, axes=(rank - 2,))
    return rows, broadcast(arange(size=shape[-1]), shape=shape, axes=(rank - 1,))


def _triangle(lower: bool) -> Callable[..., Node]:
    def function(m: object, k: object = _ZERO) -> Node:
        x = node_of(m)
        if x.rank == 1:
            x = broadcast(x, shape=(x.shape[0], x.shape[0]), axes=(1,))
        if x.rank < 2:
            raise ShapeError("tril and triu need a matrix")
        rows, columns = _grid(x.shape)
        limit = rows + static_int(k, "k")
        keep = less_equal(columns, limit) if lower else greater_equal(columns, limit)
        return where(keep, x, 0)

    return function


def offset_diagonal(x: Node, offset: int) -> Node:
    """Return the diagonal of the last two axes, `offset` above the main one."""
    rows, columns = x.shape[-2:]
    if offset == 0 and rows == columns:
        return diagonal(x)
    if not isinstance(rows, int) or not isinstance(columns, int):
        if rows != columns:
            raise UnsupportedError(
                "the diagonal of a matrix of unlike symbolic sizes is not supported; slice it square"
            )
        length: Size = rows - abs(offset)
        require(abs(offset), "<=", rows, "diagonal")
    else:
        length = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
    top, left = max(-offset, 0), max(offset, 0)
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
    square = where(identity_mask(size), broadcast(x, shape=(size, size), axes=(0,)), 0)
    if offset == 0:
        return square
    whole = size + abs(offset)
    top, left = max(-offset, 0), max(offset, 0)
    return place(square, shape=(whole, whole), bounds=(((top, top + size, 1), (left, left + size, 1)),))


def _fill_diagonal(a: object, val: object) -> Node:
    x = node_of(a)
    if x.rank != 2 or x.shape[0] != x.shape[1]:
        raise ShapeError("fill_diagonal (which returns a new array here) needs a square matrix")
    return where(identity_mask(x.shape[0]), node_of(val), x)


def _meshgrid(*xi: object, indexing: object = "xy") -> tuple[Node, ...]:
    nodes = [_ravel(x) for x in xi]
    order = list(range(len(nodes)))
    if indexing == "xy" and len(nodes) > 1:
        order[0], order[1] = 1, 0
    elif indexing not in ("xy", "ij"):
        raise ArgumentError("meshgrid: indexing is 'xy' or 'ij'")
    sizes: list[Size] = [1] * len(nodes)
    for node, axis in zip(nodes, order, strict=True):
        sizes[axis] = node.shape[0]
    return tuple(broadcast(node, shape=tuple(sizes), axes=(axis,)) for node, axis in zip(nodes, order, strict=True))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "reshape": _reshape,
    "ravel": _ravel,
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
    "flip": _flip,
    "fliplr": lambda m: _flip(m, constant(1)),
    "flipud": lambda m: _flip(m, constant(0)),
    "roll": _roll,
    "rot90": _rot90,
    "pad": _pad,
    "tril": _triangle(lower=True),
    "triu": _triangle(lower=False),
    "diag": _diag,
    "diagonal": _diagonal,
    "diagflat": lambda v, k=_ZERO: _diag(_ravel(v), k),
    "fill_diagonal": _fill_diagonal,
    "meshgrid": _meshgrid,
}

METHODS: Mapping[str, Callable[..., Any]] = {
    **{
        name: FUNCTIONS[name] for name in ("reshape", "ravel", "transpose", "swapaxes", "squeeze", "repeat", "diagonal")
    },
    "flatten": _ravel,
}

ATTRIBUTES: Mapping[str, Callable[[Node], Any]] = {
    "T": lambda x: _transpose(x),
    "mT": lambda x: _swapaxes(x, constant(-1), constant(-2)),
}
