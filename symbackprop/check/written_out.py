"""`scipy.sparse` over elements: matrices that have all their entries, as SciPy's hold numbers only."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["coo_array", "csr_array"]


class coo_array:  # noqa: N801  # SciPy's name
    """A matrix of entries with their rows and columns; those of one place are added up."""

    def __init__(self, given: tuple[Any, tuple[Any, Any]], *, shape: tuple[int, int]) -> None:
        self._entries, (self._rows, self._columns) = given
        self._shape = shape

    def tocsr(self) -> Any:
        """Return all entries of the matrix."""
        whole = np.zeros(self._shape, dtype=object)
        np.add.at(whole, (_integers(self._rows), _integers(self._columns)), self._entries)
        return whole


def csr_array(given: tuple[Any, Any, Any], *, shape: tuple[int, int]) -> Any:
    """Return all entries of a matrix in compressed sparse rows."""
    entries, indices, indptr = given
    rows = np.repeat(np.arange(shape[0]), np.diff(_integers(indptr)))
    return coo_array((entries, (rows, indices)), shape=shape).tocsr()


def _integers(array: Any) -> Any:
    return np.asarray(array).astype(np.intp)
