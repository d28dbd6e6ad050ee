"""Norms of vectors and matrices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.errors import ArgumentError
from symbackprop.ir.node import Const, Node, constant
from symbackprop.ops import primitives
from symbackprop.ops.broadcasting import cast, reduce_sum
from symbackprop.ops.comparison import not_equal
from symbackprop.ops.contraction import permuted
from symbackprop.ops.declare import results
from symbackprop.ops.layout import expanded
from symbackprop.ops.norms import power_norm
from symbackprop.ops.powers import power, root
from symbackprop.ops.reduction import largest, smallest
from symbackprop.ops.spectra import svd
from symbackprop.read.vocabulary.arguments import axis_of, node_of, real, require_entries, static_flag
from symbackprop.read.vocabulary.reductions import keeping

__all__ = ["FUNCTIONS"]

_FALSE = constant(False)
_INFINITE = float("inf")


def _norm(x: object, ord: object = None, axis: object = None, keepdims: object = _FALSE) -> Node:
    node = real(node_of(x))
    given = axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(range(node.rank)) if axis is None else tuple(axis_of(a, node.rank) for a in given)
    if ord is None:
        return keeping(root(reduce_sum(power(node, 2), axes=tuple(sorted(axes)))), node, tuple(sorted(axes)), keepdims)
    order = ord if isinstance(ord, str) else _order(ord)
    if len(axes) == 1 and not isinstance(order, str):
        return keeping(_vector_norm(node, order, axes), node, axes, keepdims)
    if len(axes) != 2 or (axis is None and node.rank != 2):
        raise ArgumentError(
            f"norm: ord={order!r} is a norm of {'matrices' if isinstance(order, str) else 'vectors or matrices'}; name their axes with axis="
        )
    kept = [i for i in range(node.rank) if i not in axes]
    result = _matrix_norm(permuted(node, (*kept, *axes)), order)
    return expanded(result, tuple(sorted(axes))) if static_flag(keepdims, "keepdims") else result


def _order(ord: object) -> int | float:
    node = node_of(ord)
    if not isinstance(node, Const) or node.shape or not isinstance(node.value, (int, float)) or node.dtype == "bool":
        raise ArgumentError("norm: ord is a fixed number, inf, -inf, 'fro' or 'nuc'")
    return node.value


def _vector_norm(x: Node, order: int | float, axes: tuple[int, ...]) -> Node:
    """Return ``sum(abs(x)**order)**(1/order)``, or its limit."""
    if order == 2:
        return root(reduce_sum(power(x, 2), axes=axes))
    if order == 0:
        return reduce_sum(cast(not_equal(x, 0), dtype=x.dtype), axes=axes)
    magnitude = primitives()["abs"](x)
    if order in (_INFINITE, -_INFINITE):
        require_entries(x, axes, "the norm")
        return (largest if order > 0 else smallest)(magnitude, axes=axes)
    if order == 1:
        return reduce_sum(magnitude, axes=axes)
    return power_norm(x, axes=axes, order=order)


def _matrix_norm(x: Node, order: int | float | str) -> Node:
    """Return a norm of the matrices in the last two axes."""
    row, column = x.rank - 2, x.rank - 1
    if order not in ("fro", "nuc"):
        require_entries(x, (row, column), "the norm")
    if order == "fro":
        return root(reduce_sum(power(x, 2), axes=(row, column)))
    magnitude = primitives()["abs"]
    if order in (1, -1):  # the largest or smallest sum of a column
        return (largest if order == 1 else smallest)(reduce_sum(magnitude(x), axes=(row,)), axes=(row,))
    if order in (_INFINITE, -_INFINITE):  # of a row
        return (largest if order == _INFINITE else smallest)(reduce_sum(magnitude(x), axes=(column,)), axes=(row,))
    if order not in (2, -2, "nuc"):
        raise ArgumentError(
            f"norm: ord={order!r} is not a norm of matrices; use 'fro', 'nuc', 1, -1, 2, -2, inf or -inf"
        )
    values = magnitude(results(svd(x))[1])  # type: ignore[arg-type]  # abs: the gradient at a zero matrix is 0
    if order == "nuc":
        return reduce_sum(values, axes=(row,))
    return (largest if order == 2 else smallest)(values, axes=(row,))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {"linalg.norm": _norm, "norm": _norm}
