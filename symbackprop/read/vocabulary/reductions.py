"""Reductions and cumulative operations, with NumPy's axis and keepdims forms."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.node import Const, Node, constant
from symbackprop.ir.size import product, shape_text
from symbackprop.ops import primitives
from symbackprop.ops.broadcasting import align_shapes, broadcast, broadcast_to, converted, reduce_sum, reshape
from symbackprop.ops.comparison import isnan, not_equal, where
from symbackprop.ops.contraction import permuted
from symbackprop.ops.declare import Primitive
from symbackprop.ops.elementwise import common_dtype
from symbackprop.ops.exponential import log
from symbackprop.ops.layout import expanded, inverse_permutation
from symbackprop.ops.normalisation import log_softmax, logsumexp, softmax
from symbackprop.ops.powers import power, root
from symbackprop.ops.products import prod
from symbackprop.ops.reduction import count_of, largest, mean, restored, smallest
from symbackprop.read.vocabulary.arguments import (
    as_dtype,
    axes_of,
    axis_of,
    node_of,
    real,
    require,
    require_entries,
    static_flag,
)

__all__ = ["ATTRIBUTES", "FUNCTIONS", "METHODS", "keeping"]

_FALSE = constant(False)
_TRUE = constant(True)
_ZERO = constant(0)


def keeping(reduced: Node, x: Node, axes: tuple[int, ...], keepdims: object) -> Node:
    """Return a reduction with the reduced axes kept as size 1, if `keepdims` says so."""
    return expanded(reduced, axes) if static_flag(keepdims, "keepdims") else reduced


def _selection(mask: object, x: Node) -> Node:
    """Return what ``where=`` chooses from, in the shape of `x`."""
    node = node_of(mask)
    if node.dtype != "bool":
        raise ArgumentError("where= takes conditions such as x > 0, not numbers")
    return broadcast_to(node, x.shape)


def _masked(x: Node, mask: object, neutral: int) -> Node:
    """Replace what ``where=`` leaves out by the neutral element."""
    return x if mask is None else where(_selection(mask, x), x, constant(neutral))


def _sum(
    a: object,
    axis: object = None,
    dtype: object = None,
    *,
    keepdims: object = _FALSE,
    initial: object = None,
    where: object = None,
) -> Node:
    x = as_dtype(node_of(a), dtype)
    axes = axes_of(axis, x)
    chosen = _masked(x, where, 0)
    total = reduce_sum(chosen, axes=axes) if axes else chosen
    result = keeping(total, x, axes, keepdims)
    return result if initial is None else result + node_of(initial)


def _mean(
    a: object, axis: object = None, dtype: object = None, *, keepdims: object = _FALSE, where: object = None
) -> Node:
    x = real(as_dtype(node_of(a), dtype))
    axes = axes_of(axis, x)
    if where is not None:
        total = reduce_sum(_masked(x, where, 0), axes=axes)
        return keeping(total / _count_where(where, x, axes), x, axes, keepdims)
    return keeping(mean(x, axes=axes) if axes else x, x, axes, keepdims)


def _count_where(mask: object, x: Node, axes: tuple[int, ...]) -> Node:
    """Return how many entries along the axes ``where=`` leaves in."""
    return reduce_sum(converted(_selection(mask, x), x.dtype), axes=axes)


def _prod(
    a: object,
    axis: object = None,
    dtype: object = None,
    *,
    keepdims: object = _FALSE,
    initial: object = None,
    where: object = None,
) -> Node:
    x = as_dtype(node_of(a), dtype)
    axes = axes_of(axis, x)
    chosen = _masked(x, where, 1)
    result = keeping(prod(chosen, axes=axes) if axes else chosen, x, axes, keepdims)
    return result if initial is None else result * node_of(initial)


def _extremum(primitive: Any, pairwise: str) -> Callable[..., Node]:
    def function(
        a: object,
        axis: object = None,
        *others: object,
        keepdims: object = _FALSE,
        initial: object = None,
        where: object = None,
    ) -> Node:
        if where is not None and initial is None:
            raise ArgumentError("where= needs initial= here, the value of an empty selection")
        if (
            others
            or (isinstance(axis, Node) and not isinstance(axis, Const))
            or (axis is not None and not node_of(a).rank)
        ):
            raise ArgumentError(
                f"the second argument is an axis, as NumPy's is; of two numbers or arrays, write {pairwise}(a, b)"
            )
        x = node_of(a)
        axes = axes_of(axis, x)
        if initial is None:
            require_entries(x, axes, f"the {pairwise} without initial=")
            return keeping(primitive(x, axes=axes) if axes else x, x, axes, keepdims)
        first = node_of(initial)
        dtype = common_dtype([x, first])
        x, first = converted(x, dtype), converted(first, dtype)
        x = x if where is None else primitives()["where"](_selection(where, x), x, first)
        may_be_empty = not all(isinstance(x.shape[i], int) and x.shape[i] != 0 for i in axes)
        found = primitive(x, axes=axes, **{"empty": True} if may_be_empty else {}) if axes else x
        return primitives()[pairwise](keeping(found, x, axes, keepdims), first)

    return function


_max = _extremum(largest, "maximum")
_min = _extremum(smallest, "minimum")


def _ptp(a: object, axis: object = None, *, keepdims: object = _FALSE) -> Node:
    return _max(a, axis, keepdims=keepdims) - _min(a, axis, keepdims=keepdims)


def _var(
    a: object,
    axis: object = None,
    dtype: object = None,
    *,
    ddof: object = _ZERO,
    keepdims: object = _FALSE,
    where: object = None,
    mean: object = None,
    correction: object = None,
) -> Node:
    x = real(as_dtype(node_of(a), dtype))
    axes = axes_of(axis, x)
    lost = node_of(ddof if correction is None else correction)
    centre = _mean(x, axis, keepdims=_TRUE, where=where) if mean is None else node_of(mean)
    squares = power(x - centre, 2)
    whole = where is None and isinstance(lost, Const) and lost.value == 0
    if whole:
        return _mean(squares, axis, keepdims=keepdims)
    if where is not None:
        count = primitives()["maximum"](_count_where(where, x, axes) - lost, 0)
    else:
        _require_entries(x, axes, lost)
        count = count_of(x, axes, x.dtype) - lost
    return keeping(reduce_sum(_masked(squares, where, 0), axes=axes) / count, x, axes, keepdims)


def _require_entries(x: Node, axes: tuple[int, ...], lost: Node) -> None:
    """Require as many entries as degrees of freedom are lost: NumPy has nan for fewer, the formula a negative count."""
    if isinstance(lost, Const) and isinstance(lost.value, (int, float)):
        need = math.ceil(lost.value)
        require(need, "<=", product(x.shape[axis] for axis in axes), f"a variance with ddof={lost.value}")


def _std(a: object, axis: object = None, dtype: object = None, **options: object) -> Node:
    return root(_var(a, axis, dtype, **options))


def _logical(name: str) -> Callable[..., Node]:
    neutral = name == "all"

    def function(a: object, axis: object = None, *, keepdims: object = _FALSE, where: object = None) -> Node:
        x = node_of(a)
        mask = x if x.dtype == "bool" else not_equal(x, 0)
        mask = _masked(mask, where, neutral)
        axes = axes_of(axis, x)
        return keeping(primitives()[name](mask, axes=axes) if axes else mask, x, axes, keepdims)

    return function


def _position(name: str) -> Callable[..., Node]:
    def function(a: object, axis: object = None, *, keepdims: object = _FALSE) -> Node:
        x = node_of(a)
        require_entries(x, axes_of(axis, x), name)
        if axis is None:
            return keeping(primitives()[name](x, axis=None), x, tuple(range(x.rank)), keepdims)
        chosen = axis_of(axis, x.rank)
        return keeping(primitives()[name](x, axis=chosen), x, (chosen,), keepdims)

    return function


def _count_nonzero(a: object, axis: object = None, *, keepdims: object = _FALSE) -> Node:
    x = node_of(a)
    return _sum(x if x.dtype == "bool" else not_equal(x, 0), axis, keepdims=keepdims)


def _nansum(
    a: object,
    axis: object = None,
    dtype: object = None,
    *,
    keepdims: object = _FALSE,
    initial: object = None,
    where: object = None,
) -> Node:
    x = node_of(a)
    present = primitives()["where"](isnan(x), 0, x)
    return _sum(present, axis, dtype, keepdims=keepdims, initial=initial, where=where)


def _weights_along(w: Node, x: Node, axis: object) -> Node:
    """Return weights of the shape of `x`, or of the axes that ``axis=`` names, in its order, in the shape of `x`."""
    if w.shape == x.shape:
        return w
    named = [axis_of(i, x.rank) for i in (axis if isinstance(axis, tuple) else () if axis is None else (axis,))]
    if w.shape != tuple(x.shape[i] for i in named) or not named:
        raise ShapeError(
            f"average: weights of shape {shape_text(w.shape)} have neither the shape {shape_text(x.shape)} of a, "
            "nor that of its axes that axis= names"
        )
    order = tuple(sorted(range(w.rank), key=named.__getitem__))
    return broadcast(permuted(w, order), shape=x.shape, axes=tuple(sorted(named)))


def _average(
    a: object, axis: object = None, weights: object = None, returned: object = _FALSE, *, keepdims: object = _FALSE
) -> Any:
    x = real(node_of(a))
    axes = axes_of(axis, x)
    if weights is None:
        result = _mean(x, axis, keepdims=keepdims)
        total: Node = constant(product(x.shape[i] for i in axes), (), x.dtype)
    else:
        w = _weights_along(node_of(weights), x, axis)
        total = keeping(reduce_sum(w, axes=axes), x, axes, keepdims)
        result = keeping(reduce_sum(x * w, axes=axes), x, axes, keepdims) / total
    return (result, broadcast_to(total, result.shape)) if static_flag(returned, "returned") else result


_std.__signature__ = signature(_var)  # type: ignore[attr-defined]


# --- softmax and its relatives ----------------------------------------------------------------------------------------


def _logsumexp(a: object, axis: object = None, b: object = None, keepdims: object = _FALSE) -> Node:
    x = real(node_of(a))
    if b is None:
        axes = axes_of(axis, x)
        require_entries(x, axes, "logsumexp")
        return keeping(logsumexp(x, axes=axes) if axes else x, x, axes, keepdims)
    x, weights = align_shapes([x, real(node_of(b))])
    axes = axes_of(axis, x)
    require_entries(x, axes, "logsumexp")
    if not axes:
        return x + log(weights)
    shift, highest = x, {"float16": 10, "bfloat16": 80, "float32": 80, "float64": 700}[x.dtype]
    if not isinstance(weights, Const):  # the largest is one that counts; the others must not overflow
        shift = where(not_equal(weights, 0), x, constant(float("-inf")))
    top = largest(shift, axes=axes)
    exponent = x - restored(top, x, axes)
    if shift is not x:
        exponent = primitives()["minimum"](exponent, highest)
    total = reduce_sum(weights * primitives()["exp"](exponent), axes=axes)
    return keeping(log(total) + top, x, axes, keepdims)


def _along_axis(primitive: Primitive) -> Callable[..., Node]:
    def function(x: object, axis: object = None) -> Node:
        node = real(node_of(x))
        if not node.rank:
            node = expanded(node, (0,))
        axes = axes_of(axis, node)
        require_entries(node, axes, primitive.name)
        if len(axes) == 1:
            return primitive(node, axis=axes[0])
        kept = tuple(i for i in range(node.rank) if i not in axes)  # several axes as one, the last
        moved = permuted(node, (*kept, *axes))
        flat = reshape(moved, shape=(*moved.shape[: len(kept)], product(node.shape[i] for i in axes)))
        result = reshape(primitive(flat, axis=len(kept)), shape=moved.shape)
        return permuted(result, inverse_permutation((*kept, *axes)))

    return function


def _size(x: Node) -> Node:
    return constant(product(x.shape))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "sum": _sum,
    "mean": _mean,
    "prod": _prod,
    "max": _max,
    "amax": _max,
    "min": _min,
    "amin": _min,
    "ptp": _ptp,
    "var": _var,
    "std": _std,
    "any": _logical("any"),
    "all": _logical("all"),
    "argmax": _position("argmax"),
    "argmin": _position("argmin"),
    "count_nonzero": _count_nonzero,
    "nansum": _nansum,
    "average": _average,
    "logsumexp": _logsumexp,
    "softmax": _along_axis(softmax),
    "log_softmax": _along_axis(log_softmax),
    "len": lambda x: constant(node_of(x).shape[0]) if node_of(x).rank else _no_length(),
}


def _no_length() -> Node:
    raise ShapeError("len() of a scalar does not exist")


METHODS: Mapping[str, Callable[..., Any]] = {
    name: FUNCTIONS[name]
    for name in ("sum", "mean", "prod", "max", "min", "var", "std", "any", "all", "argmax", "argmin", "ptp")
}

ATTRIBUTES: Mapping[str, Callable[[Node], Any]] = {
    "shape": lambda x: tuple(constant(size) for size in x.shape),
    "ndim": lambda x: constant(x.rank),
    "size": _size,
}
