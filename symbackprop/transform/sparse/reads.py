"""Reads at positions brought down to what is read: ``sin(x)[i]`` is ``sin(x[i])``, as is all that works entry by entry.

So it can be seen on which entries of an input a value depends, where positions come with a call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symbackprop.ir.graph import children, topological
from symbackprop.ir.node import Apply, Const, Input, Node, constant, make_apply
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import broadcast, cast, reduce_sum
from symbackprop.ops.contraction import einsum
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import gather, slice_
from symbackprop.ops.layout import concatenate, transpose
from symbackprop.simplify.pattern import with_new_arguments

__all__ = ["with_reads_of_inputs"]


def with_reads_of_inputs(values: Sequence[Node], wanted: Sequence[Input]) -> list[Node]:
    """Return `values` with reads by one vector of positions as near to the `wanted` inputs as they can be."""
    reads = _Reads(wanted)
    new: dict[Node, Node] = {}
    for node in topological(values):
        made = with_new_arguments(node, new)
        if node in reads.moving or any(child in reads.moving for child in children(made)):
            reads.moving.add(made)
            if isinstance(made, Apply) and made.op is gather and len(made.args) == 2 and made.args[1].rank == 1:
                made = reads.of(made.args[0], made.args[1], made.param("axis"))
        new[node] = made
    return [new[value] for value in values]


class _Reads:
    """Reads of what depends on some inputs, each made once.

    Attributes
    ----------
    moving : set of Node
        What depends on them.
    """

    def __init__(self, wanted: Sequence[Input]) -> None:
        self.moving: set[Node] = set(wanted)
        self._made: dict[tuple[Node, Node, int], Node] = {}

    def of(self, x: Node, positions: Node, axis: Any) -> Node:
        """Return the entries of `x` at `positions` along an axis."""
        waiting: list[tuple[Node, int]] = [(x, axis)]
        while waiting:
            node, along = waiting[-1]
            below = self._below(node, along)
            pairs = [] if below is None else zip(node.args, below, strict=True)  # type: ignore[attr-defined]
            needed = [(arg, own) for arg, own in pairs if own is not None and (arg, positions, own) not in self._made]
            if needed:
                waiting += needed
                continue
            waiting.pop()
            self._made[node, positions, along] = made = self._read(node, positions, along, below)
            self.moving.add(made)
        return self._made[x, positions, axis]

    def _read(self, node: Node, positions: Node, along: int, below: Sequence[int | None] | None) -> Node:
        shape = (*node.shape[:along], positions.shape[0], *node.shape[along + 1 :])
        if isinstance(node, Const):
            return constant(node.value, shape, node.dtype)
        if below is None or not isinstance(node, Apply):
            return gather(node, positions, axis=along)
        args = [
            arg if own is None else self._made[arg, positions, own] for arg, own in zip(node.args, below, strict=True)
        ]
        params = tuple((name, shape if name == "shape" else value) for name, value in node.params)
        return make_apply(node.op, tuple(args), params, shape, node.dtype)

    def _below(self, node: Node, axis: int) -> Sequence[int | None] | None:
        """Return along which axes of the arguments of a node is read, None for all of one; None where it is read itself."""
        if not isinstance(node, Apply) or node not in self.moving:
            return None
        op = node.op
        assert isinstance(op, Primitive)
        if op.kind == "elementwise" or op in (add, cast):
            return [axis] * len(node.args)
        if op is broadcast:
            axes: Any = node.param("axes")
            return [axes.index(axis) if axis in axes else None]
        if op is reduce_sum:
            axes = node.param("axes")
            return [[own for own in range(node.args[0].rank) if own not in axes][axis]]
        if op is slice_:
            bounds: Any = node.param("bounds")
            own = [i for i, bound in enumerate(bounds) if bound is None or isinstance(bound, tuple)][axis]
            return [own] if bounds[own] is None else None
        if op is transpose:
            order: Any = node.param("axes")
            return [order[axis]]
        if op is concatenate:
            return None if node.param("axis") == axis else [axis] * len(node.args)
        if op is einsum:
            output: Any = node.param("output")
            operands: Any = node.param("operands")
            return [indices.index(output[axis]) if output[axis] in indices else None for indices in operands]
        return None
