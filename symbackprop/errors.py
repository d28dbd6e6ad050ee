"""The errors of symbackprop: what is raised on input that cannot be used.

Every error derives from `SymbackpropError` and from the builtin error that a caller would expect. An error about
formula text carries the text and the span it concerns, and shows them with a caret. Nothing here knows of formulas
beyond their text.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "ArgumentError",
    "BudgetError",
    "FileError",
    "FormulaSyntaxError",
    "MissingAttributeError",
    "RuleError",
    "ShapeError",
    "SymbackpropError",
    "UnknownNameError",
    "UnsupportedError",
    "nearest_names",
]

_LONGEST = 1200  # characters of a message
_WINDOW = 100  # characters of a source line shown around a caret


class SymbackpropError(Exception):
    """Say what was asked, what was found, and what to do; with a caret where there is formula text.

    Parameters
    ----------
    message : str
        What is wrong and what to do.
    text : str, optional
        The formula.
    span : (int, int), optional
        Start and end offsets in `text` of the part concerned.
    """

    def __init__(self, message: str, *, text: str | None = None, span: tuple[int, int] | None = None) -> None:
        message = message if len(message) <= _LONGEST else f"{message[: _LONGEST // 2]} ... {message[-_LONGEST // 4 :]}"
        self.message = message
        self.formula = text
        self.span = span
        super().__init__(message)

    def __str__(self) -> str:
        if self.formula is None or self.span is None:
            return self.message
        return f"{self.message}\n{_pointed_line(self.formula, self.span)}"

    def located(self, text: str, span: tuple[int, int]) -> SymbackpropError:
        """Return this error with a place in `text`, unless it already has one."""
        if self.formula is None:
            self.formula, self.span = text, span
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.formula, self.span))


class FormulaSyntaxError(SymbackpropError, SyntaxError):
    """Formula text that does not follow the grammar."""


class UnknownNameError(SymbackpropError, NameError):
    """A function, method, input or option that does not exist."""


class ShapeError(SymbackpropError, ValueError):
    """Shapes, axes or indices that do not fit."""


class UnsupportedError(SymbackpropError, TypeError):
    """A known request that symbackprop does not cover."""


class MissingAttributeError(SymbackpropError, AttributeError):
    """A method or attribute that arrays do not have, or not here."""


class ArgumentError(SymbackpropError, TypeError, ValueError):
    """An argument of a call that is missing, superfluous or of the wrong kind."""


class FileError(SymbackpropError, OSError):
    """A file that cannot be read or written."""


class RuleError(SymbackpropError, AssertionError):
    """A custom rule that is not the derivative of its function."""


class BudgetError(SymbackpropError, RuntimeError):
    """Work that would exceed a stated limit."""


def nearest_names(name: str, known: Iterable[str], count: int = 3) -> str:
    """Return a sentence ``Did you mean ...?`` with the names nearest to `name`, or an empty string."""
    names = [*known]
    same = [other for other in names if other.casefold() == name.casefold()]
    close = same or (get_close_matches(name, names, n=count, cutoff=0.6) if len(name) < _WINDOW else [])
    return f" Did you mean {' or '.join(close)}?" if close else ""


def _rebuild(
    kind: type[SymbackpropError], message: str, text: str | None, span: tuple[int, int] | None
) -> SymbackpropError:
    return kind(message, text=text, span=span)


def _pointed_line(text: str, span: tuple[int, int]) -> str:
    """Return the line of `text` that `span` starts in, with carets below the span."""
    start = min(max(span[0], 0), len(text))
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    left = max(line_start, start - _WINDOW // 2)
    right = min(line_end, left + _WINDOW)
    prefix = "..." if left > line_start else ""
    suffix = "..." if right < line_end else ""
    shown = "".join(c if c.isprintable() else " " for c in text[left:right])
    width = max(1, min(span[1], right) - start)
    number = text.count("\n", 0, start) + 1
    head = f"  line {number}: "
    return f"{head}{prefix}{shown}{suffix}\n{' ' * (len(head) + len(prefix) + start - left)}{'^' * width}"
