"""Lines of printed code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from symbackprop.emit.template import Code
from symbackprop.ir.node import Apply, Shape

__all__ = ["Buffer", "Line", "Made", "in_groups", "mentions", "renamed", "with_name"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Buffer:
    """Memory for one array at a time."""

    name: str
    shape: Shape
    dtype: str


@dataclass(frozen=True, slots=True)
class Made:
    """What an array is made of: the text of a line before its operands were put in.

    Parameters
    ----------
    node : Apply
        What the line computes.
    template : str
    operands : tuple of Code
    arrays : frozenset of int
        Which of the operands are arrays.
    """

    node: Apply
    template: str
    operands: tuple[Code, ...]
    arrays: frozenset[int]


@dataclass(slots=True)
class Line:
    """One assignment, or a statement that is its text alone; `comment` names the forward line that an adjoint comes from."""

    name: str
    text: str
    comment: str = ""
    depth: int = 0  # of the loops and branches that it stands in
    made: Made | None = None  # of an array that calls can write into memory that is given
    is_fresh: bool = False  # whether what it computes shares memory with nothing else

    def indented(self) -> Line:
        """Return the line one level deeper."""
        return replace(self, depth=self.depth + 1)


def in_groups(items: Sequence[T], most: int) -> list[Sequence[T]]:
    """Return `items` in groups of so many at most."""
    return [items[start : start + most] for start in range(0, len(items), most)]


def renamed(line: Line, old: str, new: str) -> Line:
    """Return `line` with another name for a variable."""
    return replace(line, name=with_name(line.name, old, new), text=with_name(line.text, old, new))


def mentions(text: str, name: str) -> bool:
    """Tell whether code speaks of a variable."""
    return re.search(_variable(name), text) is not None


def with_name(text: str, old: str, new: str) -> str:
    """Return code with another name for a variable."""
    return re.sub(_variable(old), new, text)


def _variable(name: str) -> str:
    return rf"(?<![\w.]){re.escape(name)}\b"
