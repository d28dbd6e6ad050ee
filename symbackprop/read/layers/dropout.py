"""Dropout: entries that are left out in training."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from symbackprop.errors import ArgumentError
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.layer import Layer, Value

__all__ = ["Dropout"]


@dataclass(frozen=True)
class Dropout(Layer):
    """Entries that are left out at random, the others scaled up: ``a = x*mask/(1 - rate)``; nothing in inference.

    The mask is an input of the network, true where an entry is kept, so that a call is a function of what it is given:
    `Network.masks` draws all masks of a call.

    Parameters
    ----------
    rate : float
        How likely it is that an entry is left out, below 1.

    Shapes
    ------
    Any shape, and the mask has the same.

    Source
    ------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), Dropout, section 4; scaled in training.
    """

    kind: ClassVar[str] = "dropout"

    rate: float = 0.5

    def check(self) -> None:
        if not 0.0 <= self.rate < 1.0:
            raise ArgumentError(f"layer dropout: rate is {self.rate}; it is at least 0 and below 1")

    def build(self, builder: Builder, *values: Value) -> Value:
        (x,) = values
        if not builder.training or self.rate == 0.0:
            return x
        kept = float(1 - Decimal(repr(self.rate)))
        mask = builder.mask("mask", x.shape, kept)
        return Value(builder.let("a", f"{x.name}*{mask}/{kept!r}"), x.shape)
