"""What convolution and pooling mean on elements: the definitions, entry by entry, with no array of windows."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["WINDOWS"]

_Index = tuple[int, ...]


def _each(value: Any, dims: int) -> _Index:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * dims


def _of_batches(function: Callable[..., Any], dims: int) -> Callable[..., Any]:
    """Return a function of one image, with channels, as a function of a batch of them too."""

    @functools.wraps(function)
    def word(x: Any, *args: Any, **named: Any) -> Any:
        images = np.asarray(x, dtype=object)
        if images.ndim == dims + 1:
            return function(dims, images, *args, **named)
        if not len(images):
            shape = function(dims, np.zeros(images.shape[1:], dtype=object), *args, **named).shape
            return np.zeros((0, *shape), dtype=object)
        return np.stack([function(dims, image, *args, **named) for image in images])

    return word


def _counts(lengths: _Index, sizes: _Index, strides: _Index, widths: Any, dilations: _Index) -> _Index:
    return tuple(
        (length + before + behind - dilation * (size - 1) - 1) // stride + 1
        for length, size, stride, (before, behind), dilation in zip(
            lengths, sizes, strides, widths, dilations, strict=True
        )
    )


def _around(padding: Any, sizes: _Index, dilations: _Index) -> list[tuple[int, int]]:
    if padding == "valid":
        return [(0, 0)] * len(sizes)
    if padding == "same":
        totals = [dilation * (size - 1) for size, dilation in zip(sizes, dilations, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    return [(width, width) for width in _each(padding, len(sizes))]


def _inside(start: _Index, offset: _Index, dilations: _Index, lengths: _Index) -> _Index | None:
    """Return where the entry of a window at `offset` is on the image; None where that is beyond its edges."""
    place = tuple(s + d * o for s, d, o in zip(start, dilations, offset, strict=True))
    return place if all(0 <= p < length for p, length in zip(place, lengths, strict=True)) else None


def _starts(index: _Index, strides: _Index, widths: Any) -> _Index:
    return tuple(i * stride - before for i, stride, (before, _) in zip(index, strides, widths, strict=True))


def _conv(dims: int, x: Any, W: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Any:
    weight, lengths, sizes = np.asarray(W, dtype=object), x.shape[1:], np.shape(W)[2:]
    strides, dilations = _each(stride, dims), _each(dilation, dims)
    widths = _around(padding, sizes, dilations)
    found = np.zeros((len(weight), *_counts(lengths, sizes, strides, widths, dilations)), dtype=object)
    for o, *index in np.ndindex(*found.shape):
        first = o // (len(weight) // groups) * weight.shape[1]
        start = _starts(tuple(index), strides, widths)
        for offset in np.ndindex(*sizes):
            place = _inside(start, offset, dilations, lengths)
            if place is not None:
                for c in range(weight.shape[1]):
                    found[(o, *index)] += weight[(o, c, *offset)] * x[(first + c, *place)]
    return found


def _conv_transpose(
    dims: int,
    x: Any,
    W: Any,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    weight, sizes = np.asarray(W, dtype=object), np.shape(W)[2:]
    strides, dilations, widths = (_each(value, dims) for value in (stride, dilation, padding))
    lengths = tuple(
        (length - 1) * s - 2 * width + d * (size - 1) + more + 1
        for length, s, width, d, size, more in zip(
            x.shape[1:], strides, widths, dilations, sizes, _each(output_padding, dims), strict=True
        )
    )
    found = np.zeros((groups * weight.shape[1], *lengths), dtype=object)
    for c, *index in np.ndindex(*x.shape):
        first = c // (len(x) // groups) * weight.shape[1]
        start = _starts(tuple(index), strides, [(width, width) for width in widths])
        for offset in np.ndindex(*sizes):
            place = _inside(start, offset, dilations, lengths)
            if place is not None:
                for o in range(weight.shape[1]):
                    found[(first + o, *place)] += weight[(c, o, *offset)] * x[(c, *index)]
    return found


def _pool(combine: Callable[[list[Any], int], Any]) -> Callable[..., Any]:
    def pool(dims: int, x: Any, size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Any:
        sizes, lengths = _each(size, dims), x.shape[1:]
        strides = sizes if stride is None else _each(stride, dims)
        widths, dilations = [(width, width) for width in _each(padding, dims)], _each(dilation, dims)
        found = np.zeros((len(x), *_counts(lengths, sizes, strides, widths, dilations)), dtype=object)
        for c, *index in np.ndindex(*found.shape):
            start = _starts(tuple(index), strides, widths)
            places = [_inside(start, offset, dilations, lengths) for offset in np.ndindex(*sizes)]
            found[(c, *index)] = combine([x[(c, *place)] for place in places if place is not None], len(places))
        return found

    return pool


def _largest(entries: list[Any], count: int) -> Any:
    return np.max(np.array(entries, dtype=object))


def _avg_pool(
    dims: int, x: Any, size: Any, stride: Any = None, padding: Any = 0, count_include_pad: bool = True
) -> Any:
    def mean(entries: list[Any], count: int) -> Any:
        return sum(entries, 0 * entries[0]) / (count if count_include_pad else len(entries))

    return _pool(mean)(dims, x, size, stride, padding)


_BY_NAME: Mapping[str, Callable[..., Any]] = {
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "max_pool": _pool(_largest),
    "avg_pool": _avg_pool,
}
WINDOWS: Mapping[str, Callable[..., Any]] = {
    "sliding_window_view": np.lib.stride_tricks.sliding_window_view,
    **{
        f"{name}{dims}d": _of_batches(function, dims)
        for (name, function), dims in itertools.product(_BY_NAME.items(), (1, 2))
    },
}
