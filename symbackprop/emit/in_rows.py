"""Arrays of a step that are made where they are stacked: in a row of the stack, which then has not to be copied into."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from symbackprop.emit.calls import CHOICE, COPY, EMPTY, ZEROS, Call, Operand, calls_of
from symbackprop.emit.lines import Line, Made, mentions
from symbackprop.emit.template import fill

__all__ = ["made_in_row", "written_to"]

_NOT_WRITING = (CHOICE, COPY, EMPTY, ZEROS)  # which are no calls with `out`


def made_in_row(lines: Sequence[Line], name: str, row: str) -> list[Line] | None:
    """Return the lines of a step with the array `name` made in `row`; None where it cannot be told to go there.

    Statements that fill an array fill the row, and calls write into it.
    """
    places = [at for at, line in enumerate(lines) if mentions(line.name, name)]
    if len(places) != 1:
        return None
    (at,) = places
    line = lines[at]
    begun = _begun(line, row) if line.name == name and not line.depth else None
    return None if begun is None else [*lines[:at], *begun, *lines[at + 1 :]]


def written_to(made: Made, place: str) -> str | None:
    """Return the text of the one call that writes an array into a place; None where there is none."""
    calls = calls_of(made.template, made.arrays)
    if calls is None or len(calls) > 1 or calls[0].function in _NOT_WRITING:
        return None
    (call,) = calls
    operands = ", ".join(fill(operand, made.operands).text for operand in call.operands if isinstance(operand, str))
    return f"{call.function}({operands}{call.options}, out={place})"


def _begun(line: Line, row: str) -> list[Line] | None:
    function = line.text.partition("(")[0]
    if function == EMPTY:
        return [Line(line.name, row, line.comment)]
    if function == ZEROS:
        return [Line(line.name, row, line.comment), Line("", f"{line.name}[...] = 0.0")]
    return None if line.made is None else _called(line, line.made, row)


def _called(line: Line, made: Made, row: str) -> list[Line] | None:
    """Return an array as calls, the first of which writes into the row and each other over what is there."""
    calls = calls_of(made.template, made.arrays)
    if calls is None or any(call.function in _NOT_WRITING for call in calls):
        return None
    if not all(_goes_on(*pair, at) for at, pair in enumerate(pairwise(calls))):
        return None

    def text(operand: Operand) -> str:
        return line.name if isinstance(operand, int) else fill(operand, made.operands).text

    found: list[Line] = []
    for call in calls:
        own = ", ".join(map(text, call.operands)) + call.options
        found.append(Line("" if found else line.name, f"{call.function}({own}, out={line.name if found else row})"))
    found[0].comment = line.comment
    return found


def _goes_on(call: Call, following: Call, at: int) -> bool:
    """Tell whether a call goes on with what the one before it, at a place, has computed, and with that alone."""
    own = [operand for operand in following.operands if isinstance(operand, int)]
    return own == [at] and following.entrywise and not call.is_mask
