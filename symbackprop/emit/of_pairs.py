"""What has an entry for every pair of rows of two matrices, for the pairs alone that may be the nearest.

An entry for each pair is gathered from what has one for each row, and what is summed over pairs is summed by their rows
or columns. Which pairs these are, `near_pairs` says; why they are enough, `nearest`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from symbackprop.emit.pairs import (
    chosen_pairs,
    first_of_rows,
    least_of_rows,
    of_rows,
    squares_of_rows,
    sum_of_columns,
    sum_of_rows,
)
from symbackprop.ir.node import Apply, Const, Node, Shape, constant
from symbackprop.ir.size import Size
from symbackprop.ops.arithmetic import add, mul, neg
from symbackprop.ops.broadcasting import broadcast, cast, rebuilt, reduce_sum
from symbackprop.ops.comparison import equal, greater, logical_not
from symbackprop.ops.contraction import contract, einsum
from symbackprop.ops.creation import arange
from symbackprop.ops.indexing import gather
from symbackprop.ops.reduction import largest, smallest

__all__ = ["OfPairs", "near_in_columns"]

_SLACK = {"float64": 5 * 2.0**-52, "float32": 5 * 2.0**-23}  # for each number of a row, with all its own rounding
_TINY = {"float64": 1e-290, "float32": 1e-30}  # what underflows is less, by far


def near_pairs(own: Node, others: Node, count: Size) -> tuple[Node, Node]:
    """Return the rows of `own` and of `others`, `count` pairs, that may be the nearest to each of `own`, in its order."""
    return chosen_pairs(_near(own, others, axis=0), count)


def near_in_columns(own: Node, others: Node) -> Node:
    """Return a mask with a row for each of `others` and a column for each of `own`: which may be the nearest."""
    return _near(own, others, axis=1)


def _near(own: Node, others: Node, axis: int) -> Node:
    """Return which of `others` may be the nearest to each of `own`, which lie along `axis`."""
    dtype, shape = own.dtype, (own.shape[0], others.shape[0])
    squares, far = squares_of_rows(others), squares_of_rows(own)
    doubled = mul(constant(-2, others.shape, dtype), others)
    if axis == 0:
        near = contract([own, doubled], [(0, 1), (2, 1)], (0, 2))
    else:
        near, shape = contract([doubled, own], [(0, 1), (2, 1)], (0, 2)), shape[::-1]
    near = add(near, broadcast(squares, shape=shape, axes=(1 - axis,)))
    share = _SLACK[dtype] * constant(own.shape[1] + 4, (), dtype)
    bound = add(smallest(near, axes=(1 - axis,)), (far + (largest(squares, axes=(0,)) + _TINY[dtype])) * share)
    return logical_not(greater(near, broadcast(bound, shape=shape, axes=(axis,))))


class OfPairs:
    """Makes nodes for the pairs of what had an entry for every pair.

    Parameters
    ----------
    new : dict of Node to Node
        What nodes have become.
    dense : collection of Node
        Those that had an entry for every pair, along their first two axes.
    shape : (size, size)
        How many rows and columns there were.
    kept : int
        The axis along which each position has a nearest one.
    count : size
        How many pairs there are.
    """

    def __init__(self, new: dict[Node, Node], dense: Collection[Node], shape: Shape, kept: int, count: Size) -> None:
        self._new, self._dense, self._sizes, self._kept, self._count = new, dense, shape, kept, count

    def choose(self, matrices: tuple[Node, Node]) -> None:
        """Find the pairs of rows of two matrices that may be the nearest."""
        own, other = matrices[self._kept], matrices[1 - self._kept]
        rows, columns = near_pairs(own, other, self._count)
        self._at = (rows, columns) if self._kept == 0 else (columns, rows)
        self._first = first_of_rows(rows, count=own.shape[0])

    def _shape(self, shape: Shape) -> Shape:
        return (self._count, *shape[2:])

    def made(self, node: Apply) -> Node:
        """Return `node` for the pairs."""
        if node.op is einsum:  # the squared distances themselves
            return squares_of_rows(self._new[node.args[0]])
        if node.op is broadcast:
            axes = tuple(axis - 1 for axis in node.param("axes")[1:])  # type: ignore[index]
            return broadcast(self._new[node.args[0]], shape=self._shape(node.shape), axes=axes)
        args = [self._operand(arg) for arg in node.args]
        return node.op(*args, **dict(node.params))  # type: ignore[operator, no-any-return]

    def _operand(self, arg: Node) -> Node:
        """Return an argument of what is computed for each pair."""
        if arg in self._dense:
            return self._new[arg]
        if isinstance(arg, Const):
            return constant(arg.value, self._shape(arg.shape), arg.dtype)
        if isinstance(arg, Apply) and arg.op is neg:
            return neg(self._operand(arg.args[0]))
        axes: tuple[int, ...] = arg.param("axes")  # type: ignore[attr-defined]
        inner, left = self._gathered(self._new[arg.args[0]], axes)
        shape = self._shape(arg.shape)
        return inner if inner.shape == shape else broadcast(inner, shape=shape, axes=left)

    def _gathered(self, x: Node, axes: tuple[int, ...]) -> tuple[Node, tuple[int, ...]]:
        """Return what pairs need of `x`, which has `axes` of theirs, and its axes where pairs are the first one."""
        rest = tuple(axis - 1 for axis in axes if axis > 1)
        return (self._read(x, axes[0]), (0, *rest)) if axes[:1] in ((0,), (1,)) else (x, rest)

    def _read(self, x: Node, axis: int) -> Node:
        """Return what `x`, which has an entry for each position along `axis`, has for each pair."""
        at = self._at[axis]
        return of_rows(x, at) if axis == self._kept else gather(x, at, axis=0)

    def rebuilt(self, node: Apply) -> Node:
        """Return `node`, which needs no pairs itself, of what its arguments have become."""
        return rebuilt(node, tuple([self._new[arg] for arg in node.args]))

    def summed(self, node: Apply) -> Node:
        """Return what is needed of pairs: the least along an axis, or a sum."""
        if node.op is smallest:
            return self._least(self._new[node.args[0]])
        if node.op is reduce_sum:
            return self._sum_of(self._new[node.args[0]], node)
        own: tuple[tuple[int, ...], ...] = node.param("operands")  # type: ignore[assignment]
        output: tuple[int, ...] = node.param("output")  # type: ignore[assignment]
        pair = next(indices[:2] for arg, indices in zip(node.args, own, strict=True) if arg in self._dense)
        place = {index: 0 if index == pair[0] else 1 for index in pair}
        arrays, indices = [], []
        for arg, axes in zip(node.args, own, strict=True):
            if arg in self._dense:
                arrays.append(self._new[arg])
            elif axes and axes[0] in place:
                arrays.append(self._gathered(self._new[arg], (place[axes[0]],))[0])
            else:
                arrays.append(self._new[arg])
            first = arg in self._dense or (axes and axes[0] in place)
            indices.append((pair[0], *axes[2 if arg in self._dense else 1 :]) if first else axes)
        arrays, indices = _without_ones(arrays, indices)
        kept = tuple(index for index in output if index not in place)
        by = next((place[index] for index in output if index in place), None)
        if by is None:
            return contract(arrays, indices, kept)
        return self._by_axis(contract(arrays, indices, (pair[0], *kept)), by)

    def _least(self, x: Node) -> Node:
        """Return the least of the entries for pairs that have the same position along the axis that is kept."""
        return least_of_rows(x, self._first)

    def _sum_of(self, x: Node, node: Apply) -> Node:
        axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
        inner = tuple(axis - 1 for axis in axes if axis > 1)
        if {0, 1} <= {*axes}:
            return reduce_sum(x, axes=(0, *inner))
        x = reduce_sum(x, axes=inner) if inner else x
        return self._by_axis(x, 1 if 0 in axes else 0)

    def _by_axis(self, x: Node, axis: int) -> Node:
        """Return the sums of entries for pairs that have the same position along an axis."""
        if axis == self._kept:
            return sum_of_rows(x, self._first)
        at, count = self._at[axis], self._sizes[axis]
        found = _weighted(x)
        return sum_of_columns(x, at, count=count) if found is None else _summed_by_product(*found, at, count)


def _without_ones(
    arrays: Sequence[Node], indices: Sequence[tuple[int, ...]]
) -> tuple[list[Node], list[tuple[int, ...]]]:
    """Return the operands of a contraction but for ones, the indices of which others have."""
    pairs = [*zip(arrays, indices, strict=True)]
    for pair in pairs[:]:
        others = {index for other in pairs if other is not pair for index in other[1]}
        if isinstance(pair[0], Const) and pair[0].value == 1 and others.issuperset(pair[1]):
            pairs.remove(pair)
    return [array for array, _ in pairs], [own for _, own in pairs]


def _weighted(x: Node) -> tuple[Node, Node] | None:
    """Return the weights of rows, and these, if `x` is a matrix of rows times weights."""
    if not isinstance(x, Apply) or x.op is not einsum or x.rank != 2 or x.param("output") != x.param("operands")[-1]:  # type: ignore[index]
        return None
    weights, *others = x.args
    return (weights, *others) if weights.rank == 1 and len(others) == 1 and others[0].rank == 2 else None  # type: ignore[return-value]


def _summed_by_product(weights: Node, rows: Node, at: Node, count: Size) -> Node:
    """Return the sums of rows that have the same position, by a product of matrices: BLAS adds up the fastest."""
    shape = (rows.shape[0], count)
    own = equal(broadcast(at, shape=shape, axes=(0,)), broadcast(arange(size=count), shape=shape, axes=(1,)))
    chosen = mul(cast(own, dtype=rows.dtype), broadcast(weights, shape=shape, axes=(0,)))
    return contract([chosen, rows], [(0, 1), (0, 2)], (1, 2))
