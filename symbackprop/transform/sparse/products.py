"""Products along axes, whole and running, and linear recurrences: a zero that is known ends what a factor reaches."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbackprop.ir.node import Apply, Node
from symbackprop.transform.sparse.contracted import Factor, product_relation
from symbackprop.transform.sparse.known import Known, nonzero, uniform
from symbackprop.transform.sparse.relations import check_sparse, sizes_of

__all__ = ["PRODUCT_RULES"]

_Mask = NDArray[np.bool_]


def _axis(node: Apply) -> int:
    return node.param("axis")  # type: ignore[return-value]


def _lines(x: Node, known: Known, axis: int) -> _Mask:
    """Return which entries are not zeros, with an axis last."""
    return np.moveaxis(nonzero(x, known), axis, -1)


def _names(node: Apply, along: str) -> list[Hashable]:
    """Return the index of each axis, of which that along the lines has a name of its own."""
    return [along if axis == _axis(node) else axis for axis in range(node.rank)]


def _others(node: Apply) -> list[Hashable]:
    return [axis for axis in range(node.rank) if axis != _axis(node)]


def _relation(node: Apply, x: Node, known: Known, link: _Mask, *also: Factor) -> Any:
    """Return the relation to an argument, given which place of it in a line reaches which one of the result."""
    flags = known.varies(x)
    own = Factor(_names(node, "k"), sizes_of(x), flags)
    return product_relation(_names(node, "i"), own, [_factor(node, "ik", link), *also])


def _factor(node: Apply, along: str, mask: _Mask) -> Factor:
    return Factor((*_others(node), *along), mask.shape, uniform(mask))


def _size(node: Apply) -> int:
    """Return the length of the lines, if not too many pairs of places are in them."""
    size = sizes_of(node)[_axis(node)]
    check_sparse(size * int(np.prod(sizes_of(node), dtype=np.int64)))
    return size


def _product(node: Apply, known: Known) -> Sequence[Any]:
    """Each entry depends on all factors, if none is a zero."""
    (x,) = node.args
    axes: Any = node.param("axes")
    kept = [axis for axis in range(x.rank) if axis not in axes]
    alive = nonzero(x, known).all(axis=tuple(axes))
    return [
        product_relation(
            kept, Factor(range(x.rank), sizes_of(x), known.varies(x)), [Factor(kept, alive.shape, uniform(alive))]
        )
    ]


def _running_product(node: Apply, known: Known) -> Sequence[Any]:
    """Each entry depends on the factors up to it, if none is a zero."""
    (x,) = node.args
    before = np.tri(_size(node), dtype=bool)
    alive = np.logical_and.accumulate(_lines(x, known, _axis(node)), axis=-1)
    return [_relation(node, x, known, before & alive[..., :, None])]


def _product_of_others(node: Apply, known: Known) -> Sequence[Any]:
    """Each entry depends on the others along an axis, if none of these is a zero."""
    (x,) = node.args
    apart = ~np.eye(_size(node), dtype=bool)
    zeros = ~_lines(x, known, _axis(node))
    alive = zeros.sum(axis=-1, keepdims=True) == zeros
    return [_relation(node, x, known, apart & alive[..., :, None])]


def _recurrence(node: Apply, known: Known) -> Sequence[Any]:
    """Of r_i = b_i + a_i r_{i-1} each entry depends on what comes before it up to the last coefficient that is zero."""
    a, b = node.args
    size, axis = _size(node), _axis(node)
    zeros = np.cumsum(~_lines(a, known, axis), axis=-1)
    reaches = np.tri(size, dtype=bool) & (zeros[..., :, None] == zeros[..., None, :])
    started = (reaches & _lines(b, known, axis)[..., None, :]).any(axis=-1)
    before = np.concatenate((np.zeros_like(started[..., :1]), started[..., :-1]), axis=-1)
    return [
        _relation(node, a, known, reaches, _factor(node, "k", before)),
        _relation(node, b, known, reaches),
    ]


def _adjoint(node: Apply, known: Known) -> Sequence[Any]:
    """Each entry depends on the cotangents from it on, and on the other factors up to the last cotangent."""
    x, g = node.args
    size, axis = _size(node), _axis(node)
    zeros = ~_lines(x, known, axis)
    alive = np.cumsum(zeros, axis=-1)[..., None, :] == zeros[..., :, None]
    needed = np.logical_or.accumulate(_lines(g, known, axis)[..., ::-1], axis=-1)[..., ::-1]
    apart = ~np.eye(size, dtype=bool) & needed[..., :, None] & needed[..., None, :]
    return [_relation(node, x, known, apart), _relation(node, g, known, np.tri(size, dtype=bool).T & alive)]


PRODUCT_RULES: Mapping[str, Callable[[Apply, Known], Sequence[Any]]] = {
    "cumprod": _running_product,
    "cumprod_adjoint": _adjoint,
    "linear_recurrence": _recurrence,
    "prod": _product,
    "prod_others": _product_of_others,
}
