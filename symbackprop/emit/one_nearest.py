"""What has an entry for every pair of rows of two matrices, where each row has one that is sure to be the nearest.

That is almost always so, and tested where the code runs: otherwise the function returns what another one computes, of
all pairs that may be the nearest (`of_pairs`). A row then needs no more than its own nearest: the least of its distances
is the one to that, whatever is there for ties alone is gone, and sums over what is nearest to the same are a product
with the matrix of ones where it is, which BLAS adds up the fastest.
"""

from __future__ import annotations

from symbackprop.emit.of_pairs import OfPairs, near_in_columns
from symbackprop.emit.pairs import columns_of_ones, one_each, rows_at
from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops.arithmetic import div, mul
from symbackprop.ops.broadcasting import broadcast, cast, reduce_sum
from symbackprop.ops.comparison import equal, where
from symbackprop.ops.contraction import contract

__all__ = ["OfNearest", "simplified"]


class OfNearest(OfPairs):
    """Makes nodes, for each row and its nearest, of what had an entry for every pair; the parameters are those of `OfPairs`."""

    def choose(self, matrices: tuple[Node, Node]) -> None:
        """Find the nearest to each row of one of two matrices."""
        own, other = matrices[self._kept], matrices[1 - self._kept]
        self._count = own.shape[0]
        near = near_in_columns(own, other)
        self._ones = cast(one_each(near), dtype=own.dtype)
        self._columns = columns_of_ones(self._ones)

    def made(self, node: Apply) -> Node:
        """Return `node` for each row and its nearest."""
        made = super().made(node)
        return simplified(made) if isinstance(made, Apply) else made

    def rebuilt(self, node: Apply) -> Node:
        made = super().rebuilt(node)
        return simplified(made) if isinstance(made, Apply) else made

    def _read(self, x: Node, axis: int) -> Node:
        return x if axis == self._kept else rows_at(x, self._columns)

    def _least(self, x: Node) -> Node:
        return x

    def _by_axis(self, x: Node, axis: int) -> Node:
        if axis == self._kept:
            return x
        if isinstance(x, Const) and x.value == 1 and x.rank == 1:
            return reduce_sum(self._ones, axes=(1,))
        rest = tuple(range(2, x.rank + 1))
        return contract([self._ones, x], [(0, 1), (1, *rest)], (0, *rest))


def simplified(node: Apply) -> Node:
    """Return `node` without comparisons and choices that are made, factors of one, and conversions of these."""
    args = node.args
    if node.op is broadcast and isinstance(args[0], Const):
        return constant(args[0].value, node.shape, node.dtype)
    if node.op is equal and args[0] is args[1]:
        return constant(True, node.shape, "bool")  # nothing is not a number: each would be near then
    if node.op is cast and isinstance(args[0], Const) and args[0].value == 1:
        return constant(1.0, node.shape, node.dtype)
    if node.op is where and isinstance(args[0], Const) and args[0].value is True:
        return args[1]
    if node.op is mul and any(map(_is_one, args)):
        return args[_is_one(args[0])]
    return args[0] if node.op is div and _is_one(args[1]) else node


def _is_one(x: Node) -> bool:
    return isinstance(x, Const) and x.value == 1
