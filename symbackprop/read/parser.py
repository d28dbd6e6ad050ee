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
    if first.kind == "name" and tokens[position + 1].kind == "op" and tokens[position + 1].text == "=":
        name = first.text
        position += 2
    expression = ExpressionParser(text, tokens, position)
    instructions = expression.parse()
    return Statement(name, first.start, expression.end, instructions), expression.position
