"""The order in which contractions are computed: products of matrices associated well, einsums of many operands in pairs.

A contraction that only another one needs, and that has no name of the user's, becomes part of that one; the operands of
both are then contracted in the cheapest order: by dynamic programming over sets of operands (Pfeifer, Haegeman and
Verstraete, 2014, Faster identification of optimal contraction sequences for tensor networks), or, where one einsum has more
of them than that is quick for, pair by pair, the cheapest first. ``(A @ B) @ x`` becomes ``A @ (B @ x)``. What is written as
products stays as it is where sizes that have names do not decide: a new order has to be cheaper where all are alike, and
not dearer, but for a constant, wherever some are much larger than others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf, prod

from symbackprop.ir.graph import Graph, count_uses
from symbackprop.ir.node import Apply, Node
from symbackprop.ir.size import Size, evaluate, names
from symbackprop.ops.contraction import Indices, contract, einsum, index_sizes
from symbackprop.simplify.pattern import Rewrites, with_new_arguments

__all__ = ["contracts_contractions", "with_ordered_contractions"]

_MOST = 7  # operands among which the best order is found, as the time for it triples with each
_ALIKE = 1000  # of a named size, if all are alike
_EXTREMES = (3, 100_000)  # of named sizes, if they differ
_GAIN = 0.99  # of the cost: what is written stays unless this much is gained

Plan = int | tuple["Plan", "Plan"]  # an operand by its number, or the contraction of two plans


def contracts_contractions(node: Node) -> bool:
    """Tell whether the order of contractions may be changed: `node` is one of many operands, or of another one."""
    if not isinstance(node, Apply) or node.op is not einsum:
        return False
    return len(node.args) > 2 or any(isinstance(arg, Apply) and arg.op is einsum for arg in node.args)


def with_ordered_contractions(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` with contractions in an order that costs least, counting those that change in `log`."""
    nodes = graph.nodes()
    if not any(map(contracts_contractions, nodes)):
        return graph
    groups = _groups(graph)
    new: dict[Node, Node] = {}
    for node in nodes:
        group = groups.get(node)
        plan = None if group is None else group.better_plan()
        if group is None or plan is None:
            new[node] = with_new_arguments(node, new)
        else:
            new[node] = group.built(plan, new)
            log["order of contractions"] += 1
    return graph.mapped(lambda node: new.get(node, node))


@dataclass(frozen=True, eq=False)
class _Group:
    """Operands that are contracted together.

    Parameters
    ----------
    operands : list of (Node, tuple of int)
        With the indices of their axes.
    output : tuple of int
    written : Plan or None
        The order in which they are written; None if an einsum of many operands is among them, which has none.
    """

    operands: list[tuple[Node, Indices]]
    output: Indices
    written: Plan | None

    def better_plan(self) -> Plan | None:
        """Return the order in which to contract them, if it is not that in which they are written."""
        if len(self.operands) < 3:
            return None
        sizes = index_sizes([node for node, _ in self.operands], [indices for _, indices in self.operands])
        network = _Network(self, sizes, {})
        plan = network.best() if len(self.operands) <= _MOST else network.greedy()
        if self.written is None:
            return plan
        if network.cost(plan) > _GAIN * network.cost(self.written) or self._may_be_dearer(plan, sizes):
            return None
        return plan

    def _may_be_dearer(self, plan: Plan, sizes: Mapping[int, Size]) -> bool:
        """Tell whether there are sizes at which a plan costs more than what is written, but for a constant."""
        assert self.written is not None
        most = len(self.operands)
        named = sorted({name for size in sizes.values() for name in names(size)})
        for large in ({name} for name in named):
            for outer in (large, {*named} - large):
                network = _Network(self, sizes, {name: _EXTREMES[name in outer] for name in named})
                if network.cost(plan) > most * network.cost(self.written):
                    return True
        return False

    def built(self, plan: Plan, new: Mapping[Node, Node]) -> Node:
        """Return the contraction in an order, of what its operands have become."""
        network = _Network(self, {}, {})
        made: dict[Plan, tuple[Node, Indices]] = {
            i: (new[node], indices) for i, (node, indices) in enumerate(self.operands)
        }
        steps = _steps(plan)
        for step in steps:
            pair = sorted(step, key=_first)
            (a, left), (b, right) = made[pair[0]], made[pair[1]]
            legs = network.legs(_members(step))
            kept = tuple(dict.fromkeys(index for index in (*left, *right) if index in legs))
            output = self.output if step is steps[-1] else kept
            made[step] = (contract([a, b], [left, right], output), output)
        return made[plan][0]


class _Network:
    """The costs of contracting some operands, for given numbers in the place of named sizes."""

    def __init__(self, group: _Group, sizes: Mapping[int, Size], values: Mapping[str, int]) -> None:
        self._indices = [frozenset(indices) for _, indices in group.operands]
        self._output = frozenset(group.output)
        self._sizes = {
            index: max(evaluate(size, {name: values.get(name, _ALIKE) for name in names(size)}), 1)
            for index, size in sizes.items()
        }
        self._legs: dict[frozenset[int], frozenset[int]] = {}

    def legs(self, members: frozenset[int]) -> frozenset[int]:
        """Return the indices that the contraction of some operands has."""
        found = self._legs.get(members)
        if found is None:
            inside = frozenset().union(*(self._indices[i] for i in members))
            outside = self._output.union(*(own for i, own in enumerate(self._indices) if i not in members))
            found = self._legs[members] = inside & outside
        return found

    def step_cost(self, a: frozenset[int], b: frozenset[int]) -> float:
        """Return the products that the contraction of two takes; twice as many of two that share no index."""
        left, right = self.legs(a), self.legs(b)
        return prod(self._sizes[index] for index in left | right) * (1 if left & right else 2)

    def cost(self, plan: Plan) -> float:
        """Return the products of all steps."""
        return sum(self.step_cost(_members(a), _members(b)) for a, b in _steps(plan))

    def best(self) -> Plan:
        """Return the cheapest order, by that of each set of operands."""
        found: dict[frozenset[int], tuple[float, Plan]] = {frozenset([i]): (0.0, i) for i in range(len(self._indices))}
        for count in range(2, len(self._indices) + 1):
            for members in map(frozenset, combinations(range(len(self._indices)), count)):
                found[members] = self._best_of(members, found)
        return found[frozenset(range(len(self._indices)))][1]

    def _best_of(
        self, members: frozenset[int], found: Mapping[frozenset[int], tuple[float, Plan]]
    ) -> tuple[float, Plan]:
        first, *others = sorted(members)
        best: tuple[float, Plan] = (inf, first)
        for count in range(len(others)):
            for beside in combinations(others, count):
                a = frozenset([first, *beside])
                b = members - a
                total = found[a][0] + found[b][0] + self.step_cost(a, b)
                if total < best[0]:
                    best = (total, (found[a][1], found[b][1]))
        return best

    def greedy(self) -> Plan:
        """Return an order in which each step is the cheapest that there is, among pairs that share an index."""
        parts: dict[frozenset[int], Plan] = {frozenset([i]): i for i in range(len(self._indices))}
        while len(parts) > 1:
            pairs = [*combinations(parts, 2)]
            joined = [(a, b) for a, b in pairs if self.legs(a) & self.legs(b)]
            a, b = min(joined or pairs, key=lambda pair: self.step_cost(*pair))
            parts[a | b] = (parts.pop(a), parts.pop(b))
        return next(iter(parts.values()))


def _steps(plan: Plan) -> list[tuple[Plan, Plan]]:
    """Return the contractions of a plan, each behind those that it needs."""
    found: list[tuple[Plan, Plan]] = []
    waiting = [plan]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            found.append(part)
            waiting += part
    return found[::-1]


def _members(plan: Plan) -> frozenset[int]:
    found, waiting = [], [plan]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting += part
        else:
            found.append(part)
    return frozenset(found)


def _first(plan: Plan) -> int:
    return min(_members(plan))


def _groups(graph: Graph) -> dict[Node, _Group]:
    """Return the contractions that are not part of others, with all that is contracted in them."""
    uses = count_uses(graph.nodes(), graph.roots)
    found: dict[Node, _Group] = {}
    parts: set[Node] = set()
    for node in graph.nodes():
        if not isinstance(node, Apply) or node.op is not einsum or node.segment:
            continue
        free = {arg for arg in node.args if arg in found and uses.get(arg) == 1 and arg not in graph.names}
        inside = _fitting(node.args, free, found)
        found[node] = _group(node, inside, found)
        parts.update(inside)
    return {node: group for node, group in found.items() if node not in parts}


def _fitting(args: Iterable[Node], free: set[Node], found: Mapping[Node, _Group]) -> set[Node]:
    """Return those of the contractions that can be part of another one without making it too large."""
    args = [*args]
    chosen: set[Node] = set()
    total = len(args)
    for arg in args:
        if arg in free and total - 1 + len(found[arg].operands) <= _MOST:
            chosen.add(arg)
            total += len(found[arg].operands) - 1
    return chosen


def _group(node: Apply, inside: set[Node], found: Mapping[Node, _Group]) -> _Group:
    """Return the operands of a contraction, with those of its parts in the place of these."""
    operands: Sequence[Indices] = node.param("operands")  # type: ignore[assignment]
    output: Indices = node.param("output")  # type: ignore[assignment]
    pairs: list[tuple[Node, Indices]] = []
    plans: list[Plan | None] = []
    fresh = 1 + max(index for own in (*operands, output) for index in own)
    for arg, indices in zip(node.args, operands, strict=True):
        if arg not in inside:
            plans.append(len(pairs))
            pairs.append((arg, indices))
            continue
        part = found[arg]
        outer = dict(zip(part.output, indices, strict=True))
        for _, own in part.operands:
            for index in own:
                if index not in outer:
                    outer[index] = fresh
                    fresh += 1
        plans.append(None if part.written is None else _shifted(part.written, len(pairs)))
        pairs += [(operand, tuple(outer[index] for index in own)) for operand, own in part.operands]
    is_written = len(plans) == 2 and None not in plans
    return _Group(pairs, output, (plans[0], plans[1]) if is_written else None)  # type: ignore[arg-type]


def _shifted(plan: Plan, by: int) -> Plan:
    """Return a plan of operands whose numbers are larger; plans are as deep as there are operands, which are few."""
    return plan + by if isinstance(plan, int) else (_shifted(plan[0], by), _shifted(plan[1], by))
