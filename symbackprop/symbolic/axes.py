"""Indices of sums as axes of arrays: index number k lies k from the right, so that terms broadcast as they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from symbackprop.symbolic.code import PRODUCT, Code
from symbackprop.symbolic.names import is_usable
from symbackprop.symbolic.writer import Writer

__all__ = ["Axis", "condition_of", "set_condition"]


@dataclass(frozen=True, eq=False)
class Axis:
    """An index that runs from `start` to just before `stop`, along the axis that is `position` from the right.

    Parameters
    ----------
    symbol : sympy.Symbol
        The index.
    start, stop : sympy.Expr
        In sizes and numbers alone: the largest range, where the limits depend on other indices.
    whole : bool
        Whether its values are written as integers, for positions in arrays, or as real numbers.
    """

    symbol: Any
    start: Any
    stop: Any
    position: int
    whole: bool = False

    def write(self, writer: Writer) -> Code:
        """Write its values, along its axis; they are a statement of their own, named after it."""
        kept: dict[Axis, Code] = writer.memory.setdefault("indices", {})
        if self not in kept:
            size_text = writer.memory["sizes"].text
            start, stop = size_text(self.start), size_text(self.stop)
            text = f"arange({stop.text})" if self.start == 0 else f"arange({start.text}, {stop.text})"
            text += _behind(self.position)
            if not self.whole:
                text = f"1.0*{text}"
            name = self.symbol.name if is_usable(self.symbol.name) and not self.whole else None
            kept[self] = writer.statement(Code(text, PRODUCT, 1 << self.position), name)
        return kept[self]

    def as_whole(self, writer: Writer) -> Axis:
        """Return the index with integers as values."""
        kept: dict[Axis, Axis] = writer.memory.setdefault("whole", {})
        if self not in kept:
            kept[self] = Axis(self.symbol, self.start, self.stop, self.position, whole=True)
        return kept[self]


def _behind(axes: int) -> str:
    """Return the index that puts axes of length 1 behind the first."""
    return f"[:{', None' * axes}]" if axes else ""


def set_condition(writer: Writer, axis: Axis, condition: Code) -> None:
    """Note where, of its largest range, an index lies between limits that depend on outer indices."""
    for one in (axis, axis.as_whole(writer)):
        writer.memory.setdefault("conditions", {})[one] = condition


def condition_of(writer: Writer, axis: Axis) -> Code | None:
    """Return where an index lies between its limits; None where it does for its whole range."""
    found: Code | None = writer.memory.get("conditions", {}).get(axis)
    return found
