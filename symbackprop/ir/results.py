"""How the values of a drop-in for `lambdify` are put together: in lists and tuples, in arrays, by keys."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Grid", "Keyed", "Nested", "Results", "arrange", "grids_as_lists", "is_plain"]


@dataclass(frozen=True, slots=True)
class Grid:
    """The entries of an array, row by row."""

    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many entries there are."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Keyed:
    """The values of a dict."""

    keys: tuple[Any, ...]
    items: tuple[Results, ...]


@dataclass(frozen=True, slots=True)
class Nested:
    """A list or a tuple."""

    kind: type
    items: tuple[Results, ...]


Results = Grid | Keyed | Nested | None  # None is a value

# Results are nested as deep as a person writes them (the reader sets a limit), so these may recurse.


def is_plain(results: Results) -> bool:
    """Tell whether results are lists and tuples with a value in them, which printed code returns by itself."""
    return _holds(results, False) and not _holds(results, True)


def _holds(results: Results, other: bool) -> bool:
    """Tell whether there is a value in lists and tuples, or something `other` than these."""
    if isinstance(results, Nested):
        return any([_holds(item, other) for item in results.items])
    return (results is not None) == other


def grids_as_lists(results: Results) -> Results:
    """Return results with lists of rows in place of arrays."""
    if isinstance(results, Nested):
        return Nested(results.kind, tuple([grids_as_lists(item) for item in results.items]))
    if isinstance(results, Keyed):
        return Keyed(results.keys, tuple([grids_as_lists(item) for item in results.items]))
    if not isinstance(results, Grid) or not results.shape:
        return None if isinstance(results, Grid) else results
    inner = grids_as_lists(Grid(results.shape[1:]))
    return Nested(list, (inner,) * results.shape[0])


def arrange(results: Results, values: Iterator[Any]) -> Any:
    """Return values in plain lists and tuples; see `is_plain`."""
    if not isinstance(results, Nested):
        return next(values)
    return results.kind([arrange(item, values) for item in results.items])
