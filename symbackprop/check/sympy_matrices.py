"""What SymPy's matrix expressions mean, by definition, over arrays of elements: one row a class."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["MATRICES"]

Integer = Callable[[Any], int]
Meaning = Callable[[Any, list[Any], Integer], Any]


def _objects(x: Any) -> Any:
    return np.asarray(x, dtype=object)


def determinant(x: Any) -> Any:
    """Return the sum over permutations of signed products (Leibniz)."""
    size = len(x)
    total: Any = 0
    for order in itertools.permutations(range(size)):
        inversions = sum(order[i] > order[j] for i in range(size) for j in range(i + 1, size))
        term: Any = -1 if inversions % 2 else 1
        for row, column in enumerate(order):
            term = term * x[row, column]
        total = total + term
    return total


def inverse(x: Any) -> Any:
    """Return the adjugate over the determinant (Cramer)."""
    size = len(x)
    result = np.empty((size, size), dtype=object)
    whole = determinant(x)
    for row in range(size):
        for column in range(size):
            minor = np.delete(np.delete(x, row, 0), column, 1)
            result[column, row] = (-1) ** (row + column) * determinant(minor) / whole
    return result


def _times(a: Any, b: Any) -> Any:
    return np.dot(_objects(a), _objects(b)) if np.ndim(a) and np.ndim(b) else a * b


def _power(node: Any, args: list[Any], integer: Integer) -> Any:
    exponent = int(node.args[1])
    base = _objects(args[0])
    base = inverse(base) if exponent < 0 else base
    return functools.reduce(_times, [base] * abs(exponent), _objects(np.eye(len(base), dtype=int)))


def _filled(number: int) -> Meaning:
    return lambda node, args, integer: _objects(np.full([integer(size) for size in node.shape], number))


def _explicit(node: Any, args: list[Any], integer: Integer) -> Any:
    result = np.empty(len(args), dtype=object)
    result[:] = args
    return result.reshape([int(size) for size in node.shape])


def _blocks(node: Any, args: list[Any], integer: Integer) -> Any:
    rows, columns = node.blockshape
    return np.block([[_objects(x) for x in args[row * columns : (row + 1) * columns]] for row in range(rows)])


def _part(node: Any, args: list[Any], integer: Integer) -> Any:
    rows, columns = (slice(*map(integer, part)) for part in (node.rowslice, node.colslice))
    return args[0][rows, columns]


MATRICES: Mapping[str, Meaning] = {
    "MatMul": lambda node, args, integer: functools.reduce(_times, args),
    "MatAdd": lambda node, args, integer: functools.reduce(lambda a, b: a + b, args),
    "MatPow": _power,
    "Inverse": _power,
    "HadamardProduct": lambda node, args, integer: functools.reduce(lambda a, b: a * b, args),
    "HadamardPower": lambda node, args, integer: args[0] ** args[1],
    "Transpose": lambda node, args, integer: np.transpose(args[0]),
    "Adjoint": lambda node, args, integer: np.transpose(args[0]),
    "Trace": lambda node, args, integer: sum(np.diagonal(args[0])),
    "Determinant": lambda node, args, integer: determinant(_objects(args[0])),
    "DotProduct": lambda node, args, integer: sum(np.ravel(args[0]) * np.ravel(args[1])),
    "KroneckerProduct": lambda node, args, integer: functools.reduce(np.kron, args),
    "DiagMatrix": lambda node, args, integer: np.diagflat(args[0]),
    "BlockMatrix": _blocks,
    "BlockDiagMatrix": _blocks,
    "Identity": lambda node, args, integer: _objects(np.eye(integer(node.shape[0]), dtype=int)),
    "ZeroMatrix": _filled(0),
    "OneMatrix": _filled(1),
    "MatrixSlice": _part,
    "explicit": _explicit,
}
