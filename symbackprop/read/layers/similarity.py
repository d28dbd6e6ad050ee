"""Losses of pairs and triples of vectors: how alike they are, and how far apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.size import shape_text
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.layer import Value, check_not_negative, check_positive, features
from symbackprop.read.layers.losses import ReducedLoss, TargetLoss, Terms

__all__ = ["CosineEmbedding", "Triplet"]


@dataclass(frozen=True)
class CosineEmbedding(TargetLoss):
    """The cosine of the angle between two vectors that are alike (y = 1) or not (y = -1).

    ``l = 1 - cos`` for y = 1, and ``max(0, cos - margin)`` for y = -1, with ``cos = a @ b/(|a|*|b|)``.

    Parameters
    ----------
    margin : float
        Between -1 and 1.
    eps : float
        What is added to the squared lengths, so that vectors of length 0 are at a right angle to all others.

    Shapes
    ------
    Two outputs of shape (..., features), and y without the last axis.

    At kinks
    --------
    The derivative at cos = margin is 0.

    Source
    ------
    After Hadsell, Chopra and LeCun (2006), Dimensionality reduction by learning an invariant mapping, with cosines in
    place of distances.
    """

    kind: ClassVar[str] = "cosine_embedding"
    arity: ClassVar[int | None] = 2

    margin: float = 0.0
    eps: float = field(default=1e-12, kw_only=True)

    def check(self) -> None:
        super().check()
        check_positive(self, "eps")
        if not -1 <= self.margin <= 1:
            raise ArgumentError(f"layer {self.kind}: margin is {self.margin}; it is a cosine, between -1 and 1")

    def terms(self, builder: Builder, *values: Value) -> Terms:
        a, b = values
        _check_alike(self.kind, values)
        y = builder.shared_input(self.target, a.shape[:-1]).name
        axis = builder.axis(a, -1)
        aa, bb = (
            builder.let(stem, f"sum({value.name}**2, axis={axis}) + {self.eps!r}")
            for stem, value in (("aa", a), ("bb", b))
        )
        cosine = builder.let("cosine", f"sum({a.name}*{b.name}, axis={axis})/sqrt({aa}*{bb})")
        return Terms(f"where({y} == 1, 1 - {cosine}, relu({cosine} - {self.margin!r}))", a.shape[:-1])


@dataclass(frozen=True)
class Triplet(ReducedLoss):
    """How much nearer to an anchor its positive example is than its negative one: three outputs, in this order.

    ``l = max(0, |a - b + eps| - |a - c + eps| + margin)`` (Balntas, Riba, Ponsa and Mikolajczyk, 2016, eq. 3).

    Parameters
    ----------
    margin : float
    p : float
        The order of the norm.
    swap : bool
        Whether the distance from b to c counts where it is less than that from a to c.
    eps : float
        What is added to each difference.

    Shapes
    ------
    Three outputs of shape (..., features).

    At kinks
    --------
    The derivative of max at 0 is 0; that of a norm at 0 is 0; equal distances share equally where they are swapped.
    """

    kind: ClassVar[str] = "triplet"
    arity: ClassVar[int | None] = 3

    margin: float = 1.0
    p: float = 2.0
    swap: bool = field(default=False, kw_only=True)
    eps: float = field(default=1e-6, kw_only=True)

    def check(self) -> None:
        check_not_negative(self, "eps")
        if self.p < 1:
            raise ArgumentError(f"layer {self.kind}: p is {self.p}; the order of a norm is at least 1")

    def terms(self, builder: Builder, *values: Value) -> Terms:
        anchor, positive, negative = values
        _check_alike(self.kind, values)
        near = builder.let("near", self._distance(builder, anchor, positive))
        far = builder.let("far", self._distance(builder, anchor, negative))
        if self.swap:
            far = builder.let("far", f"minimum({far}, {self._distance(builder, positive, negative)})")
        return Terms(f"relu({near} - {far} + {self.margin!r})", anchor.shape[:-1])

    def _distance(self, builder: Builder, a: Value, b: Value) -> str:
        order = int(self.p) if self.p == int(self.p) else self.p
        return f"linalg.norm({a.name} - {b.name} + {self.eps!r}, ord={order!r}, axis={builder.axis(a, -1)})"


def _check_alike(kind: str, values: tuple[Value, ...]) -> None:
    """Raise an error unless all values are vectors of the same shape."""
    features(values[0], kind)
    for value in values[1:]:
        if value.shape != values[0].shape:
            raise ShapeError(
                f"its outputs have shapes {shape_text(values[0].shape)} and {shape_text(value.shape)}, "
                "and need to have the same"
            )
