"""What losses have in common: a number an example, and how these become one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from symbackprop.errors import ArgumentError
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.layer import Layer, Value, features

__all__ = ["Loss", "SoftmaxCrossEntropy", "SquaredError"]


@dataclass(frozen=True)
class Loss(Layer):
    """The base of losses: one number an example, and how these become one number.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        Over the examples.
    sample_weight : bool
        Whether examples have weights, the input ``sample_weight``; the mean is then ``sum(w*l)/sum(w)``.
    target : str
        The name of the input that outputs are compared with.
    """

    reduction: Literal["mean", "sum", "none"] = "mean"
    sample_weight: bool = False
    target: str = "y"

    def check(self) -> None:
        if not self.target.isidentifier():
            raise ArgumentError(f"layer {self.kind}: target is {self.target!r}, which is not a name")

    def build(self, builder: Builder, *values: Value) -> Value:
        losses = self.per_example(builder, *values)
        return Value(builder.reduced(losses, self.reduction, self.sample_weight), ())

    def per_example(self, builder: Builder, *values: Value) -> str:
        """Return the text of the losses of all examples, a vector; a number for one example."""
        raise NotImplementedError


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """Cross-entropy of softmax: ``p = softmax(z)``, ``l = -sum(y*log(p))``, whose adjoint is ``p - y``.

    Parameters
    ----------
    labels : {"distribution", "index"}
        What `y` is: a distribution an example, which sums to 1, such as a row of 0 with one 1; or the number of a class.

    Shapes
    ------
    (..., classes) and y of the same shape, or without the last axis for indices.
    """

    kind: ClassVar[str] = "softmax_cross_entropy"

    labels: Literal["distribution", "index"] = "distribution"

    def per_example(self, builder: Builder, *values: Value) -> str:
        (z,) = values
        features(z, "softmax_cross_entropy")
        axis = builder.axis(z, -1)
        y = builder.input(self.target, z.shape)
        return f"logsumexp({z.name}, axis={axis}) - sum({y.name}*{z.name}, axis={axis})"


@dataclass(frozen=True)
class SquaredError(Loss):
    """Half the squared distance: ``l = sum((a - y)**2)/2``, whose adjoint is ``a - y``.

    Parameters
    ----------
    half : bool
        Whether it is halved.
    """

    kind: ClassVar[str] = "squared_error"

    half: bool = True

    def per_example(self, builder: Builder, *values: Value) -> str:
        (a,) = values
        y = builder.input(self.target, a.shape)
        axes = tuple(range(builder.leading, builder.leading + len(a.shape)))
        over = "" if builder.batch == "none" else f", axis={axes if len(axes) != 1 else axes[0]}"
        squared = f"({a.name} - {y.name})**2"
        return f"{'0.5*' if self.half else ''}{squared if not axes else f'sum({squared}{over})'}"
