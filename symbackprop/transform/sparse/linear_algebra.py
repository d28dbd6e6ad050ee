"""Functions of matrices, and of stacks of them: each matrix by itself, block by block.

An inverse, an exponential and the like are polynomials in the matrix. Where no product of entries leads from row i to
column j they are zero, so that what is diagonal, in blocks or triangular stays so, and so do the derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbackprop.ir.node import Apply, Node
from symbackprop.transform.sparse.contracted import Factor, product_relation
from symbackprop.transform.sparse.known import Known, nonzero, shaped, uniform

__all__ = ["MATRIX_RULES", "STACKED"]

_Mask = NDArray[np.bool_]

# what has several results, each of which depends on one matrix of a stack
STACKED = frozenset(("eig", "eigh", "qr", "slogdet", "svd"))


def _reached(links: _Mask) -> _Mask:
    """Return from which index which one is reached, in any number of steps."""
    reach = links | np.eye(links.shape[-1], dtype=bool)
    while not reach.all():
        further = np.matmul(reach, reach, dtype=np.float32) > 0
        if np.array_equal(further, reach):
            break
        reach = further
    return reach


def _both_ways(links: _Mask) -> _Mask:
    return links | np.swapaxes(links, -2, -1)


def _stack(x: Node) -> Sequence[int]:
    return range(x.rank - 2)


def _factor(stack: Sequence[int], names: str, mask: _Mask) -> Factor:
    """Return a factor with the axes of the stack in front, named by numbers."""
    return Factor((*stack, *names), mask.shape, uniform(mask))


def _function(symmetric: bool = False) -> Callable[[Apply, Known], Sequence[Any]]:
    """Return the rule of a function of matrices, or of symmetric ones given by a triangular factor."""

    def rule(node: Apply, known: Known) -> Sequence[Any]:
        (a,) = node.args
        stack, links = _stack(a), nonzero(a, known)
        reach = _reached(_both_ways(links) if symmetric else links)
        around = [_factor(stack, "ik", reach), _factor(stack, "lj", reach)]
        return [product_relation((*stack, *"ij"), _factor(stack, "kl", shaped(known.varies(a), a)), around)]

    return rule


def _determinant(node: Apply, known: Known) -> Sequence[Any]:
    """It depends on the entries whose cofactors are not zero."""
    (a,) = node.args
    stack = _stack(a)
    cofactors = _factor(stack, "lk", _reached(nonzero(a, known)))
    return [product_relation([*stack], _factor(stack, "kl", shaped(known.varies(a), a)), [cofactors])]


def _cholesky(node: Apply, known: Known) -> Sequence[Any]:
    """Each entry of a triangle depends on those of its block up to its row."""
    (a,) = node.args
    stack = _stack(a)
    reach = _reached(_both_ways(nonzero(a, known)))
    before, ends = reach & np.tri(reach.shape[-1], dtype=bool), "ij" if node.param("lower") else "ji"
    factors = [_factor(stack, names, before) for names in ("ij", "ik", "il")]
    return [product_relation((*stack, *ends), _factor(stack, "kl", shaped(known.varies(a), a)), factors)]


def _solution(node: Apply, known: Known, links: _Mask, own: _Mask, read: str) -> Sequence[Any]:
    """Return the relations of a solution to its matrix, of whose entries it reads its `own`, and to its right side.

    The matrix of the equations has `links`, those of its row k and column l where the indices are `read`.
    """
    a, b = node.args
    stack, column = _stack(a), "c" * (b.rank > a.rank - 1)
    reach = _reached(links)
    right = nonzero(b, known).astype(np.float32)
    found = _factor(stack, "l" + column, reach @ right > 0)
    moved, own = _factor(stack, "ik", reach), own & shaped(known.varies(a), a)
    output = (*stack, *("i" + column))
    return [
        product_relation(output, _factor(stack, read, own), [moved, found]),
        product_relation(output, _factor(stack, "k" + column, shaped(known.varies(b), b)), [moved]),
    ]


def _solved(node: Apply, known: Known) -> Sequence[Any]:
    links = nonzero(node.args[0], known)
    return _solution(node, known, links, np.ones_like(links), "kl")


def _solved_triangular(node: Apply, known: Known) -> Sequence[Any]:
    links = nonzero(node.args[0], known)
    own = _triangle(node, links.shape[-1], strict=bool(node.param("unit_diagonal")))
    links = links & own
    if node.param("transposed"):
        return _solution(node, known, np.swapaxes(links, -2, -1), np.broadcast_to(own, links.shape), "lk")
    return _solution(node, known, links, np.broadcast_to(own, links.shape), "kl")


def _solved_by_factor(node: Apply, known: Known) -> Sequence[Any]:
    links = nonzero(node.args[0], known)
    own = np.broadcast_to(_triangle(node, links.shape[-1]), links.shape)
    return _solution(node, known, _both_ways(links & own), own, "kl")


def _triangle(node: Apply, size: int, strict: bool = False) -> _Mask:
    lower = np.tri(size, k=-1 if strict else 0, dtype=bool)
    return lower if node.param("lower") else lower.T


MATRIX_RULES: Mapping[str, Callable[[Apply, Known], Sequence[Any]]] = {
    "cho_inverse": _function(symmetric=True),
    "cho_solve": _solved_by_factor,
    "cholesky": _cholesky,
    "det": _determinant,
    "expm": _function(),
    "inv": _function(),
    "logm": _function(),
    "solve": _solved,
    "solve_triangular": _solved_triangular,
    "sqrtm": _function(),
}
