"""The new carries of a step: which lines assign them, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import TYPE_CHECKING

from symbackprop.emit.lines import Line, mentions, renamed, with_name
from symbackprop.ir.dtype import is_narrow
from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ops.comparison import where

if TYPE_CHECKING:
    from symbackprop.emit.statements import Writer

__all__ = ["as_number", "assigned", "handed_on", "plural", "settled"]


def plural(writer: Writer, name: str) -> str:
    """Return what the array of all that has a name is called."""
    wanted = f"{name}s"
    free = writer.names.is_free(wanted) and wanted not in writer.graph.names.values() and not name.endswith("s")
    return wanted if free else f"{name}_all"


def handed_on(writer: Writer, inner: Writer, node: Node, result: Node) -> str:
    """Return the text of what a body computes for a `result`; np.where gives an array even of scalars, which is none."""
    return as_number(writer, inner.result(node).text, node, result)


def as_number(writer: Writer, text: str, node: Node, result: Node) -> str:
    """Return the text of a value that may become a `result`, which is a number of its dtype where it has no axes.

    A number that is no result is one of its dtype too: what is made of it alone would be a double.
    """
    if node.shape or writer.style.target != "numpy":
        return text
    if isinstance(node, Const) and is_narrow(node.dtype):
        return writer.style.typed_constant(node).text
    if result not in writer.graph.outputs:
        return text
    return f"{text}[()]" if isinstance(node, Apply) and node.op is where else text


def settled(
    new: dict[str, str], lines: list[Line], written: list[Line], rename: Callable[[str, str], None]
) -> tuple[dict[str, str], list[Line]]:
    """Let the line that computes a new carry assign it at once, where nothing behind it needs the old one.

    Returns the carries that are left to be assigned at the end, and all lines, those `written` to stacks among them.
    """
    pending = {name: text for name, text in new.items() if text != name}
    every = [*lines, *written]
    for name, text in [*pending.items()]:
        places = [place for place, line in enumerate(every) if line.name == text and line.depth == 0]
        if len(places) != 1 or [*new.values()].count(text) != 1:
            continue
        behind = [line.text for line in every[places[0] + 1 :]]
        others = [other for key, other in pending.items() if key != name]
        if any(mentions(text_behind, name) for text_behind in (*behind, *others)):
            continue
        every = [renamed(line, text, name) for line in every]
        pending = {key: with_name(other, text, name) for key, other in pending.items() if key != name}
        rename(text, name)
    return pending, every


def assigned(pending: dict[str, str], sums: Container[str] = ()) -> list[Line]:
    """Return the assignments of new carries to their names: one after another where no old one is needed any more.

    Those that are running `sums` are added to in place.
    """
    rest = dict(pending)
    lines: list[Line] = []
    while rest:
        free = next(
            (name for name in rest if not any(mentions(text, name) for key, text in rest.items() if key != name)), None
        )
        if free is None:
            return [*lines, Line(", ".join(rest), ", ".join(rest.values()))]
        lines.append(_added(free, rest.pop(free)) if free in sums else Line(free, rest.pop(free)))
    return lines


def _added(name: str, text: str) -> Line:
    """Return ``name += ...`` for ``name = name + ...``."""
    for sign in "+-":
        if text.startswith(f"{name} {sign} "):
            added = text[len(name) + 3 :]
            return Line("", f"{name} {sign}= {added[1:-1] if _is_bracketed(added) else added}")
    return Line(name, text)


def _is_bracketed(text: str) -> bool:
    """Tell whether the bracket that begins a text closes at its end."""
    depth = 0
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if not depth:
            return bool(position) and position == len(text) - 1
    return False
