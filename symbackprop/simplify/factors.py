"""Sums with their common factors taken out: ``a*b + a*c + d`` is ``a*(b + c) + d``, again and again.

For formulas whose order of terms and factors means nothing, as in SymPy's expressions, which come multiplied out from
mechanics and the like. The factor that most terms have goes first, then the next within what is left. It is equal over
the reals and has fewer roundings; only where a sum exceeds 1e308 does it overflow and the products would not.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph, count_uses
from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops.arithmetic import add, div, mul, neg
from symbackprop.simplify.numbers import exact, folded, is_dyadic, is_number, is_value, quotient
from symbackprop.simplify.pattern import Rewrites, with_new_arguments

__all__ = ["factor_sums"]

_NAME = "factor out of sum"
_MOST = 16  # factors of a term that are looked at; what is longer is taken for one
_Factor = tuple[Node, bool]  # what a term is multiplied by, or divided by where the second is set


@dataclass(frozen=True)
class _Term:
    """A product with a sign; `node` is the product itself, where it is in the graph as it stands."""

    negative: bool
    factors: tuple[_Factor, ...]
    node: Node | None = None

    def candidates(self) -> dict[_Factor, None]:
        """Return the factors that may be taken out: not a single one, and none that would leave a reciprocal behind."""
        above = [factor for factor in self.factors if not factor[1]]
        if len(above) > 1:
            return dict.fromkeys(self.factors)
        return dict.fromkeys(factor for factor in self.factors if factor[1])

    def without(self, factor: _Factor, flipped: bool) -> _Term:
        """Return the term divided by one of its factors, with its sign turned where `flipped`."""
        place = self.factors.index(factor)
        return _Term(self.negative ^ flipped, self.factors[:place] + self.factors[place + 1 :])


def factor_sums(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` with common factors taken out of its sums of scalars, where that saves a product."""
    nodes = graph.nodes()
    sums = [node for node in nodes if isinstance(node, Apply) and _is_sum_of_products(node)]
    if not sums:
        return graph
    uses = count_uses(nodes, graph.roots)
    whole = _whole(graph, nodes)
    new: dict[Node, Node] = {}
    found, waiting = 0, set(sums)
    for node in nodes:
        if node in waiting:
            terms = [_term(arg, uses, whole, new) for arg in node.args]
            if _have_common_factor(terms):
                new[node] = _total(terms, node)
                found += 1
                continue
        new[node] = with_new_arguments(node, new)
    if not found:
        return graph
    log[_NAME] += found
    return graph.mapped(new)


def _is_sum_of_products(node: Apply) -> bool:
    """Tell whether `node` is a real sum of numbers, products or quotients among them."""
    if node.op is not add or node.shape or node.weak or not is_float(node.dtype):
        return False
    terms = (arg.args[0] if isinstance(arg, Apply) and arg.op is neg else arg for arg in node.args)
    return sum(isinstance(term, Apply) and term.op in (mul, div) for term in terms) > 1


def _whole(graph: Graph, nodes: Iterable[Node]) -> set[Node]:
    """Return what is computed in any case: names, results, arguments of anything but signs, sums and products."""
    found = {*graph.names, *graph.roots}
    for node in nodes:
        if isinstance(node, Apply) and node.op not in (add, neg, mul, div):
            found.update(node.args)
    return found


def _term(node: Node, uses: Mapping[Node, int], whole: Collection[Node], new: Mapping[Node, Node]) -> _Term:
    """Return a term of a sum as a product; one that others need too is left as it is, it would be computed anyway."""
    negative = False
    if isinstance(node, Apply) and node.op is neg and uses[node] == 1:
        negative, node = True, node.args[0]
    single = _Term(negative, ((new[node], False),), new[node])
    if uses[node] > 1:
        return single
    factors: list[_Factor] = []
    stack = [node]
    while stack:
        part = stack.pop()
        if not isinstance(part, Apply) or part.op not in (mul, div) or part.weak or part in whole:
            factors.append((new[part], False))
        elif part.op is mul:
            stack += reversed(part.args)
        else:
            top, bottom = part.args
            factors.append(_divisor(bottom, new))
            if not is_value(top, 1):
                stack.append(top)
        if len(factors) + len(stack) > _MOST:
            return single
    return _Term(negative, tuple(factors), new[node])


def _divisor(node: Node, new: Mapping[Node, Node]) -> _Factor:
    """Return division by `node`; by a power of two it is a product."""
    if isinstance(node, Const) and is_number(node):
        reciprocal = quotient(1, exact(node.value))
        scale = folded(reciprocal, node) if is_dyadic(reciprocal) else None
        if scale is not None:
            return scale, False
    return new[node], True


def _have_common_factor(terms: Iterable[_Term]) -> bool:
    """Tell whether two products have a factor in common."""
    seen: set[_Factor] = set()
    for term in terms:
        factors = term.candidates()
        if not seen.isdisjoint(factors):
            return True
        seen.update(factors)
    return False


def _total(terms: Sequence[_Term], like: Node) -> Node:
    """Return the sum of `terms`; it calls itself on what is left of groups of them, at most once a factor."""
    parts: list[Node] = []
    for factor, group in _groups(terms):
        if factor is None:
            (term,) = group
            product = _product(term.factors, like) if term.node is None else term.node
            parts.append(_signed(term.negative, product))
            continue
        negative = all(term.negative for term in group)
        rest = [term.without(factor, negative) for term in group]
        parts.append(_signed(negative, _product((factor, (_total(rest, like), False)), like)))
    return parts[0] if len(parts) == 1 else add(*parts)


def _groups(terms: Sequence[_Term]) -> list[tuple[_Factor | None, list[_Term]]]:
    """Split terms into groups with a factor in common, the largest first taken, and single ones (None)."""
    members: dict[_Factor, list[int]] = {}
    for place, term in enumerate(terms):
        for factor in term.candidates():
            members.setdefault(factor, []).append(place)
    counts = {factor: len(places) for factor, places in members.items()}
    ranks = {factor: (isinstance(factor[0], Const), place) for place, factor in enumerate(members)}
    heap = [(-count, *ranks[factor], factor) for factor, count in counts.items() if count > 1]
    heapq.heapify(heap)
    taken: dict[int, tuple[_Factor, list[int]]] = {}
    while heap:
        count, *_, factor = heapq.heappop(heap)
        if counts[factor] != -count:  # some of its terms have gone elsewhere
            if counts[factor] > 1:
                heapq.heappush(heap, (-counts[factor], *ranks[factor], factor))
            continue
        group = [place for place in members[factor] if place not in taken]
        for place in group:
            taken[place] = factor, group
            for other in terms[place].candidates():
                counts[other] -= 1
    found: list[tuple[_Factor | None, list[_Term]]] = []
    for place, term in enumerate(terms):
        if place not in taken:
            found.append((None, [term]))
        elif taken[place][1][0] == place:
            factor, group = taken[place]
            found.append((factor, [terms[i] for i in group]))
    return found


def _product(factors: Sequence[_Factor], like: Node) -> Node:
    """Return the product of factors, those divided by below the line."""
    above = _multiplied(node for node, divided in factors if not divided)
    below = _multiplied(node for node, divided in factors if divided)
    if below is None:
        return constant(1, (), like.dtype) if above is None else above
    return div(constant(1, (), like.dtype) if above is None else above, below)


def _multiplied(nodes: Iterable[Node]) -> Node | None:
    product: Node | None = None
    for node in sorted(nodes, key=_is_no_number):
        product = node if product is None else mul(product, node)
    return product


def _is_no_number(node: Node) -> bool:
    return not isinstance(node, Const)


def _signed(negative: bool, node: Node) -> Node:
    return neg(node) if negative else node
