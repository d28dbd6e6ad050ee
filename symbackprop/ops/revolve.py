"""The binomial schedule: how a chain of steps is gone back over with few stored states, at least recomputation.

With c stored states, the first among them, and every step run forwards at most r times, ``comb(c + r, c)`` steps can be
gone back over; the fewest steps forwards that l steps take are ``r*l - comb(c + r, r - 1)``, for the least such r.
(Griewank, A. and Walther, A. (2000), Algorithm 799: revolve, ACM TOMS 26, 19-45, propositions 1 and 2.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb, isqrt

from symbackprop.ir.size import Size, evaluate, named

__all__ = ["SQRT", "Schedule", "fewest_steps", "next_stored", "slots_for"]

SQRT = "sqrt"  # slots that grow like the root of the number of steps


def slots_for(slots: int | str, length: int) -> int:
    """Return how many states are stored of a loop: with the root of twice its length every step comes again once at most."""
    return max(isqrt(2 * length), 1) if isinstance(slots, str) else slots


def next_stored(begin: int, end: int, slots: int) -> int:
    """Return which state is stored next, to go back from `end`, with that of `begin` in the first of `slots`.

    Examples
    --------
    >>> next_stored(0, 10, 3), next_stored(0, 10, 1)
    (4, 9)
    """
    steps, runs = end - begin, 1
    if steps < 2:
        return end
    while comb(slots + runs, slots) < steps:
        runs += 1
    return begin + min(comb(slots + runs - 1, slots), steps - comb(slots + runs - 2, slots - 1))


def fewest_steps(length: int, slots: int) -> int:
    """Return how many steps forwards it takes to have the state before each of `length` steps, from the last to the first.

    Examples
    --------
    >>> fewest_steps(10, 3), fewest_steps(10, 1), fewest_steps(10, 10)
    (15, 45, 9)
    """
    runs = 0
    while comb(slots + runs, slots) < length:
        runs += 1
    return runs * length - comb(slots + runs, runs - 1) if runs else 0


@dataclass(frozen=True)
class Schedule:
    """The schedule of a loop, counted: in sizes with names of their own where its length has a name.

    Parameters
    ----------
    length : size
    slots : int or "sqrt"
    """

    length: Size
    slots: int | str

    @property
    def steps_again(self) -> Size:
        """How many steps come again, beyond the first way to the last state."""
        return _again_in(self.length, self.slots) if isinstance(self.length, int) else named(self._name("again"))

    @property
    def stored(self) -> Size:
        """How many states are stored at once at most, the one at work among them."""
        return _stored_in(self.length, self.slots) if isinstance(self.length, int) else named(self._name("stored"))

    def at(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """Return what the names of both stand for, for given sizes."""
        length = evaluate(self.length, dict(sizes))
        return {
            self._name("again"): _again_in(length, self.slots),
            self._name("stored"): _stored_in(length, self.slots),
        }

    def _name(self, what: str) -> str:
        return f"{what}({self.length}, {self.slots})"


def _again_in(length: int, slots: int | str) -> int:
    return fewest_steps(length, slots_for(slots, length)) - max(length - 1, 0)


def _stored_in(length: int, slots: int | str) -> int:
    return min(slots_for(slots, length) + 1, length)
