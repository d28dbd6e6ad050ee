"""Sliding windows, and the convolutions of neural networks that are made of them.

A convolution is one matrix product, of the weight and the columns that windows make: an axis of windows and examples,
which comes last so that NumPy copies long runs. The words correlate, as all libraries of neural networks do; they take
one image or a batch of them. Pooling is in `pooling`, the convolution of two vectors in `signal`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from symbackprop.errors import ArgumentError, ShapeError, UnsupportedError
from symbackprop.ir.node import Node, Shape, constant
from symbackprop.ir.size import Size, exact_division, product, shape_text
from symbackprop.ops.broadcasting import agreed, converted, reshape, with_shape
from symbackprop.ops.contraction import contract, permuted
from symbackprop.ops.elementwise import common_dtype
from symbackprop.ops.indexing import place, slice_, sliced_shape
from symbackprop.ops.updates import with_part
from symbackprop.ops.windows import extent, overlap_add, sliding_windows, window_count
from symbackprop.read.vocabulary.arguments import (
    axis_of,
    count_of_entries,
    node_of,
    real,
    require,
    static_flag,
    static_int,
)

__all__ = [
    "FUNCTIONS",
    "Pairs",
    "batch_before",
    "batch_behind",
    "images_of",
    "integers",
    "padded",
    "require_windows",
]  # fmt: skip

Steps = tuple[int, ...]
Pairs = Sequence[tuple[Size, Size]]  # how much goes before and behind each axis

_ZERO, _ONE = constant(0), constant(1)


# --- arguments --------------------------------------------------------------------------------------------------------


def integers(value: object, count: int, what: str, least: int) -> Steps:
    """Return a fixed integer for each of `count` axes, from one for all or from one each."""
    given = value if isinstance(value, tuple) else (value,) * count
    found = tuple(static_int(item, what) for item in given)
    if len(found) != count or any(number < least for number in found):
        each = "a number" if count == 1 else f"a number or {count}"
        raise ArgumentError(f"{what} is {each} of at least {least}, not {', '.join(map(str, found))}")
    return found


def images_of(value: object, what: str, dims: int) -> Node:
    """Return an image, or a batch of images, as real numbers."""
    x = real(node_of(value))
    if x.rank not in (dims + 1, dims + 2):
        axes = ("C, L", "C, H, W")[dims - 1]
        raise ShapeError(f"{what} takes x of shape (N, {axes}) or ({axes}), not {shape_text(x.shape)}")
    return x


def require_windows(lengths: Shape, sizes: Shape, dilations: Steps, what: str) -> None:
    """Demand that one window fits at least."""
    for length, size, dilation in zip(lengths, sizes, dilations, strict=True):
        require(1, "<=", size, f"{what}: windows have entries")
        require(extent(size, dilation), "<=", length, f"{what}: a window fits into the image with its padding")


# --- windows ----------------------------------------------------------------------------------------------------------


def _sliding_window_view(
    x: object, window_shape: object, axis: object = None, *, subok: object = False, writeable: object = False
) -> Node:
    array = node_of(x)
    if static_flag(writeable, "writeable"):
        raise UnsupportedError("sliding_window_view: windows that are written to are not supported")
    given = window_shape if isinstance(window_shape, tuple) else (window_shape,)
    sizes = tuple(count_of_entries(size, "window_shape") for size in given)
    places = range(array.rank) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(place if isinstance(place, int) else axis_of(place, array.rank) for place in places)
    if len(axes) != len(sizes):
        raise ArgumentError(
            f"sliding_window_view: {len(sizes)} sizes of windows for {len(axes)} axes of shape {shape_text(array.shape)}"
        )
    if len(set(axes)) < len(axes):
        raise UnsupportedError("sliding_window_view: windows twice over one axis are not supported; nest two calls")
    for over, size in zip(axes, sizes, strict=True):
        require(size, "<=", array.shape[over], "sliding_window_view: windows fit into x", numpy_checks=True)
    once = (1,) * len(axes)
    return sliding_windows(array, sizes=sizes, axes=axes, strides=once, dilations=once)


# --- convolution ------------------------------------------------------------------------------------------------------


def _convolved(
    what: str, x: object, W: object, stride: object, padding: object, dilation: object, groups: object
) -> Node:
    dims = int(what[-2])
    images, weight, blocks = _operands(x, W, what, dims, groups, channels=1)
    strides = integers(stride, dims, f"{what}: stride", 1)
    dilations = integers(dilation, dims, f"{what}: dilation", 1)
    sizes = weight.shape[2:]
    widths = _padding(padding, sizes, strides, dilations, what)
    images = padded(batch_behind(images, dims), widths)
    require_windows(images.shape[1 : dims + 1], sizes, dilations, what)
    counts = tuple(map(window_count, images.shape[1 : dims + 1], sizes, strides, dilations))
    rows = weight.shape[1] * product(sizes)
    columns = reshape(
        _unrolled(images, sizes, strides, dilations),
        shape=(*blocks, rows, product((*counts, *images.shape[dims + 1 :]))),
    )
    each = _split(weight.shape[0], blocks, f"{what}: output channels")
    product_ = _multiplied(reshape(weight, shape=(*blocks, each, rows)), columns)
    return batch_before(reshape(product_, shape=(weight.shape[0], *counts, *images.shape[dims + 1 :])), dims)


def _operands(x: object, W: object, what: str, dims: int, groups: object, channels: int) -> tuple[Node, Node, Steps]:
    """Return images, a weight whose axis `channels` fits them, and the number of groups unless there is one alone."""
    images, weight = images_of(x, what, dims), real(node_of(W))
    (count,) = integers(groups, 1, f"{what}: groups", 1)
    layout = ("O, C/groups" if channels else "C, O/groups") + ("", ", k", ", kh, kw")[dims]
    if weight.rank != dims + 2:
        raise ShapeError(f"{what} takes a weight of shape ({layout}), not {shape_text(weight.shape)}")
    axis = images.rank - dims - 1
    wanted = count * weight.shape[1] if channels else weight.shape[0]
    if not agreed(images.shape[axis], wanted):
        grouped = f" with groups={count}" if count > 1 else ""
        raise ShapeError(
            f"{what}: a weight ({layout}) of shape {shape_text(weight.shape)}{grouped} takes {wanted} channels, and x of "
            f"shape {shape_text(images.shape)} has {images.shape[axis]}"
        )
    images = with_shape(images, (*images.shape[:axis], wanted, *images.shape[axis + 1 :]))
    dtype = common_dtype([images, weight])
    return converted(images, dtype), converted(weight, dtype), (count,) if count > 1 else ()


def _padding(padding: object, sizes: Shape, strides: Steps, dilations: Steps, what: str) -> Pairs:
    """Return the widths of zeros before and behind each axis."""
    if padding == "valid":
        return [(0, 0)] * len(sizes)
    if padding == "same":
        if any(stride != 1 for stride in strides):
            raise ArgumentError(f"{what}: padding='same' goes with stride=1, not {', '.join(map(str, strides))}")
        totals = [extent(size, dilation) - 1 for size, dilation in zip(sizes, dilations, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    if isinstance(padding, str):
        raise ArgumentError(f"{what}: padding is a number, one an axis, 'same' or 'valid', not {padding!r}")
    return [(width, width) for width in integers(padding, len(sizes), f"{what}: padding", 0)]


def padded(x: Node, widths: Pairs, fill: float = 0) -> Node:
    """Return `x` with a number before and behind the axes that follow its first."""
    if all(width == (0, 0) for width in widths):
        return x
    shape: list[Size] = list(x.shape)
    bounds: list[tuple[Size | None, Size | None, int] | None] = [None] * x.rank
    for axis, (before, behind) in enumerate(widths, 1):
        if (before, behind) != (0, 0):
            shape[axis] = before + x.shape[axis] + behind
            stop = None if behind == 0 else -behind if isinstance(behind, int) else before + x.shape[axis]
            bounds[axis] = (None if before == 0 else before, stop, 1)
    part = tuple(bounds)
    x = with_shape(x, sliced_shape(tuple(shape), part))  # a kernel has entries, as is checked on every call
    if not fill:
        return place(x, shape=tuple(shape), bounds=(part,))
    return with_part(constant(fill, tuple(shape), x.dtype), part, x)


def batch_behind(images: Node, dims: int) -> Node:
    """Return images with the axis of the batch, if there is one, behind the others."""
    batch = images.rank - dims - 1
    return permuted(images, (*range(batch, images.rank), *range(batch)))


def batch_before(images: Node, dims: int) -> Node:
    """Return images with the axis of the batch before the others again."""
    batch = images.rank - dims - 1
    return permuted(images, (*range(dims + 1, images.rank), *range(dims + 1))) if batch else images


def _unrolled(images: Node, sizes: Shape, strides: Steps, dilations: Steps) -> Node:
    """Return what windows hold: axes of channel, place in the window, window, and batch."""
    dims, last = len(sizes), images.rank
    if all(size == 1 for size in sizes):
        if all(stride == 1 for stride in strides):
            return images
        steps = [None if stride == 1 else (None, None, stride) for stride in strides]
        return slice_(images, bounds=(None, *steps, *[None] * (last - dims - 1)))
    axes = tuple(range(1, dims + 1))
    windows = sliding_windows(images, sizes=sizes, axes=axes, strides=strides, dilations=dilations)
    return permuted(windows, (0, *range(last, last + dims), *range(1, last)))


def _split(channels: Size, blocks: Steps, what: str) -> Size:
    """Return how many channels there are in each group."""
    each = exact_division(channels, product(blocks))
    if each is None:
        raise ShapeError(f"{what} are divided into groups evenly, not {channels} into {product(blocks)}")
    return each


def _multiplied(a: Node, b: Node, *, transposed: bool = False) -> Node:
    """Return the matrix product of `a`, or of its transpose, and `b`, group by group."""
    group = tuple(range(a.rank - 2))
    left = (*group, 11, 10) if transposed else (*group, 10, 11)
    return contract([a, b], [left, (*group, 11, 12)], (*group, 10, 12))


# --- its transpose ----------------------------------------------------------------------------------------------------


def _convolved_back(
    what: str,
    x: object,
    W: object,
    stride: object,
    padding: object,
    output_padding: object,
    dilation: object,
    groups: object,
) -> Node:
    dims = int(what[-2])
    images, weight, blocks = _operands(x, W, what, dims, groups, channels=0)
    strides = integers(stride, dims, f"{what}: stride", 1)
    dilations = integers(dilation, dims, f"{what}: dilation", 1)
    widths = integers(padding, dims, f"{what}: padding", 0)
    more = integers(output_padding, dims, f"{what}: output_padding", 0)
    if any(extra >= max(steps) for extra, *steps in zip(more, strides, dilations, strict=True)):
        raise ArgumentError(f"{what}: output_padding is smaller than the stride or the dilation")
    images, sizes = batch_behind(images, dims), weight.shape[2:]
    counts, batch = images.shape[1 : dims + 1], images.shape[dims + 1 :]
    for count, size in zip(counts, sizes, strict=True):
        require(1, "<=", count, f"{what}: an image has entries")
        require(1, "<=", size, f"{what}: windows have entries")
    each = _split(images.shape[0], blocks, f"{what}: input channels")
    weights = reshape(weight, shape=(*blocks, each, weight.shape[1] * product(sizes)))
    columns = _multiplied(weights, reshape(images, shape=(*blocks, each, product((*counts, *batch)))), transposed=True)
    channels = product(blocks) * weight.shape[1]
    full = _overlapping(reshape(columns, shape=(channels, *sizes, *counts, *batch)), len(batch), strides, dilations)
    full = padded(full, [(0, extra) for extra in more])
    return batch_before(_without_edges(full, widths, what), dims)


def _overlapping(columns: Node, batch: int, strides: Steps, dilations: Steps) -> Node:
    """Return images whose windows are added up."""
    dims = len(strides)
    sizes, counts = columns.shape[1 : dims + 1], columns.shape[dims + 1 : 2 * dims + 1]
    windows = permuted(columns, (0, *range(dims + 1, 2 * dims + 1 + batch), *range(1, dims + 1)))
    lengths = [
        stride * (count - 1) + extent(size, dilation)
        for count, size, stride, dilation in zip(counts, sizes, strides, dilations, strict=True)
    ]
    return overlap_add(
        windows,
        shape=(columns.shape[0], *lengths, *columns.shape[2 * dims + 1 :]),
        axes=tuple(range(1, dims + 1)),
        strides=strides,
        dilations=dilations,
    )


def _without_edges(images: Node, widths: Steps, what: str) -> Node:
    if not any(widths):
        return images
    bounds: list[tuple[int, int, int] | None] = [None] * images.rank
    for axis, width in enumerate(widths, 1):
        require(2 * width + 1, "<=", images.shape[axis], f"{what}: padding leaves something of the result")
        bounds[axis] = (width, -width, 1) if width else None
    return slice_(images, bounds=tuple(bounds))


# --- the words --------------------------------------------------------------------------------------------------------


def _conv(what: str) -> Callable[..., Node]:
    def word(
        x: object,
        W: object,
        stride: object = _ONE,
        padding: object = _ZERO,
        dilation: object = _ONE,
        groups: object = _ONE,
    ) -> Node:
        return _convolved(what, x, W, stride, padding, dilation, groups)

    return word


def _conv_transpose(what: str) -> Callable[..., Node]:
    def word(
        x: object,
        W: object,
        stride: object = _ONE,
        padding: object = _ZERO,
        output_padding: object = _ZERO,
        dilation: object = _ONE,
        groups: object = _ONE,
    ) -> Node:
        return _convolved_back(what, x, W, stride, padding, output_padding, dilation, groups)

    return word


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "sliding_window_view": _sliding_window_view,
    "lib.stride_tricks.sliding_window_view": _sliding_window_view,
    **{name: _conv(name) for name in ("conv1d", "conv2d")},
    **{name: _conv_transpose(name) for name in ("conv_transpose1d", "conv_transpose2d")},
}
