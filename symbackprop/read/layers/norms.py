"""Layers that bring values to mean 0 and variance 1: over the batch, the features of an example, or groups of channels.

With the mean mu and the variance of n entries,  d = x - mu,  sigma = sqrt(variance + eps),  xhat = d / sigma,
a = gamma*xhat + beta. The variance is that of the entries themselves: their squares are divided by n. In mixed precision
all but gamma*xhat + beta is computed in float32: squares of short floats overflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.size import product, shape_text
from symbackprop.read.layers.arrays import example_axes, extents, reshaped, spread
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.initialisers import checked_initialiser
from symbackprop.read.layers.layer import Layer, Value, check_positive

__all__ = ["BatchNorm", "GroupNorm", "LayerNorm", "RMSNorm"]


@dataclass(frozen=True)
class Norm(Layer):
    """The base of layers that normalise.

    Parameters
    ----------
    eps : float
        What is added to the variance; above 0, so that entries which are all alike divide by something.
    scale : bool
        Whether there is a gamma.
    offset : bool
        Whether there is a beta.
    gamma, beta : str, float or array
        How these begin.
    """

    _: KW_ONLY
    eps: float = 1e-5
    scale: bool = True
    offset: bool = True
    gamma: Any = 1.0
    beta: Any = 0.0

    def check(self) -> None:
        check_positive(self, "eps")
        for given in (self.gamma, self.beta):
            checked_initialiser(given)

    def parameters(self, builder: Builder, value: Value, held: Sequence[int]) -> tuple[str, str]:
        """Ask for gamma and beta, along the axes `held` of the whole array; return their texts, "" for none."""
        rank = len(builder.full(value.shape))
        sizes = [value.shape[axis - builder.leading] for axis in held]
        shape = tuple(size for size in sizes if isinstance(size, int))
        if len(shape) != len(sizes) and (self.scale or self.offset):
            raise ShapeError(
                f"{self.kind} has a parameter for each of {shape_text(sizes)} entries, which have to be numbers; "
                "scale=false offset=false leaves them out"
            )
        asked = (self.scale, "gamma", self.gamma), (self.offset, "beta", self.beta)
        gamma, beta = [
            spread(builder.parameter(stem, shape, given, is_weight=False), held, rank) if wanted else ""
            for wanted, stem, given in asked
        ]
        return gamma, beta


def _scaled(builder: Builder, xhat: str, gamma: str, beta: str) -> str:
    """Write ``gamma*xhat + beta`` and return its name."""
    text = f"{gamma}*{xhat}" if gamma else xhat
    return builder.let("a", f"{text} + {beta}" if beta else text) if gamma or beta else xhat


def _over(axes: Sequence[int]) -> str:
    return str(axes[0] if len(axes) == 1 else tuple(axes))


def _standardised(
    builder: Builder, name: str, rank: int, axes: Sequence[int], eps: float, held: Sequence[int]
) -> tuple[str, str, str]:
    """Write ``xhat`` over `axes`; return its name, that of the mean and that of the variance, which have the axes `held`."""
    mu = builder.let("mu", f"mean({name}, axis={_over(axes)})")
    d = builder.let("d", f"{name} - {spread(mu, held, rank)}")
    variance = builder.let("variance", f"mean({d}**2, axis={_over(axes)})")
    sigma = builder.let("sigma", f"sqrt({variance} + {eps!r})")
    return builder.let("xhat", builder.short.narrowed(f"{d}/{spread(sigma, held, rank)}")), mu, variance


@dataclass(frozen=True)
class BatchNorm(Norm):
    """Each feature or channel with mean 0 and variance 1 over the batch: ``a = gamma*xhat + beta``.

    In training the mean and the variance are those of the batch, and the running ones move towards them:
    ``running = (1 - momentum)*running + momentum*new``, where the new variance is divided by n - 1. These are states: a
    call takes them and returns the new ones beside the value, and `Network.init_state` has those to begin with, 0 and 1.
    In inference (`Network.inference`) the running ones take the place of those of the batch, and stay as they are.

    Parameters
    ----------
    momentum : float
        How far the running statistics move, as in PyTorch.

    Shapes
    ------
    (features,), over the examples; (channels, ...) as (C, length) or (C, height, width), over the examples and all axes
    behind the channels. One value a channel has no variance, and is refused.

    Source
    ------
    Ioffe and Szegedy (2015), Batch normalization, algorithms 1 and 2.
    """

    kind: ClassVar[str] = "batch_norm"

    momentum: float = 0.1

    def check(self) -> None:
        super().check()
        if not 0.0 <= self.momentum <= 1.0:
            raise ArgumentError(f"layer batch_norm: momentum is {self.momentum}; it is between 0 and 1")

    def build(self, builder: Builder, *values: Value) -> Value:
        (x,) = values
        if not x.shape or not isinstance(x.shape[0], int):
            raise ShapeError(
                f"batch_norm needs features or channels, as many as a number says; shape {shape_text(x.shape)} arrived"
            )
        wide = builder.short.widened(builder, x).name
        whole = builder.full(x.shape)
        held = (builder.leading,)
        axes = [axis for axis in range(len(whole)) if axis not in held]
        if builder.training:
            count = product(whole[axis] for axis in axes)
            builder.require(
                2, count, "batch_norm needs a batch, or axes behind the channels: one value a channel has no variance"
            )
        gamma, beta = self.parameters(builder, x, held)
        running = [builder.state("running_mean", x.shape[:1], 0.0), builder.state("running_var", x.shape[:1], 1.0)]
        if builder.training:
            xhat, mu, variance = _standardised(builder, wide, len(whole), axes, self.eps, held)
            self._move(builder, running, mu, variance, "*".join(extents(builder, x)[axis] for axis in axes))
        else:
            mu, variance = running
            sigma = builder.let("sigma", f"sqrt({variance} + {self.eps!r})")
            over = spread(mu, held, len(whole)), spread(sigma, held, len(whole))
            xhat = builder.let("xhat", builder.short.narrowed(f"({wide} - {over[0]})/{over[1]}"))
            for state in running:
                builder.carry(state, state)
        return Value(_scaled(builder, xhat, gamma, beta), x.shape)

    def _move(self, builder: Builder, running: Sequence[str], mu: str, variance: str, count: str) -> None:
        """Write how the running statistics move, given those of a batch with `count` values a channel."""
        n = builder.let("n", count)
        for state, new in zip(running, (mu, f"({variance}*({n}/({n} - 1)))"), strict=True):
            moved = f"{1 - self.momentum!r}*{state} + {self.momentum!r}*{new}"
            builder.carry(state, builder.let(f"new_{state.removesuffix(builder.suffix)}", moved))


@dataclass(frozen=True)
class LayerNorm(Norm):
    """The features of each example with mean 0 and variance 1: ``a = gamma*xhat + beta``.

    Parameters
    ----------
    axes : int
        How many of the last axes of an example are normalised together; gamma and beta have a value for each entry.

    Shapes
    ------
    (..., features), an example each; the axes before those that are normalised are normalised one by one.

    Source
    ------
    Ba, Kiros and Hinton (2016), Layer normalization, eq. 4.
    """

    kind: ClassVar[str] = "layer_norm"

    axes: int = 1

    def check(self) -> None:
        super().check()
        if self.axes < 1:
            raise ArgumentError(f"layer {self.kind}: axes is {self.axes}; at least one is needed")

    def build(self, builder: Builder, *values: Value) -> Value:
        (x,) = values
        if len(x.shape) < self.axes:
            raise ShapeError(f"{self.kind} needs {self.axes} axes an example; shape {shape_text(x.shape)} arrived")
        inner = example_axes(builder, x)[-self.axes :]
        rank = len(builder.full(x.shape))
        outer = tuple(axis for axis in range(rank) if axis not in inner)
        gamma, beta = self.parameters(builder, x, inner)
        xhat = self.normalised(builder, builder.short.widened(builder, x).name, rank, inner, outer)
        return Value(_scaled(builder, xhat, gamma, beta), x.shape)

    def normalised(self, builder: Builder, name: str, rank: int, inner: Sequence[int], outer: Sequence[int]) -> str:
        """Write what is brought to mean 0 and variance 1, and return its name."""
        return _standardised(builder, name, rank, inner, self.eps, outer)[0]


@dataclass(frozen=True)
class RMSNorm(LayerNorm):
    """The features of each example with mean square 1: ``a = gamma*x/rms``, ``rms = sqrt(mean(x**2) + eps)``.

    Shapes
    ------
    (..., features), an example each.

    Source
    ------
    Zhang and Sennrich (2019), Root mean square layer normalization, eq. 4.
    """

    kind: ClassVar[str] = "rms_norm"

    offset: bool = field(default=False, kw_only=True)

    def normalised(self, builder: Builder, name: str, rank: int, inner: Sequence[int], outer: Sequence[int]) -> str:
        rms = builder.let("rms", f"sqrt(mean({name}**2, axis={_over(inner)}) + {self.eps!r})")
        return builder.let("xhat", builder.short.narrowed(f"{name}/{spread(rms, outer, rank)}"))


@dataclass(frozen=True)
class GroupNorm(Norm):
    """Groups of channels, each with mean 0 and variance 1 in each example: ``a = gamma*xhat + beta``, by channel.

    Parameters
    ----------
    groups : int
        How many there are. As many as channels is instance normalisation; 1 is all channels together.

    Shapes
    ------
    (channels, ...), over the channels of a group and all axes behind them.

    Source
    ------
    Wu and He (2018), Group normalization, eqs. 1, 2 and 7.
    """

    kind: ClassVar[str] = "group_norm"

    groups: int

    def check(self) -> None:
        super().check()
        if self.groups < 1:
            raise ArgumentError(f"layer group_norm: groups is {self.groups}; at least one is needed")

    def build(self, builder: Builder, *values: Value) -> Value:
        (x,) = values
        channels = x.shape[0] if x.shape else None
        if not isinstance(channels, int) or channels % self.groups:
            raise ShapeError(
                f"group_norm needs channels in {self.groups} groups of the same size; shape {shape_text(x.shape)} arrived"
            )
        gamma, beta = self.parameters(builder, x, (builder.leading,))
        shape = (self.groups, channels // self.groups, *x.shape[1:])
        grouped = Value(builder.let("grouped", reshaped(builder, x, shape)), shape)
        rank = len(builder.full(shape))
        inner = example_axes(builder, grouped)[1:]
        outer = [axis for axis in range(rank) if axis not in inner]
        wide = builder.short.widened(builder, grouped).name
        xhat = _standardised(builder, wide, rank, inner, self.eps, outer)[0]
        back = builder.let("xhat", reshaped(builder, Value(xhat, shape), x.shape))
        return Value(_scaled(builder, back, gamma, beta), x.shape)
