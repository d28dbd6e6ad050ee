"""Statements of formula text under names that are free, and where the axes of arrays are in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from keyword import iskeyword

from symbackprop.errors import ArgumentError
from symbackprop.ir.size import Size, named, to_text
from symbackprop.read.layers.layer import Value
from symbackprop.read.vocabulary import FUNCTIONS

__all__ = ["BATCHES", "DTYPES", "Statements"]

BATCHES = ("rows", "columns", "none")
DTYPES = {"float": "float64", "int": "int64", "bool": "bool"}


@dataclass(kw_only=True)
class Statements:
    """The part of a builder that writes.

    Attributes
    ----------
    batch : str
        ``"rows"``, ``"columns"`` or ``"none"``: where the axis of the examples stands, if there is one.
    statements : list of str
        The formula.
    """

    batch: str = "rows"
    statements: list[str] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)
    _names: list[str] = field(default_factory=list)  # of values, in the order of their statements
    _suffix: str = ""  # what the names of the layer that is written end in

    def _fresh(self, name: str) -> str:
        """Return `name`, or with a number behind it that tells it from others."""
        chosen, number = name, 1
        while chosen in self._taken or iskeyword(chosen):
            number += 1
            chosen = f"{name}_{number}"
        self._taken.add(chosen)
        return chosen

    def let(self, stem: str, text: str) -> str:
        """Write ``stem1 = text`` and return the name."""
        return self.let_as(f"{stem}{self._suffix}", text)

    def let_as(self, name: str, text: str) -> str:
        """Write ``name = text`` and return the name, or one like it that is free."""
        name = self._fresh(name)
        self._names.append(name)
        self.statements.append(f"{name} = {text}")
        return name

    def define(self, stem: str, parameters: Sequence[str], lines: Sequence[str]) -> str:
        """Write a function, whose last line is what it returns, and return its name."""
        name = f"{stem}{self._suffix}"
        name = self._fresh(f"{name}_layer" if name in FUNCTIONS else name)  # which later layers may call
        body = "\n".join(f"    {line}" for line in (*lines[:-1], f"return {lines[-1]}"))
        self.statements.append(f"def {name}({', '.join(parameters)}):\n{body}")
        return name

    def unpack(self, stems: Sequence[str], text: str) -> list[str]:
        """Write ``a1, b1 = text`` and return the names."""
        names = [self._fresh(f"{stem}{self._suffix}") for stem in stems]
        self.statements.append(f"{', '.join(names)} = {text}")
        return names

    # --- where the axes are -------------------------------------------------------------------------------------------

    def full(self, shape: tuple[Size, ...]) -> tuple[Size, ...]:
        """Return the shape of all examples together, given that of one."""
        m = named("m")
        return {"rows": (m, *shape), "columns": (*shape, m), "none": shape}[self.batch]

    def example(self, shape: tuple[Size, ...]) -> tuple[Size, ...] | None:
        """Return the shape of one example, given that of all together; None where there is no axis of examples."""
        m = named("m")
        if self.batch == "none":
            return shape
        if not shape or shape[0 if self.batch == "rows" else -1] != m:
            return None
        return shape[1:] if self.batch == "rows" else shape[:-1]

    def dtype(self, value: Value) -> str:
        """Return the dtype of a value as declarations say it."""
        return DTYPES[value.dtype]

    def text(self, size: Size) -> str:
        """Return a size as formula text."""
        return to_text(size)

    @property
    def leading(self) -> int:
        """How many axes stand before those of an example."""
        return 1 if self.batch == "rows" else 0

    def axis(self, value: Value, axis: int) -> int:
        """Return which axis of the whole array is axis `axis` of an example, counted from its end if it is negative."""
        return axis % max(1, len(value.shape)) + self.leading

    def needs_rows(self, what: str) -> None:
        """Raise an error where examples are columns, which `what` does not know."""
        if self.batch == "columns":
            raise ArgumentError(f"{what} is not written for examples as columns; leave batch= as it is, or 'none'")
