"""Formula text to a postfix program: statements, each an expression or the assignment of one to a name.

Nothing is evaluated, and which functions exist is not known here.
"""

from __future__ import annotations

from symbackprop.errors import FormulaSyntaxError
from symbackprop.read import program as kinds
from symbackprop.read.expression import ExpressionParser
from symbackprop.read.program import Instruction, Program, Statement
from symbackprop.read.tokens import Token, tokenized

__all__ = ["parse"]


def parse(text: str, start: int = 0) -> Program:
    """Return the program of ``text[start:]``; spans count from the beginning of `text`.

    The result is the last expression, or what the last assignment assigned.

    Raises
    ------
    FormulaSyntaxError
        With the place, and what to write instead.
    """
    tokens = tokenized(text, start)
    statements: list[Statement] = []
    position = _skip_separators(tokens, 0)
    while tokens[position].kind != "end":
        statement, position = _statement(text, tokens, position)
        statements.append(statement)
        position = _skip_separators(tokens, position)
    if not statements:
        raise FormulaSyntaxError(
            "the formula is empty; write an expression such as w*x + b", text=text, span=(start, start)
        )
    for statement in statements[:-1]:
        if statement.name is None:
            raise FormulaSyntaxError(
                "only the last statement may be an expression; assign this one to a name, `name = ...`",
                text=text,
                span=(statement.start, statement.end),
            )
    last = statements[-1]
    if last.name is not None:
        result = Instruction(kinds.NAME, last.name, 0, last.start, last.end)
        statements.append(Statement(None, last.start, last.end, [result]))
    return Program(text, statements)


def _skip_separators(tokens: list[Token], position: int) -> int:
    while tokens[position].kind == "newline" or (tokens[position].kind == "op" and tokens[position].text == ";"):
        position += 1
    return position


def _statement(text: str, tokens: list[Token], position: int) -> tuple[Statement, int]:
    """Return the statement that begins at a token, and the position of the token behind it."""
    first = tokens[position]
    name = None
    written = _write_at(tokens, position)
    if written is not None:
        return _write(text, tokens, position, written)
    if first.kind == "name" and tokens[position + 1].kind == "op" and tokens[position + 1].text == "=":
        name = first.text
        position += 2
    expression = ExpressionParser(text, tokens, position)
    instructions = expression.parse()
    return Statement(name, first.start, expression.end, instructions), expression.position


_CHANGES = frozenset(("+", "-", "*", "/", "//", "%", "**"))


def _write_at(tokens: list[Token], position: int) -> int | None:
    """Return the position of the ``=``, or of the operator before it, of ``x[...] = value``; None where there is none."""
    if tokens[position].kind != "name" or tokens[position + 1].text != "[":
        return None
    depth, place = 0, position + 1
    while tokens[place].kind != "end":
        if tokens[place].kind == "op":
            depth += {"[": 1, "(": 1, "]": -1, ")": -1}.get(tokens[place].text, 0)
            if depth == 0:
                break
        place += 1
    following = tokens[place + 1] if place + 1 < len(tokens) else tokens[-1]
    if following.kind == "op" and following.text == "=":
        return place + 1
    if following.kind == "op" and following.text in _CHANGES:
        equals = tokens[place + 2]
        if equals.kind == "op" and equals.text == "=" and equals.start == following.end:
            return place + 1
    return None


def _write(text: str, tokens: list[Token], position: int, place: int) -> tuple[Statement, int]:
    """Return the statement ``x[...] = value``, which gives the name to a copy of the array with the part changed."""
    first, operator = tokens[position], tokens[place].text
    target = [*tokens[position:place], Token("end", "", tokens[place].start, tokens[place].start)]
    receiver = ExpressionParser(text, target, 0).parse()
    if receiver[-1].kind != kinds.SUBSCRIPT or receiver[0].kind != kinds.NAME:
        raise FormulaSyntaxError("only `name[index]` can be written to", text=text, span=(first.start, target[-1].end))
    expression = ExpressionParser(text, tokens, place + (1 if operator == "=" else 2))
    value = expression.parse()
    write = Instruction(kinds.ASSIGN, "" if operator == "=" else operator, 3, first.start, expression.end)
    statement = Statement(first.text, first.start, expression.end, [*receiver[:-1], *value, write])
    return statement, expression.position
