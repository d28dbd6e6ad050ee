"""What is measured: a function, and the points at which it is."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Function", "Range", "below", "either_sign", "linear", "near", "powers"]

Range = Callable[[random.Random], float]


@dataclass(frozen=True, eq=False)
class Function:
    """A function of numbers.

    Parameters
    ----------
    name : str
        What it is known as.
    written : callable
        ``(m, *arguments) -> value``, with the names of NumPy and some of `scipy.special` in `m`.
    ranges : tuple of Range
        Where its arguments come from.
    hard : sequence of tuples
        Points beside these.
    """

    name: str
    written: Callable[..., Any]
    ranges: tuple[Range, ...]
    hard: Sequence[tuple[float, ...]] = ()

    def points(self, count: int) -> list[tuple[float, ...]]:
        """Return the hard points, and `count` others that are the same every time."""
        chosen = random.Random(self.name)
        return [*self.hard, *(tuple(draw(chosen) for draw in self.ranges) for _ in range(count))]


def linear(low: float, high: float) -> Range:
    """Draw numbers evenly from an interval."""
    return lambda chosen: chosen.uniform(low, high)


def powers(low: float, high: float) -> Range:
    """Draw positive numbers whose logarithms are even in an interval."""
    return lambda chosen: 10.0 ** chosen.uniform(math.log10(low), math.log10(high))


def either_sign(of: Range) -> Range:
    """Draw numbers of either sign."""
    return lambda chosen: chosen.choice((-1.0, 1.0)) * of(chosen)


def near(point: float, low: float, high: float) -> Range:
    """Draw numbers at a distance from a point, of either sign, whose logarithm is even."""
    distance = either_sign(powers(low, high))
    return lambda chosen: point + distance(chosen)


def below(point: float, low: float, high: float) -> Range:
    """Draw numbers below a point, at distances whose logarithm is even."""
    distance = powers(low, high)
    return lambda chosen: point - distance(chosen)
