"""How linear operations are done for all rows of a matrix at once: with one more axis, the first.

Each rule is given the arguments with that axis, but for those that it wants as they are, the same for all rows. An
operation that has no rule here stays in a loop over the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from symbackprop.ir.node import Apply, Node, Operation
from symbackprop.ir.size import Size
from symbackprop.ops.broadcasting import broadcast, cast, reduce_sum, reshape, sized
from symbackprop.ops.cumulative import cumsum
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import gather, place, scatter_add, slice_
from symbackprop.ops.layout import concatenate, transpose
from symbackprop.ops.literal import literal
from symbackprop.ops.matrices import triangle
from symbackprop.ops.reduction import mean
from symbackprop.ops.solves import cho_solve, solve, solve_triangular

__all__ = ["RULES", "Spreading"]


class Spreading(NamedTuple):
    """How an operation is done for all rows.

    Parameters
    ----------
    spread : callable
        Makes the result of a node, of its new arguments and the number of rows; None where it cannot.
    fixed : callable
        The positions of a node's arguments that are the same for all rows.
    """

    spread: Callable[[Any, list[Node], Size], Node | None]
    fixed: Callable[[Apply], Sequence[int]] = lambda node: ()


def _bounds(bounds: object) -> tuple[object, ...]:
    return (None, *bounds)  # type: ignore[misc]


def _along_axis(op: Primitive) -> Spreading:
    return Spreading(lambda node, args, size: op(args[0], axis=node.param("axis") + 1))


def _over_axes(op: Primitive) -> Spreading:
    return Spreading(lambda node, args, size: op(args[0], axes=tuple(axis + 1 for axis in node.param("axes"))))


def _reshaped(op: Primitive) -> Spreading:
    return Spreading(lambda node, args, size: op(args[0], shape=(size, *node.shape)))


def _of_one_matrix(op: Primitive) -> Spreading:
    """Return the rule of an operation that solves for vectors: as the columns of a matrix, it solves for all of them."""

    def spread(node: Apply, args: list[Node], size: Size) -> Node | None:
        if node.rank != 1:
            return None
        matrix, rows = args
        return transpose(op(matrix, transpose(rows, axes=(1, 0)), **dict(node.params)), axes=(1, 0))

    return Spreading(spread, lambda node: range(1))


def _scattered(node: Apply, args: list[Node], size: Size) -> Node:
    params = dict(node.params)
    axis: int = node.param("axis")  # type: ignore[assignment]
    return scatter_add(*args, **{**params, "shape": (size, *node.shape), "axis": axis + 1})


def _positions_scattered_to(node: Apply) -> Sequence[int]:
    """Return the positions of index arrays, behind each group of which are the values that it writes."""
    indices: int = node.param("indices")  # type: ignore[assignment]
    return [position for position in range(len(node.args)) if position % (indices + 1) != indices]


def _written_out(node: Apply, args: list[Node], size: Size) -> Node | None:
    """Return arrays of scalars, which have become vectors, side by side."""
    columns = [broadcast(arg, shape=(size, 1), axes=(0,)) for arg in args]
    if not columns:
        return None
    return reshape(concatenate(*columns, axis=1), shape=(size, *node.shape))


RULES: Mapping[Operation, Spreading] = {
    broadcast: Spreading(
        lambda node, args, size: broadcast(
            args[0], shape=(size, *node.shape), axes=(0, *(axis + 1 for axis in node.param("axes")))
        )
    ),
    cast: Spreading(lambda node, args, size: cast(args[0], dtype=node.param("dtype"))),
    cho_solve: _of_one_matrix(cho_solve),
    concatenate: Spreading(lambda node, args, size: concatenate(*args, axis=node.param("axis") + 1)),
    cumsum: _along_axis(cumsum),
    gather: Spreading(
        lambda node, args, size: gather(*args, axis=node.param("axis") + 1), lambda node: range(1, len(node.args))
    ),
    literal: Spreading(_written_out),
    mean: _over_axes(mean),
    place: Spreading(
        lambda node, args, size: place(
            *args, shape=(size, *node.shape), bounds=tuple(map(_bounds, node.param("bounds")))
        )
    ),
    reduce_sum: _over_axes(reduce_sum),
    reshape: _reshaped(reshape),
    scatter_add: Spreading(_scattered, _positions_scattered_to),
    sized: _reshaped(sized),
    slice_: Spreading(lambda node, args, size: slice_(args[0], bounds=_bounds(node.param("bounds")))),
    solve: _of_one_matrix(solve),
    solve_triangular: _of_one_matrix(solve_triangular),
    transpose: Spreading(
        lambda node, args, size: transpose(args[0], axes=(0, *(axis + 1 for axis in node.param("axes"))))
    ),
    triangle: Spreading(lambda node, args, size: triangle(args[0], **dict(node.params))),
}
