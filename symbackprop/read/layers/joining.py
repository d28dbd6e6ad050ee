"""Layers that bring several values together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.size import Size, shape_text
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.initialisers import checked_initialiser
from symbackprop.read.layers.layer import Layer, Value, features

__all__ = ["Add", "Bilinear", "Concatenate", "GatedSum"]


@dataclass(frozen=True)
class Add(Layer):
    """The sum of values of the same shape: ``a = x1 + x2 + ...``."""

    kind: ClassVar[str] = "add"
    arity: ClassVar[int | None] = None

    def build(self, builder: Builder, *values: Value) -> Value:
        shape = _same_shape(values)
        return Value(builder.let("a", " + ".join(value.name for value in values)), shape)


@dataclass(frozen=True)
class Concatenate(Layer):
    """Values one behind another along an axis.

    Parameters
    ----------
    axis : int
        Of an example: 0 is its first axis (the channels of an image), -1 its last.

    Shapes
    ------
    (..., n1, ...), (..., n2, ...) to (..., n1 + n2, ...), the other axes alike.
    """

    kind: ClassVar[str] = "concatenate"
    rearranges: ClassVar[bool] = True
    arity: ClassVar[int | None] = None

    axis: int = -1

    def build(self, builder: Builder, *values: Value) -> Value:
        first = values[0]
        rank = len(first.shape)
        if not -rank <= self.axis < rank:
            raise ShapeError(f"there is no axis {self.axis} in shape {shape_text(first.shape)}")
        axis = self.axis % rank
        total: Size = 0
        for value in values:
            total = total + value.shape[axis] if len(value.shape) == rank else total
            others = (*value.shape[:axis], *value.shape[axis + 1 :])
            if len(value.shape) != rank or others != (*first.shape[:axis], *first.shape[axis + 1 :]):
                shapes = ", ".join(f"{v.name} {shape_text(v.shape)}" for v in values)
                raise ShapeError(f"only axis {self.axis} may differ between values that are concatenated; {shapes}")
        if len({value.dtype for value in values}) > 1:
            raise ArgumentError(f"values of one dtype are concatenated, not {[value.dtype for value in values]}")
        names = ", ".join(value.name for value in values)
        joined = builder.let("a", f"concatenate(({names},), axis={axis + builder.leading})")
        return Value(joined, (*first.shape[:axis], total, *first.shape[axis + 1 :]), first.dtype)


@dataclass(frozen=True)
class GatedSum(Layer):
    """A mean of two values whose weights are learned: ``h = g*a + (1 - g)*b`` with ``g = sigmoid(W @ [a; b] + c)``.

    Parameters
    ----------
    weights, biases : str, float or array
        How W and c begin.

    Shapes
    ------
    (..., n) twice to (..., n); W has shape (n, 2*n), c shape (n,).

    Source
    ------
    Arevalo, Solorio, Montes-y-Gomez and Gonzalez (2017), Gated multimodal units, eq. 3 and 4.
    """

    kind: ClassVar[str] = "gated_sum"
    arity: ClassVar[int | None] = 2

    weights: Any = "glorot_uniform"
    biases: Any = 0.0

    def check(self) -> None:
        for given in (self.weights, self.biases):
            checked_initialiser(given)

    def build(self, builder: Builder, *values: Value) -> Value:
        a, b = values
        shape = _same_shape(values)
        n = features(a, "gated_sum")
        if builder.batch == "columns" and len(shape) > 1:
            builder.needs_rows("gated_sum over several axes")
        W = builder.parameter("W", (n, 2 * n), self.weights)
        c = builder.parameter("c", (n,), self.biases, is_weight=False)
        joined = builder.let("ab", f"concatenate(({a.name}, {b.name}), axis={builder.axis(a, -1)})")
        if builder.batch == "columns":
            z = builder.let("z", f"{W} @ {joined} + {c}[:, None]")
        elif builder.batch == "none" and len(shape) == 1:
            z = builder.let("z", f"{W} @ {joined} + {c}")
        else:
            z = builder.let("z", f"{joined} @ {W}.T + {c}")
        g = builder.let("g", f"sigmoid({z})")
        return Value(builder.let("h", f"{g}*{a.name} + (1 - {g})*{b.name}"), shape)


@dataclass(frozen=True)
class Bilinear(Layer):
    """A bilinear form of two values for each unit: ``z[k] = x1.T @ W[k] @ x2 + b[k]``.

    Parameters
    ----------
    units : int
    bias : bool
        Whether there is a b.
    weights, biases : str, float or array
        How W and b begin.

    Shapes
    ------
    (n1,) and (n2,) to (units,), an example each; W has shape (units, n1, n2).

    Source
    ------
    Tenenbaum and Freeman (2000), Separating style and content with bilinear models, eq. 1.
    """

    kind: ClassVar[str] = "bilinear"
    arity: ClassVar[int | None] = 2

    units: int
    bias: bool = True
    weights: Any = "glorot_uniform"
    biases: Any = 0.0

    def check(self) -> None:
        if self.units < 1:
            raise ArgumentError(f"layer bilinear: units is {self.units}; at least one is needed")
        for given in (self.weights, self.biases):
            checked_initialiser(given)

    def build(self, builder: Builder, *values: Value) -> Value:
        left, right = values
        n1, n2 = features(left, "bilinear"), features(right, "bilinear")
        if left.shape[:-1] != right.shape[:-1]:
            raise ShapeError(
                f"values may differ in their last axis only; {shape_text(left.shape)} and {shape_text(right.shape)} "
                "arrived"
            )
        builder.needs_rows("bilinear")
        W = builder.parameter("W", (self.units, n1, n2), self.weights, fan=(n1 * n2, self.units))
        text = f"einsum('...i,kij,...j->...k', {left.name}, {W}, {right.name})"
        if self.bias:
            text += f" + {builder.parameter('b', (self.units,), self.biases, is_weight=False)}"
        return Value(builder.let("z", text), (*left.shape[:-1], self.units))


def _same_shape(values: tuple[Value, ...]) -> tuple[Size, ...]:
    """Return the shape of all values, which has to be one."""
    if any(value.shape != values[0].shape for value in values):
        shapes = ", ".join(f"{value.name} {shape_text(value.shape)}" for value in values)
        raise ShapeError(f"values that are added have the same shape; {shapes} arrived")
    return values[0].shape
