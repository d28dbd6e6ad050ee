"""What goes into a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from symbackprop.errors import ArgumentError
from symbackprop.ir.size import Size, named
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.layer import Layer, Value

__all__ = ["Input"]


@dataclass(frozen=True)
class Input(Layer):
    """An input of the network: an array with one example in each row.

    Parameters
    ----------
    shape : sequence of int or str
        The shape of one example; a name is a size that calls are free to choose: ``("t", 16)``.
    dtype : {"float", "int", "bool"}
        What the entries are.

    It is called ``x`` if it has no name of its own.
    """

    kind: ClassVar[str] = "input"
    arity: ClassVar[int | None] = 0

    shape: tuple[int | str, ...] = ()
    dtype: Literal["float", "int", "bool"] = "float"

    def check(self) -> None:
        for size in self.shape:
            if isinstance(size, str) and (not size.isidentifier() or size in ("m", "float", "int", "bool")):
                raise ArgumentError(f"layer input: {size!r} is not the name of a size (m is that of the examples)")
            if isinstance(size, int) and size < 0:
                raise ArgumentError(f"layer input: a size is {size}")

    def build(self, builder: Builder, *values: Value) -> Value:
        shape: tuple[Size, ...] = tuple(named(size) if isinstance(size, str) else size for size in self.shape)
        return builder.input(self.name or "x", shape, self.dtype)
