"""What tells the steps of a sequence apart, for layers that do not know their order."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Literal

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.initialisers import checked_initialiser
from symbackprop.read.layers.layer import Layer, Value, features, with_rank

__all__ = ["Positions"]


@dataclass(frozen=True)
class Positions(Layer):
    """A vector for each position, added to the step that is there: ``a_t = x_t + P_t``.

    Parameters
    ----------
    encoding : {"sinusoidal", "learned"}
        ``P_(t, 2*i) = sin(t/base**(2*i/features))`` and ``P_(t, 2*i + 1) = cos(t/base**(2*i/features))`` (Vaswani and
        others, 2017, section 3.5); or the parameter P.
    length : int, optional
        How many positions a learned P has: the most that a sequence may have of steps.
    base : float
    weights : str, float or array
        How P begins.

    Shapes
    ------
    (t, features), an example each; a learned P has shape (length, features).
    """

    kind: ClassVar[str] = "positions"

    encoding: Literal["sinusoidal", "learned"] = "sinusoidal"
    length: int | None = None
    _: KW_ONLY
    base: float = 10000.0
    weights: Any = "normal(0.02)"

    def check(self) -> None:
        if (self.length is None) == (self.encoding == "learned"):
            raise ArgumentError("layer positions: learned positions have a length, and sinusoidal ones have none")
        if self.length is not None and self.length < 1:
            raise ArgumentError(f"layer positions: length is {self.length}; at least one position is needed")
        if not 0.0 < self.base < float("inf"):
            raise ArgumentError(f"layer positions: base is {self.base}; it is a number above 0")
        checked_initialiser(self.weights)

    def build(self, builder: Builder, *values: Value) -> Value:
        (x,) = values
        builder.needs_rows(self.kind)
        with_rank(x, 2, self.kind, "time and features")
        steps = f"{x.name}.shape[{builder.leading}]"
        P = self._sinusoidal(builder, x, steps) if self.length is None else self._learned(builder, x, steps)
        return Value(builder.let("a", f"{x.name} + {P}"), x.shape)

    def _sinusoidal(self, builder: Builder, x: Value, steps: str) -> str:
        count = features(x, self.kind)
        pairs = (count + 1) // 2
        rates = builder.let("rates", f"{self.base!r}**(-2.0*arange({pairs})/{count})")
        angles = builder.let("angles", f"arange({steps})[:, None]*{rates}")
        P = f"reshape(stack((sin({angles}), cos({angles})), axis=-1), ({steps}, {2 * pairs}))"
        return builder.let("P", P if count % 2 == 0 else f"{P}[:, :{count}]")

    def _learned(self, builder: Builder, x: Value, steps: str) -> str:
        assert self.length is not None
        if isinstance(x.shape[0], int) and x.shape[0] > self.length:
            raise ShapeError(f"there are {self.length} positions (length), and {x.shape[0]} steps arrive")
        P = builder.parameter("P", (self.length, features(x, self.kind)), self.weights, is_weight=False)
        return f"{P}[:{steps}]"
