"""Contractions of several operands, and contractions of contractions, in the order of multiplication with the least cost.

``(A @ B) @ x`` becomes ``A @ (B @ x)``, an einsum of five operands four products of two. An intermediate result stays
where the user named it, and where something else needs it too, unless what is made of it takes less without it, as the
product of an outer product with a matrix does. Sizes that have names count as a thousand, and the written order stays
unless another is better by a tenth: no order is better than another where all sizes are alike.

Sums are added up in another order then. The error of either order has the same first-order bound, the unit roundoff
times the sizes summed over times the product of the absolute values, so none is the more accurate one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import lru_cache

from symbackprop.ir.dtype import is_float, is_half
from symbackprop.ir.graph import Graph, count_uses
from symbackprop.ir.node import Apply, Node
from symbackprop.ir.size import Size, evaluate, names
from symbackprop.ops.contraction import Indices, contract, einsum, index_sizes
from symbackprop.simplify.contraction_orders import Network, Steps
from symbackprop.simplify.pattern import Rewrites, with_new_arguments

__all__ = ["typical_count", "with_ordered_contractions"]

_NAME = "order of contractions"
_LARGE = 1000  # what named sizes are taken to be
_FAR_APART = (3, 100_000)  # and what some of them are, and others, where their order counts
_NAMES = 6  # of sizes that are taken to be far apart
_BETTER = 0.9  # of the cost of the written order, at most
_OPENED = 4  # operands of a contraction of which those that others need too are looked into


class _Contraction:
    """Nodes, the indices of their axes and of the result, and in which order they are written to be multiplied."""

    def __init__(self, output: Indices) -> None:
        self.args: list[Node] = []
        self.operands: list[Indices] = []
        self.output = output
        self.written: Steps = []
        self.is_in_pairs = True
        self._next = len(output)

    def opened(self, node: Apply, output: Indices) -> list[tuple[Node, Indices]]:
        """Return the operands of a contraction with indices of this one, given those of its result."""
        result: Indices = node.param("output")  # type: ignore[assignment]
        operands: tuple[Indices, ...] = node.param("operands")  # type: ignore[assignment]
        known = dict(zip(result, output, strict=True))
        pairs = []
        for arg, own in zip(node.args, operands, strict=True):
            for index in own:
                if index not in known:
                    known[index] = self._next
                    self._next += 1
            pairs.append((arg, tuple(known[index] for index in own)))
        return pairs

    def with_opened(self, position: int) -> _Contraction:
        """Return the contraction with one of its operands taken apart."""
        wider = _Contraction(self.output)
        wider._next = self._next
        for place, (arg, own) in enumerate(zip(self.args, self.operands, strict=True)):
            for pair in wider.opened(arg, own) if place == position else [(arg, own)]:  # type: ignore[arg-type]
                wider.add(*pair)
        return wider

    def add(self, node: Node, indices: Indices) -> int:
        """Take in an operand, and return its number."""
        self.args.append(node)
        self.operands.append(indices)
        return len(self.args) - 1

    def join(self, parts: Sequence[int]) -> int:
        """Note that some parts are multiplied, from left to right, and return the number of their product, below 0."""
        self.is_in_pairs = self.is_in_pairs and len(parts) == 2
        product = parts[0]
        for part in parts[1:]:
            self.written.append((product, part))
            product = -len(self.written)
        return product

    def settle(self) -> None:
        """Give products the numbers that follow those of the operands."""
        count = len(self.args)
        self.written = [(a if a >= 0 else count - 1 - a, b if b >= 0 else count - 1 - b) for a, b in self.written]

    def sizes(self) -> dict[int, Size]:
        """Return the size of every index."""
        return index_sizes(self.args, self.operands)

    def network(self) -> Network:
        """Return the contraction with a number for each size."""
        return Network(self.operands, self.output, {index: _typical(size) for index, size in self.sizes().items()})

    def costs_apart(self, steps: Steps, cases: Iterable[Mapping[str, int]]) -> list[float]:
        """Return what an order takes, in several cases of sizes that have names."""
        sizes = self.sizes()
        return [
            Network(self.operands, self.output, {i: max(evaluate(size, values), 1) for i, size in sizes.items()}).cost(
                steps
            )
            for values in cases
        ]

    def cases(self) -> list[Mapping[str, int]]:
        """Return sizes for which orders are compared: one much larger, or smaller, than all others."""
        found = sorted({name for size in self.sizes().values() for name in names(size)})
        small, large = _FAR_APART
        if not 1 < len(found) <= _NAMES:
            return []
        one_large = [{name: large if name == one else small for name in found} for one in found]
        return [*one_large, *({name: small if name == one else large for name in found} for one in found)]

    def multiplied(self, steps: Steps) -> Node:
        """Return the result of multiplying in the order of `steps`."""
        live = list(zip(range(len(self.args)), self.args, self.operands, strict=True))
        network = Network(self.operands, self.output, {})
        for step, (pair, (_, _, kept)) in enumerate(zip(steps, network.kept(steps), strict=True), start=1):
            (first, a, left), (_, b, right) = sorted((live[i] for i in pair), key=lambda operand: operand[0])
            order = self.output if step == len(steps) else self._laid_out(left, right, kept)
            live.append((first, contract([a, b], [left, right], order), order))
        return live[-1][1]

    def _laid_out(self, left: Indices, right: Indices, kept: Set[int]) -> Indices:
        """Return the indices of a product in the order in which it is easily written.

        Those of a stack of matrices come first. Where nothing is summed, those of the result come first.
        """
        every = tuple(dict.fromkeys((*left, *right)))
        if kept >= set(every):
            places = {index: place for place, index in enumerate(self.output)}
            larger = max(left, right, key=len)
            if len(larger) == len(every):
                return larger
            return tuple(sorted(every, key=lambda i: places.get(i, len(places))))
        stacked = [i for i in left if i in kept and i in right]
        return (*stacked, *(i for i in every if i in kept and i not in stacked))


def typical_count(sizes: Iterable[Size]) -> int:
    """Return how many entries an array of some sizes has where each that has a name is a thousand."""
    return math.prod(map(_typical, sizes))


@lru_cache(maxsize=1024)
def _typical(size: Size) -> int:
    return max(evaluate(size, dict.fromkeys(names(size), _LARGE)), 1)


def with_ordered_contractions(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` with its contractions in pairs, in the order that takes least."""
    every = [node for node in graph.applied.get(einsum, ()) if _is_contraction(node)]
    if not any(len(node.args) > 2 or any(map(_is_contraction, node.args)) for node in every):
        return graph
    nodes = graph.nodes()
    uses = count_uses(nodes, graph.roots)
    parts = {arg for node in every for arg in node.args if uses[arg] == 1 and arg not in graph.names}
    inner = set(filter(_is_contraction, parts))
    outer = set(every) - inner
    new: dict[Node, Node] = {}
    named: set[Node] = set()
    for node in nodes:
        found = _ordered(node, inner, new, named) if node in outer else None
        if found is not None:
            log[_NAME] += 1
        new[node] = with_new_arguments(node, new) if found is None else found
        if node in graph.names:
            named.add(new[node])
    return graph.mapped(new)


def _is_contraction(node: Node) -> bool:
    if not isinstance(node, Apply) or node.op is not einsum:
        return False
    return is_float(node.dtype) and not is_half(node.dtype) and not node.segment


def _ordered(node: Apply, inner: Set[Node], new: Mapping[Node, Node], named: Set[Node]) -> Node | None:
    """Return a contraction in a better order than that in which it is written, if there is one."""
    whole = _read(node, inner, new)
    network, steps = whole.network(), whole.written
    cost = network.cost(steps)
    if len(whole.args) > 2:
        found = network.best()
        least = network.cost(found)
        if least < cost and (not whole.is_in_pairs or _is_better(whole, found, least, whole, steps, cost)):
            steps, cost = found, least
    for position, arg in enumerate(whole.args[:_OPENED]):
        if len(whole.args) > _OPENED or not _is_contraction(arg) or arg in named:
            continue
        wider = whole.with_opened(position)
        network = wider.network()
        found = network.best()
        if _is_better(wider, found, network.cost(found), whole, steps, cost):
            return wider.multiplied(found)
    return None if steps is whole.written and whole.is_in_pairs else whole.multiplied(steps)


def _is_better(
    one: _Contraction, steps: Steps, cost: float, other: _Contraction, written: Steps, cost_written: float
) -> bool:
    """Tell whether an order costs less than a written one, and for no sizes much more than steps of one kind make."""
    if cost >= _BETTER * cost_written:
        return False
    cases = one.cases()
    pairs = zip(one.costs_apart(steps, cases), other.costs_apart(written, cases), strict=True)
    return all(mine <= (len(steps) + 1) * theirs for mine, theirs in pairs)


def _read(node: Apply, inner: Set[Node], new: Mapping[Node, Node]) -> _Contraction:
    """Return a contraction with those that only it needs taken apart."""
    whole = _Contraction(tuple(range(node.rank)))
    done: list[int] = []
    tasks: list[tuple[Node, Indices] | int] = [(node, whole.output)]
    while tasks:
        task = tasks.pop()
        if isinstance(task, int):
            parts = done[-task:]
            del done[-task:]
            done.append(whole.join(parts))
        elif task[0] is node or task[0] in inner:
            pairs = whole.opened(*task)  # type: ignore[arg-type]
            tasks.append(len(pairs))
            tasks += reversed(pairs)
        else:
            done.append(whole.add(new[task[0]], task[1]))
    whole.settle()
    return whole
