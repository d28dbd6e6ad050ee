"""Which way comparisons go, so that points can be chosen that between them take every branch.

A comparison of elements has a place: the line of emitted source that it is part of, the instruction of a formula's
program, or, anywhere else, its number. All comparisons of one array operation have one place.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

__all__ = ["EMITTED", "Ways", "decided", "stand_at", "watched"]

EMITTED = "<emitted>"  # the file name of source that runs for verification
_DEPTH = 12  # frames between a comparison and the emitted line, at most

Place = tuple[str, int, int]  # what runs, the place in it, the line (0 where there is none)


class Ways:
    """The places of comparisons, and which way they went there."""

    def __init__(self) -> None:
        self.taken: dict[Place, set[bool]] = {}
        self.instruction: int | None = None
        self._count = 0

    def note(self, outcome: bool) -> None:
        """Note that a comparison went one way."""
        self._count += 1
        self.taken.setdefault(self._place(), set()).add(outcome)

    def join(self, others: Ways) -> bool:
        """Take over ways that were taken elsewhere, and tell whether any of them is new."""
        new = False
        for place, outcomes in others.taken.items():
            known = self.taken.setdefault(place, set())
            new |= not outcomes <= known
            known |= outcomes
        return new

    def one_way(self) -> dict[int, bool]:
        """Return the lines of emitted source that hold comparisons which went only one way, and which."""
        return {
            line: next(iter(outcomes))
            for (_, _, line), outcomes in sorted(self.taken.items())
            if line and len(outcomes) == 1
        }

    def is_complete(self) -> bool:
        """Tell whether every comparison went both ways."""
        return all(len(outcomes) == 2 for outcomes in self.taken.values())

    def _place(self) -> Place:
        if self.instruction is not None:
            return "formula", self.instruction, 0
        frame: FrameType | None = sys._getframe(2)
        for _ in range(_DEPTH):
            if frame is None:
                break
            if frame.f_code.co_filename == EMITTED:
                return EMITTED, frame.f_lasti, frame.f_lineno
            frame = frame.f_back
        return "comparison", self._count, 0


_watching: ContextVar[Ways | None] = ContextVar("watching", default=None)


@contextmanager
def watched(ways: Ways) -> Iterator[None]:
    """Note in `ways` which way comparisons go."""
    token = _watching.set(ways)
    try:
        yield
    finally:
        _watching.reset(token)


def decided(outcome: bool) -> bool:
    """Return the outcome of a comparison, noted if somebody watches."""
    ways = _watching.get()
    if ways is not None:
        ways.note(outcome)
    return outcome


def stand_at(instruction: int | None) -> None:
    """Say which instruction of a formula's program runs now."""
    ways = _watching.get()
    if ways is not None:
        ways.instruction = instruction
