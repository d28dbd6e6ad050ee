"""What operations along one axis make of deltas: where the axis is theirs, and where it is another one.

Along its own axis an operation makes a matrix of them that has a name: a triangle, rows of the identity, a Toeplitz matrix.
Along others, which it takes one by one, they stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from symbackprop.ir.node import Apply, Const, Node, Operation, constant
from symbackprop.ops import cumulative, indexing, layout
from symbackprop.ops.broadcasting import with_shape
from symbackprop.ops.convolution import convolve, correlate
from symbackprop.ops.creation import eye
from symbackprop.ops.matrices import triangle
from symbackprop.ops.products import cumprod, cumprod_adjoint, linear_recurrence, prod_others
from symbackprop.ops.solves import cho_solve, solve, solve_triangular
from symbackprop.ops.windows import sliding_windows
from symbackprop.transform.unit_vectors.rules import Argument, first_spread
from symbackprop.transform.unit_vectors.spread import Spread, product_of, repeated

__all__ = ["along_tied_axis", "kept_axes", "plainer", "with_columns"]


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
    left = spread.arranged(lead, [*own[:axis], *new, *own[axis + 1 :]])
    core = (spread.core, spread.arranged(spread.lead, [*own[:axis], along, *own[axis + 1 :]]))
    return spread.with_core(product_of([core, factor], left), ties)


def along_tied_axis(node: Apply, args: Sequence[Argument]) -> Spread | None:
    """Return what an operation makes of deltas along its axis: rows of a matrix that has a name; None for other ones."""
    rule = _ALONG.get(node.op)
    return None if rule is None else rule(node, args)


def _running_sum(node: Apply, args: Sequence[Argument]) -> Spread | None:
    spread = first_spread(args)
    axis: int = node.param("axis")  # type: ignore[assignment]
    if spread.ties[axis] is None:
        return None
    size = spread.shape[axis]
    ones = constant(1, (size, size), node.dtype)
    return _mapped(spread, axis, triangle(ones, lower=True, offset=0))


def _read(node: Apply, args: Sequence[Argument]) -> Spread | None:
    """Return entries at positions, each that of one unit vector: rows of the identity at these positions."""
    spread = first_spread(args)
    axis: int = node.param("axis")  # type: ignore[assignment]
    tie, positions = spread.ties[axis], node.args[1]
    if tie is None or len(args) != 2:
        return None
    size, count = spread.shape[axis], len(spread.basis)
    rows = indexing.gather(eye(rows=size, columns=size, k=0, dtype=node.dtype), positions, axis=0)
    core = spread.core
    if isinstance(core, Const):
        core = constant(core.value, spread.arranged(spread.lead_shape, node.shape), core.dtype)
    else:
        core = indexing.gather(core, positions, axis=axis + spread.offset)
    own = [count + i for i in range(node.rank)]
    ties = (*spread.ties[:axis], *[None] * positions.rank, *spread.ties[axis + 1 :])
    lead = [i for i in range(count) if i not in ties]
    factors = [(core, spread.arranged(spread.lead, own)), (rows, (*own[axis : axis + positions.rank], tie))]
    return spread.with_core(product_of(factors, spread.arranged(lead, own)), ties)


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
    found = []
    for bounds in parts:
        left = [axis for axis, bound in enumerate(bounds) if bound is None or isinstance(bound, tuple)]
        found.append({place: axis for place, axis in enumerate(left) if bounds[axis] is None})
    return {place: axis for place, axis in found[0].items() if all(own.get(place) == axis for own in found)}


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


# --- where the axes of unit vectors come last ---------------------------------------------------------------------------

_AT_POSITIONS = (indexing.gather, indexing.scatter_add)
_ALONG_AXIS = (
    cumulative.cumsum, cumulative.put_along, cumulative.take_along, cumprod, cumprod_adjoint, indexing.place,
    indexing.slice_, layout.concatenate, layout.roll, linear_recurrence, prod_others,
)  # fmt: skip
_BY_COLUMNS = (solve, solve_triangular, cho_solve)


def with_columns(node: Apply, args: Sequence[Argument]) -> Node | None:
    """Return the core of what becomes of a core that has axes of unit vectors behind its own.

    That is the operation itself where it is along an axis that is counted from the first, or of all columns of a matrix;
    None where it is not.
    """
    spread = first_spread(args)
    lead, params = spread.lead_shape, dict(node.params)
    cores: list[Node] = [arg.core if isinstance(arg, Spread) else arg for arg in args]
    if node.op in _BY_COLUMNS:
        fits = node.rank == 1 and len(lead) == 1 and not isinstance(args[0], Spread)
        return node.op(*cores, **params) if fits else None
    if node.op in _ALONG_AXIS:
        cores = [arg.core if isinstance(arg, Spread) else repeated(arg, spread) for arg in args]
    elif node.op not in _AT_POSITIONS or any(isinstance(arg, Spread) and arg.core.dtype == "int64" for arg in args):
        return None
    elif node.op is indexing.scatter_add:
        cores = [
            core if isinstance(arg, Spread) or core.dtype == "int64" else repeated(core, spread)
            for core, arg in zip(cores, args, strict=True)
        ]
    if node.op is indexing.slice_:
        params["bounds"] = _with_all(params["bounds"], len(lead))
    if node.op is indexing.place:
        params["bounds"] = tuple(_with_all(bounds, len(lead)) for bounds in params["bounds"])  # type: ignore[attr-defined]
    if "shape" in params:
        params["shape"] = (*params["shape"], *lead)  # type: ignore[misc]
    return node.op(*cores, **params)


def _with_all(bounds: object, count: int) -> tuple[object, ...]:
    return (*bounds, *[None] * count)  # type: ignore[misc]


# --- which axes an operation takes one by one --------------------------------------------------------------------------


def kept_axes(node: Apply, args: Sequence[Argument]) -> Mapping[int, int]:
    """Return the axes of a value that an operation takes one by one, and where they are in its result.

    Along them deltas stay, as what is 0 stays 0.
    """
    kept = _KEPT.get(node.op)
    if kept is None or (node.op in _SECOND_ALONE and isinstance(args[0], Spread)):
        return {}
    if node.op in _JOINING and not all(isinstance(arg, Spread) or _is_zero_or_position(arg) for arg in args):
        return {}
    like = first_spread(args).shape
    return {axis: place for axis, place in kept(node).items() if like[axis] == node.shape[place]}


def _is_zero_or_position(arg: Node) -> bool:
    return arg.dtype == "int64" or (isinstance(arg, Const) and arg.value == 0)
