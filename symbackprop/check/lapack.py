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
        functions = {
            "potrf": self._potrf,
            "potri": self._potri,
            "potrs": self._potrs,
            "trtri": self._trtri,
            "trtrs": self._trtrs,
        }
        self._functions = {precision + name: found for name, found in functions.items() for precision in "ds"}

    def __getattr__(self, name: str) -> Any:
        functions = self.__dict__["_functions"]
        if name not in functions:
            raise AttributeError(f"verification has no word 'linalg.lapack.{name}'")
        return functions[name]

    def _potrf(self, a: Any, lower: bool = False) -> tuple[Any, int]:
        """Factor the symmetric matrix that has one triangle of `a`."""
        own = np.tril(a) if lower else np.triu(a)
        return self._words.cholesky(own + (own - np.diag(np.diagonal(own))).T, upper=not lower), 0

    def _potri(self, c: Any, lower: bool = False) -> tuple[Any, int]:
        """Fill one triangle of the inverse of a matrix, given its factor; the other triangle stays as it is."""
        own, other = (np.tril, np.triu) if lower else (np.triu, np.tril)
        factor = own(c)
        return own(self._words.inv(factor @ factor.T if lower else factor.T @ factor)) + other(c, 1 if lower else -1), 0

    def _potrs(self, c: Any, b: Any, lower: bool = False) -> tuple[Any, int]:
        """Solve, given the factor of a symmetric matrix."""
        return self._words.cho_solve((c, lower), b), 0

    def _trtrs(
        self, a: Any, b: Any, lower: bool = False, trans: bool = False, unitdiag: bool = False
    ) -> tuple[Any, int]:
        """Solve a triangular system, or that of the transpose."""
        return self._words.solve_triangular(a, b, trans=int(trans), lower=lower, unit_diagonal=unitdiag), 0

    def _trtri(self, c: Any, lower: bool = False) -> tuple[Any, int]:
        """Invert a triangular matrix; the other triangle stays as it is."""
        own, other = (np.tril, np.triu) if lower else (np.triu, np.tril)
        return own(self._words.inv(own(c))) + other(c, 1 if lower else -1), 0
