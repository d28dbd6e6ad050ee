"""The text form of a spec: a line a layer.

    # a comment
    network batch=columns                 settings of the whole, if there are any
    input 784
    hidden = dense 256 tanh l2=1e-4       a name, the kind, options by position and by name
    dense 10 from=hidden
    loss softmax_cross_entropy

Options are numbers, ``true`` and ``false``, words, and sequences with commas: ``from=a,b``, ``size=3,3``. Blocks
(`residual`, `repeat 3`) hold the lines that are indented below them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from symbackprop.errors import ArgumentError, FormulaSyntaxError, SymbackpropError
from symbackprop.read.layers.custom import FunctionLayer
from symbackprop.read.layers.kinds import is_loss, kind_of
from symbackprop.read.layers.layer import Layer, option_fields
from symbackprop.read.layers.making import SPELLINGS, check_setting, made, spelled, unspelled

__all__ = ["is_spec_text", "read_spec_text", "spec_text"]

_BEGINNING = re.compile(
    r"(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*(?:network\b[^\n]*\n\s*)?(?:\w+[ \t]*=[ \t]*)?"
    r"input[ \t]*(?:$|[\n#]|(?<=[ \t])(?!(?:if|in|and|or|is|not)\b)\w)"
)
_TOKEN = re.compile(r"[^\s()#,]+(?:\([^()\n#]*\))?(?:,(?:[^\s()#,]+(?:\([^()\n#]*\))?)?)*")
_NAMED = re.compile(r"(\w+)[ \t]*=[ \t]*(?=[A-Za-z])")
_DTYPES = ("float", "int", "bool")
_FIELDS = {word: name for name, word in SPELLINGS.items()}


class _Line(NamedTuple):
    """A line that holds something."""

    indent: int
    start: int  # of what is on it, in the text
    end: int
    text: str


def is_spec_text(text: str) -> bool:
    """Tell whether text is a layer spec: it begins with an input, as no formula does."""
    return _BEGINNING.match(text) is not None


def read_spec_text(text: str) -> tuple[dict[str, Any], list[Layer]]:
    """Return the settings and the layers of a spec.

    Raises
    ------
    FormulaSyntaxError, UnknownNameError, ArgumentError
        With the line.
    """
    lines = _lines(text)
    settings: dict[str, Any] = {}
    if lines and lines[0].text.split()[0] == "network":
        settings = _settings(text, lines.pop(0))
    layers, at = _block(text, lines, 0, lines[0].indent if lines else 0)
    assert at == len(lines)
    return settings, layers


def _lines(text: str) -> list[_Line]:
    found = []
    offset = 0
    for line in text.split("\n"):
        held = line.split("#")[0].rstrip()
        inside = held.lstrip()
        if inside:
            start = offset + len(held) - len(inside)
            indent = len(held[: len(held) - len(inside)].expandtabs(8))
            found.append(_Line(indent, start, offset + len(held), inside))
        offset += len(line) + 1
    return found


def _block(text: str, lines: Sequence[_Line], at: int, indent: int, depth: int = 0) -> tuple[list[Layer], int]:
    """Return the layers on lines that are indented alike, and which line comes next; blocks are as deep as people write."""
    layers: list[Layer] = []
    while at < len(lines) and lines[at].indent >= indent:
        line = lines[at]
        if line.indent > indent:
            raise FormulaSyntaxError(
                "this line is indented, and nothing above it holds lines", text=text, span=line[1:3]
            )
        if depth > 32:
            raise FormulaSyntaxError("blocks are nested deeper than 32", text=text, span=line[1:3])
        body: list[Layer] | None = None
        after = at + 1
        if after < len(lines) and lines[after].indent > indent:
            body, after = _block(text, lines, after, lines[after].indent, depth + 1)
        try:
            layers.append(_layer(line, body))
        except SymbackpropError as error:
            raise error.located(text, (line.start, line.end)) from None
        at = after
    if at < len(lines) and depth == 0:
        line = lines[at]
        raise FormulaSyntaxError("this line is indented less than the first one", text=text, span=line[1:3])
    return layers, at


def _layer(line: _Line, body: list[Layer] | None) -> Layer:
    """Return the layer on a line."""
    words = line.text
    name = None
    found = _NAMED.match(words)
    if found is not None:
        name, words = found[1], words[found.end() :]
    tokens = _tokens(words)
    word = tokens.pop(0)
    if word == "loss":
        if not tokens:
            raise FormulaSyntaxError("loss needs the name of a loss, such as softmax_cross_entropy")
        word = tokens.pop(0)
        if not is_loss(kind_of(word)):
            raise FormulaSyntaxError(f"{word!r} is a layer, not a loss")
    kind, given = spelled(word)
    positions = [
        field.name for field in option_fields(kind) if not field.kw_only and field.name not in ("body", *given)
    ]
    for token in tokens:
        option, equals, value = token.partition("=")
        if equals and option.isidentifier():
            option = _FIELDS.get(option, option)
            if option in given:
                raise ArgumentError(f"{option} is given twice")
            given[option] = _value(value)
            positions = [other for other in positions if other != option]
        elif positions[:1] == ["shape"] and token not in _DTYPES:  # which takes all sizes that follow
            given[positions[0]] = (*given.get(positions[0], ()), *_sequence(_value(token)))
        elif positions := [other for other in positions if token not in _DTYPES or other != "shape"]:
            given[positions.pop(0)] = _value(token)
        else:
            raise ArgumentError(f"{word} takes no further option without a name; {token!r} is left over")
    if body is not None:
        given["body"] = body
    if name is not None:
        given["name"] = name
    return made(kind, given, place=(line.start, line.end))


def _sequence(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _tokens(words: str) -> list[str]:
    """Return the words on a line."""
    words = re.sub(r"(?<=\w)[ \t]*=[ \t]*(?=\S)", "=", words)
    words = re.sub(r"[ \t]*,[ \t]*", ",", words)
    tokens = _TOKEN.findall(words)
    if "".join(tokens) != re.sub(r"\s", "", words):
        raise FormulaSyntaxError("this line cannot be read: a layer, then options by position or as name=value")
    return tokens


def _settings(text: str, line: _Line) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    try:
        for token in _tokens(line.text)[1:]:
            name, _, value = token.partition("=")
            check_setting(name)
            if name in settings:
                raise ArgumentError(f"{name} is given twice")
            settings[name] = _value(value)
    except SymbackpropError as error:
        raise error.located(text, (line.start, line.end)) from None
    return settings


def _value(text: str) -> Any:
    """Return an option as a number, a truth value, a word or several of these."""
    parts = re.findall(r"[^,()]+(?:\([^()]*\))?|(?<=,)(?=,)|^(?=,)", text)
    if "," in re.sub(r"\([^()]*\)", "", text):
        return tuple(_one(part) for part in parts if part)
    return _one(text)


def _one(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def spec_text(settings: Mapping[str, Any], layers: Sequence[Layer]) -> str:
    """Return settings and layers as text, which reads back as the same."""
    lines = []
    if settings:
        lines.append(" ".join(["network", *(f"{name}={_word(value)}" for name, value in settings.items())]))
    _write(layers, 0, lines)
    return "\n".join(lines) + "\n"


def _write(layers: Sequence[Layer], indent: int, lines: list[str]) -> None:
    for layer in layers:
        lines.append("    " * indent + _line_text(layer))
        _write(getattr(layer, "body", ()), indent + 1, lines)


def _line_text(layer: Layer) -> str:
    word, said = unspelled(layer)
    if isinstance(layer, FunctionLayer):  # what it is made of goes by its name
        word, said = f"function {layer.name_of_function}", ("function", "parameters", "weights")
    words = ["loss", word] if is_loss(type(layer)) else [word]
    in_order = True
    for field in option_fields(type(layer)):
        value = getattr(layer, field.name)
        if field.name in ("body", "name", *said):
            continue
        if value == field.default or value == ():
            in_order = False
            continue
        if field.name == "shape":
            words += map(_word, value)
        else:
            in_order = in_order and not field.kw_only and not isinstance(value, (bool, tuple))
            words.append(_word(value) if in_order else f"{SPELLINGS.get(field.name, field.name)}={_word(value)}")
    return (f"{layer.name} = " if layer.name else "") + " ".join(words)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        if any(isinstance(item, (tuple, list)) for item in value):
            raise ArgumentError("arrays of several axes cannot be written as text; use JSON or TOML")
        return ",".join(map(_word, value))  # one alone reads back as a sequence where there has to be one
    return repr(value) if isinstance(value, float) else str(value)
