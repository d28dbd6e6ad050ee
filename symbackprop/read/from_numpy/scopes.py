"""The steps of loops while they are traced: which operations belong to them, by their numbers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from symbackprop.errors import UnsupportedError

__all__ = ["Scopes"]


class Scopes:
    """The steps of one trace.

    Parameters
    ----------
    count : callable
        Returns the number of the last operation.
    """

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count
        self._starts: list[int] = []  # of the steps that are being traced
        self._closed: list[tuple[int, int]] = []  # the numbers of the operations of steps that have been

    @contextmanager
    def inside(self, start: int) -> Iterator[None]:
        """Trace a step, whose operations have numbers above `start`; what it computes must not be used outside."""
        self._starts.append(start)
        try:
            yield
        finally:
            self._starts.pop()
            self._closed = [(a, b) for a, b in self._closed if a < start]
            self._closed.append((start, self._count()))

    def check_use(self, number: int) -> None:
        """Refuse to use the result of an operation of a step outside of it."""
        if not self._closed:
            return
        at = bisect_right(self._closed, (number, 0)) - 1
        if at >= 0 and self._closed[at][0] < number <= self._closed[at][1]:
            raise UnsupportedError(
                "a traced array has escaped from the step of a loop, or another function that is traced apart, which is "
                "traced once and runs many times, or for its derivative; return it from the step, as a part of the carry "
                "or as its value, or with has_aux=True beside a value that is differentiated"
            )

    def check_write(self, number: int) -> None:
        """Refuse to write from inside a step into the result of an operation outside of it."""
        if self._starts and number <= self._starts[-1]:
            raise UnsupportedError(
                "a step writes into an array that it takes from outside, which would happen only once, when the step "
                "is traced; hand the array on in the carry, or return what is written as the step's value"
            )
