"""Convolutions and their transposes, channels first: they correlate, as all libraries of neural networks do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.size import Size, shape_text
from symbackprop.ops.windows import extent
from symbackprop.read.layers.activations import activated, checked_activation, default_initialiser
from symbackprop.read.layers.arrays import spread
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.initialisers import checked_initialiser
from symbackprop.read.layers.layer import Layer, Value, check_not_negative
from symbackprop.read.layers.windowed import image_of, options_text, per_axis, windows_over

__all__ = ["Conv1D", "Conv2D", "ConvTranspose1D", "ConvTranspose2D"]


@dataclass(frozen=True)
class Filters(Layer):
    """The base of layers with a filter for each channel that comes out.

    Parameters
    ----------
    filters : int
        How many channels come out.
    size : int or sequence of int
        Of the window that a filter looks at: one number for all axes, or one each.
    activation : str
        See `Activation`.
    stride, dilation : int or sequence of int
        How far windows are apart, and how far the entries that a window has.
    padding : int or sequence of int
        Zeros before and behind each axis.
    groups : int
        Channels are divided into so many groups, which do not see each other; as many as channels is a filter for each.
    bias : bool
    weights, biases : str, float or array, optional
        How W and b begin; W by what suits the activation, b with zeros.
    l1, l2 : float
        Penalties ``l1 * sum(|W|) + l2 * sum(W**2)`` that the loss has besides.
    """

    dims: ClassVar[int] = 0

    filters: int
    size: int | tuple[int, ...]
    activation: str = "identity"
    stride: int | tuple[int, ...] = 1
    padding: int | tuple[int, ...] | Literal["same", "valid"] = 0
    dilation: int | tuple[int, ...] = 1
    groups: int = 1
    bias: bool = True
    weights: Any = None
    biases: Any = 0.0
    l1: float = 0.0
    l2: float = 0.0

    def check(self) -> None:
        check_not_negative(self, "l1", "l2")
        checked_activation(self.activation)
        for given in (self.weights, self.biases):
            if given is not None:
                checked_initialiser(given)
        if self.groups < 1:
            raise ArgumentError(f"layer {self.kind}: groups is {self.groups}; at least one is needed")
        if self.filters < 1 or self.filters % self.groups:
            raise ArgumentError(
                f"layer {self.kind}: filters is {self.filters}; it is a multiple of groups, {self.groups}"
            )
        for name in ("size", "stride", "dilation"):
            self.numbers(name, 1)

    def numbers(self, name: str, least: int) -> tuple[int, ...]:
        """Return an option as a number for each axis."""
        return per_axis(getattr(self, name), self.dims, f"layer {self.kind}: {name}", least)

    def filtered(
        self, builder: Builder, x: Value, weight: tuple[int, ...], options: str, out: tuple[Size, ...]
    ) -> Value:
        """Write what filters of shape `weight` make of `x`, images with the sizes `out`."""
        builder.needs_rows(self.kind)
        given = self.weights if self.weights is not None else default_initialiser(self.activation)
        window = math.prod(self.numbers("size", 1))
        channels = x.shape[0]
        assert isinstance(channels, int)
        fan = channels // self.groups * window, self.filters // self.groups * window
        W = builder.parameter("W", weight, given, fan=fan, l1=self.l1, l2=self.l2)
        text = f"{self.kind}({x.name}, {W}{options})"
        if self.bias:
            b = builder.parameter("b", (self.filters,), self.biases, is_weight=False)
            text += f" + {spread(b, (builder.leading,), builder.leading + 1 + self.dims)}"
        z = Value(builder.let("z", text), (self.filters, *out))
        return activated(builder, self.activation, z, axis=0)

    def channels_of(self, x: Value) -> tuple[int, tuple[Size, ...]]:
        """Return the number of channels that arrive, which groups divide, and the sizes of the image."""
        channels, lengths = image_of(x, self.dims, self.kind)
        if channels % self.groups:
            raise ShapeError(
                f"{self.kind} needs channels in {self.groups} groups of the same size; shape {shape_text(x.shape)} arrived"
            )
        return channels, lengths


@dataclass(frozen=True)
class Convolution(Filters):
    """The base of convolutions."""

    def check(self) -> None:
        super().check()
        if not isinstance(self.padding, str):
            self.numbers("padding", 0)
        elif self.padding == "same" and any(step != 1 for step in self.numbers("stride", 1)):
            raise ArgumentError(f"layer {self.kind}: padding=same goes with stride=1")

    def build(self, builder: Builder, *values: Value) -> Value:
        (x,) = values
        channels, lengths = self.channels_of(x)
        sizes, strides, dilations = (self.numbers(name, 1) for name in ("size", "stride", "dilation"))
        if self.padding == "same":
            widths = tuple(int(extent(a, b)) - 1 for a, b in zip(sizes, dilations, strict=True))  # type: ignore[arg-type]
        else:
            widths = (0,) * self.dims if self.padding == "valid" else tuple(2 * w for w in self.numbers("padding", 0))
        out = windows_over(lengths, sizes, strides, dilations, widths, self.kind)
        options = options_text([
            ("stride", self.stride, 1), ("padding", 0 if self.padding == "valid" else self.padding, 0),
            ("dilation", self.dilation, 1), ("groups", self.groups, 1),
        ])  # fmt: skip
        return self.filtered(builder, x, (self.filters, channels // self.groups, *sizes), options, out)


@dataclass(frozen=True)
class Conv1D(Convolution):
    """A convolution of sequences: ``z[o, i] = sum over c, k of W[o, c, k] * x[c, stride*i + dilation*k] + b[o]``.

    Parameters are those of `Conv2D`, with one number in place of two.

    Shapes
    ------
    (channels, length) to (filters, length out), an example each; W has shape (filters, channels/groups, size).

    At kinks
    --------
    The derivative of the penalty l1 at an entry of 0 is 0.

    Source
    ------
    LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition, section II.A.
    """

    kind: ClassVar[str] = "conv1d"
    dims: ClassVar[int] = 1


@dataclass(frozen=True)
class Conv2D(Convolution):
    """A convolution: ``z[o, i, j] = sum of W[o, c, k, l] * x[c, stride*i + dilation*k, stride*j + dilation*l] + b[o]``.

    Parameters
    ----------
    filters : int
        How many channels come out.
    size : int or (int, int)
        Of the window that a filter looks at.
    activation : str
        See `Activation`; softmax and its like are over the channels.
    stride, dilation : int or (int, int)
        How far windows are apart, and how far the entries that a window has.
    padding : int, (int, int), "same" or "valid"
        Zeros before and behind each axis; "same" as many as keep the size, "valid" none.
    groups : int
        Channels are divided into so many groups, which do not see each other; as many as channels is a filter for each.
    bias : bool
    weights, biases : str, float or array, optional
        How W and b begin; W by what suits the activation, b with zeros.
    l1, l2 : float
        Penalties ``l1 * sum(|W|) + l2 * sum(W**2)`` that the loss has besides.

    Shapes
    ------
    (channels, height, width) to (filters, height out, width out), an example each, with
    ``out = (in + 2*padding - dilation*(size - 1) - 1)//stride + 1``; W has shape (filters, channels/groups, *size).

    At kinks
    --------
    The derivative of the penalty l1 at an entry of 0 is 0.

    Source
    ------
    LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition, section II.A.
    """

    kind: ClassVar[str] = "conv2d"
    dims: ClassVar[int] = 2


@dataclass(frozen=True)
class Transposed(Filters):
    """The base of transposed convolutions."""

    padding: int | tuple[int, ...] = 0
    output_padding: int | tuple[int, ...] = 0

    def check(self) -> None:
        super().check()
        self.numbers("padding", 0)
        for extra, stride, dilation in zip(
            self.numbers("output_padding", 0), self.numbers("stride", 1), self.numbers("dilation", 1), strict=True
        ):
            if extra >= max(stride, dilation):
                raise ArgumentError(
                    f"layer {self.kind}: output_padding is {extra}; it is smaller than the stride or the dilation"
                )

    def build(self, builder: Builder, *values: Value) -> Value:
        (x,) = values
        channels, lengths = self.channels_of(x)
        sizes = self.numbers("size", 1)
        names = ("stride", "dilation", "padding", "output_padding")
        steps = zip(lengths, sizes, *(self.numbers(name, 0) for name in names), strict=True)
        out = tuple(
            stride * (length - 1) + extent(size, dilation) - 2 * width + extra
            for length, size, stride, dilation, width, extra in steps
        )
        if any(isinstance(length, int) and length < 1 for length in out):
            raise ShapeError(
                f"{self.kind}: nothing of shape {shape_text(lengths)} is left, which would become {shape_text(out)}"
            )
        options = options_text([
            ("stride", self.stride, 1), ("padding", self.padding, 0), ("output_padding", self.output_padding, 0),
            ("dilation", self.dilation, 1), ("groups", self.groups, 1),
        ])  # fmt: skip
        return self.filtered(builder, x, (channels, self.filters // self.groups, *sizes), options, out)


@dataclass(frozen=True)
class ConvTranspose1D(Transposed):
    """The transpose of a convolution of sequences: each entry puts down a filter, ``stride`` further on each time.

    Parameters are those of `ConvTranspose2D`, with one number in place of two.

    Shapes
    ------
    (channels, length) to (filters, length out), an example each; W has shape (channels, filters/groups, size).

    At kinks
    --------
    The derivative of the penalty l1 at an entry of 0 is 0.

    Source
    ------
    Dumoulin and Visin (2016), A guide to convolution arithmetic for deep learning, chapter 4.
    """

    kind: ClassVar[str] = "conv_transpose1d"
    dims: ClassVar[int] = 1


@dataclass(frozen=True)
class ConvTranspose2D(Transposed):
    """The transpose of a convolution: each entry puts down a filter, ``stride`` further on each time, and b is added.

    Parameters
    ----------
    filters, size, activation, stride, dilation, groups, bias, weights, biases, l1, l2
        As of `Conv2D`.
    padding : int or (int, int)
        What is cut off at both ends of each axis: the zeros of the convolution that this is the transpose of.
    output_padding : int or (int, int)
        What is added at the end of each axis, less than the stride or the dilation.

    Shapes
    ------
    (channels, height, width) to (filters, height out, width out), an example each, with
    ``out = stride*(in - 1) + dilation*(size - 1) + 1 - 2*padding + output_padding``; W has shape
    (channels, filters/groups, *size).

    At kinks
    --------
    The derivative of the penalty l1 at an entry of 0 is 0.

    Source
    ------
    Dumoulin and Visin (2016), A guide to convolution arithmetic for deep learning, chapter 4.
    """

    kind: ClassVar[str] = "conv_transpose2d"
    dims: ClassVar[int] = 2
