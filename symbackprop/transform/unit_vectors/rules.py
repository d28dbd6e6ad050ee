"""Rules of operations on values for all unit vectors: those that keep deltas, or that need no rule for batches.

A rule is given the arguments, those that depend on the unit vector as a `Spread`, and returns one. The operations need not
be linear: where a rule would not hold, deltas are written out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from symbackprop.ir.node import Apply, Const, Node, Operation, Shape, constant, make_apply
from symbackprop.ops import cumulative, indexing, layout
from symbackprop.ops.arithmetic import add, div, mul, neg
from symbackprop.ops.broadcasting import broadcast, cast, reduce_sum, reshape, sized, with_shape
from symbackprop.ops.comparison import where
from symbackprop.ops.contraction import einsum
from symbackprop.ops.convolution import convolve, correlate
from symbackprop.ops.creation import eye
from symbackprop.ops.matrices import triangle
from symbackprop.ops.products import linear_recurrence
from symbackprop.ops.reduction import mean
from symbackprop.ops.solves import cho_solve, solve, solve_triangular
from symbackprop.ops.windows import sliding_windows
from symbackprop.transform.unit_vectors.spread import Spread, product_of, repeated

__all__ = ["RULES", "Argument", "agreeing", "along_tied_axis", "entry_by_entry", "kept_axes", "plainer"]

Argument = Node | Spread
Rule = Callable[[Apply, Sequence[Argument]], Spread]


def agreeing(args: Sequence[Argument], kept: Callable[[int, int], bool]) -> list[Argument]:
    """Return arguments whose ties are the same; `kept` tells, of a position and an axis, whether a tie there may stay."""
    spreads = [(position, arg) for position, arg in enumerate(args) if isinstance(arg, Spread)]
    first = spreads[0][1]
    common = [
        axis
        for axis, tie in enumerate(first.ties)
        if tie is not None
        and all(axis < len(arg.ties) and arg.ties[axis] == tie and kept(position, axis) for position, arg in spreads)
    ]
    return [arg.tied(common) if isinstance(arg, Spread) else arg for arg in args]


def _first_spread(args: Sequence[Argument]) -> Spread:
    return next(arg for arg in args if isinstance(arg, Spread))


def _written_out(args: Sequence[Argument]) -> list[Argument]:
    return [arg.tied(()) if isinstance(arg, Spread) else arg for arg in args]


# --- entry by entry ---------------------------------------------------------------------------------------------------


def entry_by_entry(node: Apply, args: Sequence[Argument]) -> Spread:
    """Return a function of numbers, applied to all entries; deltas stay where what is 0 stays 0."""
    args = agreeing(args, lambda position, axis: True) if _keeps_zeros(node, args) else _written_out(args)
    spread = _first_spread(args)
    lead = spread.lead_shape
    cores = tuple(arg.core if isinstance(arg, Spread) else repeated(arg, lead) for arg in args)
    return spread.with_core(make_apply(node.op, cores, node.params, (*lead, *node.shape), node.dtype, node.segment))


def _keeps_zeros(node: Apply, args: Sequence[Argument]) -> bool:
    """Tell whether a result is 0 wherever all arguments that depend on the unit vector are."""
    depends = [isinstance(arg, Spread) for arg in args]
    if node.op is add:
        return all(depends)
    if node.op is mul:
        return sum(depends) == 1
    if node.op is div:
        return not depends[1]
    if node.op is where:
        zeros = [isinstance(arg, Const) and arg.value == 0 for arg in args]
        return not depends[0] and all(depends[i] or zeros[i] for i in (1, 2))
    return node.op in (neg, cast)


# --- axes that come, go and change places ------------------------------------------------------------------------------


def _broadcast(node: Apply, args: Sequence[Argument]) -> Spread:
    spread = _first_spread(args)
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    ties: list[int | None] = [None] * node.rank
    for axis, tie in zip(axes, spread.ties, strict=True):
        ties[axis] = tie
    count = len(spread.lead)
    shape = (*spread.lead_shape, *node.shape)
    core = spread.core
    if isinstance(core, Const):
        return Spread(spread.basis, constant(core.value, shape, core.dtype), tuple(ties))
    wider = broadcast(core, shape=shape, axes=(*range(count), *(axis + count for axis in axes)))
    return Spread(spread.basis, wider, tuple(ties))


def _transposed(node: Apply, args: Sequence[Argument]) -> Spread:
    spread = _first_spread(args)
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    count = len(spread.lead)
    order = (*range(count), *(axis + count for axis in axes))
    core = product_of([(spread.core, tuple(range(spread.core.rank)))], order)
    return Spread(spread.basis, core, tuple(spread.ties[axis] for axis in axes))


def _summed(node: Apply, args: Sequence[Argument]) -> Spread:
    """Return sums: over a tied axis, of one entry, the axis becomes one of unit vectors."""
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    return _over(_first_spread(args), axes)


def _over(spread: Spread, axes: Sequence[int]) -> Spread:
    count = len(spread.basis)
    own = [count + axis if tie is None or axis not in axes else tie for axis, tie in enumerate(spread.ties)]
    left = [axis for axis in range(len(own)) if axis not in axes]
    ties = tuple(spread.ties[axis] for axis in left)
    lead = [axis for axis in range(count) if axis not in ties]
    core = product_of([(spread.core, (*spread.lead, *own))], (*lead, *(own[axis] for axis in left)))
    return Spread(spread.basis, core, ties)


def _mean(node: Apply, args: Sequence[Argument]) -> Spread:
    """Return means: over a tied axis, the one entry divided by how many there are."""
    spread = _first_spread(args)
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    found = _over(spread, [axis for axis in axes if spread.ties[axis] is not None])
    for axis in axes:
        if spread.ties[axis] is not None:
            found = found.with_core(div(found.core, constant(spread.shape[axis], (), found.core.dtype)))
    rest = [axis for axis in axes if spread.ties[axis] is None]
    if not rest:
        return found
    left = [axis for axis in range(len(spread.ties)) if axis not in axes or axis in rest]
    count = len(found.lead)
    core = mean(found.core, axes=tuple(count + left.index(axis) for axis in rest))
    return Spread(found.basis, core, tuple(tie for axis, tie in zip(left, found.ties, strict=True) if axis not in rest))


def _reshaped(node: Apply, args: Sequence[Argument]) -> Spread:
    """Return a shape anew: axes before and behind those that change stay as they are."""
    spread = _first_spread(args)
    old, new = spread.shape, node.shape
    places = _unchanged(old, new)
    spread = spread.tied(places)
    ties: list[int | None] = [None] * len(new)
    for axis, place in places.items():
        ties[place] = spread.ties[axis]
    core = spread.core
    shape = (*spread.lead_shape, *new)
    if isinstance(core, Const):
        return Spread(spread.basis, constant(core.value, shape, core.dtype), tuple(ties))
    params = {**dict(node.params), "shape": shape}
    return Spread(spread.basis, node.op(core, **params), tuple(ties))  # type: ignore[operator]


def _unchanged(old: Shape, new: Shape) -> dict[int, int]:
    """Return where axes are after a reshape that does not change them."""
    before, behind = _wide(old), _wide(new)
    if [old[axis] for axis in before] == [new[axis] for axis in behind]:
        return dict(zip(before, behind, strict=True))
    found: dict[int, int] = {}
    for axis in range(min(len(old), len(new))):
        if old[axis] != new[axis]:
            break
        found[axis] = axis
    for axis in range(1, min(len(old), len(new)) - len(found) + 1):
        if old[-axis] != new[-axis]:
            break
        found[len(old) - axis] = len(new) - axis
    return found


def _wide(shape: Shape) -> list[int]:
    return [axis for axis, size in enumerate(shape) if size != 1]


# --- contractions -----------------------------------------------------------------------------------------------------


def _contracted(node: Apply, args: Sequence[Argument]) -> Spread:
    """Return a contraction: summed over a tied axis it takes one entry, and the index is that of unit vectors."""
    if sum(isinstance(arg, Spread) for arg in args) > 1:
        args = _written_out(args)
    operands: tuple[tuple[int, ...], ...] = node.param("operands")  # type: ignore[assignment]
    output: tuple[int, ...] = node.param("output")  # type: ignore[assignment]
    spread = _first_spread(args)
    first = 1 + max(index for indices in operands for index in indices)
    lead = {axis: first + axis for axis in range(len(spread.basis))}  # the index of an axis of unit vectors
    ties: list[int | None] = [None] * len(output)
    factors: list[tuple[Node, tuple[int, ...]]] = []
    for arg, own in zip(args, operands, strict=True):
        if not isinstance(arg, Spread):
            factors.append((arg, own))
            continue
        factors.append((arg.core, (*(lead[axis] for axis in arg.lead), *own)))
        for index, tie in zip(own, arg.ties, strict=True):
            if tie is not None and index in output:
                ties[output.index(index)] = tie
            elif tie is not None:
                lead[tie] = index
    kept = tuple(index for axis, index in lead.items() if axis not in ties)
    return Spread(spread.basis, product_of(factors, (*kept, *output)), tuple(ties))


# --- linear maps along one axis ----------------------------------------------------------------------------------------


def _mapped(spread: Spread, axis: int, matrix: Node, *, transposed: bool = False) -> Spread:
    """Return a matrix times all vectors along an axis; its axes but the last, or if `transposed` the first, come there."""
    count = len(spread.basis)
    own = [count + i for i in range(len(spread.ties))]
    new = list(range(count + len(own), count + len(own) + matrix.rank - 1))
    tie = spread.ties[axis]
    along = own[axis] if tie is None else tie
    factor = (matrix, (along, *new) if transposed else (*new, along))
    ties = (*spread.ties[:axis], *[None] * len(new), *spread.ties[axis + 1 :])
    lead = [i for i in range(count) if i not in ties]
    left = (*lead, *own[:axis], *new, *own[axis + 1 :])
    core = (spread.core, (*spread.lead, *own[:axis], along, *own[axis + 1 :]))
    return Spread(spread.basis, product_of([core, factor], left), ties)


def along_tied_axis(node: Apply, args: Sequence[Argument]) -> Spread | None:
    """Return what an operation makes of deltas along its axis: rows of a matrix that has a name; None for other ones."""
    rule = _ALONG.get(node.op)
    return None if rule is None else rule(node, args)


def _running_sum(node: Apply, args: Sequence[Argument]) -> Spread | None:
    spread = _first_spread(args)
    axis: int = node.param("axis")  # type: ignore[assignment]
    if spread.ties[axis] is None:
        return None
    size = spread.shape[axis]
    ones = constant(1, (size, size), node.dtype)
    return _mapped(spread, axis, triangle(ones, lower=True, offset=0))


def _read(node: Apply, args: Sequence[Argument]) -> Spread | None:
    """Return entries at positions, each that of one unit vector: rows of the identity at these positions."""
    spread = _first_spread(args)
    axis: int = node.param("axis")  # type: ignore[assignment]
    tie, positions = spread.ties[axis], node.args[1]
    if tie is None or len(args) != 2:
        return None
    size, count = spread.shape[axis], len(spread.basis)
    rows = indexing.gather(eye(rows=size, columns=size, k=0, dtype=node.dtype), positions, axis=0)
    core = spread.core
    if isinstance(core, Const):
        core = constant(core.value, (*spread.lead_shape, *node.shape), core.dtype)
    else:
        core = indexing.gather(core, positions, axis=axis + len(spread.lead))
    own = [count + i for i in range(node.rank)]
    ties = (*spread.ties[:axis], *[None] * positions.rank, *spread.ties[axis + 1 :])
    lead = [i for i in range(count) if i not in ties]
    factors = [(core, (*spread.lead, *own)), (rows, (*own[axis : axis + positions.rank], tie))]
    return Spread(spread.basis, product_of(factors, (*lead, *own)), ties)


def _written(node: Apply, args: Sequence[Argument]) -> Spread | None:
    """Return entries written at positions, each that of one unit vector: rows of the identity at these positions."""
    positions, spread = node.args[0], args[-1]
    axis: int = node.param("axis")  # type: ignore[assignment]
    if len(args) != 2 or not isinstance(spread, Spread) or positions.rank != 1 or spread.ties[axis] is None:
        return None
    size = node.shape[axis]
    rows = indexing.gather(eye(rows=size, columns=size, k=0, dtype=node.dtype), positions, axis=0)
    return _mapped(spread, axis, rows, transposed=True)


def _convolved(node: Apply, args: Sequence[Argument]) -> Spread | None:
    """Return a convolution as a Toeplitz matrix times the vector that depends on the unit vector."""
    first, second = args
    if isinstance(first, Spread) and isinstance(second, Spread):
        return None
    (n,), (m,) = first.shape, second.shape
    spread, fixed, width = (first, second, n) if isinstance(first, Spread) else (second, first, m)
    assert isinstance(spread, Spread)
    assert isinstance(fixed, Node)
    zeros = constant(0, (width - 1,), node.dtype)
    padded = layout.concatenate(zeros, fixed, zeros, axis=0)
    rows = sliding_windows(padded, sizes=(width,), axes=(0,), strides=(1,), dilations=(1,))
    if node.op is convolve:
        rows = cumulative.reversed_along(rows, 1)
    elif spread is first:
        rows = cumulative.reversed_along(rows, 0)
    mode = node.param("mode")
    if mode != "full":
        start, size = ((m - 1) // 2, n) if mode == "same" else (m - 1, n - m + 1)
        rows = indexing.slice_(rows, bounds=((start, start + size, 1), None))
    return _mapped(spread, 0, with_shape(rows, (*node.shape, width)))


_ALONG: Mapping[Operation, Callable[[Apply, Sequence[Argument]], Spread | None]] = {
    convolve: _convolved,
    correlate: _convolved,
    cumulative.cumsum: _running_sum,
    indexing.gather: _read,
    indexing.scatter_add: _written,
}


# --- which axes an operation takes one by one --------------------------------------------------------------------------

Kept = Callable[[Apply], Mapping[int, int]]


def _beside_axis(node: Apply) -> dict[int, int]:
    return {axis: axis for axis in range(node.rank) if axis != node.param("axis")}


def _beside_axes(node: Apply) -> dict[int, int]:
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    return {axis: axis for axis in range(node.rank) if axis not in axes}


def _beside_slices(node: Apply) -> dict[int, int]:
    bounds: indexing.Bounds = node.param("bounds")  # type: ignore[assignment]
    left = [axis for axis, bound in enumerate(bounds) if bound is None or isinstance(bound, tuple)]
    return {axis: place for place, axis in enumerate(left) if bounds[axis] is None}


def _beside_positions(node: Apply) -> dict[int, int]:
    x, first = node.args[0], node.args[1]
    axis: int = node.param("axis")  # type: ignore[assignment]
    count = len(node.args) - 1
    moved = first.rank - count
    return {i: i if i < axis else i + moved for i in range(x.rank) if not axis <= i < axis + count}


def _beside_written(node: Apply) -> dict[int, int]:
    axis: int = node.param("axis")  # type: ignore[assignment]
    count: int = node.param("indices")  # type: ignore[assignment]
    rank = node.args[0].rank
    moved = count - rank
    value = node.args[count]
    return {i: i if i < axis else i + moved for i in range(value.rank) if not axis <= i < axis + rank}


def _beside_parts(node: Apply) -> dict[int, int]:
    parts: Sequence[indexing.Bounds] = node.param("bounds")  # type: ignore[assignment]
    return {axis: axis for axis in range(node.rank) if all(bounds[axis] is None for bounds in parts)}


def _columns(node: Apply) -> dict[int, int]:
    return {1: 1} if node.rank == 2 and node.args[0].rank == 2 else {}


_KEPT: Mapping[Operation, Kept] = {
    cumulative.cumsum: _beside_axis,
    cumulative.take_along: _beside_axis,
    cumulative.put_along: _beside_axis,
    linear_recurrence: _beside_axis,
    layout.concatenate: _beside_axis,
    layout.roll: _beside_axes,
    indexing.place: _beside_parts,
    indexing.slice_: _beside_slices,
    indexing.gather: _beside_positions,
    indexing.scatter_add: _beside_written,
    solve: _columns,
    solve_triangular: _columns,
    cho_solve: _columns,
}
_SECOND_ALONE = (linear_recurrence, solve, solve_triangular, cho_solve)  # linear in their second argument
_JOINING = (layout.concatenate, indexing.place, indexing.scatter_add)  # linear in all arrays together


def kept_axes(node: Apply, args: Sequence[Argument]) -> Mapping[int, int]:
    """Return the axes of a value that an operation takes one by one, and where they are in its result.

    Along them deltas stay, as what is 0 stays 0.
    """
    kept = _KEPT.get(node.op)
    if kept is None or (node.op in _SECOND_ALONE and isinstance(args[0], Spread)):
        return {}
    if node.op in _JOINING and not all(isinstance(arg, Spread) or _is_zero_or_position(arg) for arg in args):
        return {}
    like = _first_spread(args).shape
    return {axis: place for axis, place in kept(node).items() if like[axis] == node.shape[place]}


def _is_zero_or_position(arg: Node) -> bool:
    return arg.dtype == "int64" or (isinstance(arg, Const) and arg.value == 0)


def plainer(node: Apply) -> Apply:
    """Return reads and writes along the axis of a vector as what they are: of single entries."""
    if node.rank != 1 or node.op not in (cumulative.take_along, cumulative.put_along):
        return node
    if node.op is cumulative.take_along:
        found = indexing.gather(*node.args, axis=0)
    else:
        found = indexing.scatter_add(*node.args, shape=node.shape, axis=0, indices=1)
    assert isinstance(found, Apply)
    return found


RULES: Mapping[Operation, Rule] = {
    broadcast: _broadcast,
    einsum: _contracted,
    layout.transpose: _transposed,
    mean: _mean,
    reduce_sum: _summed,
    reshape: _reshaped,
    sized: _reshaped,
}
