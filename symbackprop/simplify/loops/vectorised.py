"""A loop over the rows of an identity matrix, or of sums of these, as a Jacobian is made by, becomes array code.

Each of its steps is the same linear map of a row; all steps at once are that map along a further axis. As long as a row
of the identity has only been scaled, what it has become is kept as the diagonal of a matrix.
"""

from __future__ import annotations

from dataclasses import dataclass

from symbackprop.ir.graph import Graph, children
from symbackprop.ir.node import Apply, Const, Node, Output, constant, make_apply
from symbackprop.ir.size import Size
from symbackprop.ops.arithmetic import add, div, mul, neg
from symbackprop.ops.bodies import substitute
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.contraction import contract, einsum
from symbackprop.ops.creation import eye
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import gather
from symbackprop.ops.layout import diagonal_matrix
from symbackprop.ops.loops import Loop
from symbackprop.simplify.loops.spreading import RULES
from symbackprop.simplify.loops.unneeded import needed_loops
from symbackprop.simplify.pattern import with_new_arguments

__all__ = ["with_identities_spread"]


def with_identities_spread(graph: Graph) -> Graph:
    """Return `graph` with loops over the rows of identity matrices as array code, where that can be."""
    loops = {node: Loop(node) for node in needed_loops(graph)}  # type: ignore[arg-type]
    found: dict[Node, list[Node]] = {}
    new: dict[Node, Node] = {}
    for node in graph.nodes():
        if isinstance(node, Output) and node.source in found:
            new[node] = found[node.source][node.index]
            continue
        new[node] = with_new_arguments(node, new)
        if node in loops and not loops[node].carries and any(map(_has_unit_columns, loops[node].sequences)):
            stacks = _Spread(Loop(new[node])).stacks()  # type: ignore[arg-type]
            if stacks is not None:
                found[node] = stacks
    return graph.mapped(lambda node: new.get(node, node)) if found else graph


def _is_eye(node: Node) -> bool:
    return isinstance(node, Apply) and node.op is eye and node.param("k") == 0


def _is_identity(node: Node) -> bool:
    return _is_eye(node) and node.shape[0] == node.shape[1]


def _has_unit_columns(node: Node) -> bool:
    """Tell whether a matrix is an identity, or made of columns of one, as those are that derivatives are taken along."""
    return _is_identity(node) or (
        isinstance(node, Apply) and node.op is gather and node.param("axis") == 1 and _is_eye(node.args[0])
    )


@dataclass(frozen=True)
class _Diagonal:
    """The rows of a diagonal matrix."""

    entries: Node

    def written_out(self, size: Size) -> Node:
        entries = self.entries
        if isinstance(entries, Apply) and entries.op is neg:
            return neg(_Diagonal(entries.args[0]).written_out(size))
        if not isinstance(entries, Const):
            return diagonal_matrix(entries)
        whole = eye(rows=size, columns=size, k=0, dtype=entries.dtype)
        if entries.value == 1:
            return whole
        return mul(constant(entries.value, (), entries.dtype), whole)


_Rows = Node | _Diagonal


class _Spread:
    """All steps of a loop at once."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._size = loop.length
        self._shared: dict[Node, Node] = dict(zip(loop.constant_inputs, loop.constants, strict=True))
        self._rows: dict[Node, _Rows] = {}
        for inner, x in zip(loop.row_inputs, loop.sequences, strict=True):
            self._rows[inner] = _Diagonal(constant(1, inner.shape, inner.dtype)) if _is_identity(x) else x

    def stacks(self) -> list[Node] | None:
        """Return the stacked values of the loop, None if a step does what has no rule here."""
        for node in self._loop.body.nodes():
            if not any(child in self._rows for child in children(node)):
                continue
            made = self._made(node) if isinstance(node, Apply) else None
            if made is None:
                return None
            self._rows[node] = made
        return [self._stack(value) for value in self._loop.values]

    def _made(self, node: Apply) -> _Rows | None:
        scaled = self._scaled(node)
        if scaled is not None:
            return scaled
        if node.op is einsum:
            return self._contracted(node)
        if isinstance(node.op, Primitive) and (node.op.kind == "elementwise" or node.op is add):
            everywhere = tuple(map(self._everywhere, node.args))
            return make_apply(node.op, everywhere, node.params, (self._size, *node.shape), node.dtype)
        rule = RULES.get(node.op)
        if rule is None:
            return None
        fixed = {node.args[position] for position in rule.fixed(node)}
        if any(arg in self._rows for arg in fixed):
            return None
        args = [self._outer(arg) if arg in fixed else self._everywhere(arg) for arg in node.args]
        return rule.spread(node, args, self._size)

    def _scaled(self, node: Apply) -> _Diagonal | None:
        """Return what scaling makes of the rows of diagonal matrices, where that is all that is done."""
        values = [self._rows.get(arg) for arg in node.args]
        if node.op not in (add, neg, mul, div) or any(isinstance(value, Node) for value in values):
            return None
        diagonals = [isinstance(value, _Diagonal) for value in values]
        if (
            (node.op is add and not all(diagonals))
            or (node.op is mul and all(diagonals))
            or (node.op is div and diagonals[1])
        ):
            return None
        args = [
            value.entries if isinstance(value, _Diagonal) else self._outer(arg)
            for value, arg in zip(values, node.args, strict=True)
        ]
        return _Diagonal(make_apply(node.op, tuple(args), node.params, node.shape, node.dtype))

    def _contracted(self, node: Apply) -> Node:
        operands: tuple[tuple[int, ...], ...] = node.param("operands")  # type: ignore[assignment]
        output: tuple[int, ...] = node.param("output")  # type: ignore[assignment]
        step = 1 + max(index for indices in operands for index in indices)
        arrays: list[Node] = []
        indices: list[tuple[int, ...]] = []
        same: dict[int, int] = {}
        for arg, own in zip(node.args, operands, strict=True):
            value = self._rows.get(arg)
            if isinstance(value, _Diagonal):  # row i has its only entry at i: the index is that of the step
                arrays.append(value.entries)
                indices.append((step,))
                same[own[0]] = step
            else:
                arrays.append(self._outer(arg) if value is None else value)
                indices.append(own if value is None else (step, *own))
        if any(index in output for index in same):  # the diagonal is seen in the result
            arrays = [self._outer(arg) if arg not in self._rows else self._matrix(arg) for arg in node.args]
            indices = [
                own if arg not in self._rows else (step, *own) for arg, own in zip(node.args, operands, strict=True)
            ]
            same = {}
        renamed = [tuple(same.get(index, index) for index in own) for own in indices]
        return contract(arrays, renamed, (step, *output))

    def _outer(self, node: Node) -> Node:
        """Return a node that is the same in all steps as it is outside."""
        return substitute([node], self._shared)[node]

    def _matrix(self, node: Node) -> Node:
        value = self._rows[node]
        return value.written_out(self._size) if isinstance(value, _Diagonal) else value

    def _everywhere(self, node: Node) -> Node:
        if node in self._rows:
            return self._matrix(node)
        outer = self._outer(node)
        shape = (self._size, *node.shape)
        if isinstance(outer, Const):
            return constant(outer.value, shape, outer.dtype)
        return broadcast(outer, shape=shape, axes=tuple(range(1, len(shape))))

    def _stack(self, value: Node) -> Node:
        return self._matrix(value) if value in self._rows else self._everywhere(value)
