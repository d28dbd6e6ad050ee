"""Pooling: maxima and means over windows of images. Ties of a maximum share its derivative equally.

Where windows lie side by side, an axis is split in two and one of these is reduced; otherwise windows slide. Pooling
over whole images needs no word: ``x.mean(axis=(2, 3))``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.errors import ArgumentError
from symbackprop.ir.node import Node, Shape, constant
from symbackprop.ir.size import Size
from symbackprop.ops.broadcasting import broadcast, broadcast_to, cast, reshape, with_shape
from symbackprop.ops.creation import arange
from symbackprop.ops.extrema import maximum, minimum
from symbackprop.ops.indexing import slice_
from symbackprop.ops.layout import concatenate
from symbackprop.ops.reduction import largest, mean
from symbackprop.ops.windows import sliding_windows, window_count
from symbackprop.read.vocabulary.arguments import static_flag
from symbackprop.read.vocabulary.windows import images_of, integers, require_windows, zeros_around

__all__ = ["FUNCTIONS"]

Steps = tuple[int, ...]

_ZERO, _ONE = constant(0), constant(1)


def _windows(x: Node, sizes: Steps, strides: Steps, dilations: Steps, what: str) -> tuple[Node, Steps]:
    """Return the windows over the last axes of `x`, and the axes of their entries."""
    dims = len(sizes)
    require_windows(x.shape[-dims:], sizes, dilations, what)
    first = x.rank - dims
    if strides == sizes and all(dilation == 1 for dilation in dilations):
        return _blocks(x, sizes), tuple(range(first + 1, x.rank + dims, 2))
    axes = tuple(range(first, x.rank))
    windows = sliding_windows(x, sizes=sizes, axes=axes, strides=strides, dilations=dilations)
    return windows, tuple(range(x.rank, x.rank + dims))


def _blocks(x: Node, sizes: Steps) -> Node:
    """Return `x` with each of its last axes split into blocks and entries; what is left over at the end is cut off."""
    first = x.rank - len(sizes)
    counts = [length // size for length, size in zip(x.shape[first:], sizes, strict=True)]
    whole: Shape = (*x.shape[:first], *(count * size for count, size in zip(counts, sizes, strict=True)))
    if whole != x.shape:
        bounds = [None if a == b else (None, a, 1) for a, b in zip(whole, x.shape, strict=True)]
        x = with_shape(slice_(x, bounds=tuple(bounds)), whole)
    split = [part for pair in zip(counts, sizes, strict=True) for part in pair]
    return reshape(x, shape=(*x.shape[:first], *split))


def _geometry(
    what: str, size: object, stride: object, padding: object, dilation: object
) -> tuple[Steps, Steps, Steps, Steps]:
    dims = int(what[-2])
    sizes = integers(size, dims, f"{what}: size", 1)
    strides = sizes if stride is None else integers(stride, dims, f"{what}: stride", 1)
    widths = integers(padding, dims, f"{what}: padding", 0)
    dilations = integers(dilation, dims, f"{what}: dilation", 1)
    if any(2 * width > size for width, size in zip(widths, sizes, strict=True)):
        raise ArgumentError(f"{what}: padding is at most half the size, so that no window is empty")
    return sizes, strides, widths, dilations


def _max_pooled(what: str, x: object, size: object, stride: object, padding: object, dilation: object) -> Node:
    sizes, strides, widths, dilations = _geometry(what, size, stride, padding, dilation)
    images = images_of(x, what, len(sizes))
    for axis, width in enumerate(widths, images.rank - len(sizes)):
        if width:
            shape = (*images.shape[:axis], width, *images.shape[axis + 1 :])
            edge = constant(float("-inf"), shape, images.dtype)
            images = concatenate(edge, images, edge, axis=axis)
    windows, axes = _windows(images, sizes, strides, dilations, what)
    return largest(windows, axes=axes)


def _mean_pooled(what: str, x: object, size: object, stride: object, padding: object, include: object) -> Node:
    sizes, strides, widths, dilations = _geometry(what, size, stride, padding, _ONE)
    images = images_of(x, what, len(sizes))
    first = images.rank - len(sizes)
    padded = zeros_around(images, [(width, width) for width in widths], first)
    windows, axes = _windows(padded, sizes, strides, dilations, what)
    means = mean(windows, axes=axes)
    if static_flag(include, "count_include_pad") or not any(widths):
        return means
    for axis, (size_, stride_, width) in enumerate(zip(sizes, strides, widths, strict=True), first):
        if width:
            share = _share_inside(images.shape[axis], size_, stride_, width, images.dtype)
            means = means / broadcast(share, shape=means.shape, axes=(axis,))
    return means


def _share_inside(length: Size, size: int, stride: int, width: int, dtype: str) -> Node:
    """Return which share of each window along an axis lies on the image, and not on the zeros around it."""
    count = window_count(length + 2 * width, size, stride, 1)
    start = stride * arange(size=count) - width
    inside = minimum(start + size, constant(length)) - maximum(start, 0)
    return broadcast_to(cast(inside, dtype=dtype) / size, (count,))


def _max_pool(what: str) -> Callable[..., Node]:
    def word(
        x: object, size: object, stride: object = None, padding: object = _ZERO, dilation: object = _ONE
    ) -> Node:
        return _max_pooled(what, x, size, stride, padding, dilation)

    return word


def _avg_pool(what: str) -> Callable[..., Node]:
    def word(
        x: object, size: object, stride: object = None, padding: object = _ZERO, count_include_pad: object = True
    ) -> Node:
        return _mean_pooled(what, x, size, stride, padding, count_include_pad)

    return word


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{name: _max_pool(name) for name in ("max_pool1d", "max_pool2d")},
    **{name: _avg_pool(name) for name in ("avg_pool1d", "avg_pool2d")},
}
