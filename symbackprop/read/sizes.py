"""The text of declarations and sizes: tokens, and integer expressions by precedence on an explicit stack.

Nothing is evaluated by Python. A size is an integer, a name, or ``+ - * // %``, ``min`` and ``max`` of sizes; blanks
around operators do not matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

from symbackprop.errors import FormulaSyntaxError, ShapeError, SymbackpropError
from symbackprop.ir.size import Size, maximum, minimum, named

__all__ = ["Piece", "pieces_of", "read_size"]

_PIECE = re.compile(r"(?P<blank>\s+)|(?P<number>[0-9]+)|(?P<name>[^\W\d]\w*)|(?P<symbol>\.\.\.|//|[-+*%()\[\],:])")
_LONGEST = 400  # pieces of one size
_LARGEST = 2**63 - 1
_CALLS: dict[str, Callable[..., Size]] = {"min": minimum, "max": maximum}
_LEVELS = {"+": 1, "-": 1, "*": 2, "//": 2, "%": 2, "negative": 3}
_ENDS = ("", "]", ":")
_EXAMPLE = "sizes are integers, names, or expressions such as n+1 and 2*n"


class Piece(NamedTuple):
    """A piece of a declaration: kind is ``number``, ``name``, ``symbol`` or, with an empty text, ``end``."""

    kind: str
    text: str
    start: int
    end: int


def pieces_of(text: str) -> list[Piece]:
    """Return the pieces of `text` without blanks, an ``end`` last; names in Python's normal form (NFKC)."""
    pieces: list[Piece] = []
    position = 0
    while position < len(text):
        match = _PIECE.match(text, position)
        if match is None:
            raise FormulaSyntaxError(
                f"{text[position]!r} has no place in a declaration; write names with shapes, such as X[n,d] w[d] b",
                text=text,
                span=(position, position + 1),
            )
        position = match.end()
        kind = str(match.lastgroup)
        if kind != "blank":
            piece = match.group()
            pieces.append(Piece(kind, unicodedata.normalize("NFKC", piece) if kind == "name" else piece, *match.span()))
    pieces.append(Piece("end", "", len(text), len(text)))
    return pieces


def read_size(pieces: Sequence[Piece], position: int, text: str) -> tuple[Size, int]:
    """Return the size that begins at a position among `pieces` of `text`, and the position behind it."""
    reader = _Reader(pieces, position)
    try:
        size = reader.read()
        if isinstance(size, int) and not 0 <= size <= _LARGEST:
            raise ShapeError(f"size {size} is {'negative' if size < 0 else 'too large'}; {_EXAMPLE}")
    except FormulaSyntaxError as error:
        piece = pieces[reader.position]
        raise error.located(text, (piece.start, piece.end)) from None
    except SymbackpropError as error:
        end = pieces[max(reader.position - 1, position)].end
        raise error.located(text, (pieces[position].start, end)) from None
    return size, reader.position


class _Reader:
    """The state of reading one size: operands, and the operators and parentheses that wait for theirs."""

    def __init__(self, pieces: Sequence[Piece], position: int) -> None:
        self.pieces = pieces
        self.position = position
        self.values: list[Size] = []
        self.waiting: list[str] = []
        self.counts: list[int] = []  # of the arguments of each open parenthesis, from the outermost
        self.is_operand_next = True

    def read(self) -> Size:
        first = self.position
        while self._operand() if self.is_operand_next else self._operator():
            self.position += 1
            if self.position - first > _LONGEST:
                raise ShapeError(f"a size has over {_LONGEST} parts; declare a name of its own for it")
        if self.counts:
            raise FormulaSyntaxError(f"a parenthesis is not closed; {_EXAMPLE}")
        self._reduce(0)
        (size,) = self.values
        return size

    def _operand(self) -> bool:
        kind, text, _, _ = self.pieces[self.position]
        if kind == "number":
            if len(text) > len(str(_LARGEST)):
                raise ShapeError(f"a size of {len(text)} digits is too large")
            self.values.append(int(text))
            self.is_operand_next = False
        elif text in _CALLS and self.pieces[self.position + 1].text == "(":
            self.position += 1
            self._open(text)
        elif kind == "name":
            self.values.append(named(text))
            self.is_operand_next = False
        elif text == "(":
            self._open(text)
        elif text == "-":
            self.waiting.append("negative")
        else:
            found = "here" if text in _ENDS else f"before {text!r}"
            raise FormulaSyntaxError(f"a size is missing {found}; {_EXAMPLE}")
        return True

    def _open(self, what: str) -> None:
        self.waiting.append(what)
        self.counts.append(1)

    def _operator(self) -> bool:
        """Take an operator or a closing parenthesis; tell whether the size goes on."""
        symbol = self.pieces[self.position].text
        if symbol in _LEVELS:
            self._reduce(_LEVELS[symbol])
            self.waiting.append(symbol)
            self.is_operand_next = True
        elif symbol == ")" and self.counts:
            self._reduce(0)
            self._close()
        elif symbol == "," and self.counts:
            self._reduce(0)
            if self.waiting[-1] == "(":
                raise FormulaSyntaxError(f"a comma stands in parentheses; {_EXAMPLE}")
            self.counts[-1] += 1
            self.is_operand_next = True
        else:
            return False
        return True

    def _close(self) -> None:
        opened, count = self.waiting.pop(), self.counts.pop()
        if opened in _CALLS:
            arguments = self.values[-count:]
            del self.values[-count:]
            self.values.append(_CALLS[opened](*arguments))

    def _reduce(self, level: int) -> None:
        """Apply the operators that bind at least as tightly as `level`, back to the last open parenthesis."""
        while self.waiting and _LEVELS.get(self.waiting[-1], -1) >= level:
            operator, right = self.waiting.pop(), self.values.pop()
            self.values.append(-right if operator == "negative" else _applied(operator, self.values.pop(), right))


def _applied(operator: str, left: Size, right: Size) -> Size:
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    if isinstance(right, int) and right == 0:
        raise ShapeError(f"size {left} is divided by 0")
    return left // right if operator == "//" else left % right
