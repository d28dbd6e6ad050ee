"""Products that no carry takes part in are made before the loop, for all steps at once: one large product for many small.

``x_t @ W`` in every step is ``x @ W`` before the first, and ``E[k_t]``, of one position a step, is ``E[k]``. What does
not depend on the step at all goes before the loop too.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from symbackprop.ir.body import Body
from symbackprop.ir.graph import Graph, children, count_uses
from symbackprop.ir.node import Apply, Const, Input, Node, Output, constant, make_input
from symbackprop.ir.size import Size
from symbackprop.ops.arithmetic import add, neg
from symbackprop.ops.bodies import substitute
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.contraction import contract, einsum, permuted
from symbackprop.ops.creation import arange
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import gather
from symbackprop.ops.loops import Loop, looped, scan
from symbackprop.simplify.loops.bodies import with_known
from symbackprop.simplify.loops.there import loop_there, of_one_step_there
from symbackprop.simplify.loops.unneeded import needed_loops
from symbackprop.simplify.pattern import with_new_arguments

__all__ = ["CARRIED", "ROW", "SHARED", "dependence", "over_steps", "repeated_rows", "with_products_before"]

SHARED, ROW, CARRIED = 0, 1, 2  # what a node of a step depends on: nothing of the step; its rows; its carries


def with_products_before(graph: Graph, *, stacks: bool = True) -> Graph:
    """Return `graph` with what no carry takes part in computed before its loops.

    Without `stacks` it is only what is the same in all steps: a product for all of them is one array more.
    """
    wanted = needed_loops(graph)
    loops = [Loop(node) for node in wanted]  # type: ignore[arg-type]
    inputs: dict[Node, Input] = {}  # of steps, for what has been moved: a loop and its loop back bind the same
    first = 1 + max([node.index for loop in loops for node in loop.body.inputs], default=0)
    new: dict[Node, Node] = {}
    inside: dict[Node, Node] = {}
    by_node = {loop.node: loop for loop in loops}
    for node in graph.nodes():
        new[node] = with_new_arguments(node, new)
        if node in by_node:
            there = loop_there(by_node[node], wanted)
            known = set() if there is None else of_one_step_there(by_node[node], there)
            moving = _Moving(Loop(new[node]), inputs, first, known, stacks)  # type: ignore[arg-type]
            new[node] = moving.moved(inside).node
    if not inputs:
        return graph
    return with_known(graph.mapped(new), inside)


class _Moving:
    """Moves what it can out of one loop."""

    def __init__(self, loop: Loop, inputs: dict[Node, Input], first: int, known: Set[Node], stacks: bool) -> None:
        self._loop = loop
        self._inputs = inputs
        self._first = first
        self._stacks = stacks
        self._known = known  # what the loop there computes: it is moved here if it was moved there
        self._uses = count_uses(loop.body.nodes(), loop.body.outputs)
        self._kinds = dependence(loop)
        self._counting = _counting(loop)
        self._rows: dict[Node, Node] = dict(zip(loop.row_inputs, loop.sequences, strict=True))
        self._shared: dict[Node, Node] = dict(zip(loop.constant_inputs, loop.constants, strict=True))

    def moved(self, inside: dict[Node, Node]) -> Loop:
        """Return the loop that is left, and note in `inside` what nodes of its step have become."""
        loop = self._loop
        replacement: dict[Node, Node] = {}
        for node in loop.body.nodes():
            if isinstance(node, (Apply, Output)):
                found = self._before(node)
                if found is not None:
                    replacement[node] = found
        outputs = [*loop.body.outputs]
        now = substitute(outputs, replacement)
        if all(now[output] is output for output in outputs):
            return loop
        inside.update({node: after for node, after in now.items() if after is not node and node not in self._inputs})
        body_rows, body_shared = [*self._rows.items()], [*self._shared.items()]
        inputs = (*loop.carry_inputs, *(node for node, _ in body_rows), *(node for node, _ in body_shared))
        return looped(
            Body(inputs, tuple(now[output] for output in outputs)),  # type: ignore[arg-type]
            loop.initial,
            [x for _, x in body_rows],
            [arg for _, arg in body_shared],
            loop.length,
            reverse=loop.reverse,
            kept=loop.kept,
        )

    def _before(self, node: Apply | Output) -> Node | None:
        """Return what is left in the step of a node that can be computed before the loop."""
        if self._kinds[node] == SHARED:
            if _is_free(node) or node.weak or node in self._counting:
                return None
            return self._bound(node, self._shared, substitute([node], self._shared)[node])
        if isinstance(node, Output) or not self._stacks:
            return None
        if node.op is einsum and self._is_product(node):
            return self._bound(node, self._rows, over_steps(node, self._rows, self._shared))
        if node.op is gather and self._is_read(node):
            return self._bound(node, self._rows, self._read_over_steps(node))
        if node.op is add:
            return self._partial_sum(node)
        return None

    def _is_product(self, node: Apply) -> bool:
        """Tell whether a node is the product of a row and something that all steps share, summed over an index."""
        operands, output = node.param("operands"), node.param("output")
        if self._stays_there(node):
            return False
        kinds = [self._kinds[arg] for arg in node.args]
        if self._kinds[node] != ROW or SHARED not in kinds:
            return False
        contracted = {index for indices in operands for index in indices} - set(output)  # type: ignore[attr-defined, call-overload]
        return bool(contracted) and all(
            kind == SHARED or arg in self._rows for kind, arg in zip(kinds, node.args, strict=True)
        )

    def _is_read(self, node: Apply) -> bool:
        """Tell whether a node is read from what all steps share, at one position that the rows give."""
        x, *positions = node.args
        if self._stays_there(node) or self._kinds[x] != SHARED or positions[0].rank:
            return False
        return all(self._kinds[at] == SHARED or at in self._rows for at in positions)

    def _stays_there(self, node: Apply) -> bool:
        """Tell whether the loop there computes a node that has not been moved out of it."""
        return node in self._known and node not in self._inputs

    def _read_over_steps(self, node: Apply) -> Node:
        """Return what a node reads in all steps, row by row."""
        x, *positions = node.args
        stacked = [self._rows[at] if at in self._rows else self._everywhere(at) for at in positions]
        first: int = node.param("axis")  # type: ignore[assignment]
        read = [*range(first, first + len(positions))]
        outer = substitute([x], self._shared)[x]
        return gather(permuted(outer, (*read, *(a for a in range(x.rank) if a not in read))), *stacked, axis=0)

    def _partial_sum(self, node: Apply) -> Node | None:
        """Take the terms of a sum together that are there before the loop."""
        terms = self._terms(node)
        moved = [arg for arg in terms if arg in self._inputs and self._inputs[arg] in self._rows]
        early = [arg for arg in terms if self._kinds[arg] == SHARED or arg in moved]
        if not moved or len(early) < 2 or len(early) == len(terms):
            return None
        whole = add(*early)
        rows = [self._rows[self._inputs[arg]] if arg in moved else self._everywhere(arg) for arg in early]
        bound = self._bound(whole, self._rows, add(*rows))
        return add(bound, *(arg for arg in terms if arg not in early))

    def _terms(self, node: Apply) -> list[Node]:
        """Return the terms of a sum, and of the sums in it that are used nowhere else."""
        terms: list[Node] = []
        waiting: list[Node] = [*node.args]
        while waiting:
            term = waiting.pop(0)
            if isinstance(term, Apply) and term.op is add and self._uses.get(term) == 1:
                waiting = [*term.args, *waiting]
            else:
                terms.append(term)
        return terms

    def _everywhere(self, node: Node) -> Node:
        """Return for a node that is the same in all steps the array of its repetitions."""
        return repeated_rows(substitute([node], self._shared)[node], self._loop.length)

    def _bound(self, node: Node, table: dict[Node, Node], outer: Node) -> Input:
        """Return the input of the step by which it reads what is now computed outside."""
        if node not in self._inputs:
            level = self._loop.body.inputs[0].level
            self._inputs[node] = make_input(self._first + len(self._inputs), node.shape, node.dtype, level)
        table[self._inputs[node]] = outer
        return self._inputs[node]


def repeated_rows(x: Node, length: Size) -> Node:
    """Return the array that has `x` in each of its rows."""
    shape = (length, *x.shape)
    if isinstance(x, Const):
        return constant(x.value, shape, x.dtype)
    if isinstance(x, Apply) and x.op is broadcast:
        return broadcast(x.args[0], shape=shape, axes=tuple(axis + 1 for axis in x.param("axes")))  # type: ignore[attr-defined]
    return broadcast(x, shape=shape, axes=tuple(range(1, x.rank + 1)))


def over_steps(node: Apply, rows: Mapping[Node, Node], shared: Mapping[Node, Node]) -> Node:
    """Return a contraction of all steps at once, given the arrays whose rows, and the nodes that, its operands are."""
    operands: tuple[tuple[int, ...], ...] = node.param("operands")  # type: ignore[assignment]
    output: tuple[int, ...] = node.param("output")  # type: ignore[assignment]
    step = 1 + max(index for indices in operands for index in indices)
    arrays, indices = [], []
    for arg, own in zip(node.args, operands, strict=True):
        is_row = arg in rows
        arrays.append(rows[arg] if is_row else substitute([arg], shared)[arg])
        indices.append((step, *own) if is_row else own)
    return contract(arrays, indices, (step, *output))


def dependence(loop: Loop) -> dict[Node, int]:
    """Return for every node of a step what it depends on."""
    kinds: dict[Node, int] = dict.fromkeys(loop.carry_inputs, CARRIED)
    kinds.update(dict.fromkeys(loop.row_inputs, ROW))
    for node in loop.body.nodes():
        if node not in kinds:
            kinds[node] = max([kinds[child] for child in children(node)], default=SHARED)
    return kinds


def _counting(loop: Loop) -> set[Node]:
    """Return the arrays of a step that are there for the loops inside to count by."""
    inside = [Loop(node) for node in loop.body.nodes() if isinstance(node, Apply) and node.op is scan]
    return {x for own in inside for x in own.sequences if isinstance(x, Apply) and x.op is arange}


def _is_free(node: Apply | Output) -> bool:
    """Tell whether moving `node` saves nothing, or moves with it: of an operation of several results these are moved."""
    if isinstance(node, Output) or not isinstance(node.op, Primitive):
        return False
    return node.op in (broadcast, neg) or node.op.memory == "view" or bool(node.op.outputs)
