"""What running printed code takes, count by count, as expressions in the named sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from symbackprop.errors import BudgetError
from symbackprop.ir.size import Size, maximum

__all__ = ["Counts", "Numbers"]


class Numbers(NamedTuple):
    """Counts for given sizes."""

    operations: int
    transcendental: int
    calls: int
    moved: int
    peak: int


@dataclass(frozen=True)
class Counts:
    """What one call of a printed function takes.

    Parameters
    ----------
    operations : size
        Additions, multiplications and the like of numbers: those of a sum, a product of matrices, a function's own.
    transcendental : size
        Numbers of which an exponential, a logarithm or another transcendental function is computed.
    calls : size
        Calls of NumPy and SciPy: functions, methods, operators on arrays, indexing of arrays.
    moved : size
        The bytes that these read and write, each array once a call; views move nothing.
    allocated : tuple of size
        The bytes of arrays that get a name or are returned, in their order, negative where one is deleted.
    unknown : tuple of str
        The parts of the code of which not all is known when compiling (``while`` loops, entries that a mask chooses),
        which are not, or not wholly, in the counts.
    """

    operations: Size = 0
    transcendental: Size = 0
    calls: Size = 0
    moved: Size = 0
    allocated: tuple[Size, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def peak(self) -> Size | None:
        """The bytes that live at once at most; None where that has too many cases to be written as a maximum."""
        live: Size = 0
        peaks: list[Size] = [0]
        for position, size in enumerate(self.allocated):
            live = live + size
            behind = self.allocated[position + 1 : position + 2]
            if not behind or (isinstance(behind[0], int) and behind[0] < 0) or str(behind[0]).startswith("-"):
                peaks.append(live)
        try:
            return maximum(*peaks)
        except BudgetError:
            return None
