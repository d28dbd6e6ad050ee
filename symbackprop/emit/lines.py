"""Lines of printed code."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

__all__ = ["Line", "renamed"]


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
    pattern = rf"(?<![\w.]){re.escape(old)}\b"
    return replace(line, name=re.sub(pattern, new, line.name), text=re.sub(pattern, new, line.text))
