"""Layers that hold other layers, and those that bring values together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.size import shape_text
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.layer import Layer, Value

__all__ = ["Repeat", "Residual"]


@dataclass(frozen=True)
class Residual(Layer):
    """What its layers make of a value, added to the value: ``h = x + F(x)`` (He, Zhang, Ren and Sun, 2016, eq. 1).

    Parameters
    ----------
    body : sequence of Layer
        F, whose output has the shape of its input.
    """

    kind: ClassVar[str] = "residual"

    body: tuple[Layer, ...]

    def build(self, builder: Builder, *values: Value) -> Value:
        (x,) = values
        y = builder.sequence(self.body, x)
        if y.shape != x.shape:
            raise ShapeError(
                f"the layers in it return shape {shape_text(y.shape)} for shape {shape_text(x.shape)}; "
                "what is added has to have the same shape"
            )
        return Value(builder.let("h", f"{x.name} + {y.name}"), x.shape)


@dataclass(frozen=True)
class Repeat(Layer):
    """Its layers, several times one behind another.

    Parameters
    ----------
    times : int
    body : sequence of Layer
    shared : bool
        Whether all times have the same parameters.
    """

    kind: ClassVar[str] = "repeat"

    times: int
    body: tuple[Layer, ...]
    shared: bool = False

    def check(self) -> None:
        if self.times < 0:
            raise ArgumentError(f"layer repeat: times is {self.times}")

    def build(self, builder: Builder, *values: Value) -> Value:
        (x,) = values
        names: list[str] | None = [] if self.shared else None
        for number in range(self.times):
            with builder.repetition(names, first=number == 0):
                x = builder.sequence(self.body, x)
        return x
