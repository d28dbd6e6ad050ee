"""The least recomputation with which the arrays that live at once stay within a budget of memory.

Tried are numbers of segments, with cuts where few bytes cross (Chen and others (2016), Training deep nets with sublinear
memory cost); then as much more is kept as the budget allows, in the order of the operations that a byte saves. Loops
store as many states as they may, in the binomial schedule. What is counted is what the printed code allocates, so that
the count is that of `cost().peak_bytes`. Each value comes again once at most, and steps of loops as the schedule says: a
schedule of several levels for what is no loop is not tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from symbackprop.errors import BudgetError
from symbackprop.ir.graph import Graph, children
from symbackprop.ir.node import Node
from symbackprop.ir.size import Size, evaluate, names
from symbackprop.ops.cost import Cost, count_again, count_operations, schedules_of
from symbackprop.ops.loops import Loop, scan
from symbackprop.transform.budget import Budget, bytes_text
from symbackprop.transform.checkpoint import in_segments
from symbackprop.transform.cuts import tapering_cuts
from symbackprop.transform.forward_part import ForwardPart
from symbackprop.transform.stored_states import with_slots

__all__ = ["Allocations", "within_budget"]

Allocations = Callable[[Graph, bool], Sequence[Size]]  # of a graph, and whether arrays are deleted


@dataclass(frozen=True)
class _Plan:
    """A graph with checkpoints, counted.

    Parameters
    ----------
    graph : Graph
    peak : int
        The bytes that live at once.
    again : int
        The operations that are done for the second time.
    """

    graph: Graph
    peak: int
    again: int


def within_budget(finished: Callable[[bool], Graph], budget: Budget, allocations: Allocations) -> Graph:
    """Return the graph of value and gradient that stays within a budget.

    Parameters
    ----------
    finished : function
        Of whether loops may keep arrays over all steps for the way back; it returns the graph ready for printing.
    budget : Budget
    allocations : function
        What the code of a graph allocates and releases, in bytes, in its order.

    Raises
    ------
    BudgetError
        If the budget cannot be met, with the least that can.
    """
    search = _Search(finished, budget, allocations)
    found = search.best()
    if found is not None:
        return found.graph
    raise BudgetError(
        f"checkpoint={str(budget)!r} allows {bytes_text(search.limit)}{search.where}, and the least that computing values "
        f"again comes to is {search.least} bytes; keeping all takes {bytes_text(search.whole)}"
    )


class _Search:
    """Counts plans, and remembers the least that any has taken."""

    def __init__(self, finished: Callable[[bool], Graph], budget: Budget, allocations: Allocations) -> None:
        self._finished = finished
        self._allocations = allocations
        self._graph = graph = finished(True)
        given = {name for spec in graph.arguments for size in spec.shape or () for name in names(size)}
        self._sizes = budget.at(sorted(given | graph.counts.keys()), given - graph.counts.keys())
        self.whole = self._peak(graph, deleting=False)
        part = budget.fraction or 1.0
        self.limit = int(part * self.whole) if budget.bytes is None else budget.bytes
        self.least = self.whole

    @property
    def where(self) -> str:
        """The sizes at which bytes are counted, as part of a sentence."""
        listed = ", ".join(f"{name} = {size}" for name, size in sorted(self._sizes.items()))
        return f" at {listed}" if listed else ""

    def best(self) -> _Plan | None:
        """Return the plan within the limit that computes least again."""
        found = self._in_segments(self._graph)
        if found is not None and not found.again:
            return found
        return min([plan for plan in (found, *self._with_states()) if plan is not None], key=_effort, default=None)

    def _with_states(self) -> Iterator[_Plan | None]:
        """Yield plans with loops that store few of their states: as many as may be; few, with segments beside."""
        loops = [Loop(node) for node in self._graph.nodes() if getattr(node, "op", None) is scan]  # type: ignore[arg-type]
        lean = self._finished(False) if loops else self._graph
        if with_slots(lean, 1) is None:
            return
        longest = max(evaluate(loop.length, self._sizes) for loop in loops)

        def plan(slots: int) -> _Plan:
            graph = with_slots(lean, slots)
            assert graph is not None
            return self._counted(in_segments(graph, ForwardPart(graph), ()))

        yield self._largest(plan, 1, longest)
        for slots in (1, "sqrt"):
            graph = with_slots(lean, slots)
            assert graph is not None
            yield self._in_segments(graph)

    def _in_segments(self, graph: Graph) -> _Plan | None:
        """Return the plan in segments that computes least again."""
        part = ForwardPart(graph, self._sizes)
        found: list[tuple[_Plan, list[int]]] = []
        for cuts in _ways_to_cut(part):
            plan = self._counted(in_segments(graph, part, cuts))
            if plan.peak <= self.limit:
                found.append((plan, cuts))
                if not plan.again:
                    return plan
        if not found:
            return None
        roomiest = min(found, key=lambda way: way[0].peak)
        plans = [self._with_more_kept(graph, part, cuts, plan) for plan, cuts in (found[0], roomiest)]
        return min(plans, key=_effort)

    def _with_more_kept(self, graph: Graph, part: ForwardPart, cuts: Sequence[int], plan: _Plan) -> _Plan:
        """Return a plan in these segments that keeps as much more as it may."""
        worth = self._worth(plan.graph, part)

        def keeping(count: int) -> _Plan:
            return self._counted(in_segments(graph, part, cuts, worth[:count]))

        return min(self._largest(keeping, 1, len(worth)) or plan, plan, key=_effort)

    def _worth(self, graph: Graph, part: ForwardPart) -> list[Node]:
        """Return the values that the way back reads again, those first of which a byte saves most operations.

        What is computed for a value alone is saved with it; of equal ones the last comes first, which is released first.
        """
        table = graph.recomputation
        assert table is not None
        again = set(table.originals.values())
        saved: dict[Node, int] = {}
        for node in part.nodes:
            if node in again:
                own = evaluate(count_operations([node]), self._sizes)
                saved[node] = own + sum(
                    saved[child] for child in children(node) if child in saved and child not in part.read
                )
        worth = [node for node in saved if node in part.read]
        return sorted(worth, key=lambda node: (-saved[node] / part.bytes_of(node), -part.place[node]))

    def _largest(self, plan_of: Callable[[int], _Plan], low: int, high: int) -> _Plan | None:
        """Return the plan of the largest number whose peak is within the limit, if there is any, by bisection."""
        best: _Plan | None = None
        while low <= high:
            middle = (low + high + 1) // 2
            plan = plan_of(middle)
            if plan.peak <= self.limit:
                best, low = plan, middle + 1
            else:
                high = middle - 1
        return best

    def _counted(self, graph: Graph) -> _Plan:
        peak = self._peak(graph, deleting=True)
        self.least = min(self.least, peak)
        nodes = graph.nodes()
        again = Cost(0, 0, count_again(nodes), (), schedules_of(nodes)).again_at(self._sizes)
        return _Plan(graph, peak, again)

    def _peak(self, graph: Graph, *, deleting: bool) -> int:
        allocated = tuple(self._allocations(graph, deleting))
        return Cost(0, 0, 0, allocated, schedules_of(graph.nodes())).peak_bytes(self._sizes)


def _effort(plan: _Plan) -> tuple[int, int]:
    return plan.again, plan.peak


def _ways_to_cut(part: ForwardPart) -> Iterator[list[int]]:
    """Yield the cuts of 1, 2, 3, 4, 6, 9 and more segments, each shorter than the one before, up to twice the root."""
    yield []
    count = 2
    while count * count <= 4 * len(part.read):
        yield tapering_cuts(part, count)
        count = max(count + 1, count * 3 // 2)
