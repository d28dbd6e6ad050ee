"""Values at a point and how they change, and a loss as a function of some of them: what derivatives are asked of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

__all__ = ["Derivatives", "Direction", "Parted", "Parting", "mapped"]

Direction = Mapping[str, Any]  # for some inputs how fast their entries move


class Derivatives(Protocol):
    """Values at a point, and how they change."""

    @property
    def values(self) -> Sequence[Any]:
        """The values, as arrays."""

    @property
    def differentiated(self) -> Sequence[Any]:
        """The first of these, behind which are those that are auxiliary."""

    def along(self, value: int, *directions: Direction) -> Any:
        """Return the derivative of a value along directions, each of which is one more order, of the shape of the value."""

    @property
    def parted(self) -> Parted:
        """The loss as a function of some values, which move with the inputs."""


class Parting(NamedTuple):
    """The formula read again, with other values in the place of some that it names, if these are given; and their names."""

    reference: Callable[..., Any]  # what gives the loss, and then these values
    names: Sequence[str]


class Parted(NamedTuple):
    """A loss as a function of some values: derivatives of these by the inputs, and derivatives of the loss by these."""

    names: Sequence[str]
    outer: Derivatives
    inner: Derivatives
    back: Callable[[Any], Any]  # what stands for a value becomes the value
    element: Callable[[Any], Any]  # of what a derivative has as entries

    def twice(self, first: Direction, second: Direction) -> Any:
        """Return the second derivative of the loss as the values move along two directions of the inputs."""
        moves = [self._move(direction) for direction in (first, second)]
        return self.back(self.inner.along(0, *moves))

    def _move(self, direction: Direction) -> Direction:
        return {name: mapped(self.element, self.outer.along(i, direction)) for i, name in enumerate(self.names, 1)}


def mapped(function: Callable[[Any], Any], array: Any) -> Any:
    """Return an array of what `function` makes of every entry."""
    array = np.asarray(array, dtype=object)
    found = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        found[index] = function(array[index])
    return found
