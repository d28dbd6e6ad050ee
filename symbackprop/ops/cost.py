"""Counted operations of a graph, as polynomials in the named sizes.

An elementwise primitive counts its declared operations for each entry, a sum one addition a term, a contraction a
multiplication and an addition for each combination of indices. Moving entries counts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from symbackprop.ir.graph import Graph, topological
from symbackprop.ir.node import Apply, Node
from symbackprop.ir.size import Size, evaluate, names, product
from symbackprop.ops.arithmetic import add
from symbackprop.ops.bodies import bodies_of
from symbackprop.ops.contraction import einsum, index_sizes
from symbackprop.ops.declare import Primitive
from symbackprop.ops.loops import Loop, scan
from symbackprop.ops.revolve import Schedule
from symbackprop.ops.states import run_again
from symbackprop.ops.whiles import while_loop

__all__ = ["Cost", "cost_of", "count_again", "count_operations", "schedules_of"]


@dataclass(frozen=True)
class Cost:
    """Counted operations of a formula, and of formula and gradient together.

    Parameters
    ----------
    value : size
        Operations of the value alone; an expression in the named sizes.
    value_and_gradient : size
        Operations of both together.
    again : size
        Those among them that are done for the second time, where checkpoints are asked for.
    allocated : tuple of size
        The bytes of the arrays that the printed code makes, in their order, negative where it deletes one.
    schedules : tuple of Schedule
        How loops store few of their states, where they do: what ``again(n, 32)`` means, the steps that come again of n
        with 32 slots.
    """

    value: Size
    value_and_gradient: Size
    again: Size = 0
    allocated: tuple[Size, ...] = ()
    schedules: tuple[Schedule, ...] = ()

    def at(self, sizes: Mapping[str, int] | None = None) -> tuple[int, int, float]:
        """Return both counts and their ratio for given sizes.

        Raises
        ------
        ShapeError
            If a named size has no value.
        """
        known = self._known(sizes)
        value, both = (evaluate(count, known) for count in (self.value, self.value_and_gradient))
        return value, both, both / max(value, 1)

    def again_at(self, sizes: Mapping[str, int] | None = None) -> int:
        """Return how many operations are done for the second time, or more often, for given sizes.

        Raises
        ------
        ShapeError
            If a named size has no value.
        """
        return evaluate(self.again, self._known(sizes))

    def peak_bytes(self, sizes: Mapping[str, int] | None = None) -> int:
        """Return the bytes of the arrays that live at once at most, for given sizes: those with a name and results.

        Raises
        ------
        ShapeError
            If a named size has no value.
        """
        known: dict[Size, int] = {}
        values = self._known(sizes)
        live = most = 0
        for size in self.allocated:
            if size not in known:
                known[size] = evaluate(size, values)
            live += known[size]
            most = max(most, live)
        return most

    @property
    def ratio(self) -> float:
        """The ratio of the counts; where it depends on sizes, that for sizes of 1,000."""
        lengths = [name for schedule in self.schedules for name in names(schedule.length)]
        sizes = dict.fromkeys((*names(self.value), *names(self.value_and_gradient), *lengths), 1000)
        return self.at(sizes)[2]

    def _known(self, sizes: Mapping[str, int] | None) -> dict[str, int]:
        """Return the values of all names, with those that stand for counts of schedules."""
        known = dict(sizes or {})
        for schedule in self.schedules:
            known.update(schedule.at(known))
        return known

    def __str__(self) -> str:
        again = f", {self.again} of them again" if self.again != 0 else ""
        both = f"value and gradient: {self.value_and_gradient}{again}"
        return f"value: {self.value} operations; {both}; ratio {self.ratio:.2f}"


def cost_of(value_graph: Graph, graph: Graph, allocated: tuple[Size, ...] = ()) -> Cost:
    """Return the cost of a formula, given the graph of its value, that of value and gradient, and what it allocates."""
    both = topological((*value_graph.primals, *graph.outputs))
    return Cost(
        count_operations(topological(value_graph.primals)),
        count_operations(both),
        count_again(both),
        allocated,
        schedules_of(both),
    )


def count_again(nodes: Iterable[Node]) -> Size:
    """Return the operations among those of `nodes` that are done for the second time."""
    total: Size = 0
    for node in nodes:
        if isinstance(node, Apply):
            total = total + _repeated(node)
    return total


def schedules_of(nodes: Iterable[Node]) -> tuple[Schedule, ...]:
    """Return the schedules by which loops among `nodes` store few of their states."""
    loops = [Loop(node) for node in nodes if isinstance(node, Apply) and node.op is scan]
    return tuple(dict.fromkeys(Schedule(loop.length, loop.slots) for loop in loops if loop.again))


def count_operations(nodes: list[Node]) -> Size:
    """Return the operations that computing all `nodes` once takes."""
    total: Size = 0
    for node in nodes:
        if isinstance(node, Apply):
            total = total + _operations(node)
    return total


def _operations(node: Apply) -> Size:
    op = node.op
    assert isinstance(op, Primitive)
    if op.has_bodies:
        return _of_bodies(node)
    if op is add:
        return product(node.shape) * (len(node.args) - 1)
    if op is einsum:
        operands = node.param("operands")
        sizes = index_sizes(node.args, operands)  # type: ignore[arg-type]
        sums = len(sizes) > node.rank  # else every combination of indices is an entry, and nothing is added up
        return product(sizes.values()) * (len(node.args) - (not sums))
    if op.count is not None:
        return op.count(node)
    if op.kind == "elementwise":
        return product(node.shape) * _per_entry(node, op)
    if not op.flops or not node.args:
        return 0
    return product(node.args[0].shape) * op.flops


def _of_bodies(node: Apply) -> Size:
    """Return the operations of a loop: those of a step, as often as it runs."""
    total: Size = 0
    for body in bodies_of(node):
        total = total + count_operations(body.nodes())
    if node.op is while_loop:  # as often as it runs, where that has a name
        limit, size = node.param("limit"), node.param("size")
        return total * (limit if limit is not None else size if size is not None else 1)  # type: ignore[operator]
    return total * Loop(node).length + _run_again(Loop(node)) if node.op is scan else total


def _run_again(loop: Loop) -> Size:
    """Return the operations of the steps that a loop back runs again, beside its own."""
    there = run_again(loop)
    if there is None:
        return 0
    step = count_operations(topological([there.new_carries[i] for i in there.state]))
    return step * Schedule(there.length, there.slots).steps_again


def _repeated(node: Apply) -> Size:
    """Return the operations of a node that were done before: all of a clone, and of a loop back those of the steps there."""
    if node.segment:
        return _operations(node)
    if node.op is not scan:
        return 0
    loop = Loop(node)
    there = run_again(loop)
    if there is None:
        return 0
    known = {*there.body.nodes()}
    in_steps = count_operations([inner for inner in loop.body.nodes() if inner in known])
    return _run_again(loop) + in_steps * loop.length


def _per_entry(node: Apply, op: Primitive) -> int:
    if op.name == "integer_power":
        exponent: int = node.param("n")  # type: ignore[assignment]
        return max(abs(exponent).bit_length() + bin(abs(exponent)).count("1") - 2, 1)
    return op.flops
