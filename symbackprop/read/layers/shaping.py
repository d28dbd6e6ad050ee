"""Layers that give examples another shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.size import Size, exact_division, named, product, shape_text
from symbackprop.read.layers.arrays import reshaped
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.layer import Layer, Value

__all__ = ["Flatten", "Reshape"]


@dataclass(frozen=True)
class Flatten(Layer):
    """All entries of an example in one axis, those of the last axis next to each other.

    Shapes
    ------
    (n1, n2, ...) to (n1*n2*...,).
    """

    kind: ClassVar[str] = "flatten"
    rearranges: ClassVar[bool] = True

    def build(self, builder: Builder, *values: Value) -> Value:
        (x,) = values
        return _with_shape(builder, x, (product(x.shape),))


@dataclass(frozen=True)
class Reshape(Layer):
    """The entries of an example in another shape, in the same order.

    Parameters
    ----------
    shape : sequence of int or str
        The new shape of one example; a name is a size that an input has, and one size may be -1: what is left.
    """

    kind: ClassVar[str] = "reshape"
    rearranges: ClassVar[bool] = True

    shape: tuple[int | str, ...] = ()

    def check(self) -> None:
        for size in self.shape:
            if not size.isidentifier() if isinstance(size, str) else size < -1:
                raise ArgumentError(f"layer reshape: {size!r} is no size")
        if self.shape.count(-1) > 1:
            raise ArgumentError("layer reshape: -1, what is left, can stand for one size only")

    def build(self, builder: Builder, *values: Value) -> Value:
        (x,) = values
        given: list[Size] = [named(size) if isinstance(size, str) else size for size in self.shape]
        if -1 in given:
            rest = product(size for size in given if size != -1)
            left = exact_division(product(x.shape), rest) if rest != 0 else None
            if left is None:
                raise ShapeError(f"shape {shape_text(x.shape)} does not divide into {shape_text(given)}")
            given[given.index(-1)] = left
        return _with_shape(builder, x, tuple(given))


def _with_shape(builder: Builder, x: Value, shape: tuple[Size, ...]) -> Value:
    """Write a value with examples of another shape."""
    if shape == x.shape:
        return x
    builder.needs_rows("another shape")
    return Value(builder.let("a", reshaped(builder, x, shape)), shape, x.dtype)
