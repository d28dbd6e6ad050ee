"""The arguments of a compiled function, as they follow from a flat vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symbackprop.optimize.flat import FlatVector

__all__ = ["Arguments"]

Array = np.ndarray[Any, Any]


class Arguments:
    """The arguments of a compiled function of leaves, as they follow from a flat vector.

    Parameters
    ----------
    values : sequence
        All of them, as they are at the start.
    slots : sequence of int
        The positions of the parameters among them.
    vector : FlatVector
        The flat vector of these parameters.
    clock : int, optional
        The position of the time, where there is one.
    """

    def __init__(
        self, values: Sequence[Any], slots: Sequence[int], vector: FlatVector, clock: int | None = None
    ) -> None:
        self._values = list(values)
        self._slots = tuple(slots)
        self.vector = vector
        self._clock = clock

    def at(self, x: Array, time: float | None = None) -> list[Any]:
        """Return the arguments at `x`, none of which shares memory with it, and at a time."""
        values = self._values.copy()
        if self._clock is not None:
            values[self._clock] = np.float64(time)
        for slot, value in zip(self._slots, self.vector.values(x), strict=True):
            values[slot] = value
        return values
