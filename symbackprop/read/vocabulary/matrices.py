"""Matrices as words of linear algebra take them, and NumPy's results of several parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from symbackprop.errors import ShapeError, UnsupportedError
from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ir.size import shape_text
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import (
    agreed,
    broadcast,
    broadcast_shapes,
    broadcast_to,
    converted,
    reshape,
    with_shape,
)
from symbackprop.ops.comparison import greater_equal, less_equal, where
from symbackprop.ops.creation import arange
from symbackprop.ops.elementwise import common_dtype
from symbackprop.read.vocabulary.arguments import node_of, real

__all__ = [
    "EigResult",
    "EighResult",
    "QRResult",
    "SVDResult",
    "SlogdetResult",
    "matrix",
    "square",
    "symmetric",
    "system",
]


class SlogdetResult(NamedTuple):
    """Sign and logarithm of the absolute value of a determinant."""

    sign: Node
    logabsdet: Node


class EighResult(NamedTuple):
    """Eigenvalues in ascending order, and eigenvectors as columns."""

    eigenvalues: Node
    eigenvectors: Node


class EigResult(NamedTuple):
    """Eigenvalues, and eigenvectors of length 1 as columns."""

    eigenvalues: Node
    eigenvectors: Node


class QRResult(NamedTuple):
    """A matrix of orthonormal columns, and an upper triangular one."""

    Q: Node
    R: Node


class SVDResult(NamedTuple):
    """Left singular vectors as columns, singular values in descending order, right vectors as rows."""

    U: Any
    S: Node
    Vh: Any


def matrix(value: object, what: str) -> Node:
    """Return a matrix of real numbers, or a stack of them."""
    x = real(node_of(value))
    if x.rank < 2:
        raise ShapeError(f"{what} takes matrices, not shape {shape_text(x.shape)}")
    return x


def square(value: object, what: str) -> Node:
    """Return a square matrix of real numbers, or a stack of them."""
    x = matrix(value, what)
    rows, columns = x.shape[-2:]
    if not agreed(rows, columns):
        raise ShapeError(f"{what} takes square matrices, not shape {shape_text(x.shape)}")
    return with_shape(x, (*x.shape[:-1], rows))


def symmetric(value: object, what: str) -> Node:
    """Return a symmetric matrix; one that was cut to a triangle is refused."""
    x = square(value, what)
    if _is_cut(x):
        raise UnsupportedError(
            f"{what} takes a symmetric matrix, and its gradient is that along symmetric changes: of one triangle alone "
            "it would be wrong. Complete the matrix first: for its lower triangle T write T + tril(T, -1).T"
        )
    return x


def _is_cut(x: Node) -> bool:
    """Tell whether `x` was made by `tril` or `triu`."""
    if not isinstance(x, Apply) or x.op is not where or not isinstance(x.args[2], Const):
        return False
    mask = x.args[0]
    while isinstance(mask, Apply) and mask.op is broadcast:
        mask = mask.args[0]
    if not isinstance(mask, Apply) or mask.op not in (less_equal, greater_equal):
        return False
    return all(_is_count(side) for side in mask.args)


def _is_count(x: Node) -> bool:
    """Tell whether `x` numbers rows or columns."""
    while isinstance(x, Apply) and x.op in (broadcast, add):
        x = next((arg for arg in x.args if not isinstance(arg, Const)), x.args[0])
    return isinstance(x, Apply) and x.op is arange


def system(a: object, b: object, what: str) -> tuple[Node, Node, Callable[[Node], Node]]:
    """Return matrix and right side of linear systems, in equally many stacks, and what to do with the solution.

    A right side of one axis is a vector, one of more is a stack of matrices, as in NumPy 2.
    """
    x, y = square(a, what), real(node_of(b))
    dtype = common_dtype([x, y])
    x, y = converted(x, dtype), converted(y, dtype)
    if not y.rank or not agreed(x.shape[-1], y.shape[-2 if y.rank > 1 else 0]):
        raise ShapeError(
            f"{what}: shapes {shape_text(x.shape)} and {shape_text(y.shape)} do not match: the right side is a vector, "
            "or has its vectors in the columns of matrices, each of as many numbers as the matrix has rows"
        )
    if y.rank == 1:
        y = with_shape(y, x.shape[-1:])
        if x.rank == 2:
            return x, y, lambda solution: solution
        column = reshape(y, shape=(*y.shape, 1))
        return x, broadcast_to(column, (*x.shape[:-1], 1)), lambda solution: reshape(solution, shape=x.shape[:-1])
    lead = broadcast_shapes([x.shape[:-2], y.shape[:-2]])
    rows = x.shape[-1]
    y = with_shape(y, (*y.shape[:-2], rows, y.shape[-1]))
    x = broadcast_to(x, (*lead, rows, rows))
    return x, broadcast_to(y, (*lead, rows, y.shape[-1])), lambda solution: solution
