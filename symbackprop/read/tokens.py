"""Splitting formula text into tokens with one regular expression, and saying what is wrong where it does not fit."""

from __future__ import annotations

import keyword
import re
import unicodedata
from typing import NamedTuple

from symbackprop.errors import FormulaSyntaxError

__all__ = ["Token", "tokenized"]

_LARGEST_TEXT = 64_000_000
_LONGEST_NUMBER = 400  # digits

_TOKEN = re.compile(
    r"[ \t]*(?:(?P<name>[^\W\d]\w*)"
    r"|(?P<number>0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+"
    r"|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?(?:[jJ]\b)?)"
    r"|(?P<wrong>&&|\|\||<>|=[<>]|===|<<|>>)"
    r"|(?P<op>\*\*|//|<=|>=|==|!=|\.\.\.|[-+*/%@<>()\[\],:=.;&|~])"
    r"|(?P<blank>[ \t\r\f]+|\\\r?\n|\#[^\n]*)"
    r"|(?P<newline>\n)"
    r"|(?P<string>'[^'\\\n]*'|\"[^\"\\\n]*\"))"
)
_GRAMMAR_WORDS = frozenset(("and", "or", "not", "if", "else", "True", "False", "None", "def", "return"))
_RESERVED = frozenset(keyword.kwlist) - _GRAMMAR_WORDS
_ASCII = {
    "\u2212": "-", "\u00d7": "*", "\u00b7": "*", "\u22c5": "*", "\u00f7": "/", "\u00b2": "**2", "\u00b3": "**3",
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2264": "<=", "\u2265": ">=", "\u2260": "!=",
}  # fmt: skip
_HINTS = {
    "^": "`^` is not a power here; write `**` (of conditions, write `!=` for `xor`)",
    "{": "sets and dicts are not part of formulas; write parentheses",
    "}": "sets and dicts are not part of formulas; write parentheses",
    "!": "`!` is not an operator; write `not` or `!=`",
    "`": "backquotes are not part of formulas",
    "$": "`$` is not part of formulas; names consist of letters, digits and underscores",
    "?": "`?` is not part of formulas; write `a if condition else b`",
    '"': "the text in quotes does not end on this line",
    "'": "the text in quotes does not end on this line (a derivative mark cannot be part of a name)",
}


_WRONG = {
    "&&": "write `and`",
    "||": "write `or`",
    "<>": "write `!=`",
    "=>": "write `>=`",
    "=<": "write `<=`",
    "===": "write `==`",
    "<<": "multiply by a power of 2",
    ">>": "divide by a power of 2",
}


class Token(NamedTuple):
    """A piece of text: kind is ``name``, ``number``, ``op``, ``newline``, ``string``, ``word`` or ``end``."""

    kind: str
    text: str
    start: int
    end: int


def tokenized(text: str, start: int = 0) -> list[Token]:
    """Return the tokens of ``text[start:]``, an ``end`` token last.

    Raises
    ------
    FormulaSyntaxError
        At the first character that begins no token.
    """
    if len(text) > _LARGEST_TEXT:
        raise FormulaSyntaxError(f"the formula has {len(text):,} characters; the limit is {_LARGEST_TEXT:,}")
    tokens: list[Token] = []
    append, make = tokens.append, tuple.__new__  # a third less time than calling Token
    position = start
    for match in _TOKEN.finditer(text, start):
        if match.start() != position:
            break
        kind = match.lastgroup
        piece = match[kind]  # type: ignore[index]
        position = end = match.end()
        if kind == "blank":
            continue
        begin = end - len(piece)
        if kind == "wrong":
            raise FormulaSyntaxError(f"`{piece}` is not an operator; {_WRONG[piece]}", text=text, span=(begin, end))
        if kind == "name" and (piece in _SPECIAL_WORDS or not piece.isascii() or piece.startswith("__")):
            append(_word(text, piece, begin, end))
        else:
            append(make(Token, (kind, piece, begin, end)))
    if position != len(text):
        raise _unexpected(text, position)
    append(Token("end", "", len(text), len(text)))
    return tokens


_SPECIAL_WORDS = _GRAMMAR_WORDS | _RESERVED


def _word(text: str, piece: str, begin: int, end: int) -> Token:
    """Return a word of the grammar, or a name normalised as Python does; refuse reserved and confusable ones."""
    if piece in _GRAMMAR_WORDS:
        return Token("word", piece, begin, end)
    if piece in _RESERVED:
        hint = _REFUSED.get(piece, f"rename the variable, for example `{piece}_`")
        raise FormulaSyntaxError(f"`{piece}` is a reserved word of Python; {hint}", text=text, span=(begin, end))
    if piece.startswith("__"):
        raise FormulaSyntaxError(
            f"names with two leading underscores, such as `{piece}`, are not available in formulas; rename it",
            text=text,
            span=(begin, end),
        )
    if not piece.isidentifier():
        wrong = next(i for i in range(len(piece)) if not piece[: i + 1].isidentifier())
        raise _unexpected(text, begin + wrong)
    for offset, character in enumerate(piece):
        if not character.isascii() and not _is_latin_or_greek(character):
            name = unicodedata.name(character, "unnamed character")
            raise FormulaSyntaxError(
                f"the name `{piece}` holds {character!r} ({name}), which looks like another letter or is of a script "
                "that formulas do not use; write it in Latin or Greek letters",
                text=text,
                span=(begin + offset, begin + offset + 1),
            )
    normal = unicodedata.normalize("NFKC", piece)
    if normal in _SPECIAL_WORDS:
        raise FormulaSyntaxError(f"`{piece}` reads as `{normal}`, a reserved word", text=text, span=(begin, end))
    return Token("name", normal, begin, end)


_REFUSED = {
    "lambda": "a function has a name in formulas: write `def f(x): return ...` above",
    "for": "comprehensions and loops are not part of formulas; use array operations such as sum(x)",
    "in": "membership is not part of formulas",
    "is": "write `==`",
    "import": "everything that a formula may use is there already",
}


def _is_latin_or_greek(character: str) -> bool:
    if character.isdigit() or unicodedata.category(character) in ("Mn", "Nd", "No"):
        return True
    return unicodedata.name(unicodedata.normalize("NFKC", character)[0], "").startswith(("LATIN", "GREEK"))


def _unexpected(text: str, position: int) -> FormulaSyntaxError:
    character = text[position]
    span = (position, position + 1)
    if character in _HINTS:
        return FormulaSyntaxError(_HINTS[character], text=text, span=span)
    if character in _ASCII:
        return FormulaSyntaxError(f"{character!r} is not ASCII; write `{_ASCII[character]}`", text=text, span=span)
    if character == "\\":
        return FormulaSyntaxError("a backslash may only stand at the end of a line", text=text, span=span)
    name = unicodedata.name(character, f"U+{ord(character):04X}")
    return FormulaSyntaxError(f"{character!r} ({name}) is not part of formulas; remove it", text=text, span=span)


def number_value(token: Token, text: str) -> int | float:
    """Return the number that a token denotes: an exact integer, or the double that a decimal is."""
    piece = token.text
    span = (token.start, token.end)
    if piece[-1] in "jJ":
        raise FormulaSyntaxError(f"`{piece}` is imaginary; formulas are over real numbers", text=text, span=span)
    if len(piece) > _LONGEST_NUMBER:
        raise FormulaSyntaxError(
            f"a number of {len(piece)} characters; the limit is {_LONGEST_NUMBER}", text=text, span=span
        )
    try:
        if piece[:2].lower() in ("0x", "0b", "0o"):
            return int(piece, 0)
        if piece.replace("_", "").isdigit():
            if piece[0] == "0" and piece.strip("0_"):
                raise ValueError
            return int(piece)
        value = float(piece)
    except ValueError:
        raise FormulaSyntaxError(f"`{piece}` is not a number", text=text, span=span) from None
    if value == float("inf"):
        raise FormulaSyntaxError(f"`{piece}` is larger than any float64; write inf for infinity", text=text, span=span)
    return value
