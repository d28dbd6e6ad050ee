"""Sums over the steps of a loop back: of products one product behind the loop, of all else a running sum.

The reverse pass gives for an array that all steps share the cotangent of every step, stacked, and sums these. Where a
cotangent is a product, as that of a weight is, the sum of all products is one product of the stacked factors, which is
smaller and faster. Where it stands at positions of an array of zeros, all of them are added into one such array. Anything
else is added up as the loop goes, so that no stack of it is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.graph import Graph, children
from symbackprop.ir.node import Apply, Input, Node, Output, constant
from symbackprop.ops.arithmetic import add, neg
from symbackprop.ops.bodies import substitute
from symbackprop.ops.broadcasting import reduce_sum, sum_axes
from symbackprop.ops.contraction import contract, einsum, permuted
from symbackprop.ops.indexing import scatter_add
from symbackprop.ops.loops import Loop, looped
from symbackprop.simplify.loops.before import over_steps, repeated_rows
from symbackprop.simplify.loops.unneeded import needed_loops
from symbackprop.simplify.pattern import with_new_arguments

__all__ = ["with_sums_behind"]


def with_sums_behind(graph: Graph, *, stacks: bool = True) -> Graph:
    """Return `graph` with sums over the steps of its loops back taken apart; without `stacks` all of them are running sums."""
    primal = set(graph.primal_nodes)
    plans: dict[Node, _Plan] = {}
    consumers = _consumers(graph)
    for node, results in needed_loops(graph).items():
        if node in primal:
            continue
        plan = _plan(Loop(node), results, consumers, stacks)  # type: ignore[arg-type]
        if plan.sums or plan.outside:
            plans[node] = plan
    if not plans:
        return graph
    new: dict[Node, Node] = {}
    made: dict[Node, _Made] = {}
    for node in graph.nodes():
        if isinstance(node, Output) and node.source in made:
            new[node] = made[node.source].result(node.index, node)
        elif isinstance(node, Apply) and node.op is reduce_sum and _is_taken(node.args[0], made):
            stack = node.args[0]
            assert isinstance(stack, Output)
            new[node] = made[stack.source].total(stack.index, node)
        else:
            new[node] = with_new_arguments(node, new)
            if node in plans:
                made[node] = _Made(plans[node], Loop(new[node]))  # type: ignore[arg-type]
    return graph.mapped(new)


def _is_taken(node: Node, made: dict[Node, _Made]) -> bool:
    return isinstance(node, Output) and node.source in made and node.index in made[node.source].plan.sums


def _consumers(graph: Graph) -> dict[Node, list[Node | None]]:
    """Return what reads each result of a loop; None stands for the outputs of the graph."""
    found: dict[Node, list[Node | None]] = {}
    for node in graph.outputs:
        found.setdefault(node, []).append(None)
    for node in graph.needed():
        for child in children(node):
            if isinstance(child, Output):
                found.setdefault(child, []).append(node)
    return found


# --- what to do -------------------------------------------------------------------------------------------------------


@dataclass
class _Plan:
    """What is done behind a loop.

    Parameters
    ----------
    loop : Loop
    sums : dict of int to tuple of int
        The results that are summed over all steps, and over which axes of a step's value.
    stacks : dict of int to list of (Node, bool)
        The terms of these that can be summed once the loop has run, and whether each is subtracted.
    rests : dict of int to list of Node
        What else is summed.
    outside : dict of int to Apply
        The results that are products of stacked arrays themselves.
    stacked : list of Node
        The nodes of a step that are stacked for that.
    """

    loop: Loop
    sums: dict[int, tuple[int, ...]] = field(default_factory=dict)
    stacks: dict[int, list[tuple[Node, bool]]] = field(default_factory=dict)
    rests: dict[int, list[Node]] = field(default_factory=dict)
    outside: dict[int, Apply] = field(default_factory=dict)
    stacked: list[Node] = field(default_factory=list)


def _plan(loop: Loop, results: set[int], consumers: dict[Node, list[Node | None]], may_stack: bool) -> _Plan:
    plan = _Plan(loop)
    moving = _moving(loop)
    stacks = [index for index in sorted(results) if loop.carries <= index < len(loop.body.outputs)]
    for index in stacks:
        axes = _summed_axes(loop.stack(index - loop.carries), consumers)
        if axes is not None:
            plan.sums[index] = axes
    terms = {index: _terms(loop.body.outputs[index]) for index in plan.sums}
    if not may_stack:
        plan.stacks = {index: [] for index in terms}
        plan.rests = {index: [neg(term) if sign else term for term, sign in found] for index, found in terms.items()}
        return plan
    products = [term for found in terms.values() for term, _ in found if _is_worth_stacking(term, moving, loop)]
    at_hand: set[Node] = {*loop.row_inputs}
    factors = dict.fromkeys(arg for term in products for arg in term.args)
    plan.stacked = [arg for arg in factors if arg in moving and arg not in at_hand]
    at_hand.update(plan.stacked)
    for index, found in terms.items():
        late = [(term, sign) for term, sign in found if term in products or _summed(term) in at_hand]
        plan.stacks[index] = late
        plan.rests[index] = [neg(term) if sign else term for term, sign in found if (term, sign) not in late]
    for index in stacks:
        value = loop.body.outputs[index]
        if index in plan.sums or not isinstance(value, Apply) or value.op is not einsum:
            continue
        steps = [arg for arg in value.args if arg in moving]
        if steps and all(arg in at_hand for arg in steps):
            plan.outside[index] = value
    return plan


def _moving(loop: Loop) -> set[Node]:
    """Return the nodes of a step that are others in every step."""
    moving: set[Node] = {*loop.carry_inputs, *loop.row_inputs}
    for node in loop.body.nodes():
        if any(child in moving for child in children(node)):
            moving.add(node)
    return moving


def _summed_axes(stack: Node, consumers: dict[Node, list[Node | None]]) -> tuple[int, ...] | None:
    """Return over which axes of a step's value a stack is summed, beside the steps; None where that is not all."""
    found: set[tuple[int, ...]] = set()
    for node in consumers.get(stack, [None]):
        if not isinstance(node, Apply) or node.op is not reduce_sum or 0 not in node.param("axes"):  # type: ignore[operator]
            return None
        found.add(tuple(axis - 1 for axis in node.param("axes") if axis))  # type: ignore[attr-defined]
    return found.pop() if len(found) == 1 else None


def _terms(value: Node) -> list[tuple[Node, bool]]:
    """Return the terms of a sum, and whether each is subtracted."""
    terms, waiting = [], [(value, False)]
    while waiting:
        node, is_negative = waiting.pop(0)
        if isinstance(node, Apply) and node.op is add:
            waiting = [*((arg, is_negative) for arg in node.args), *waiting]
        elif isinstance(node, Apply) and node.op is neg:
            waiting.insert(0, (node.args[0], not is_negative))
        else:
            terms.append((node, is_negative))
    return terms


def _summed(term: Node) -> Node:
    """Return what a term is the sum of."""
    return term.args[0] if isinstance(term, Apply) and term.op is reduce_sum else term


def _is_worth_stacking(term: Node, moving: set[Node], loop: Loop) -> bool:
    """Tell whether a term is a product of arrays that are not larger than itself, or one at positions among zeros."""
    if not isinstance(term, Apply):
        return False
    if term.op is scatter_add:
        return len(term.args) == term.param("indices") + 1  # type: ignore[operator]
    if term.op is not einsum:
        return False
    factors = [arg for arg in term.args if arg in moving]
    return len(factors) > 1 and all(arg in loop.row_inputs or arg.rank <= term.rank for arg in factors)


# --- doing it ---------------------------------------------------------------------------------------------------------


class _Made:
    """The loop in whose place another has been put, and its results."""

    def __init__(self, plan: _Plan, loop: Loop) -> None:
        self.plan = plan
        running = [index for index in plan.sums if plan.rests[index]]
        self._running = {index: loop.carries + at for at, index in enumerate(running)}
        steps = [self._step(loop, index) for index in running]
        sums: list[Input] = fresh_inputs(steps, loop.body.inputs)
        values = [
            index
            for index in range(loop.carries, len(loop.body.outputs))
            if index not in plan.sums and index not in plan.outside
        ]
        every = [*dict.fromkeys([*(loop.body.outputs[index] for index in values), *plan.stacked])]
        carry_inputs = (*loop.carry_inputs, *sums)
        new = (*loop.new_carries, *(add(total, step) for total, step in zip(sums, steps, strict=True)))
        zeros = [constant(0, step.shape, step.dtype) for step in steps]
        body = Body((*carry_inputs, *loop.row_inputs, *loop.constant_inputs), (*new, *every))
        self._loop = looped(body, [*loop.initial, *zeros], loop.sequences, loop.constants, loop.length,
                            reverse=loop.reverse, kept=loop.kept)  # fmt: skip
        self._old = loop
        self._every = every
        self._rows: dict[Node, Node] = {node: self._loop.stack(at) for at, node in enumerate(every)}
        self._rows.update(zip(loop.row_inputs, loop.sequences, strict=True))
        self._shared: dict[Node, Node] = dict(zip(loop.constant_inputs, loop.constants, strict=True))

    def _step(self, loop: Loop, index: int) -> Node:
        """Return what a step adds to the sum of a result."""
        rest = self.plan.rests[index]
        return sum_axes(add(*rest) if len(rest) > 1 else rest[0], self.plan.sums[index])

    def result(self, index: int, node: Output) -> Node:
        """Return a result of the loop as it was."""
        old = self._old
        if index < old.carries:
            return self._loop.final(index)
        if index >= len(old.body.outputs):
            return self._loop.trajectory(old.kept[index - len(old.body.outputs)])
        if index in self.plan.outside:
            return over_steps(self.plan.outside[index], self._rows, self._shared)
        if index in self.plan.sums:
            return old.stack(index - old.carries)  # which nobody reads any more
        return self._rows[old.body.outputs[index]]

    def total(self, index: int, node: Apply) -> Node:
        """Return the sum of a result over all steps."""
        terms: list[Node] = []
        if index in self._running:
            terms.append(self._loop.final(self._running[index]))
        for term, is_negative in self.plan.stacks[index]:
            whole = self._over_all_steps(term, self.plan.sums[index])
            terms.append(neg(whole) if is_negative else whole)
        return add(*terms) if len(terms) > 1 else terms[0]

    def _over_all_steps(self, term: Node, axes: tuple[int, ...]) -> Node:
        """Return the sum over all steps, and some axes, of a term of stacked arrays."""
        if _summed(term) in self._rows:
            inner: tuple[int, ...] = term.param("axes") if _summed(term) is not term else ()  # type: ignore[attr-defined]
            kept = [axis for axis in range(_summed(term).rank) if axis not in inner]
            every = {0, *(axis + 1 for axis in inner), *(kept[axis] + 1 for axis in axes)}
            return reduce_sum(self._rows[_summed(term)], axes=tuple(sorted(every)))
        assert isinstance(term, Apply)
        if term.op is scatter_add:
            return sum_axes(self._added_over_all_steps(term), axes)
        operands: Sequence[tuple[int, ...]] = term.param("operands")  # type: ignore[assignment]
        output: tuple[int, ...] = term.param("output")  # type: ignore[assignment]
        step = 1 + max(index for indices in operands for index in indices)
        arrays = [self._rows[arg] if arg in self._rows else substitute([arg], self._shared)[arg] for arg in term.args]
        indices = [(step, *own) if arg in self._rows else own for arg, own in zip(term.args, operands, strict=True)]
        return sum_axes(contract(arrays, indices, output), axes)

    def _added_over_all_steps(self, term: Apply) -> Node:
        """Return the sum over all steps of what is added at positions of an array of zeros, these axes first."""
        *positions, value = term.args
        first: int = term.param("axis")  # type: ignore[assignment]
        count, rank = len(positions), positions[0].rank
        read = [*range(first, first + count)]
        order = (*read, *(axis for axis in range(term.rank) if axis not in read))
        moved = (0, *(first + 1 + axis for axis in range(rank)))
        stacks = [self._stack_of(node) for node in (*positions, value)]
        value = permuted(stacks.pop(), (*moved, *(axis for axis in range(value.rank + 1) if axis not in moved)))
        shape = tuple(term.shape[axis] for axis in order)
        added = scatter_add(*stacks, value, shape=shape, axis=0, indices=count)
        return permuted(added, tuple(order.index(axis) for axis in range(term.rank)))

    def _stack_of(self, node: Node) -> Node:
        """Return what a node of a step is in all steps, stacked."""
        if node in self._rows:
            return self._rows[node]
        return repeated_rows(substitute([node], self._shared)[node], self._loop.length)
