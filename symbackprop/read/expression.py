"""One expression to postfix instructions, by operator precedence with an explicit stack: no nesting is too deep.

The grammar is Python's. The span of an operation begins at a parenthesis, which tells ``(a + b) + c`` from ``a + b + c``.
"""

from __future__ import annotations

from symbackprop.errors import FormulaSyntaxError
from symbackprop.read import program as kinds
from symbackprop.read.dotted import is_dotted
from symbackprop.read.entries import Entry
from symbackprop.read.program import Instruction
from symbackprop.read.tokens import Token, number_value

__all__ = ["PYTHON_DTYPES", "ExpressionParser"]

PYTHON_DTYPES = frozenset(("bool", "float", "int"))  # words of Python that a dtype may be named by

_TERNARY, _OR, _AND, _NOT, _COMPARE, _UNARY, _POWER = 1, 2, 3, 4, 5, 12, 13
_BINARY = {"|": 6, "&": 8, "+": 10, "-": 10, "*": 11, "/": 11, "//": 11, "%": 11, "@": 11, "**": _POWER}
_COMPARISONS = frozenset(("<", "<=", ">", ">=", "==", "!="))
_CLOSING = {"(": ")", "[": "]"}


class ExpressionParser:
    """Parses the expression that begins at a token; afterwards `position` is that of the token behind it."""

    def __init__(self, text: str, tokens: list[Token], position: int) -> None:
        self.text = text
        self.tokens = tokens
        self.position = position
        self.entries: list[Entry] = []
        self.starts: list[int] = []  # where each operand on the stack begins
        self.out: list[Instruction] = []
        self.depth = 0
        self.end = 0  # where the last token taken ends
        self.items = 0  # of a tuple without parentheses, those before a comma

    def parse(self) -> list[Instruction]:
        """Return the instructions of all up to the end of the statement."""
        operand_next = True
        tokens = self.tokens
        while True:
            token = tokens[self.position]
            kind = token.kind
            if kind == "newline" and self.depth:
                self.position += 1
                continue
            if kind == "newline" or kind == "end" or token.text == ";":
                if self.depth and (kind == "end" or token.text == ";"):
                    bracket = next(entry for entry in reversed(self.entries) if entry.kind in _CLOSING)
                    raise self._error(f"this `{bracket.kind}` is not closed", bracket.place, bracket.place + 1)
                if not operand_next:
                    self._finish()
                elif not self.items or len(self.starts) > self.items or self.entries:
                    raise self._error("an operand is missing here", token.start, token.start + 1)
                if self.items:
                    self._gather(kinds.TUPLE, None, self.items, self.starts[0], self.end)
                return self.out
            self.position += 1
            operand_next = self._operand(token) if operand_next else self._operator(token)
            self.end = token.end

    def _finish(self) -> None:
        """Reduce what stands outside all brackets to one operand, an item where there are commas."""
        self._reduce(_TERNARY)
        if self.entries:
            entry = self.entries[-1]
            raise self._error("`if` without `else`; write `a if condition else b`", entry.start, entry.start + 2)
        if self.items:
            self.items += 1

    def _error(self, message: str, start: int, end: int) -> FormulaSyntaxError:
        return FormulaSyntaxError(message, text=self.text, span=(start, end))

    # --- where an operand is expected ---------------------------------------------------------------------------------

    def _operand(self, token: Token) -> bool:
        """Take a token where an operand is expected; return whether one still is."""
        kind, piece, start, end = token
        if kind == "name":
            return self._name(token)
        if kind == "number":
            self._push(kinds.NUMBER, number_value(token, self.text), start, end)
            return False
        if kind == "string":
            if not self.entries or self.entries[-1].callee is None:
                raise self._error("text in quotes may only be an argument of a function", start, end)
            self._push(kinds.STRING, piece[1:-1], start, end)
            return False
        if kind == "word":
            return self._word_operand(token)
        if piece in ("-", "+", "~"):
            self.entries.append(self._operator_entry("unary", _UNARY, token))
            return True
        if piece in _CLOSING:
            self._open(piece, start)
            return True
        if piece == "...":
            self._push(kinds.CONSTANT, Ellipsis, start, end)
            return False
        if piece in (")", "]"):
            return self._close(token, operand_missing=True)
        if piece == ":" and self._in_subscript():
            return self._colon(False)
        if piece == "," and self.entries and self.entries[-1].parts is not None:
            self._finish_item(self.entries[-1], False)
            self.entries[-1].tuple = True
            return True
        if piece == "=":
            raise self._error("`==` compares; a single `=` only follows a name at the start of a line", start, end)
        raise self._error(f"an operand is missing before `{piece}`", start, end)

    def _name(self, token: Token) -> bool:
        _, name, start, end = token
        following = self.tokens[self.position]
        if following.text == "." and following.kind == "op" and is_dotted(name, self.tokens[self.position + 1].text):
            name, end = self._dotted(name, end)
            following = self.tokens[self.position]
        if following.text == "(":
            self._open("(", start, (kinds.CALL, name))
            self.position += 1
            return True
        if following.text == "=" and following.kind == "op" and self.entries and self.entries[-1].kind == "(":
            entry = self.entries[-1]
            if entry.callee is not None:
                if name in entry.keywords:
                    raise self._error(f"keyword argument {name} is given twice", start, end)
                entry.keywords.append(name)
                self.position += 1
                return True
        kind = kinds.STRING if name in PYTHON_DTYPES and self._dtype_expected() else kinds.NAME
        self._push(kind, name, start, end)
        return False

    def _dtype_expected(self) -> bool:
        callee = self.entries[-1].callee if self.entries else None
        return callee is not None and (callee[1].endswith("astype") or self.entries[-1].keywords[-1:] == ["dtype"])

    def _dotted(self, name: str, end: int) -> tuple[str, int]:
        while self.tokens[self.position].text == ".":
            part = self.tokens[self.position + 1]
            if part.kind != "name":
                raise self._error("a name must follow the dot", part.start, max(part.end, part.start + 1))
            self._check_public(part)
            name, end = f"{name}.{part.text}", part.end
            self.position += 2
        return name, end

    def _word_operand(self, token: Token) -> bool:
        _, piece, start, end = token
        if piece == "not":
            if self.entries and self.entries[-1].level > _NOT:
                raise self._error("`not` binds less than the operator before it; put it in parentheses", start, end)
            self.entries.append(self._operator_entry("unary", _NOT, token))
            return True
        if piece in ("True", "False", "None"):
            self._push(kinds.CONSTANT, {"True": True, "False": False, "None": None}[piece], start, end)
            return False
        if piece in ("def", "return"):
            raise self._error(f"`{piece}` may only begin a line", start, end)
        raise self._error(f"an operand is missing before `{piece}`", start, end)

    def _push(self, kind: str, value: object, start: int, end: int) -> None:
        self.out.append(Instruction(kind, value, 0, start, end))
        self.starts.append(start)

    # --- where an operator is expected --------------------------------------------------------------------------------

    def _operator(self, token: Token) -> bool:
        """Take a token where an operator is expected; return whether an operand is expected next."""
        kind, piece, start, end = token
        if kind == "op":
            level = _BINARY.get(piece)
            if level is not None:
                if self.tokens[self.position].text == "=" and self.tokens[self.position].start == end:
                    raise self._error(
                        f"`{piece}=` is not part of formulas; write `name = name {piece} ...`", start, end + 1
                    )
                self._reduce(level + 1 if level == _POWER else level)
                self.entries.append(self._operator_entry("binary", level, token))
                return True
            if piece in _COMPARISONS:
                return self._chain("compare", _COMPARE, token)
            return self._punctuation(token)
        if kind == "word" and piece in ("and", "or"):
            return self._chain(piece, _AND if piece == "and" else _OR, token)
        if kind == "word" and piece == "if":
            self._reduce(_OR)
            if self.entries and self.entries[-1].kind == "if":
                raise self._error("a conditional inside a condition needs parentheses", start, end)
            self.entries.append(Entry("if", 0, start))
            return True
        if kind == "word" and piece == "else":
            return self._else(token)
        if kind == "word" and piece == "not":
            raise self._error("`not in` and a `not` after an operand are not part of formulas", start, end)
        raise self._error("an operator is missing; to multiply, write `*`", start, end)

    def _punctuation(self, token: Token) -> bool:
        _, piece, start, end = token
        if piece in (")", "]"):
            return self._close(token, operand_missing=False)
        if piece == ",":
            return self._comma(token)
        if piece == "(":
            raise self._error("only functions can be called; to multiply, write `*`", start, end)
        if piece == "[":
            entry = self._open("[", self.starts[-1], ("subscript", ""))
            entry.parts = None
            return True
        if piece == ".":
            return self._attribute()
        if piece == ":" and self._in_subscript():
            return self._colon(True)
        if piece == ":" and self.tokens[self.position].text == "=":
            raise self._error("`:=` is not part of formulas; assign on a line of its own", start, end + 1)
        if piece == "=":
            raise self._error(
                "`=` may only follow a single name at the start of a line; to compare, write `==`", start, end
            )
        raise self._error(f"`{piece}` is out of place here", start, end)

    def _attribute(self) -> bool:
        part = self.tokens[self.position]
        if part.kind != "name":
            raise self._error("a name must follow the dot", part.start, max(part.end, part.start + 1))
        self._check_public(part)
        self.position += 1
        start = self.starts[-1]
        if self.tokens[self.position].text == "(":
            entry = self._open("(", start, (kinds.METHOD, part.text))
            entry.count = 1
            self.position += 1
            return True
        self.out.append(Instruction(kinds.ATTRIBUTE, part.text, 1, start, part.end))
        return False

    def _check_public(self, part: Token) -> None:
        if part.text.startswith("_"):
            raise self._error(f"`{part.text}` is private and not available in formulas", part.start, part.end)

    def _chain(self, kind: str, level: int, token: Token) -> bool:
        self._reduce(level + 1)
        top = self.entries[-1] if self.entries else None
        if top is None or top.kind != kind:
            top = self._operator_entry(kind, level, token)
            top.operators = []
            top.count = 1
            self.entries.append(top)
        top.operators.append(token.text)
        top.count += 1
        return True

    def _else(self, token: Token) -> bool:
        self._reduce(_TERNARY)
        top = self.entries[-1] if self.entries else None
        if top is None or top.kind != "if":
            raise self._error("`else` without `if`", token.start, token.end)
        top.kind, top.level = "else", _TERNARY
        return True

    # --- brackets -----------------------------------------------------------------------------------------------------

    def _open(self, bracket: str, start: int, callee: tuple[str, str] | None = None) -> Entry:
        entry = Entry(bracket, 0, start)
        entry.callee = callee
        entry.place = self.tokens[self.position if callee and bracket == "(" else self.position - 1].start
        self.entries.append(entry)
        self.depth += 1
        return entry

    def _bracket(self, token: Token) -> Entry:
        """Reduce to the innermost open bracket and return it."""
        self._reduce(_TERNARY)
        if self.entries and self.entries[-1].kind == "if":
            entry = self.entries[-1]
            raise self._error("`if` without `else`; write `a if condition else b`", entry.start, entry.start + 2)
        if not self.entries or self.entries[-1].kind not in _CLOSING:
            raise self._error(f"`{token.text}` without an opening bracket", token.start, token.end)
        return self.entries[-1]

    def _in_subscript(self) -> bool:
        for entry in reversed(self.entries):
            if entry.kind in _CLOSING:
                return entry.kind == "[" and entry.callee is not None
        return False

    def _comma(self, token: Token) -> bool:
        if not self.depth:
            self._finish()
            self.items = self.items or 1
            return True
        entry = self._bracket(token)
        self._finish_item(entry, True)
        self._check_order(entry, token)
        entry.tuple = True
        return True

    def _check_order(self, entry: Entry, token: Token) -> None:
        """Refuse a positional argument behind a keyword argument."""
        if entry.keywords:
            entry.named += 1
        if len(entry.keywords) != entry.named:
            raise self._error("a positional argument follows a keyword argument", self.starts[-1], token.start)

    def _colon(self, has_part: bool) -> bool:
        token = self.tokens[self.position - 1]
        entry = self._bracket(token)
        entry.parts = [*(entry.parts or []), has_part]
        if len(entry.parts) > 2:
            raise self._error("a slice has at most three parts, start:stop:step", token.start, token.end)
        return True

    def _finish_item(self, entry: Entry, present: bool) -> None:
        """Count an item of a bracket, making a slice of it if it has colons."""
        if entry.parts is not None:
            parts = [*entry.parts, present, *[False] * (2 - len(entry.parts))]
            count = sum(parts)
            start = self.starts[-count] if count else self.end
            if count:
                del self.starts[-count:]
            self.out.append(Instruction(kinds.SLICE, tuple(parts), count, start, self.end))
            self.starts.append(start)
            entry.parts = None
        elif not present:
            return
        entry.count += 1

    def _close(self, token: Token, operand_missing: bool) -> bool:
        if operand_missing and self.entries and self.entries[-1].kind not in _CLOSING:
            raise self._error(f"an operand is missing before `{token.text}`", token.start, token.end)
        entry = self._bracket(token)
        if _CLOSING[entry.kind] != token.text:
            raise self._error(f"`{token.text}` does not close `{entry.kind}`", token.start, token.end)
        if operand_missing and entry.count and not entry.tuple and entry.parts is None and entry.callee is None:
            raise self._error(f"an operand is missing before `{token.text}`", token.start, token.end)
        if operand_missing and len(entry.keywords) > entry.named:
            raise self._error(f"keyword argument {entry.keywords[-1]} has no value", token.start, token.end)
        self._finish_item(entry, not operand_missing)
        if not operand_missing:
            self._check_order(entry, token)
        self.entries.pop()
        self.depth -= 1
        self._emit_bracket(entry, token)
        return False

    def _emit_bracket(self, entry: Entry, token: Token) -> None:
        count, start, end = entry.count, entry.start, token.end
        if entry.callee is not None and entry.callee[0] == "subscript":
            if count == 0:
                raise self._error("an index is missing", start, end)
            if entry.tuple:
                self._gather(kinds.TUPLE, None, count, self.starts[-count], token.start)
            self._gather(kinds.SUBSCRIPT, None, 2, start, end)
        elif entry.callee is not None:
            kind, name = entry.callee
            if len(entry.keywords) > count - (kind == kinds.METHOD):
                raise self._error("a keyword argument has no value", start, end)
            self._gather(kind, (name, tuple(entry.keywords)), count, start, end)
        elif entry.kind == "[":
            self._gather(kinds.LIST, None, count, start, end)
        elif entry.tuple or count == 0:
            self._gather(kinds.TUPLE, None, count, start, end)
        else:
            self.starts[-1] = start  # plain parentheses only move where the operand begins

    def _gather(self, kind: str, value: object, count: int, start: int, end: int) -> None:
        if count:
            del self.starts[-count:]
        self.out.append(Instruction(kind, value, count, start, end))
        self.starts.append(start)

    # --- reduction ----------------------------------------------------------------------------------------------------

    def _operator_entry(self, kind: str, level: int, token: Token) -> Entry:
        entry = Entry(kind, level, token.start)
        entry.operators.append(token.text)
        return entry

    def _reduce(self, level: int) -> None:
        """Write out the operators on top of the stack that bind at least as tightly as `level`."""
        entries, starts, out = self.entries, self.starts, self.out
        while entries and entries[-1].level >= level:
            entry = entries.pop()
            kind = entry.kind
            if kind == "binary":
                del starts[-1]
                out.append(Instruction(kinds.BINARY, entry.operators[0], 2, starts[-1], self.end))
            elif kind == "unary":
                starts[-1] = entry.start
                out.append(Instruction(kinds.UNARY, entry.operators[0], 1, entry.start, self.end))
            elif kind == "compare":
                self._gather(kinds.COMPARE, tuple(entry.operators), entry.count, starts[-entry.count], self.end)
            elif kind == "else":
                self._gather(kinds.IFELSE, None, 3, starts[-3], self.end)
            else:
                self._gather(
                    kinds.AND if kind == "and" else kinds.OR, None, entry.count, starts[-entry.count], self.end
                )
