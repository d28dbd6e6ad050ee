"""Rules of primitives that do for every example the same along other axes: those parameters that name axes move on.

That is all that most primitives need: what acts entry by entry, or on the last axes of stacks, takes a further axis in
front as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symbackprop.ir.node import Const, Node, Shape, constant, make_apply
from symbackprop.ir.size import Size, product
from symbackprop.ops import (
    cumulative,
    determinants,
    differences,
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
    surrogate,
    updates,
    windows,
)
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import broadcast, cast, reduce_sum, reshape, sized
from symbackprop.ops.creation import linspace
from symbackprop.ops.declare import Primitive, primitives
from symbackprop.ops.layout import transpose
from symbackprop.transform.batching.call import Call, Rules
from symbackprop.transform.batching.turning import turned, unturned

__all__ = ["RULES", "as_it_is", "entry_by_entry", "same", "shifted"]


def entry_by_entry(call: Call) -> Node:
    """Return a function of numbers, applied to all entries; of arrays with steps first, one with steps first."""
    node = call.node
    backs = [unturned(arg) if moved else None for arg, moved in zip(call.args, call.moved, strict=True)]
    if all(moved is (back is not None) for moved, back in zip(call.moved, backs, strict=True)):
        steps, *rest = node.shape
        shape = (steps, call.size, *rest)
        args = [_among_steps(arg, shape) if back is None else back for arg, back in zip(call.args, backs, strict=True)]
        return turned(make_apply(node.op, tuple(args), node.params, shape, node.dtype, node.segment))
    return make_apply(node.op, tuple(call.wholes), node.params, (call.size, *node.shape), node.dtype, node.segment)


def _among_steps(x: Node, shape: Shape) -> Node:
    """Return `x`, the same for all examples, with these as its second axis."""
    if isinstance(x, Const):
        return constant(x.value, shape, x.dtype)
    return broadcast(x, shape=shape, axes=(0, *range(2, len(shape))))


def same(call: Call) -> Node:
    """Return what acts on the last axes, of which there is a stack more."""
    return call.op(*call.wholes, **dict(call.node.params))


def as_it_is(call: Call) -> Node:
    """Return what takes any axes in those of its arguments that are batches."""
    return call.op(*call.args, **dict(call.node.params))


def _first(call: Call) -> Node:
    """Return what has the value of its first argument, whatever the second is."""
    return entry_by_entry(call) if call.moved[0] else call.whole(0)


_Move = Callable[[object, Size], object]
_MOVES: Mapping[str, _Move] = {
    "axis": lambda axis, size: axis + 1,  # type: ignore[operator]
    "axes": lambda axes, size: tuple(axis + 1 for axis in axes),  # type: ignore[attr-defined]
    "shape": lambda shape, size: (size, *shape),  # type: ignore[misc]
}


def shifted(call: Call) -> Node:
    """Return the same along axes that are one further."""
    params = {name: _MOVES[name](value, call.size) if name in _MOVES else value for name, value in call.node.params}
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
    """Return a part of each example."""
    (x,) = call.args
    bounds: indexing.Bounds = call.node.param("bounds")  # type: ignore[assignment]
    back = unturned(x)
    if back is None:
        return indexing.slice_(x, bounds=_with_all(bounds))
    first, *rest = bounds
    part = indexing.slice_(back, bounds=(first, None, *rest))
    return turned(part) if first is None or isinstance(first, tuple) else part


def _sum(call: Call) -> Node:
    back = unturned(call.args[0])
    axes: tuple[int, ...] = call.node.param("axes")  # type: ignore[assignment]
    if back is None:
        return shifted(call)
    total = reduce_sum(back, axes=tuple(axis + 1 if axis else 0 for axis in axes))
    return total if 0 in axes else turned(total)


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
    reshape, sized, linspace, layout.roll, layout.concatenate,
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
    reduce_sum: _sum,
    broadcast: _broadcast,
    surrogate.straight_through: _first,
    surrogate.scale_cotangent: _first,
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
