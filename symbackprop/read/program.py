"""The postfix program that formula text is parsed to: instructions for a stack machine, so that nothing recurses.

| kind | value | operands on the stack |
| --- | --- | --- |
| NUMBER | int or float | |
| NAME | identifier, or dotted such as ``np.pi`` | |
| STRING | str | |
| CONSTANT | True, False, None, Ellipsis | |
| UNARY | ``+ - not ~`` | 1 |
| BINARY | ``+ - * / // % ** @ & |`` | 2 |
| COMPARE | tuple of operators of a chain | one more than operators |
| AND, OR | None | count |
| IFELSE | None | value if true, condition, value if false |
| CALL | (dotted name, keyword names) | count, keywords last |
| METHOD | (name, keyword names) | the receiver, then as CALL |
| ATTRIBUTE | name | 1 |
| SUBSCRIPT | None | the receiver and one index |
| SLICE | (has start, has stop, has step) | those present |
| TUPLE, LIST | None | count |
| ASSIGN | the operator before ``=``, or "" | an array, an index, what is written there |
| DERIVATIVE | a `read.differentiation.Differentiated` | |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Definition", "Instruction", "Program", "Statement", "Target"]

NUMBER = "number"
NAME = "name"
STRING = "string"
CONSTANT = "constant"
UNARY = "unary"
BINARY = "binary"
COMPARE = "compare"
AND = "and"
OR = "or"
IFELSE = "ifelse"
CALL = "call"
METHOD = "method"
ATTRIBUTE = "attribute"
SUBSCRIPT = "subscript"
SLICE = "slice"
TUPLE = "tuple"
LIST = "list"
ASSIGN = "assign"
DERIVATIVE = "derivative"


class Instruction(NamedTuple):
    """One step: what to do, with how many operands, and the span of text that it covers (end exclusive)."""

    kind: str
    value: object
    count: int  # type: ignore[assignment]
    start: int
    end: int


Target = str | tuple["Target", ...]  # what an assignment names: a value, or the parts of one


class Statement(NamedTuple):
    """``name = expression``, ``(a, b), c = expression``, or the result where `name` is None."""

    name: Target | None
    start: int
    end: int
    instructions: list[Instruction]


class Definition(NamedTuple):
    """``def name(parameters):`` and the statements below it, the last of which is what it returns."""

    name: str
    parameters: tuple[str, ...]
    start: int
    end: int
    statements: list[Statement | Definition]


class Program(NamedTuple):
    """A parsed formula."""

    text: str
    statements: list[Statement | Definition]


def names_given(statements: Sequence[Statement | Definition]) -> dict[str, int]:
    """Return the names that statements give to values, each with the number of the last one that does."""
    found: dict[str, int] = {}
    for number, statement in enumerate(statements):
        waiting = [] if isinstance(statement, Definition) or statement.name is None else [statement.name]
        while waiting:
            target = waiting.pop()
            if isinstance(target, str):
                found[target] = number
            else:
                waiting.extend(target)
    return found
