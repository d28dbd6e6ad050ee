"""Affine maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from symbackprop.errors import ArgumentError
from symbackprop.read.layers.activations import activated, checked_activation, default_initialiser
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.initialisers import checked_initialiser
from symbackprop.read.layers.layer import Layer, Value, check_not_negative, features

__all__ = ["Dense"]


@dataclass(frozen=True)
class Dense(Layer):
    """An affine map and an activation: ``z = W @ a + b``, ``a = f(z)``, with W of shape (n_out, n_in).

    Examples as rows are ``Z = A @ W.T + b``. Axes before the last (time, say) are mapped alike.

    Parameters
    ----------
    units : int
        n_out.
    activation : str
        f, see `Activation`.
    bias : bool
        Whether there is a b.
    weights, biases : str, float or array, optional
        How W and b begin; W by what suits the activation, b with zeros.
    l1, l2 : float
        Penalties ``l1 * sum(|W|) + l2 * sum(W**2)`` that the loss has besides.

    Shapes
    ------
    (..., n_in) to (..., units), an example each.

    At kinks
    --------
    The derivative of the penalty l1 at an entry of 0 is 0. Those of f are those of `Activation`.

    Source
    ------
    Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors, eqs. 1 and 2.
    """

    kind: ClassVar[str] = "dense"

    units: int
    activation: str = "identity"
    bias: bool = True
    weights: Any = None
    biases: Any = 0.0
    l1: float = 0.0
    l2: float = 0.0

    def check(self) -> None:
        if self.units < 1:
            raise ArgumentError(f"layer dense: units is {self.units}; at least one is needed")
        check_not_negative(self, "l1", "l2")
        checked_activation(self.activation)
        for given in (self.weights, self.biases):
            if given is not None:
                checked_initialiser(given)

    def build(self, builder: Builder, *values: Value) -> Value:
        (x,) = values
        n_in = features(x, "dense")
        weights = self.weights if self.weights is not None else default_initialiser(self.activation)
        W = builder.parameter("W", (self.units, n_in), weights, l1=self.l1, l2=self.l2)
        b = builder.parameter("b", (self.units,), self.biases, is_weight=False) if self.bias else ""
        shape = (*x.shape[:-1], self.units)
        if builder.batch == "columns" or (builder.batch == "none" and len(x.shape) == 1):
            if len(x.shape) != 1:
                raise ArgumentError("examples as columns have one axis each here; leave batch= as it is")
            text = f"{W} @ {x.name}"
            offset = f" + {b}[:, None]" if builder.batch == "columns" else f" + {b}"
        else:
            text, offset = f"{x.name} @ {W}.T", f" + {b}"
        z = builder.let("z", text + (offset if b else ""))
        return activated(builder, self.activation, Value(z, shape))
