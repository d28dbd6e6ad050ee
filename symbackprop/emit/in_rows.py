"""Arrays of a step that are made where they are stacked: in a row of the stack, which then has not to be copied into."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.emit.calls import EMPTY, ZEROS
from symbackprop.emit.lines import Line, mentions

__all__ = ["made_in_row"]


def made_in_row(lines: Sequence[Line], name: str, row: str) -> list[Line] | None:
    """Return the lines of a step with the array `name` made in `row`; None where it cannot be told to go there.

    Statements that fill an array fill the row.
    """
    places = [at for at, line in enumerate(lines) if mentions(line.name, name)]
    if len(places) != 1:
        return None
    (at,) = places
    line = lines[at]
    begun = _begun(line, row) if line.name == name and not line.depth else None
    return None if begun is None else [*lines[:at], *begun, *lines[at + 1 :]]


def _begun(line: Line, row: str) -> list[Line] | None:
    function = line.text.partition("(")[0]
    if function == EMPTY:
        return [Line(line.name, row, line.comment)]
    if function == ZEROS:
        return [Line(line.name, row, line.comment), Line("", f"{line.name}[...] = 0.0")]
    return None
