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
from symbackprop.ops.broadcasting import broadcast, cast, reshape, with_shape
from symbackprop.ops.creation import arange
from symbackprop.ops.extrema import maximum, minimum
from symbackprop.ops.indexing import slice_
from symbackprop.ops.reduction import largest, mean
from symbackprop.ops.windows import sliding_windows, window_count
from symbackprop.read.vocabulary.arguments import static_flag
from symbackprop.read.vocabulary.windows import (
    batch_before,
    batch_behind,
    images_of,
    integers,
    padded,
    require_windows,
)

__all__ = ["FUNCTIONS"]

Steps = tuple[int, ...]

_ZERO, _ONE = constant(0), constant(1)


def _windows(x: Node, sizes: Steps, strides: Steps, dilations: Steps, what: str) -> tuple[Node, Steps]:
    """Return the windows over the axes of `x` behind the first, and the axes of their entries."""
    dims = len(sizes)
    require_windows(x.shape[1 : dims + 1], sizes, dilations, what)
    if strides == sizes and all(dilation == 1 for dilation in dilations):
        return _blocks(x, sizes), tuple(range(2, 2 * dims + 1, 2))
    axes = tuple(range(1, dims + 1))
    windows = sliding_windows(x, sizes=sizes, axes=axes, strides=strides, dilations=dilations)
    return windows, tuple(range(x.rank, x.rank + dims))


def _blocks(x: Node, sizes: Steps) -> Node:
    """Return `x` with axes split into blocks and their entries; what is left over at the end is cut off."""
    lengths, batch = x.shape[1 : len(sizes) + 1], x.shape[len(sizes) + 1 :]
    counts = [length // size for length, size in zip(lengths, sizes, strict=True)]
    whole: Shape = (x.shape[0], *(count * size for count, size in zip(counts, sizes, strict=True)), *batch)
    if whole != x.shape:
        bounds = [None if a == b else (None, a, 1) for a, b in zip(whole, x.shape, strict=True)]
        x = with_shape(slice_(x, bounds=tuple(bounds)), whole)
    split = [part for pair in zip(counts, sizes, strict=True) for part in pair]
    return reshape(x, shape=(x.shape[0], *split, *batch))


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
    images = batch_behind(images_of(x, what, len(sizes)), len(sizes))
    images = padded(images, [(width, width) for width in widths], float("-inf"))
    windows, axes = _windows(images, sizes, strides, dilations, what)
    return batch_before(largest(windows, axes=axes), len(sizes))


def _mean_pooled(what: str, x: object, size: object, stride: object, padding: object, include: object) -> Node:
    sizes, strides, widths, dilations = _geometry(what, size, stride, padding, _ONE)
    images = batch_behind(images_of(x, what, len(sizes)), len(sizes))
    around = padded(images, [(width, width) for width in widths])
    windows, axes = _windows(around, sizes, strides, dilations, what)
    means = mean(windows, axes=axes)
    if not static_flag(include, "count_include_pad"):
        for axis, (entries, step, width) in enumerate(zip(sizes, strides, widths, strict=True), 1):
            if width:
                share = _share_inside(images.shape[axis], entries, step, width, images.dtype)
                means = means / broadcast(share, shape=means.shape, axes=(axis,))
    return batch_before(means, len(sizes))


def _share_inside(length: Size, size: int, stride: int, width: int, dtype: str) -> Node:
    """Return which share of each window along an axis lies on the image, and not on the zeros around it."""
    count = window_count(length + 2 * width, size, stride, 1)
    start = stride * arange(size=count) - width
    inside = minimum(start + size, constant(length)) - maximum(start, 0)
    return cast(inside, dtype=dtype) / size


def _max_pool(what: str) -> Callable[..., Node]:
    def word(x: object, size: object, stride: object = None, padding: object = _ZERO, dilation: object = _ONE) -> Node:
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
