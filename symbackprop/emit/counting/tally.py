"""What running a piece of code takes, counted in terms of sizes."""

from __future__ import annotations

from collections import Counter

from symbackprop.ir.size import Size, maximum

__all__ = ["Tally"]


class Tally:
    """Counts, each as a sum of sizes with how often they come."""

    def __init__(self) -> None:
        self.calls: Counter[Size] = Counter()
        self.transcendental: Counter[Size] = Counter()
        self.moved: Counter[Size] = Counter()
        self.unknown: list[str] = []  # lines of which not all is known

    def totals(self) -> tuple[Size, Size, Size]:
        """Return calls of NumPy, calls of transcendental functions, bytes moved."""
        return _total(self.calls), _total(self.transcendental), _total(self.moved)

    def dearer(self, other: Tally) -> None:
        """Add the larger of this and `other`, count by count, both of which began empty, into this."""
        pairs = [(self.calls, other.calls), (self.transcendental, other.transcendental), (self.moved, other.moved)]
        for own, theirs in pairs:
            most = maximum(_total(own), _total(theirs))
            own.clear()
            own[most] = 1
        self.unknown += other.unknown

    def add(self, other: Tally) -> None:
        """Add all counts of `other`."""
        for own, theirs in zip(self._counters(), other._counters(), strict=True):
            own.update(theirs)
        self.unknown += other.unknown

    def _counters(self) -> tuple[Counter[Size], ...]:
        return self.calls, self.transcendental, self.moved


def _total(terms: Counter[Size]) -> Size:
    total: Size = 0
    for size, count in terms.items():
        total = total + size * count
    return total
