"""Rows of a table that are learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from symbackprop.errors import ArgumentError
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.initialisers import checked_initialiser
from symbackprop.read.layers.layer import Layer, Value

__all__ = ["Embedding"]


@dataclass(frozen=True)
class Embedding(Layer):
    """A row of a table for each whole number: ``a = E[x]``, whose adjoint adds up at the rows that were taken.

    Parameters
    ----------
    count : int
        The number of rows: x is at least 0 and below it.
    units : int
        The length of a row.
    weights : str, float or array
        How E begins.

    Shapes
    ------
    (...) of whole numbers to (..., units), an example each; E has shape (count, units).

    Source
    ------
    Bengio, Ducharme, Vincent and Jauvin (2003), A neural probabilistic language model, section 2.
    """

    kind: ClassVar[str] = "embedding"

    count: int
    units: int
    weights: Any = "normal"

    def check(self) -> None:
        for name, number in (("count", self.count), ("units", self.units)):
            if number < 1:
                raise ArgumentError(f"layer embedding: {name} is {number}; at least one is needed")
        checked_initialiser(self.weights)

    def build(self, builder: Builder, *values: Value) -> Value:
        (x,) = values
        if x.dtype != "int":
            raise ArgumentError(f"embedding takes whole numbers, and {x.name!r} is {x.dtype}: input ... int")
        builder.needs_rows("embedding")
        builder.bound(x.name, self.count, "rows of the embedding")
        E = builder.parameter("E", (self.count, self.units), self.weights)
        return Value(builder.let("a", f"{E}[{x.name}]"), (*x.shape, self.units))
