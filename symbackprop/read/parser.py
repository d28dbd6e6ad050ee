"""Formula text to a postfix program: statements, each an expression or the assignment of one to a name.

Nothing is evaluated, and which functions exist is not known here.
"""

from __future__ import annotations

from symbackprop.errors import FormulaSyntaxError
from symbackprop.read import program as kinds
from symbackprop.read.differentiation import with_functions_of_values
from symbackprop.read.expression import ExpressionParser
from symbackprop.read.program import Definition, Instruction, Program, Statement
from symbackprop.read.tokens import Token, tokenized

__all__ = ["parse"]

_DEEPEST = 32  # functions defined inside functions


def parse(text: str, start: int = 0) -> Program:
    """Return the program of ``text[start:]``; spans count from the beginning of `text`.

    The result is the last expression, or what the last assignment assigned.

    Raises
    ------
    FormulaSyntaxError
        With the place, and what to write instead.
    """
    tokens = tokenized(text, start)
    statements, _ = _block(text, tokens, 0, -1, 0)
    if not statements:
        raise FormulaSyntaxError(
            "the formula is empty; write an expression such as w*x + b", text=text, span=(start, start)
        )
    last = _with_result(text, statements, "assign this one to a name, `name = ...`")
    if isinstance(last, Definition):
        raise FormulaSyntaxError(
            f"the formula ends with the definition of {last.name}; end it with an expression",
            text=text,
            span=(last.start, last.end),
        )
    if last.name is not None:
        statements.append(Statement(None, last.start, last.end, _read_back(last.name, last.start, last.end)))
    return Program(text, with_functions_of_values(text, statements))


_DEEPEST = 32  # parentheses in an assignment's names, so that what follows may recurse


def _read_back(target: kinds.Target, start: int, end: int) -> list[Instruction]:
    """Return the instructions that gather what an assignment has named."""
    if isinstance(target, str):
        return [Instruction(kinds.NAME, target, 0, start, end)]
    parts = [instruction for part in target for instruction in _read_back(part, start, end)]
    return [*parts, Instruction(kinds.TUPLE, None, len(target), start, end)]


def _with_result(text: str, statements: list[Statement | Definition], hint: str) -> Statement | Definition:
    """Return the last statement, having refused any other that is a result."""
    for statement in statements[:-1]:
        if statement.name is None:
            raise FormulaSyntaxError(
                f"only the last statement may be an expression; {hint}",
                text=text,
                span=(statement.start, statement.end),
            )
    return statements[-1]


# --- blocks -----------------------------------------------------------------------------------------------------------


def _block(
    text: str, tokens: list[Token], position: int, outer: int, depth: int
) -> tuple[list[Statement | Definition], int]:
    """Return the statements of a block, whose lines begin to the right of column `outer`, and where it ends."""
    statements: list[Statement | Definition] = []
    column: int | None = None
    position = _skip_separators(tokens, position)
    while tokens[position].kind != "end":
        token = tokens[position]
        indent = _indent(text, token.start)
        if outer >= 0:
            if indent <= outer:
                break
            column = indent if column is None else column
            if indent != column:
                raise FormulaSyntaxError(
                    "the lines of a function begin in one column", text=text, span=(token.start, token.end)
                )
        if token.kind == "word" and token.text == "def":
            statement: Statement | Definition
            statement, position = _definition(text, tokens, position, indent, depth)
        elif token.kind == "word" and token.text == "return":
            if outer < 0:
                raise FormulaSyntaxError(
                    "`return` ends a function; end the formula with the expression itself",
                    text=text,
                    span=(token.start, token.end),
                )
            statement, position = _returned(text, tokens, position)
        else:
            statement, position = _statement(text, tokens, position)
        statements.append(statement)
        position = _skip_separators(tokens, position)
    return statements, position


def _indent(text: str, place: int) -> int:
    """Return how far the line of a place is indented."""
    begin = text.rfind("\n", 0, place) + 1
    line = text[begin:place]
    return len(line) - len(line.lstrip())


def _definition(text: str, tokens: list[Token], position: int, indent: int, depth: int) -> tuple[Definition, int]:
    """Return the function that a ``def`` defines."""
    start = tokens[position].start

    def error(message: str, token: Token) -> FormulaSyntaxError:
        return FormulaSyntaxError(message, text=text, span=(token.start, max(token.end, token.start + 1)))

    if depth == _DEEPEST:
        raise error(f"functions are defined inside functions deeper than {_DEEPEST}", tokens[position])
    name, opening = tokens[position + 1], tokens[position + 2]
    if name.kind != "name" or opening.text != "(":
        raise error("a function is defined as `def name(a, b):`", name)
    position, parameters = position + 3, []
    while tokens[position].text != ")":
        token = tokens[position]
        if token.kind != "name":
            raise error("the parameters of a function are names with commas between", token)
        if token.text in parameters:
            raise error(f"parameter {token.text} stands twice", token)
        parameters.append(token.text)
        position += 1
        if tokens[position].text == ",":
            position += 1
        elif tokens[position].text != ")":
            raise error("the parameters of a function are names with commas between", tokens[position])
    colon = tokens[position + 1]
    if colon.text != ":":
        raise error("a `:` is missing behind the parameters", colon)
    position += 2
    if tokens[position].kind == "newline":
        statements, position = _block(text, tokens, position, indent, depth + 1)
    else:
        statement, position = (_returned if tokens[position].text == "return" else _statement)(text, tokens, position)
        statements = [statement]
    if not statements:
        raise error(f"{name.text} has no lines below it that are indented further", name)
    last = _with_result(text, statements, "what a function returns ends it")
    if last.name is not None:
        raise error(f"{name.text} returns nothing; end it with `return ...`", name)
    return Definition(name.text, tuple(parameters), start, last.end, statements), position


def _returned(text: str, tokens: list[Token], position: int) -> tuple[Statement, int]:
    first = tokens[position]
    expression = ExpressionParser(text, tokens, position + 1)
    instructions = expression.parse()
    return Statement(None, first.start, expression.end, instructions), expression.position


def _skip_separators(tokens: list[Token], position: int) -> int:
    while tokens[position].kind == "newline" or (tokens[position].kind == "op" and tokens[position].text == ";"):
        position += 1
    return position


def _statement(text: str, tokens: list[Token], position: int) -> tuple[Statement, int]:
    """Return the statement that begins at a token, and the position of the token behind it."""
    first = tokens[position]
    written = _write_at(tokens, position)
    if written is not None:
        return _write(text, tokens, position, written)
    name, position = _target(tokens, position)
    expression = ExpressionParser(text, tokens, position)
    instructions = expression.parse()
    return Statement(name, first.start, expression.end, instructions), expression.position


def _target(tokens: list[Token], position: int) -> tuple[kinds.Target | None, int]:
    """Return what an assignment names, and the position behind its ``=``; None, and `position`, where there is none."""
    levels: list[list[kinds.Target]] = [[]]  # of parentheses that are open
    place, is_due = position, True  # whether a name or a parenthesis comes next
    while len(levels) <= _DEEPEST:
        token = tokens[place]
        place += 1
        if is_due and token.kind == "name":
            levels[-1].append(token.text)
            is_due = False
        elif token.kind != "op":
            break
        elif is_due and token.text == "(":
            levels.append([])
        elif not is_due and token.text == ",":
            is_due = True
        elif not is_due and token.text == ")" and len(levels) > 1:
            parts = levels.pop()
            levels[-1].append(tuple(parts) if len(parts) > 1 else parts[0])
        elif not is_due and token.text == "=" and len(levels) == 1:
            return (tuple(levels[0]) if len(levels[0]) > 1 else levels[0][0]), place
        else:
            break
    return None, position


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
