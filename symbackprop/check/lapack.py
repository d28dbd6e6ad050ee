"""`scipy.linalg.lapack` over arrays of elements: what printed code calls of it."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Lapack"]


class Lapack:
    """Functions of LAPACK over elements, in both precisions; each gives its result and 0, as it did not fail.

    Parameters
    ----------
    words : LinearAlgebra
        The words of `np.linalg`.
    """

    def __init__(self, words: Any) -> None:
        self._words = words
        functions = {"trtri": self._trtri}
        self._functions = {precision + name: found for name, found in functions.items() for precision in "ds"}

    def __getattr__(self, name: str) -> Any:
        functions = self.__dict__["_functions"]
        if name not in functions:
            raise AttributeError(f"verification has no word 'linalg.lapack.{name}'")
        return functions[name]

    def _trtri(self, c: Any, lower: bool = False) -> tuple[Any, int]:
        """Invert a triangular matrix; the other triangle stays as it is."""
        own, other = (np.tril, np.triu) if lower else (np.triu, np.tril)
        return own(self._words.inv(own(c))) + other(c, 1 if lower else -1), 0
