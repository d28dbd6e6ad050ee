"""`del` statements: arrays that no later line needs are released, which Python does by itself only at the return.

A line gathers what has died since the one before. It stands where enough has, at the end of a segment of the forward
part, and before anything is computed again; none stands before the return, which releases all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

from symbackprop.emit.again import AGAIN
from symbackprop.emit.lines import Line

__all__ = ["DELETE", "Statement", "names_in", "released", "statements_of"]

DELETE = "del "
_GATHERED = 8  # names that a line which deletes waits for
_FEW = 2  # such names where every byte counts
_LONGEST = 12  # names in such a line
_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_TARGETS = re.compile(r"((?:\w+, )*\w+) = ")


@dataclass
class Statement:
    """A line, with those that stand below it where it begins a loop or branches."""

    lines: list[Line]
    assigned: list[str] = field(default_factory=list)  # the names that it binds, whatever they were before
    used: dict[str, None] = field(default_factory=dict)  # those that it speaks of beside

    @property
    def bound(self) -> list[str]:
        """The names that it binds, if only in a loop or in a branch."""
        return [*self.assigned, *(line.name for line in self.lines if line.depth and line.name)]

    @property
    def is_fresh(self) -> bool:
        """Whether what it binds shares memory with nothing else."""
        return self.lines[0].is_fresh

    @property
    def beside(self) -> tuple[str, ...]:
        """The names that may share memory all the same."""
        return self.lines[0].beside

    def add(self, line: Line) -> None:
        """Take in a line that belongs to the statement."""
        self.lines.append(line)
        self.used.update(names_in(f"{line.name} {line.text}"))


def statements_of(lines: Iterable[Line]) -> list[Statement]:
    """Return the statements that lines make up."""
    found: list[Statement] = []
    for line in lines:
        if found and (line.depth or line.text.startswith((" ", "else:", "elif "))):
            found[-1].add(line)
            continue
        text = f"{line.name} = {line.text}" if line.name else line.text
        if text.startswith("#"):
            found.append(Statement([line]))
            continue
        targets = _TARGETS.match(text)
        assigned = targets[1].split(", ") if targets else []
        found.append(Statement([line], assigned, names_in(text[targets.end() if targets else 0 :])))
    return found


def names_in(text: str) -> dict[str, None]:
    """Return the names in a text, in their order."""
    return dict.fromkeys(_NAME.findall(_QUOTED.sub("", text)))


def released(
    forward: Sequence[Line],
    backward: Sequence[Line],
    result: str,
    arrays: Set[str],
    kept: Set[str],
    *,
    at_once: bool = False,
) -> tuple[list[Line], list[Line]]:
    """Return the lines of both parts with those that delete `arrays`, names that mean nothing but arrays.

    Parameters
    ----------
    forward, backward : sequence of Line
    result : str
        What is returned.
    arrays : set of str
        What may be deleted.
    kept : set of str
        The names of values that end segments of the forward part.
    at_once : bool
        Whether lines that delete wait for few names, as where every byte counts.
    """
    first, second = statements_of(forward), statements_of(backward)
    statements = [*first, *second]
    dying = _dying(statements, result, arrays)
    parts: tuple[list[Line], list[Line]] = ([], [])
    waiting: list[str] = []
    enough = _FEW if at_once else _GATHERED
    bound: set[str] = set()
    for at, (statement, dead) in enumerate(zip(statements, dying, strict=True)):
        lines = parts[at >= len(first)]
        lines += statement.lines
        bound.update(statement.bound)
        waiting = [name for name in waiting if name not in statement.assigned] + [
            name for name in dead if name in bound
        ]
        following = statements[at + 1] if at + 1 < len(statements) else None
        ends = at + 1 == len(first) or not kept.isdisjoint(statement.assigned) or _is_again(following)
        if waiting and following is not None and (ends or len(waiting) >= enough):
            lines += [
                Line("", f"{DELETE}{', '.join(waiting[first_name : first_name + _LONGEST])}")
                for first_name in range(0, len(waiting), _LONGEST)
            ]
            waiting = []
    return parts


def _is_again(statement: Statement | None) -> bool:
    return statement is not None and statement.lines[0].text.startswith(AGAIN)


def _dying(statements: Sequence[Statement], result: str, arrays: Set[str]) -> list[list[str]]:
    """Return for each statement the arrays that no later one needs, in the order in which they are spoken of."""
    live = {*names_in(result)}
    dying: list[list[str]] = []
    for statement in reversed(statements):
        spoken = dict.fromkeys([*statement.used, *statement.assigned])
        dying.append([name for name in spoken if name in arrays and name not in live])
        live.difference_update(statement.assigned)
        live.update(statement.used)
    return dying[::-1]
