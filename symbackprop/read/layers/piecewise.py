"""Activations with parameters, or with fewer outputs than inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.size import shape_text
from symbackprop.read.layers.arrays import reshaped, spread
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.initialisers import checked_initialiser
from symbackprop.read.layers.layer import Layer, Value, features

__all__ = ["Maxout", "PReLU"]


@dataclass(frozen=True)
class PReLU(Layer):
    """A leaky relu whose slope is learned: ``a = z for z > 0, else alpha*z``.

    Parameters
    ----------
    channels : bool
        Whether each channel, the first axis of an example, has a slope of its own.
    alpha : str, float or array
        How the slope begins.

    At kinks
    --------
    The derivative at 0 is alpha.

    Source
    ------
    He, Zhang, Ren and Sun (2015), Delving deep into rectifiers, eq. 1.
    """

    kind: ClassVar[str] = "prelu"

    channels: bool = False
    alpha: Any = 0.25

    def check(self) -> None:
        checked_initialiser(self.alpha)

    def build(self, builder: Builder, *values: Value) -> Value:
        (z,) = values
        if not self.channels:
            alpha = builder.parameter("alpha", (), self.alpha, is_weight=False)
        elif z.shape and isinstance(z.shape[0], int):
            alpha = builder.parameter("alpha", (z.shape[0],), self.alpha, is_weight=False)
            alpha = spread(alpha, (builder.leading,), len(builder.full(z.shape)))
        else:
            raise ShapeError(f"prelu needs channels, as many as a number says; shape {shape_text(z.shape)} arrived")
        return Value(builder.let("a", f"where({z.name} > 0, {z.name}, {alpha}*{z.name})"), z.shape)


@dataclass(frozen=True)
class Maxout(Layer):
    """The largest of each few features next to each other: ``a[i] = max(z[k*i], ..., z[k*i + k - 1])``.

    Behind a dense layer of k*n units it is a maxout layer of n units with k pieces.

    Parameters
    ----------
    pieces : int
        k, how many features one is chosen from.

    Shapes
    ------
    (..., k*n) to (..., n), an example each.

    At kinks
    --------
    Ties share equally.

    Source
    ------
    Goodfellow, Warde-Farley, Mirza, Courville and Bengio (2013), Maxout networks, section 3.
    """

    kind: ClassVar[str] = "maxout"

    pieces: int = 2

    def check(self) -> None:
        if self.pieces < 1:
            raise ArgumentError(f"layer maxout: pieces is {self.pieces}; at least one is needed")

    def build(self, builder: Builder, *values: Value) -> Value:
        (z,) = values
        count = features(z, "maxout")
        if count % self.pieces:
            raise ShapeError(f"maxout needs features in groups of {self.pieces}; shape {shape_text(z.shape)} arrived")
        shape = (*z.shape[:-1], count // self.pieces, self.pieces)
        grouped = Value(builder.let("pieces", reshaped(builder, z, shape)), shape)
        return Value(builder.let("a", f"max({grouped.name}, axis={builder.axis(grouped, -1)})"), shape[:-1])
