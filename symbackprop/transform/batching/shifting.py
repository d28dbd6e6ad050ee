"""Rules of primitives that do for every example the same along other axes: those parameters that name axes move on.

That is all that most primitives need: what acts entry by entry, or on the last axes of stacks, takes a further axis in
front as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symbackprop.ir.node import Apply, Node, Shape, make_apply
from symbackprop.ir.size import Size, product
from symbackprop.ops import (
    airy,
    cumulative,
    determinants,
    differences,
    error_functions,
    exponential_integrals,
    factorisations,
    indexing,
    layout,
    least_squares,
    matrices,
    matrix_functions,
    normalisation,
    norms,
    order,
    products,
    reduction,
    root_mean_square,
    solves,
    spectra,
    updates,
    windows,
)
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import broadcast, cast, reduce_sum, reshape, sized
from symbackprop.ops.creation import linspace
from symbackprop.ops.declare import Primitive, primitives
from symbackprop.ops.layout import transpose
from symbackprop.transform.batching.call import Call, Rule, Rules

__all__ = ["RULES", "entry_by_entry", "same", "shifted"]


def entry_by_entry(call: Call) -> Node:
    """Return a function of numbers, applied to all entries."""
    node = call.node
    return make_apply(node.op, tuple(call.wholes), node.params, (call.size, *node.shape), node.dtype, node.segment)


def same(call: Call) -> Node:
    """Return what acts on the last axes, of which there is a stack more."""
    return call.op(*call.wholes, **dict(call.node.params))


_Move = Callable[[object, Size], object]
_MOVES: Mapping[str, _Move] = {
    "axis": lambda axis, size: axis + 1,  # type: ignore[operator]
    "axes": lambda axes, size: tuple(axis + 1 for axis in axes),  # type: ignore[attr-defined]
    "shape": lambda shape, size: (size, *shape),  # type: ignore[misc]
}


def shifted(call: Call) -> Node:
    """Return the same along axes that are one further."""
    params = {
        name: _MOVES[name](value, call.size) if name in _MOVES else value for name, value in call.node.params
    }
    return call.op(*call.wholes, **params)


def _with_all(bounds: object) -> tuple[object, ...]:
    return (None, *bounds)  # type: ignore[misc]


def _parts(call: Call) -> Node:
    """Return what writes into parts of an array, all examples of each."""
    params = dict(call.node.params)
    params["bounds"] = tuple(map(_with_all, params["bounds"]))  # type: ignore[call-overload]
    if "shape" in params:
        params["shape"] = (call.size, *params["shape"])  # type: ignore[misc]
    return call.op(*call.wholes, **params)


def _slice(call: Call) -> Node:
    """Return a part of each example; of one whose rows are exchanged with the examples, parts of rows."""
    (x,) = call.args
    bounds = call.node.param("bounds")
    if isinstance(x, Apply) and x.op is transpose:
        axes: tuple[int, ...] = x.param("axes")  # type: ignore[assignment]
        if axes[:2] == (1, 0) and axes[2:] == tuple(range(2, x.rank)):
            first, *rest = bounds  # type: ignore[misc]
            part = indexing.slice_(x.args[0], bounds=(first, None, *rest))
            dropped = first is not None and not isinstance(first, tuple)
            return part if dropped else transpose(part, axes=(1, 0, *range(2, part.rank)))
    return indexing.slice_(x, bounds=_with_all(bounds))


def _broadcast(call: Call) -> Node:
    shape: Shape = call.node.shape
    axes: tuple[int, ...] = call.node.param("axes")  # type: ignore[assignment]
    return broadcast(call.args[0], shape=(call.size, *shape), axes=(0, *(axis + 1 for axis in axes)))


def _transpose(call: Call) -> Node:
    axes: tuple[int, ...] = call.node.param("axes")  # type: ignore[assignment]
    return transpose(call.args[0], axes=(0, *(axis + 1 for axis in axes)))


def _position(call: Call) -> Node:
    """Return where an extremum is; that of all axes is a place in the flat array."""
    (x,) = call.args
    axis = call.node.param("axis")
    if axis is not None:
        return shifted(call)
    return call.op(reshape(x, shape=(call.size, product(x.shape[1:]))), axis=1)


_SHIFTED: tuple[Primitive, ...] = (
    reduce_sum, reshape, sized, linspace, layout.roll, layout.concatenate,
    cumulative.cumsum, cumulative.take_along, cumulative.put_along, cumulative.running_argmax, cumulative.cummax,
    differences.gradient, reduction.mean, reduction.largest, reduction.smallest, reduction.any_, reduction.all_,
    normalisation.logsumexp, normalisation.softmax, normalisation.log_softmax, norms.power_norm,
    root_mean_square.divided_by_rms, order.argsort, order.argpartition, order.sort, order.order_statistic,
    products.linear_recurrence, products.cumprod, products.cumprod_adjoint, products.prod_others, products.prod,
    windows.sliding_windows, windows.overlap_add,
)  # fmt: skip

_SAME: tuple[Primitive, ...] = (
    cast, layout.diagonal, indexing.choose, matrices.triangle, solves.inv, solves.cho_inverse, determinants.det,
    determinants.slogdet, factorisations.cholesky, factorisations.qr, least_squares.pinv, matrix_functions.expm,
    matrix_functions.logm, matrix_functions.sqrtm, spectra.eigh, spectra.eig, spectra.svd,
    *(primitives()[name] for name in ("airy", "fresnel", "sici", "shichi")),
)  # fmt: skip

RULES: Rules = {
    add: entry_by_entry,
    broadcast: _broadcast,
    transpose: _transpose,
    indexing.slice_: _slice,
    indexing.place: _parts,
    updates.replace_parts: _parts,
    updates.add_parts: _parts,
    reduction.argmax: _position,
    reduction.argmin: _position,
    **dict.fromkeys(_SHIFTED, shifted),
    **dict.fromkeys(_SAME, same),
}
