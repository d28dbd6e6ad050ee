"""What a traced function did, as formula text: an expression an operation, written out once all are known.

An expression that is used once and has no name of its own stands where it is used; every other one is a statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = [
    "ATOM",
    "COMPARISON",
    "LOWEST",
    "POSTFIX",
    "POWER",
    "PRODUCT",
    "SUM",
    "UNARY",
    "Expression",
    "Written",
    "written",
]

# How tightly the last operation of an expression binds, as in `read.expression`.
LOWEST, COMPARISON, SUM, PRODUCT, UNARY, POWER, POSTFIX, ATOM = 0, 5, 10, 11, 12, 13, 14, 15
_LONGEST = 72  # characters that stand where they are used, and are no statement

Part = "str | tuple[Expression, int]"


class Expression:
    """An operation.

    Parameters
    ----------
    parts : sequence of str and (Expression, int)
        Its text; operands, each with how tightly it has to bind at least to stand without parentheses.
    level : int
        How tightly it binds itself.
    number : int
        Operands have lower numbers.
    name : str or None
        What the user's function calls it; for an input, its name.
    line : int
        Where in the user's file it stands.
    is_input : bool
        Whether it is there already.
    """

    __slots__ = ("is_input", "level", "line", "name", "number", "parts")

    def __init__(
        self,
        parts: Sequence[str | tuple[Expression, int]],
        level: int,
        number: int,
        name: str | None = None,
        line: int = 0,
        is_input: bool = False,
    ) -> None:
        self.parts = parts
        self.level = level
        self.number = number
        self.name = name
        self.line = line
        self.is_input = is_input


class Written(NamedTuple):
    """A formula, and for each of its statements the line of the user's file that it comes from, 0 for none."""

    text: str
    lines: tuple[int, ...]


def written(results: Expression, taken: Iterable[str]) -> Written:
    """Return the text of `results`, the operations it needs before it; no name is one of `taken`."""
    needed, uses = _needed(results)
    names = _Names(taken)
    texts: dict[Expression, tuple[str, int]] = {}
    statements: list[str] = []
    lines: list[int] = []
    for expression in needed:
        if expression.is_input:
            texts[expression] = str(expression.name), ATOM
            continue
        text = "".join(
            part if isinstance(part, str) else _operand(texts[part[0]], part[1]) for part in expression.parts
        )
        if expression is results:
            statements.append(text)
            lines.append(expression.line)
        elif expression.level == ATOM or (uses[expression] == 1 and expression.name is None and len(text) <= _LONGEST):
            texts[expression] = text, expression.level
        else:
            name = names.fresh(expression.name)
            statements.append(f"{name} = {text}")
            lines.append(expression.line)
            texts[expression] = name, ATOM
    return Written("\n".join(statements), tuple(lines))


def _needed(results: Expression) -> tuple[list[Expression], dict[Expression, int]]:
    """Return what `results` is made of, operands first, and how often each is used."""
    uses = {results: 1}
    waiting = [results]
    while waiting:
        for part in waiting.pop().parts:
            if isinstance(part, str):
                continue
            operand = part[0]
            if operand in uses:
                uses[operand] += 1
            else:
                uses[operand] = 1
                waiting.append(operand)
    return sorted(uses, key=lambda expression: expression.number), uses


def _operand(operand: tuple[str, int], level: int) -> str:
    text, own = operand
    return text if own >= level else f"({text})"


class _Names:
    """Gives each statement a name of its own."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._counts: dict[str, int] = {}

    def fresh(self, wanted: str | None) -> str:
        stem = wanted or "_t"  # what begins with an underscore only shares: printed code chooses its own name
        if wanted is not None and wanted not in self._taken:
            self._taken.add(wanted)
            return wanted
        number = self._counts.get(stem, 1 if wanted is None else 2)
        separator = "_" if wanted is not None and wanted[-1].isdigit() else ""
        while (name := f"{stem}{separator}{number}") in self._taken:
            number += 1
        self._counts[stem] = number + 1
        self._taken.add(name)
        return name
