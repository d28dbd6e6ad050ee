"""Counted operations of a graph, as polynomials in the named sizes.

An elementwise primitive counts its declared operations for each entry, a sum one addition a term, a contraction a
multiplication and an addition for each combination of indices. Moving entries counts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from symbackprop.columns import aligned
from symbackprop.ir.graph import Graph, topological
from symbackprop.ir.node import Apply, Node
from symbackprop.ir.size import Size, evaluate, names, product
from symbackprop.ops.arithmetic import add
from symbackprop.ops.bodies import bodies_of
from symbackprop.ops.contraction import einsum, index_sizes
from symbackprop.ops.counts import Counts, Numbers
from symbackprop.ops.declare import Primitive
from symbackprop.ops.loops import Loop, scan
from symbackprop.ops.revolve import Schedule
from symbackprop.ops.states import run_again
from symbackprop.ops.whiles import while_loop

__all__ = ["Cost", "cost_of", "count_again", "count_operations", "schedules_of"]


_NOTHING = Counts()


@dataclass(frozen=True)
class Cost:
    """What a compiled function takes, and what the value of its formula alone takes; printed, a table.

    Parameters
    ----------
    value : size
        Operations of the value alone; an expression in the named sizes.
    value_and_gradient : size
        Operations of value and derivatives together.
    again : size
        Those among them that are done for the second time, where checkpoints are asked for.
    allocated : tuple of size
        The bytes of the arrays that the printed code makes, in their order, negative where it deletes one.
    schedules : tuple of Schedule
        How loops store few of their states, where they do: what ``again(n, 32)`` means, the steps that come again of n
        with 32 slots.
    of_value, of_function : Counts
        All that is counted of the code that computes the value, and of this function.
    """

    value: Size
    value_and_gradient: Size
    again: Size = 0
    allocated: tuple[Size, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    of_value: Counts = _NOTHING
    of_function: Counts = _NOTHING

    def at(self, sizes: Mapping[str, int] | None = None) -> tuple[int, int, float]:
        """Return the operations of the value, of value and derivatives together, and their ratio for given sizes.

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
        return _peak(self.allocated, self._known(sizes))

    def numbers(self, sizes: Mapping[str, int] | None = None) -> tuple[Numbers, Numbers]:
        """Return all that is counted of the value, and of this function, for given sizes.

        Raises
        ------
        ShapeError
            If a named size has no value.
        """
        known = self._known(sizes)
        of_value, of_function = (
            Numbers(
                evaluate(own.operations, known),
                evaluate(own.transcendental, known),
                evaluate(own.calls, known),
                evaluate(own.moved, known),
                _peak(own.allocated, known),
            )
            for own in (self.of_value, self.of_function)
        )
        return of_value, of_function

    def table(self, sizes: Mapping[str, int] | None = None) -> str:
        """Return a table of all counts: in terms of sizes, or as numbers for given ones.

        Raises
        ------
        ShapeError
            If sizes are given, and a named one has no value.
        """
        every = self._thousands() if sizes is None else dict(sizes)
        numbers = self.numbers(every)
        rows: list[tuple[str, ...]] = [
            ("", "value", "this function", "ratio" if sizes is not None or not every else f"at {_LARGE:,}")
        ]
        for name, title in _TITLES.items():
            counts = [getattr(own, name) for own in numbers]
            ratio = f"{counts[1] / counts[0]:.2f}" if counts[0] else ""
            shown = [f"{count:,}" for count in counts]
            if sizes is None:
                found = (getattr(own, name) for own in (self.of_value, self.of_function))
                shown = ["see peak_bytes" if size is None else str(size) for size in found]
            rows.append((title, *shown, ratio))
        unknown = self.of_function.unknown
        lines = aligned(rows)
        if unknown:
            lines.append(
                f"not, or not wholly, counted: {', '.join(unknown[:_SHOWN])}{', ...' * (len(unknown) > _SHOWN)}"
            )
        return "\n".join(lines)

    @property
    def ratio(self) -> float:
        """The ratio of the operations; where it depends on sizes, that for sizes of 1,000.

        That of a value and its gradient is at most 5, whatever the number of inputs, where all operations are sums and
        products of two, and about as much otherwise: the cheap gradient principle.
        """
        return self.at(self._thousands())[2]

    def _thousands(self) -> dict[str, int]:
        """Return a large number for each size."""
        lengths = [name for schedule in self.schedules for name in names(schedule.length)]
        counts = [size for own in (self.of_value, self.of_function) for size in (own.calls, own.moved, *own.allocated)]
        found = {name for size in (self.value, self.value_and_gradient, *counts) for name in names(size)}
        counted = {name for schedule in self.schedules for name in schedule.at(dict.fromkeys(lengths, 1))}
        return dict.fromkeys(sorted({*found, *lengths} - counted), _LARGE)

    def _known(self, sizes: Mapping[str, int] | None) -> dict[str, int]:
        """Return the values of all names, with those that stand for counts of schedules."""
        known = dict(sizes or {})
        for schedule in self.schedules:
            known.update(schedule.at(known))
        return known

    def __str__(self) -> str:
        again = f", {self.again} of them again" if self.again != 0 else ""
        both = f"value and gradient: {self.value_and_gradient}{again}"
        head = f"value: {self.value} operations; {both}; ratio {self.ratio:.2f}"
        return f"{head}\n{self.table()}"


_LARGE = 1000  # what sizes are taken to be where a ratio depends on them
_SHOWN = 5  # parts of the code that are not known
_TITLES = {
    "operations": "operations",
    "transcendental": "transcendental",
    "calls": "NumPy calls",
    "moved": "bytes moved",
    "peak": "bytes at once",
}


def _peak(allocated: Iterable[Size], values: Mapping[str, int]) -> int:
    """Return the bytes that live at once at most."""
    known: dict[Size, int] = {}
    live = most = 0
    for size in allocated:
        if size not in known:
            known[size] = evaluate(size, values)
        live += known[size]
        most = max(most, live)
    return most


def cost_of(value_graph: Graph, graph: Graph, of_value: Counts, of_function: Counts) -> Cost:
    """Return the cost of a formula, given the graph of its value and that of a function, and what their codes take."""
    both = topological((*value_graph.primals, *graph.outputs))
    value = count_operations(topological(value_graph.primals))
    return Cost(
        value,
        count_operations(both),
        count_again(both),
        of_function.allocated,
        schedules_of(both),
        replace(of_value, operations=value),
        replace(of_function, operations=count_operations(topological(graph.outputs))),
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
