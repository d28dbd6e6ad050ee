"""Lines of printed code."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from symbackprop.emit.names import Names
from symbackprop.emit.template import Code
from symbackprop.ir.node import Node, Shape
from symbackprop.ir.size import product

__all__ = [
    "BEFORE_COMMENT",
    "Blocks",
    "Buffer",
    "Line",
    "Made",
    "are_few",
    "in_groups",
    "mentions",
    "renamed",
    "renamed_all",
    "with_name",
]

T = TypeVar("T")
BEFORE_COMMENT = "\1"  # in lines whose text may still get shorter
_FEW = 16  # numbers of a row, over which NumPy would loop for each row
_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Buffer:
    """Memory for one array at a time; of `components` each lies in one piece, whose places the second axis counts."""

    name: str
    shape: Shape
    dtype: str
    components: bool = False


@dataclass(eq=False, slots=True)
class Blocks:
    """Buffers that are alike, in one array, for the loops over blocks that work in them one after the other.

    Parameters
    ----------
    each : Buffer
        One of them, with the name of the array.
    in_rows : bool
        Whether they are for rows of a block, of which the last may have fewer.
    names : list of str
        What the loops call them.
    """

    each: Buffer
    in_rows: bool
    names: list[str] = field(default_factory=list)

    def name_of(self, position: int, names: Names) -> str:
        """Return what the loops call one of them."""
        if position == len(self.names):
            self.names.append(names.numbered("b"))
        return self.names[position]

    @property
    def whole(self) -> Buffer:
        """The array of all of them, with rows of few numbers component by component: loops over these would be short."""
        few = self.in_rows and len(self.each.shape) > 1 and are_few(self.each.shape[1:])
        return replace(self.each, shape=(len(self.names), *self.each.shape), components=few)

    def taking(self, names: Sequence[str], rows: str) -> Line:
        """Return the line that takes the first of them, for so many rows."""
        part = ["0" if len(names) == 1 else f":{len(names)}", *([f":{rows}"] if self.in_rows else [])]
        return Line(", ".join(names), f"{self.each.name}[{', '.join(part)}]")


def are_few(shape: Shape) -> bool:
    """Tell whether a row has so few numbers that loops over these are short."""
    count = product(shape)
    return isinstance(count, int) and 1 < count <= _FEW


@dataclass(frozen=True, slots=True)
class Made:
    """What an array is made of: the text of a line before its operands were put in.

    Parameters
    ----------
    node : Node
        What the line computes.
    template : str
    operands : tuple of Code
    arrays : frozenset of int
        Which of the operands are arrays.
    """

    node: Node
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
    beside: tuple[str, ...] = ()  # but these names, which may share memory

    def indented(self) -> Line:
        """Return the line one level deeper."""
        return replace(self, depth=self.depth + 1)


def in_groups(items: Sequence[T], most: int) -> list[Sequence[T]]:
    """Return `items` in groups of so many at most."""
    return [items[start : start + most] for start in range(0, len(items), most)]


def renamed(line: Line, old: str, new: str) -> Line:
    """Return `line` with another name for a variable."""
    return replace(line, name=with_name(line.name, old, new), text=with_name(line.text, old, new))


def renamed_all(line: Line, names: Mapping[str, str]) -> Line:
    """Return `line` with other names for some variables."""

    def new(text: str) -> str:
        return _WORD.sub(lambda word: names.get(word.group(), word.group()), text)

    return replace(line, name=new(line.name), text=new(line.text)) if names else line


def mentions(text: str, name: str) -> bool:
    """Tell whether code speaks of a variable."""
    return re.search(_variable(name), text) is not None


def with_name(text: str, old: str, new: str) -> str:
    """Return code with another name for a variable."""
    return re.sub(_variable(old), new, text)


def _variable(name: str) -> str:
    return rf"(?<![\w.]){re.escape(name)}\b"
