"""Lines of printed code."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

__all__ = ["Line", "mentions", "renamed", "with_name"]


@dataclass(slots=True)
class Line:
    """One assignment, or a statement that is its text alone; `comment` names the forward line that an adjoint comes from."""

    name: str
    text: str
    comment: str = ""
    depth: int = 0  # of the loops and branches that it stands in

    def indented(self) -> Line:
        """Return the line one level deeper."""
        return replace(self, depth=self.depth + 1)


def renamed(line: Line, old: str, new: str) -> Line:
    """Return `line` with another name for a variable."""
    return replace(line, name=with_name(line.name, old, new), text=with_name(line.text, old, new))


def mentions(text: str, name: str) -> bool:
    """Tell whether code speaks of a variable."""
    return re.search(_variable(name), text) is not None


def with_name(text: str, old: str, new: str) -> str:
    """Return code with another name for a variable."""
    return re.sub(_variable(old), new, text)


def _variable(name: str) -> str:
    return rf"(?<![\w.]){re.escape(name)}\b"
