"""`np.linalg` over arrays of elements."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from symbackprop.check.elements import Element, lifted
from symbackprop.check.factorisations import Factorisations

__all__ = ["LinearAlgebra"]

_BY_DEFINITION = 4  # rows


class LinearAlgebra(Factorisations):
    """``np.linalg`` over elements of one kind; what has no symbolic form raises a `ValueError` on symbols.

    Parameters
    ----------
    words : mapping
        The elementwise words, for elements of this kind.
    kind : type
        `Symbolic` or `Digits`.
    """

    def __init__(self, words: Mapping[str, Any], kind: type[Element]) -> None:
        self._words = words
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        """Return what NumPy also has outside of `np.linalg`."""
        if name not in ("cross", "matmul", "outer", "tensordot"):
            raise AttributeError(f"verification has no word 'linalg.{name}'")
        return self._words.get(name, getattr(np, name))

    def trace(self, x: Any, offset: int = 0, dtype: Any = None) -> Any:
        """Return the traces of matrices."""
        return np.trace(x, offset, -2, -1)

    def vecdot(self, a: Any, b: Any, axis: int = -1) -> Any:
        """Return the products of vectors."""
        return self._words["vecdot"](a, b, axis=axis)

    def multi_dot(self, arrays: Any) -> Any:
        """Return the product of several matrices."""
        return functools.reduce(np.dot, [np.asarray(array, dtype=object) for array in arrays])

    def matrix_power(self, a: Any, n: int) -> Any:
        """Return a power of matrices; a negative one is that of the inverse."""
        base = self.inv(a) if n < 0 else a
        return self._mapped(lambda matrix: (np.linalg.matrix_power(matrix, abs(n)),), base)[0]

    def inv(self, a: Any) -> Any:
        """Return the inverses of matrices."""
        return self._mapped(self._inverse, a)[0]

    def det(self, a: Any) -> Any:
        """Return the determinants of matrices."""
        return self._mapped(self._determinant, a)[0][()]

    def _determinant(self, a: Any) -> tuple[Any]:
        """Eliminate with the largest pivot at the point, and multiply the pivots; small ones by definition (Leibniz)."""
        if len(a) <= _BY_DEFINITION:
            return (np.array(sum((self._term(a, order) for order in itertools.permutations(range(len(a)))), 0)),)
        rows = [list(row) for row in a]
        result = lifted(1, self._kind)
        while rows:
            best = max(range(len(rows)), key=lambda i: abs(rows[i][0].value))
            pivot = rows[best][0]
            if pivot == 0:
                return (np.array(lifted(0, self._kind), dtype=object),)
            result = result * pivot if best % 2 == 0 else -(result * pivot)
            rest = rows[:best] + rows[best + 1 :]
            rows = [[x - row[0] / pivot * y for x, y in zip(row[1:], rows[best][1:], strict=True)] for row in rest]
        return (np.array(result, dtype=object),)

    def _term(self, a: Any, order: tuple[int, ...]) -> Any:
        """Return the product of one entry a row, with the sign of the permutation."""
        size = len(order)
        inversions = sum(order[i] > order[j] for i in range(size) for j in range(i + 1, size))
        return functools.reduce(
            lambda x, y: x * y,
            (a[row, column] for row, column in enumerate(order)),
            lifted((-1) ** inversions, self._kind),
        )

    def _inverse(self, a: Any) -> tuple[Any]:
        """Eliminate with the largest pivot at the point."""
        size = len(a)
        identity = [[lifted(int(i == j), self._kind) for j in range(size)] for i in range(size)]
        rows: list[Any] = [[*a[i], *identity[i]] for i in range(size)]
        for column in range(size):
            best = max(range(column, size), key=lambda i: abs(rows[i][column].value))
            rows[column], rows[best] = rows[best], rows[column]
            pivot = rows[column][column]
            if pivot == 0:
                raise ZeroDivisionError("a matrix is singular")
            rows[column] = [entry / pivot for entry in rows[column]]
            for i in range(size):
                if i != column:
                    factor = rows[i][column]
                    rows[i] = [x - factor * y for x, y in zip(rows[i], rows[column], strict=True)]
        return (np.array([row[size:] for row in rows], dtype=object).reshape(size, size),)

    def norm(self, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
        """Return a norm of vectors or matrices."""
        x = np.asarray(x, dtype=object)
        axes = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if ord is None or ord == "fro" or (ord == 2 and len(axes) == 1):
            return self._words["sqrt"](np.sum(x * x, axis=axes, keepdims=keepdims))
        if len(axes) == 1:
            return self._vector_norm(x, ord, axes[0], keepdims)
        result = self._matrix_norm(np.moveaxis(x, axes, (-2, -1)), ord)
        return np.expand_dims(result, tuple(i % x.ndim for i in axes)) if keepdims else result

    def _vector_norm(self, x: Any, ord: float, axis: int, keepdims: bool) -> Any:
        size = np.abs(x)
        if ord in (float("inf"), float("-inf")):
            return (np.max if ord > 0 else np.min)(size, axis=axis, keepdims=keepdims)
        if ord == 0:
            return np.sum(size != 0, axis=axis, keepdims=keepdims)
        powers = np.sum(size**ord, axis=axis, keepdims=keepdims)
        return powers if ord == 1 else powers ** (lifted(1, self._kind) / ord)  # type: ignore[operator]

    def _matrix_norm(self, x: Any, ord: Any) -> Any:
        if ord in (1, -1, float("inf"), float("-inf")):
            sums = np.sum(np.abs(x), axis=-2 if abs(ord) == 1 else -1)
            return (np.max if ord > 0 else np.min)(sums, axis=-1)
        values = self.svd(x, compute_uv=False)
        if ord == "nuc":
            return np.sum(values, axis=-1)
        return (np.max if ord == 2 else np.min)(values, axis=-1)
