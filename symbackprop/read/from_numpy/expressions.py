"""What a traced function did, as formula text: an expression an operation, written out once all are known.

An expression that is used once and has no name of its own stands where it is used; every other one is a statement.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import NamedTuple

from symbackprop.read.vocabulary import branches, derivatives, implicit, loops, odes, rules

__all__ = [
    "ATOM",
    "COMPARISON",
    "LOWEST",
    "MODULES",
    "POSTFIX",
    "POWER",
    "PRODUCT",
    "SUM",
    "UNARY",
    "Defined",
    "Expression",
    "Written",
    "written",
]

# How tightly the last operation of an expression binds, as in `read.expression`.
LOWEST, COMPARISON, SUM, PRODUCT, UNARY, POWER, POSTFIX, ATOM = 0, 5, 10, 11, 12, 13, 14, 15
MODULES = frozenset(("np", "numpy", "math", "scipy", "special", "linalg"))  # words that no variable can have
_CALLED = frozenset(  # words that are called with functions, which none of these can have as its name
    name for words in (branches, derivatives, implicit, loops, odes, rules) for name in words.FUNCTIONS
)
_LONGEST_SUM = 2000  # characters of the terms of a sum that others are added to
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
    is_write : bool
        Whether it is ``x[index] = value``, of which `x` is the first part.
    """

    __slots__ = ("is_input", "is_write", "level", "line", "name", "number", "parts")

    def __init__(
        self,
        parts: Sequence[str | tuple[Expression, int]],
        level: int,
        number: int,
        name: str | None = None,
        line: int = 0,
        is_input: bool = False,
        is_write: bool = False,
    ) -> None:
        self.parts = parts
        self.level = level
        self.number = number
        self.name = name
        self.line = line
        self.is_input = is_input
        self.is_write = is_write


class Defined(Expression):
    """A function of the formula, which loops run as their step.

    Parameters
    ----------
    title : str
        What it is called.
    groups : sequence of (str, list of Expression)
        Its parameters, and the leaves that each is unpacked to.
    result : Expression
        What it returns.
    start : int
        Operations with numbers up to this are outside of it.
    """

    __slots__ = ("groups", "result", "start", "title")

    def __init__(
        self, title: str, groups: Sequence[tuple[str, list[Expression]]], result: Expression, start: int, number: int
    ) -> None:
        self.title, self.groups, self.result, self.start = title, groups, result, start
        needed, _ = _needed(result, start)
        leaves = {leaf for _, group in groups for leaf in group}
        inside = {e for e in needed if e.number > start} | leaves
        outside = dict.fromkeys(
            part[0] for e in inside for part in e.parts if not isinstance(part, str) and part[0].number <= start
        )
        super().__init__([(expression, LOWEST) for expression in sorted(outside, key=lambda e: e.number)], ATOM, number)


class Written(NamedTuple):
    """A formula, and for each of its statements the line of the user's file that it comes from, 0 for none; its inputs."""

    text: str
    lines: tuple[int, ...]
    inputs: frozenset[str]


def written(results: Expression, taken: Iterable[str]) -> Written:
    """Return the text of `results`, the operations it needs before it; no name is one of `taken`."""
    return _Writer(results, _Names(taken), {}).written()


class _Writer:
    """Writes statement after statement."""

    def __init__(
        self, results: Expression, names: _Names, texts: Mapping[Expression, tuple[str, int]], start: int = -1
    ) -> None:
        self._results = results
        self._start = start
        self._needed, self._users = _needed(results, start)
        self._names = names
        self._texts: MutableMapping[Expression, tuple[str, int]] = ChainMap({}, texts)  # type: ignore[arg-type]
        self._statements: list[str] = []
        self._stated: set[Expression] = set()
        self._lines: list[int] = []

    def written(self) -> Written:
        for expression in self._needed:
            if isinstance(expression, Defined):
                self._define(expression)
            elif expression.is_input:
                self._texts.setdefault(expression, (str(expression.name), ATOM))
            elif expression.is_write:
                self._write(expression)
            else:
                self._value(expression, self._text(expression.parts))
        if self._results.is_write or self._results.is_input:
            self._state(self._texts[self._results][0], self._results)
        inputs = frozenset(str(expression.name) for expression in self._needed if expression.is_input)
        return Written("\n".join(self._statements), tuple(self._lines), inputs)

    def _define(self, function: Defined) -> None:
        """Write a function: its parameters unpacked, its statements, what it returns."""
        called = f"{function.title}_" if function.title in _CALLED else function.title
        name = self._names.fresh(called)
        parameters, first = [], []
        texts: dict[Expression, tuple[str, int]] = {}
        for parameter, leaves in function.groups:
            own = [self._names.fresh(leaf.name) for leaf in leaves]
            texts.update((leaf, (text, ATOM)) for leaf, text in zip(leaves, own, strict=True))
            parameters.append(own[0] if len(own) == 1 else self._names.fresh(parameter))
            if len(own) > 1:
                first.append(f"{', '.join(own)} = {parameters[-1]}")
        inner = _Writer(function.result, self._names, ChainMap(texts, self._texts), function.start)
        inside = inner.written()
        lines = [*first, *inside.text.split("\n")]
        lines[-1] = f"return {lines[-1]}"
        self._statements += [f"def {name}({', '.join(parameters)}):", *(f"    {line}" for line in lines)]
        self._lines += [inside.lines[0], *[0] * len(first), *inside.lines]
        self._stated.add(function)
        self._texts[function] = name, ATOM

    def _value(self, expression: Expression, text: str) -> None:
        if expression is self._results:
            self._state(text, expression)
        elif expression.name is None and (
            expression.level == ATOM or (len(self._users[expression]) == 1 and len(text) <= self._longest(expression))
        ):
            self._texts[expression] = text, expression.level
        else:
            name = self._names.fresh(expression.name)
            self._state(f"{name} = {text}", expression)
            self._texts[expression] = name, ATOM

    def _longest(self, expression: Expression) -> int:
        """Return how long the text may be where it is used: the terms of a sum stay together."""
        (user,) = self._users[expression]
        if isinstance(user, Defined):
            return -1  # what a step reads from outside has a name there
        is_begun = expression.level == user.level == SUM and user.parts[0] == (expression, SUM)
        return _LONGEST_SUM if is_begun else _LONGEST

    def _write(self, expression: Expression) -> None:
        """Write into an array under its name, or, where the array is needed as it was, under a new one."""
        base = expression.parts[0][0]
        assert isinstance(base, Expression)
        name, own = self._texts[base]
        if (
            base.is_input
            or base.number <= self._start
            or own != ATOM
            or not all(self._is_settled(u, expression) for u in self._users[base])
        ):
            fresh = self._names.fresh(expression.name or base.name)
            self._state(f"{fresh} = {name}", expression)
            name = fresh
        self._state(f"{name}{self._text(expression.parts[1:])}", expression)
        self._texts[expression] = name, ATOM

    def _is_settled(self, user: Expression, write: Expression) -> bool:
        """Tell whether a use of an array is computed before `write` changes what the array's name stands for."""
        while user is not write and user not in self._stated:
            if user.level == ATOM and not user.is_write and user in self._texts:
                return True  # a size, which stays
            users = self._users[user]
            if user not in self._texts or len(users) != 1:
                return False
            user = users[0]
        return True

    def _state(self, text: str, expression: Expression) -> None:
        self._stated.add(expression)
        self._statements.append(text)
        self._lines.append(expression.line)

    def _text(self, parts: Sequence[str | tuple[Expression, int]]) -> str:
        return "".join(part if isinstance(part, str) else _operand(self._texts[part[0]], part[1]) for part in parts)


def _needed(results: Expression, start: int = -1) -> tuple[list[Expression], dict[Expression, list[Expression]]]:
    """Return what `results` is made of, operands first, and what uses each.

    What has a number up to `start` is there already: it is no part of the result, and what it is made of is not looked at.
    """
    users: dict[Expression, list[Expression]] = {results: []}
    waiting = [results]
    while waiting:
        user = waiting.pop()
        for part in user.parts:
            if isinstance(part, str):
                continue
            operand = part[0]
            if operand not in users:
                users[operand] = []
                if operand.number > start:
                    waiting.append(operand)
            users[operand].append(user)
    return sorted((e for e in users if e.number > start), key=lambda expression: expression.number), users


def _operand(operand: tuple[str, int], level: int) -> str:
    text, own = operand
    return text if own >= level else f"({text})"


class _Names:
    """Gives each statement a name of its own."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._counts: dict[str, int] = {}

    def fresh(self, wanted: str | None) -> str:
        if wanted is not None and wanted.startswith("__"):
            wanted = f"_{wanted.strip('_')}"  # formulas have no names of Python's own machinery
        if wanted in MODULES:
            wanted = f"{wanted}_"
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
