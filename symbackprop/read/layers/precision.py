"""Mixed precision: parameters in float32, layers in short floats, the loss in float32 again.

Gradients that are too small for float16 would be zeros, so the loss is made larger before the way back, by the input
``loss_scale``, and the gradients smaller by as much once they are float32 (Micikevicius and others, 2018). bfloat16 has
the range of float32 and needs no scale.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from symbackprop.ir.signature import ArgumentSpec
from symbackprop.read.layers.layer import Value

if TYPE_CHECKING:
    from symbackprop.read.layers.builder import Builder

__all__ = ["PRECISIONS", "Precision"]

PRECISIONS = ("full", "float16", "bfloat16")
_SCALE = "loss_scale"


@dataclass
class Precision:
    """What of a network computes in short floats.

    Parameters
    ----------
    name : {"full", "float16", "bfloat16"}
    has_loss : bool
        Whether the network ends in a loss.

    Attributes
    ----------
    masters : dict of str to str
        For a short copy of a parameter, an input or a state the name of what it is a copy of.
    """

    name: str = "full"
    has_loss: bool = True
    masters: dict[str, str] = field(default_factory=dict)
    _copies: dict[str, str] = field(default_factory=dict)

    @property
    def is_mixed(self) -> bool:
        """Whether anything is short."""
        return self.name != "full"

    @property
    def is_scaled(self) -> bool:
        """Whether the loss is scaled for the way back."""
        return self.name == "float16" and self.has_loss

    def of_parameter(self, builder: Builder, name: str) -> str:
        """Return the name of what layers compute with in place of a parameter."""
        return self._copy(builder, name, self._unscaled(builder, name))

    def of_input(self, builder: Builder, name: str) -> str:
        """Return the name of what layers compute with in place of an input or a state."""
        return self._copy(builder, name, self._unscaled(builder, name))

    def of_target(self, builder: Builder, name: str) -> str:
        """Return the name of what a loss computes with in place of an input of its own."""
        if not self.is_scaled:
            return name
        if name not in self._copies:
            self._copies[name] = builder.let_as(f"{name}_32", self._unscaled(builder, name))
        return self._copies[name]

    def _unscaled(self, builder: Builder, name: str) -> str:
        """Return the text of what everything is computed of, whose derivative is divided by the scale of the loss."""
        return f"scale_cotangent({name}, 1/{self._scale(builder)})" if self.is_scaled else name

    def finish(self, builder: Builder) -> None:
        """Let the scale of the loss be the last input."""
        if _SCALE in builder.inputs:
            builder.inputs[_SCALE] = builder.inputs.pop(_SCALE)

    def _copy(self, builder: Builder, name: str, text: str) -> str:
        if not self.is_mixed:
            return name
        if name not in self._copies:
            copy = builder.let_as(f"{name}_16", f"astype({text}, {self.name})")
            self._copies[name], self.masters[copy] = copy, name
        return self._copies[name]

    def _scale(self, builder: Builder) -> str:
        """Return the name of the input that the loss is multiplied by."""
        if _SCALE not in builder.inputs:
            builder.inputs[_SCALE] = ArgumentSpec(_SCALE, (), "float64")
        return _SCALE

    def master(self, builder: Builder, name: str) -> str:
        """Return the text of a value in the precision of the parameters."""
        return f"astype({name}, float32)" if self.is_mixed else name

    def widened(self, builder: Builder, value: Value) -> Value:
        """Return a value in the precision of the parameters, for a loss."""
        if not self.is_mixed or value.dtype != "float" or value.name in builder.losses:
            return value
        return value._replace(name=builder.let_as(f"wide_{value.name}", f"astype({value.name}, float32)"))

    def narrowed(self, text: str) -> str:
        """Return the text of a value in the precision of the layers, of what was computed `widened`."""
        return f"astype({text}, {self.name})" if self.is_mixed else text

    def result(self, builder: Builder, value: Value) -> Value:
        """Return what the network gives: its loss, whose way back begins with the scale, or its output."""
        if not self.is_mixed:
            return value
        if builder.loss is None:
            return self.widened(builder, value)
        if not self.is_scaled:
            return value
        scaled = builder.let_as("scaled_loss", f"scale_cotangent({value.name}, {self._scale(builder)})")
        return value._replace(name=scaled)
