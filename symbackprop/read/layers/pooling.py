"""Pooling: maxima and means over windows of images, and over whole images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.size import shape_text
from symbackprop.read.layers.arrays import example_axes
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.layer import Layer, Value
from symbackprop.read.layers.windowed import image_of, options_text, per_axis, windows_over

__all__ = ["AvgPool1D", "AvgPool2D", "GlobalAvgPool", "GlobalMaxPool", "MaxPool1D", "MaxPool2D"]


@dataclass(frozen=True)
class Pooling(Layer):
    """The base of pooling.

    Parameters
    ----------
    size : int or sequence of int
        Of a window.
    stride : int or sequence of int, optional
        How far windows are apart: their size by default.
    padding : int or sequence of int
        How far windows reach out at both ends of each axis, at most half their size.
    """

    dims: ClassVar[int] = 0

    size: int | tuple[int, ...]
    stride: int | tuple[int, ...] | None = None
    padding: int | tuple[int, ...] = 0

    def check(self) -> None:
        self.numbers("size", 1)
        self.strides()
        for size, width in zip(self.numbers("size", 1), self.numbers("padding", 0), strict=True):
            if 2 * width > size:
                raise ArgumentError(f"layer {self.kind}: padding is {width}; it is at most half the size, {size}")

    def numbers(self, name: str, least: int) -> tuple[int, ...]:
        """Return an option as a number for each axis."""
        return per_axis(getattr(self, name), self.dims, f"layer {self.kind}: {name}", least)

    def strides(self) -> tuple[int, ...]:
        """Return how far windows are apart."""
        return self.numbers("size" if self.stride is None else "stride", 1)

    def pooled(self, builder: Builder, x: Value, dilations: tuple[int, ...], options: str) -> Value:
        """Write what windows become."""
        builder.needs_rows(self.kind)
        channels, lengths = image_of(x, self.dims, self.kind)
        widths = tuple(2 * width for width in self.numbers("padding", 0))
        out = windows_over(lengths, self.numbers("size", 1), self.strides(), dilations, widths, self.kind)
        given = options_text([("stride", self.stride, None), ("padding", self.padding, 0)]) + options
        return Value(builder.let("a", f"{self.kind}({x.name}, {self.size!r}{given})"), (channels, *out))


@dataclass(frozen=True)
class MaxPooling(Pooling):
    """The base of pooling by maxima."""

    dilation: int | tuple[int, ...] = 1

    def check(self) -> None:
        super().check()
        self.numbers("dilation", 1)

    def build(self, builder: Builder, *values: Value) -> Value:
        options = options_text([("dilation", self.dilation, 1)])
        return self.pooled(builder, values[0], self.numbers("dilation", 1), options)


@dataclass(frozen=True)
class MaxPool1D(MaxPooling):
    """The largest entry of each window of a sequence.

    Parameters
    ----------
    size : int
        Of a window.
    stride : int, optional
        How far windows are apart: their size by default.
    padding : int
        How far windows reach out at both ends, at most half their size; what is outside is never the largest.
    dilation : int
        How far the entries of a window are apart.

    Shapes
    ------
    (channels, length) to (channels, length out), an example each.

    At kinks
    --------
    Ties share equally.

    Source
    ------
    Riesenhuber and Poggio (1999), Hierarchical models of object recognition in cortex.
    """

    kind: ClassVar[str] = "max_pool1d"
    dims: ClassVar[int] = 1


@dataclass(frozen=True)
class MaxPool2D(MaxPooling):
    """The largest entry of each window of an image.

    Parameters
    ----------
    size : int or (int, int)
        Of a window.
    stride : int or (int, int), optional
        How far windows are apart: their size by default.
    padding : int or (int, int)
        How far windows reach out at both ends of each axis, at most half their size; what is outside is never the largest.
    dilation : int or (int, int)
        How far the entries of a window are apart.

    Shapes
    ------
    (channels, height, width) to (channels, height out, width out), an example each, with
    ``out = (in + 2*padding - dilation*(size - 1) - 1)//stride + 1``.

    At kinks
    --------
    Ties share equally.

    Source
    ------
    Riesenhuber and Poggio (1999), Hierarchical models of object recognition in cortex.
    """

    kind: ClassVar[str] = "max_pool2d"
    dims: ClassVar[int] = 2


@dataclass(frozen=True)
class AvgPooling(Pooling):
    """The base of pooling by means."""

    count_include_pad: bool = True

    def build(self, builder: Builder, *values: Value) -> Value:
        options = "" if self.count_include_pad else ", count_include_pad=False"
        return self.pooled(builder, values[0], (1,) * self.dims, options)


@dataclass(frozen=True)
class AvgPool1D(AvgPooling):
    """The mean of each window of a sequence.

    Parameters
    ----------
    size : int
        Of a window.
    stride : int, optional
        How far windows are apart: their size by default.
    padding : int
        Zeros at both ends, at most half the size.
    count_include_pad : bool
        Whether these zeros count.

    Shapes
    ------
    (channels, length) to (channels, length out), an example each.

    Source
    ------
    LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition, section II.B.
    """

    kind: ClassVar[str] = "avg_pool1d"
    dims: ClassVar[int] = 1


@dataclass(frozen=True)
class AvgPool2D(AvgPooling):
    """The mean of each window of an image.

    Parameters
    ----------
    size : int or (int, int)
        Of a window.
    stride : int or (int, int), optional
        How far windows are apart: their size by default.
    padding : int or (int, int)
        Zeros at both ends of each axis, at most half the size.
    count_include_pad : bool
        Whether these zeros count.

    Shapes
    ------
    (channels, height, width) to (channels, height out, width out), an example each.

    Source
    ------
    LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition, section II.B.
    """

    kind: ClassVar[str] = "avg_pool2d"
    dims: ClassVar[int] = 2


@dataclass(frozen=True)
class GlobalPooling(Layer):
    """The base of pooling over whole images."""

    word: ClassVar[str] = ""

    def build(self, builder: Builder, *values: Value) -> Value:
        (x,) = values
        builder.needs_rows(self.kind)
        if len(x.shape) < 2:
            raise ShapeError(f"{self.kind} needs axes behind the channels; shape {shape_text(x.shape)} arrived")
        axes = example_axes(builder, x)[1:]
        over = axes[0] if len(axes) == 1 else axes
        return Value(builder.let("a", f"{self.word}({x.name}, axis={over})"), x.shape[:1])


@dataclass(frozen=True)
class GlobalMaxPool(GlobalPooling):
    """The largest entry of each channel.

    Shapes
    ------
    (channels, ...) to (channels,), an example each.

    At kinks
    --------
    Ties share equally.
    """

    kind: ClassVar[str] = "global_max_pool"
    word: ClassVar[str] = "max"


@dataclass(frozen=True)
class GlobalAvgPool(GlobalPooling):
    """The mean of each channel (Lin, Chen and Yan, 2014, Network in network, section 3.2).

    Shapes
    ------
    (channels, ...) to (channels,), an example each.
    """

    kind: ClassVar[str] = "global_avg_pool"
    word: ClassVar[str] = "mean"
