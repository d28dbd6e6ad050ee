"""How the values of a drop-in for `lambdify` are put together: in lists and tuples, in arrays, by keys."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from symbackprop.ir.signature import Nest

__all__ = ["Grid", "Keyed", "Results", "grids_as_lists", "is_plain"]


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


Results = Grid | Keyed | Nest | None  # None is a value

# Results are nested as deep as a person writes them (the reader sets a limit), so these may recurse.


def is_plain(results: Results) -> bool:
    """Tell whether results are lists and tuples with a value in them, which printed code returns by itself."""
    return _holds(results, False) and not _holds(results, True)


def _holds(results: Results, other: bool) -> bool:
    """Tell whether there is a value in lists and tuples, or something `other` than these."""
    if isinstance(results, Nest):
        return any([_holds(item, other) for item in results.items])
    return (results is not None) == other


def grids_as_lists(results: Results) -> Results:
    """Return results with lists of rows in place of arrays."""
    if isinstance(results, Nest):
        return Nest(results.kind, tuple([grids_as_lists(item) for item in results.items]))
    if isinstance(results, Keyed):
        return Keyed(results.keys, tuple([grids_as_lists(item) for item in results.items]))
    if not isinstance(results, Grid) or not results.shape:
        return None if isinstance(results, Grid) else results
    inner = grids_as_lists(Grid(results.shape[1:]))
    return Nest(list, (inner,) * results.shape[0])
