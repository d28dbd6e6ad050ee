"""Factors that several products have in common are multiplied once: ``a*b*c`` and ``b*d*a`` share ``a*b``.

For formulas whose order of factors means nothing. The pair of factors that most products have becomes a product of its
own, and is then a factor itself; so larger common products grow from pairs.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence

from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph, count_uses
from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ops.arithmetic import mul
from symbackprop.simplify.pattern import Rewrites, with_new_arguments

__all__ = ["share_products"]

_NAME = "shared product"
_MOST = 16  # factors of a product; the work grows with the square of it
_Pair = tuple[int, int]


class _Pairs:
    """Products as lists of numbers, each of a node or of a pair of numbers, and which pairs they have."""

    def __init__(self, products: Iterable[list[int]], first: int) -> None:
        self.products = list(products)
        self.made: dict[int, _Pair] = {}
        self._next = first
        self._where: dict[_Pair, dict[int, None]] = {}
        for place, factors in enumerate(self.products):
            self._enter(place, factors, factors)
        self._heap = [(-len(places), pair) for pair, places in self._where.items() if len(places) > 1]
        heapq.heapify(self._heap)

    def gather(self) -> None:
        """Replace the pair that most products have by a number of its own, until no two products have the same."""
        while self._heap:
            count, pair = heapq.heappop(self._heap)
            places = [place for place in self._where[pair] if _has(self.products[place], pair)]
            if len(places) < 2:
                continue
            if len(places) < -count:
                heapq.heappush(self._heap, (-len(places), pair))
                continue
            number = self._next
            self._next += 1
            self.made[number] = pair
            for place in places:
                factors = self.products[place]
                for factor in pair:
                    factors.remove(factor)
                factors.append(number)
                self._enter(place, factors, (number,))
            self._push(number, places)

    def _enter(self, place: int, factors: Sequence[int], fresh: Sequence[int]) -> None:
        """Note the pairs of a product that have one of its `fresh` factors."""
        for i, a in enumerate(factors):
            for b in factors[i + 1 :]:
                if a in fresh or b in fresh:
                    self._where.setdefault((min(a, b), max(a, b)), {})[place] = None

    def _push(self, number: int, places: Iterable[int]) -> None:
        """Line up the pairs that a new number is part of."""
        partners = dict.fromkeys(factor for place in places for factor in self.products[place])
        for factor in partners:
            pair = min(factor, number), max(factor, number)
            count = len(self._where.get(pair, ()))
            if count > 1:
                heapq.heappush(self._heap, (-count, pair))


def _has(factors: Sequence[int], pair: _Pair) -> bool:
    a, b = pair
    return factors.count(a) > 1 if a == b else a in factors and b in factors


def share_products(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` with the products of scalars regrouped so that common factors are multiplied once."""
    nodes = graph.nodes()
    found = _products(graph, nodes)
    if len(found) < 2:
        return graph
    numbers: dict[Node, int] = {}
    for factors in found.values():
        for factor in factors:
            if not isinstance(factor, Const):
                numbers.setdefault(factor, len(numbers))
    pairs = _Pairs(
        ([numbers[f] for f in factors if not isinstance(f, Const)] for factors in found.values()), len(numbers)
    )
    pairs.gather()
    if not pairs.made:
        return graph
    log[_NAME] += len(pairs.made)
    regrouped = dict(zip(found, pairs.products, strict=True))
    by_number = dict(zip(numbers.values(), numbers, strict=True))
    made: dict[int, Node] = {}
    new: dict[Node, Node] = {}
    for node in nodes:
        if node in regrouped and any(number in pairs.made for number in regrouped[node]):
            coefficients = [new[factor] for factor in found[node] if isinstance(factor, Const)]
            factors = [_built(number, pairs.made, by_number, made, new) for number in sorted(regrouped[node])]
            new[node] = _multiplied([*coefficients, *factors])
        else:
            new[node] = with_new_arguments(node, new)
    return graph.mapped(new)


def _products(graph: Graph, nodes: Sequence[Node]) -> dict[Node, list[Node]]:
    """Return the factors of each product that is not just part of a larger one."""
    uses = count_uses(nodes, graph.roots)
    found: dict[Node, list[Node]] = {}
    for node in nodes:  # arguments first, so that a product takes over the factors of those that only it needs
        if not isinstance(node, Apply) or node.op is not mul or node.shape or node.weak or not is_float(node.dtype):
            continue
        factors: list[Node] = []
        inner: list[Node] = []
        for arg in node.args:
            if arg in found and uses[arg] == 1 and arg not in graph.names:
                factors += found[arg]
                inner.append(arg)
            else:
                factors.append(arg)
        if len(factors) > _MOST:
            found[node] = list(node.args)
            continue
        for arg in inner:
            del found[arg]
        found[node] = factors
    return found


def _built(
    number: int, pairs: Mapping[int, _Pair], nodes: Mapping[int, Node], made: dict[int, Node], new: Mapping[Node, Node]
) -> Node:
    """Return the node of a number; those of the pairs inside are made first."""
    stack = [number]
    while stack:
        top = stack[-1]
        if top in made:
            stack.pop()
        elif top not in pairs:
            made[top] = new[nodes[top]]
        else:
            waiting = [part for part in pairs[top] if part not in made]
            stack += waiting
            if not waiting:
                a, b = pairs[top]
                made[top] = mul(made[a], made[b])
    return made[number]


def _multiplied(factors: Sequence[Node]) -> Node:
    product = factors[0]
    for factor in factors[1:]:
        product = mul(product, factor)
    return product
