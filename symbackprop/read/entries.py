"""What waits on the stack of the expression parser."""

from __future__ import annotations

__all__ = ["Entry"]


class Entry:
    """An operator or bracket that waits on the stack."""

    __slots__ = (
        "callee",
        "count",
        "keywords",
        "kind",
        "level",
        "named",
        "operators",
        "parts",
        "place",
        "start",
        "tuple",
    )

    def __init__(self, kind: str, level: int, start: int) -> None:
        self.kind = kind  # "binary", "unary", "compare", "and", "or", "if", "else", or the opening "(" or "["
        self.level = level  # 0 for brackets, which nothing reduces past
        self.start = start
        self.place = start  # of a bracket itself, where `start` is that of what is called
        self.operators: list[str] = []
        self.count = 0  # operands of a chain; finished items of a bracket
        self.callee: tuple[str, str] | None = None  # (instruction kind, name) of a call, ("subscript", "")
        self.keywords: list[str] = []
        self.named = 0  # finished keyword arguments
        self.parts: list[bool] | None = None  # of a slice: which of its parts are there
        self.tuple = False
