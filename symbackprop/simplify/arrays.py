"""Broadcasts later, sums earlier, transposes and products into contractions.

Broadcasts move outwards through elementwise operations, scalar factors out of products, sums and contractions, so that
nothing is computed larger than it has to be and products that are summed become matrix products.
"""

from __future__ import annotations

from symbackprop.ir.dtype import FLOATS, is_float
from symbackprop.ir.node import Apply, Const, Node, Shape, constant
from symbackprop.ir.size import product
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import add, div, integer_power, mul, neg
from symbackprop.ops.broadcasting import broadcast, cast, converted, reduce_sum, reshape, sized
from symbackprop.ops.contraction import contract, einsum, permuted
from symbackprop.ops.indexing import place, scatter_add, slice_
from symbackprop.ops.layout import diagonal, transpose
from symbackprop.ops.literal import literal
from symbackprop.ops.reduction import kept_axes, mean
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import exact, folded, is_number, times
from symbackprop.simplify.pattern import Context, Row
from symbackprop.simplify.scalars import (
    coefficient_of,
    gather_repeated,
    gather_scalars,
    is_absorbed,
    quotient_by_scalar,
    scalar_out_of_sum,
    scale_scalar,
)

__all__ = ["ROWS", "product_in_sum", "sum_of_contraction"]


def _axes(node: Node, name: str = "axes") -> tuple[int, ...]:
    assert isinstance(node, Apply)
    return node.param(name)  # type: ignore[return-value]


# --- broadcasts -------------------------------------------------------------------------------------------------------


def _delay_broadcast(node: Apply, context: Context) -> Node | None:
    """f(broadcast(x), broadcast(y), 2) is broadcast(f(x, y, 2)) where one of them has all axes of the others."""
    axes: tuple[int, ...] = ()
    every: set[int] = set()
    for arg in node.args:
        if isinstance(arg, Const):
            continue
        repeated = args_of(arg)[0] if is_applied(arg, neg) else arg
        if not is_applied(repeated, broadcast):
            return None
        own = _axes(repeated)
        every.update(own)
        axes = own if len(own) > len(axes) else axes
    if len(every) > len(axes) or not node.shape:
        return None  # an outer product; or a number, and not an array filled with one
    inner_shape = tuple(node.shape[axis] for axis in axes)
    inner = [_before_broadcast(arg, inner_shape, axes) for arg in node.args]
    made = node.op(*inner, **dict(node.params))  # type: ignore[operator]
    return broadcast(converted(made, node.dtype), shape=node.shape, axes=axes)


def _before_broadcast(arg: Node, shape: Shape, axes: tuple[int, ...]) -> Node:
    """Return a constant in a smaller shape, the argument of a broadcast, or its negative, repeated as far as `axes` go."""
    if isinstance(arg, Const):
        return constant(arg.value, shape, arg.dtype)
    if is_applied(arg, neg):
        return neg(_before_broadcast(args_of(arg)[0], shape, axes))
    (inner,) = args_of(arg)
    own = tuple(axes.index(axis) for axis in _axes(arg))
    return inner if len(own) == len(axes) else broadcast(inner, shape=shape, axes=own)


def _simplify_broadcast(node: Apply, context: Context) -> Node | None:
    (x,) = node.args
    axes = _axes(node)
    if isinstance(x, Const):
        return constant(x.value, node.shape, x.dtype)
    if x.shape == node.shape:
        return x
    if is_applied(x, neg):
        return neg(broadcast(args_of(x)[0], shape=node.shape, axes=axes))
    if is_applied(x, broadcast):
        return broadcast(args_of(x)[0], shape=node.shape, axes=tuple(axes[axis] for axis in _axes(x)))
    return None


# --- sums -------------------------------------------------------------------------------------------------------------


def _simplify_sum(node: Apply, context: Context) -> Node | None:
    (x,) = node.args
    axes = _axes(node)
    if isinstance(x, Const):
        count = product(x.shape[axis] for axis in axes)
        return folded(times(exact(x.value), count), node)
    if all(x.shape[axis] == 1 for axis in axes):
        return reshape(converted(x, node.dtype), shape=node.shape)
    if is_applied(x, reduce_sum):
        left = kept_axes(args_of(x)[0].rank, _axes(x))
        return reduce_sum(args_of(x)[0], axes=tuple(sorted((*_axes(x), *(left[axis] for axis in axes)))))
    if is_applied(x, broadcast):
        return _sum_of_broadcast(node, x, axes)
    if is_applied(x, transpose):
        return _sum_of_transpose(x, axes)
    if is_applied(x, neg):
        return neg(reduce_sum(args_of(x)[0], axes=axes))
    if is_applied(x, mul) and is_number(args_of(x)[0]):
        coefficient, rest = args_of(x)
        return mul(constant(coefficient.value, (), coefficient.dtype), reduce_sum(rest, axes=axes))  # type: ignore
    return None


def _sum_of_broadcast(node: Apply, x: Node, axes: tuple[int, ...]) -> Node | None:
    """Sum over the axes that the operand has, before it is repeated, and multiply by the count of the others."""
    own = _axes(x)
    repeated = [axis for axis in axes if axis not in own]
    inner = args_of(x)[0]
    if x.rank == inner.rank or (x.dtype not in FLOATS and x.dtype != "int64"):
        return None
    summed = tuple(position for position, axis in enumerate(own) if axis in axes)
    part = reduce_sum(inner, axes=summed) if summed else inner
    count = product(x.shape[axis] for axis in repeated)
    left = kept_axes(x.rank, axes)
    scaled = mul(constant(count, (), x.dtype), part) if repeated else part
    return broadcast(scaled, shape=node.shape, axes=tuple(left.index(axis) for axis in own if axis not in axes))


def _sum_of_transpose(x: Node, axes: tuple[int, ...]) -> Node:
    """Sum first, over the axes as they were, and transpose what is left."""
    moved = _axes(x)
    summed = sorted(moved[axis] for axis in axes)
    left = [moved[axis] for axis in kept_axes(x.rank, axes)]
    order = tuple(sorted(left).index(axis) for axis in left)
    return permuted(reduce_sum(args_of(x)[0], axes=tuple(summed)), order)


def sum_of_contraction(node: Apply, context: Context) -> Node | None:
    """The sum of a contraction over some of its axes is a contraction."""
    (x,) = node.args
    axes = _axes(node)
    if is_applied(x, einsum) and context.is_free(x):
        output = _axes(x, "output")
        kept = tuple(index for axis, index in enumerate(output) if axis not in axes)
        return contract(args_of(x), _axes(x, "operands"), kept)  # type: ignore[arg-type]
    return None


def _diagonal_of_contraction(node: Apply, context: Context) -> Node | None:
    """The diagonal of A @ B needs only the products that meet there."""
    (x,) = node.args
    if is_applied(x, einsum) and (context.is_free(x) or all(arg.rank < 2 for arg in args_of(x))):
        *lead, i, j = _axes(x, "output")
        operands = tuple(tuple(i if k == j else k for k in own) for own in _axes(x, "operands"))  # type: ignore
        return contract(args_of(x), operands, (*lead, i))
    return None


def _merge_places(node: Apply, context: Context) -> Node | None:
    """The adjoints of several reads of one array are added up in one buffer."""
    for op in (place, scatter_add):
        parts = [arg for arg in node.args if is_applied(arg, op) and context.is_free(arg)]
        if len(parts) < 2 or (op is scatter_add and len({_addressing(part) for part in parts}) > 1):
            continue
        rest = [arg for arg in node.args if not any(arg is part for part in parts)]
        args = [arg for part in parts for arg in args_of(part)]
        if op is place:
            merged = place(*args, shape=node.shape, bounds=tuple(b for part in parts for b in _axes(part, "bounds")))
        else:
            axis, indices = _addressing(parts[0])
            merged = scatter_add(*args, shape=node.shape, axis=axis, indices=indices)
        return add(*rest, merged) if rest else merged
    return None


def _addressing(node: Node) -> tuple[object, object]:
    """Return at which axis a `scatter_add` writes, and by how many index arrays."""
    return _axes(node, "axis"), _axes(node, "indices")


def _factors(node: Node) -> list[Node]:
    """Return the two factors of a product or a square."""
    if is_applied(node, mul):
        return list(args_of(node))
    if is_applied(node, integer_power) and node.param("n") == 2:  # type: ignore[attr-defined]
        return [args_of(node)[0]] * 2
    return []


def _contract_product(node: Apply, context: Context) -> Node | None:
    """sum(x * y) is a contraction, if all is summed or a factor does not have all the axes."""
    found = product_in_sum(node, context)
    return contract(*found) if found is not None and _is_matrix_product(found[1], found[2]) else None


def product_in_sum(node: Apply, context: Context) -> tuple[list[Node], list[tuple[int, ...]], tuple[int, ...]] | None:
    """Return operands, their indices and those of the result of the contraction that a sum of products is, if it is one."""
    (x,) = node.args
    factors = _factors(x)
    if not factors or x.dtype not in FLOATS or not context.is_free(x):
        return None
    operands, arrays = [], []
    for factor in factors:
        if isinstance(factor, Const):
            return None
        dropped = is_applied(factor, broadcast)
        operands.append(_axes(factor) if dropped else tuple(range(x.rank)))
        arrays.append(args_of(factor)[0] if dropped else factor)
    covered = {index for own in operands for index in own}
    kept = kept_axes(x.rank, _axes(node))
    return (arrays, operands, kept) if len(covered) == x.rank else None


def _is_matrix_product(operands: list[tuple[int, ...]], kept: tuple[int, ...]) -> bool:
    """Tell whether no kept axis is shared by both factors, so that BLAS multiplies matrices or vectors."""
    shared = set(operands[0]) & set(operands[1])
    return not kept or (shared.isdisjoint(kept) and bool(shared))


# --- transposes and contractions --------------------------------------------------------------------------------------


def _simplify_transpose(node: Apply, context: Context) -> Node | None:
    (x,) = node.args
    axes = _axes(node)
    if axes == tuple(range(len(axes))):
        return x
    if isinstance(x, Const):
        return constant(x.value, node.shape, x.dtype)
    if is_applied(x, transpose):
        return transpose(args_of(x)[0], axes=tuple(_axes(x)[axis] for axis in axes))
    if is_applied(x, einsum) and context.is_free(x):
        output = _axes(x, "output")
        return contract(args_of(x), _axes(x, "operands"), tuple(output[axis] for axis in axes))  # type: ignore[arg-type]
    if is_applied(x, broadcast):
        own = _axes(x)
        places = [axes.index(axis) for axis in own]
        if places == sorted(places):
            return broadcast(args_of(x)[0], shape=node.shape, axes=tuple(places))
        order = tuple(sorted(range(len(own)), key=places.__getitem__))
        moved = transpose(args_of(x)[0], axes=order)
        return broadcast(moved, shape=node.shape, axes=tuple(sorted(places)))
    if is_applied(x, mul) and context.is_free(x):
        turned = [
            is_applied(arg, transpose) or (is_applied(arg, einsum) and context.is_free(arg)) for arg in args_of(x)
        ]
        moved_easily = [isinstance(arg, Const) or is_applied(arg, broadcast) for arg in args_of(x)]
        if any(turned) and all(a or b for a, b in zip(turned, moved_easily, strict=True)):
            return mul(*(transpose(arg, axes=axes) for arg in args_of(x)))
    return None


def _absorb_operands(node: Apply, context: Context) -> Node | None:
    """Take transposes, broadcasts, signs and numbers out of the operands of a contraction."""
    operands: tuple[tuple[int, ...], ...] = _axes(node, "operands")  # type: ignore[assignment]
    arrays, indices = list(node.args), list(operands)
    scale: Node | None = None
    changed = negative = False
    for position, arg in enumerate(node.args):
        if is_applied(arg, transpose):
            moved = _axes(arg)
            arrays[position] = args_of(arg)[0]
            indices[position] = tuple(operands[position][moved.index(axis)] for axis in range(len(moved)))
        elif is_applied(arg, broadcast):
            arrays[position] = args_of(arg)[0]
            indices[position] = tuple(operands[position][axis] for axis in _axes(arg))
        elif is_applied(arg, neg) and is_absorbed(arg, context):
            arrays[position], negative = args_of(arg)[0], not negative
        elif scale is None and (parts := coefficient_of(arg, node, context)) is not None:
            scale, arrays[position] = parts
        elif isinstance(arg, Const):
            arrays[position], indices[position] = constant(arg.value, (), arg.dtype), ()
        else:
            continue
        changed = True
    if not changed:
        return None
    sizes = {
        i: size for arg, own in zip(node.args, operands, strict=True) for i, size in zip(own, arg.shape, strict=True)
    }
    summed = {i for own in operands for i in own} - set(_axes(node, "output"))
    lost = summed - {i for own in indices for i in own}
    result = contract(arrays, indices, _axes(node, "output"), sizes)
    if lost:
        result = mul(constant(product(sizes[i] for i in sorted(lost)), (), node.dtype), result)
    result = mul(scale, result) if scale is not None else result
    return neg(result) if negative else result


def _reshape(node: Apply, context: Context) -> Node | None:
    (x,) = node.args
    if x.shape == node.shape:
        return x
    if isinstance(x, Const):
        return constant(x.value, node.shape, x.dtype)
    if is_applied(x, neg):
        return neg(reshape(args_of(x)[0], shape=node.shape))
    if is_applied(x, slice_) and context.is_free(x):
        return _dropped_axes(node, x)
    if is_applied(x, reshape) and not context.is_named(x):
        return reshape(args_of(x)[0], shape=node.shape)
    if is_applied(x, broadcast) and all(x.shape[axis] == 1 for axis in range(x.rank) if axis not in _axes(x)):
        inner = args_of(x)[0]
        return inner if inner.shape == node.shape else reshape(inner, shape=node.shape)
    return None


def _dropped_axes(node: Apply, x: Node) -> Node | None:
    """x[:, 2:3] without its second axis is x[:, 2]."""
    old: tuple[object, ...] = _axes(x, "bounds")
    bounds = list(old)
    whole = args_of(x)[0]
    spans = [i for i, bound in enumerate(old) if bound is None or isinstance(bound, tuple)]
    for size, i in zip(x.shape, spans, strict=True):
        bound = old[i]
        if size == 1 and isinstance(bound, tuple) and bound[2] == 1 and isinstance(bound[0] or 0, int):
            start, end = bound[0] or 0, whole.shape[i]
            bounds[i] = 0 if isinstance(end, int) and start < -end else start  # a slice may begin before the array
    if tuple(bounds) == old:
        return None
    found = slice_(whole, bounds=tuple(bounds))
    return found if found.shape == node.shape else None


def _sized(node: Apply, context: Context) -> Node | None:
    """A shape is written in the last sizes asked for, and not again in those that it has."""
    (x,) = node.args
    if x.shape == node.shape:
        return x
    return sized(*args_of(x), shape=node.shape) if is_applied(x, sized) else None


def _constant_mean(node: Apply, context: Context) -> Node | None:
    (x,) = node.args
    return constant(x.value, node.shape, x.dtype) if isinstance(x, Const) else None


def _written_cast(node: Apply, context: Context) -> Node | None:
    """Convert numbers that are written out, one or an array of them, by writing them so."""
    (x,) = node.args
    if isinstance(x, Const) and x.dtype == "int64" and is_float(node.dtype):
        return constant(x.value, node.shape, node.dtype)
    if not is_applied(x, literal) or not is_float(node.dtype):
        return None
    return literal(*(converted(number, node.dtype) for number in args_of(x)), shape=x.shape)


_ELEMENTWISE = tuple(op for op in primitives().values() if (op.kind == "elementwise" or op is add) and op is not neg)


def _filled_place(node: Apply, context: Context) -> Node | None:
    """A short vector whose entries are all placed one by one is written out."""
    parts: tuple[tuple[object, ...], ...] = _axes(node, "bounds")  # type: ignore[assignment]
    entries = {bounds[0]: arg for bounds, arg in zip(parts, node.args, strict=True)}
    if node.rank != 1 or len(entries) < len(parts) or len(parts) > 8 or node.shape != (len(parts),):
        return None
    positions = range(len(parts))
    if any(position not in entries for position in positions):
        return None
    return literal(*(entries[position] for position in positions), shape=node.shape)


def _part_of_constant(node: Apply, context: Context) -> Node | None:
    (x,) = node.args
    return constant(x.value, node.shape, x.dtype) if isinstance(x, Const) else None


ROWS = (
    Row("delay broadcast", _ELEMENTWISE, _delay_broadcast, arrays=True, of=(broadcast, neg, Const)),
    Row("simplify broadcast", (broadcast,), _simplify_broadcast),
    Row("gather scalar factors", (mul,), gather_scalars, arrays=True, of=(mul,)),
    Row("gather repeated factors", (mul,), gather_repeated, arrays=True, of=(mul,)),
    Row("scale scalar factor", (mul,), scale_scalar, arrays=True, of=(mul,)),
    Row("quotient by scalar", (div,), quotient_by_scalar, arrays=True, of=(broadcast,)),
    Row("simplify sum", (reduce_sum,), _simplify_sum),
    Row("scalar out of sum", (reduce_sum,), scalar_out_of_sum, of=(mul,)),
    Row("sum of contraction", (reduce_sum,), sum_of_contraction, of=(einsum,)),
    Row("diagonal of contraction", (diagonal,), _diagonal_of_contraction, of=(einsum,)),
    Row("merge writes", (add,), _merge_places, of=(place, scatter_add)),
    Row("part of a constant", (slice_,), _part_of_constant, of=(Const,)),
    Row("filled vector", (place,), _filled_place),
    Row("contract product", (reduce_sum,), _contract_product, of=(mul, integer_power)),
    Row("simplify transpose", (transpose,), _simplify_transpose),
    Row("absorb operands", (einsum,), _absorb_operands, of=(transpose, broadcast, neg, mul, Const)),
    Row("simplify reshape", (reshape,), _reshape),
    Row("simplify sizes", (sized,), _sized),
    Row("convert written numbers", (cast,), _written_cast, of=(Const, literal)),
    Row("mean of a constant", (mean,), _constant_mean, of=(Const,)),
)
