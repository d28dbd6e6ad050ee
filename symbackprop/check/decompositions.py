"""Decompositions and functions of matrices with long numbers, by mpmath.

Vectors get the signs, and eigenvalues of matrices that are not symmetric the order, that NumPy gives them at the same
point, so that a formula that depends on these means the same in all stages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

from symbackprop.check.elements import Digits

__all__ = ["eig", "eigh", "floats", "function_of", "svd"]

_REAL = mpmath.mpf(10) ** -25  # what imaginary parts of results that are real stay below


def floats(a: Any) -> Any:
    """Return the entries of a matrix of elements as doubles."""
    return np.array([[float(x.value) for x in row] for row in a]).reshape(a.shape)


def _to_mpmath(a: Any) -> Any:
    return mpmath.matrix([[x.value for x in row] for row in a])


def _elements(matrix: Any) -> Any:
    return np.array([[_real(matrix[i, j]) for j in range(matrix.cols)] for i in range(matrix.rows)], dtype=object)


def _real(x: Any) -> Digits:
    if abs(mpmath.im(x)) > _REAL * (1 + abs(x)):
        raise ValueError("the result is complex")
    return Digits(mpmath.re(x))


def _signs(own: Any, other: Any) -> Any:
    """Return for each column of long numbers whether it points as the column of doubles does."""
    return np.array(
        [
            1 if float(sum(x.value * y for x, y in zip(a, b, strict=True))) >= 0 else -1
            for a, b in zip(own.T, other.T, strict=True)
        ]
    )


def svd(a: Any) -> tuple[Any, Any, Any]:
    """Return the reduced singular value decomposition."""
    if not a.size:
        return tuple(part.astype(object) for part in np.linalg.svd(np.zeros(a.shape), full_matrices=False))
    wide = a.shape[0] < a.shape[1]
    u, s, vh = mpmath.svd_r(_to_mpmath(a.T if wide else a), full_matrices=False)
    left, right = (_elements(part) for part in (u, vh))
    values = np.array([Digits(x) for x in s], dtype=object)
    if wide:
        left, right = right.T, left.T
    signs = _signs(left, np.linalg.svd(floats(a), full_matrices=False)[0])
    return left * signs, values, right * signs[:, None]


def eigh(a: Any) -> tuple[Any, Any]:
    """Return eigenvalues in ascending order and eigenvectors of a symmetric matrix."""
    if not a.size:
        return np.zeros(0, object), a
    values, vectors = mpmath.eigsy(_to_mpmath(a))
    order = sorted(range(len(a)), key=lambda i: values[i])
    found = _elements(vectors)[:, order]
    signs = _signs(found, np.linalg.eigh(floats(a))[1])
    return np.array([Digits(values[i]) for i in order], dtype=object), found * signs


def eig(a: Any) -> tuple[Any, Any]:
    """Return the eigenvalues, which must be real, and eigenvectors of length 1."""
    if not a.size:
        return np.zeros(0, object), a
    values, vectors = mpmath.eig(_to_mpmath(a))
    near, directions = np.linalg.eig(floats(a))
    left = list(range(len(a)))
    order = []
    for value in near:
        best = min(left, key=lambda i: abs(complex(values[i]) - value))
        left.remove(best)
        order.append(best)
    found = np.array([_unit([vectors[i, j] for i in range(len(a))]) for j in order], dtype=object).T
    signs = _signs(found, np.real(directions))
    return np.array([_real(values[i]) for i in order], dtype=object), found * signs


def _unit(vector: list[Any]) -> list[Digits]:
    """Return a vector of real direction with length 1."""
    largest = max(vector, key=abs)
    real = [_real(x / largest).value for x in vector]
    length = mpmath.sqrt(sum(x * x for x in real))
    return [Digits(x / length) for x in real]


def function_of(function: Callable[[Any], Any]) -> Callable[[Any], tuple[Any]]:
    """Return a function of mpmath's matrices as one of matrices of elements."""
    return lambda a: (_elements(function(_to_mpmath(a))) if a.size else a,)
