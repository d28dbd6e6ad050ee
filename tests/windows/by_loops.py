"""Convolution and pooling by loops over every entry of zero-padded arrays: what the words are compared with."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

__all__ = ["average", "convolved", "convolved_back", "largest"]


def pair(value: Any, dims: int) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,) * dims


def padded(x: np.ndarray, widths: list[tuple[int, int]], fill: float) -> np.ndarray:
    return np.pad(x, [(0, 0), (0, 0), *widths], constant_values=fill)


def windows(x: np.ndarray, sizes: Any, strides: Any, dilations: Any) -> Any:
    """Yield the place of each window and, channel by channel, its entries."""
    counts = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], sizes, strides, dilations, strict=True)]
    for place in np.ndindex(*counts):
        spans = [
            slice(i * s, i * s + d * (k - 1) + 1, d)
            for i, k, s, d in zip(place, sizes, strides, dilations, strict=True)
        ]
        yield place, x[(slice(None), slice(None), *spans)]


def gathered(found: dict[Any, np.ndarray], batch: int, channels: int, dtype: Any) -> np.ndarray:
    counts = tuple(max(axis) + 1 for axis in zip(*found, strict=True))
    result = np.zeros((batch, channels, *counts), dtype)
    for place, values in found.items():
        result[(slice(None), slice(None), *place)] = values
    return result


def convolved(
    x: np.ndarray, W: np.ndarray, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> np.ndarray:
    dims, sizes = x.ndim - 2, W.shape[2:]
    dilations = pair(dilation, dims)
    if padding == "same":
        totals = [d * (k - 1) for d, k in zip(dilations, sizes, strict=True)]
        widths = [(total // 2, total - total // 2) for total in totals]
    else:
        widths = [(p, p) for p in pair(0 if padding == "valid" else padding, dims)]
    outputs, inputs = len(W) // groups, W.shape[1]
    found = {}
    for place, window in windows(padded(x, widths, 0.0), sizes, pair(stride, dims), dilations):
        values = np.zeros((len(x), len(W)), np.result_type(x, W))
        for n, o in itertools.product(range(len(x)), range(len(W))):
            first = o // outputs * inputs
            values[n, o] = np.sum(window[n, first : first + inputs] * W[o])
        found[place] = values
    return gathered(found, len(x), len(W), np.result_type(x, W))


def convolved_back(
    x: np.ndarray,
    W: np.ndarray,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> np.ndarray:
    """Every entry of `x` puts a copy of the weight into the result."""
    dims = x.ndim - 2
    strides, widths, more, dilations = (pair(value, dims) for value in (stride, padding, output_padding, dilation))
    full = [
        (n - 1) * s + d * (k - 1) + 1 + extra
        for n, s, d, k, extra in zip(x.shape[2:], strides, dilations, W.shape[2:], more, strict=True)
    ]
    result = np.zeros((len(x), groups * W.shape[1], *full), np.result_type(x, W))
    inputs = x.shape[1] // groups
    for n, c, *place in np.ndindex(*x.shape):
        first = c // inputs * W.shape[1]
        for o, *offset in np.ndindex(*W.shape[1:]):
            at = tuple(i * s + d * j for i, s, d, j in zip(place, strides, dilations, offset, strict=True))
            result[(n, first + o, *at)] += x[(n, c, *place)] * W[(c, o, *offset)]
    return result[(slice(None), slice(None), *(slice(p, size - p) for p, size in zip(widths, full, strict=True)))]


def largest(x: np.ndarray, size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> np.ndarray:
    dims = x.ndim - 2
    sizes = pair(size, dims)
    around = padded(x, [(p, p) for p in pair(padding, dims)], -np.inf)
    strides = sizes if stride is None else pair(stride, dims)
    axes = tuple(range(2, x.ndim))
    found = {place: w.max(axes) for place, w in windows(around, sizes, strides, pair(dilation, dims))}
    return gathered(found, *x.shape[:2], x.dtype)


def average(
    x: np.ndarray, size: Any, stride: Any = None, padding: Any = 0, count_include_pad: bool = True
) -> np.ndarray:
    dims = x.ndim - 2
    sizes, widths = pair(size, dims), [(p, p) for p in pair(padding, dims)]
    strides, once = sizes if stride is None else pair(stride, dims), (1,) * dims
    axes = tuple(range(2, x.ndim))
    sums = {place: w.sum(axes) for place, w in windows(padded(x, widths, 0.0), sizes, strides, once)}
    inside = {place: w.sum(axes) for place, w in windows(padded(np.ones(x.shape), widths, 0.0), sizes, strides, once)}
    count = np.prod(sizes)
    means = {place: total / (count if count_include_pad else inside[place]) for place, total in sums.items()}
    return gathered(means, *x.shape[:2], x.dtype)
