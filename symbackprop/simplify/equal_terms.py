"""Terms of a derivative that are equal, though they are exponentials of different arguments.

In the slopes of a Black-Scholes price two terms cancel, ``S*exp(-d1**2/2)`` and ``K*exp(-r*T)*exp(-d2**2/2)``, as
``d1**2 - d2**2`` is ``2*log(S/K) + 2*r*T``; what computes them anyway takes an exponential more, and is left with their
rounding errors. Terms of a sum are brought to one form each; those that share it are added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.arithmetic import add, div, mul, neg
from symbackprop.ops.broadcasting import broadcast, reshape
from symbackprop.ops.exponential import exp
from symbackprop.simplify.exponential_polynomials import Polynomial, polynomials, positive_products
from symbackprop.simplify.pattern import Rewrites, with_new_arguments

__all__ = ["with_equal_terms_added"]

_NAME = "equal terms with exponentials"
_MOST = 16  # terms of a sum
_PRODUCTS = frozenset((add, broadcast, div, exp, mul, neg, reshape))


def with_equal_terms_added(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` with terms of its derivatives that are equal added up."""
    sums = _sums_of_exponentials(graph)
    if not sums:
        return graph
    forms = polynomials(graph, (term for node in sums for term in node.args))
    found = {node: terms for node in sums if (terms := _added(node, forms)) is not None}
    if not found:
        return graph
    log[_NAME] += len(found)
    new: dict[Node, Node] = {}
    for node in graph.nodes():
        new[node] = _sum(node, found[node], new) if node in found else with_new_arguments(node, new)
    return graph.mapped(new)


def _sums_of_exponentials(graph: Graph) -> list[Apply]:
    """Return the sums, not of the formula itself, with two terms or more that are products with exponentials."""
    products: set[Node] = {*graph.applied.get(exp, ())}
    if len(products) < 2:
        return []
    nodes = [node for node in graph.nodes() if isinstance(node, Apply) and node.op in _PRODUCTS]
    sums = []
    primal = set(graph.primal_nodes)
    for node in nodes:
        if not is_float(node.dtype):
            continue
        if node.op is not add:
            if not products.isdisjoint(node.args):
                products.add(node)
        elif node not in primal and 1 < sum(map(products.__contains__, node.args)) <= _MOST:
            sums.append(node)
    return sums


def _added(node: Apply, forms: Mapping[Node, Polynomial]) -> list[tuple[Node, Fraction]] | None:
    """Return terms and what they are multiplied by; None where no two are equal."""
    kept: list[tuple[Node, Fraction]] = []
    places: dict[object, int] = {}
    numbers: list[Fraction] = []
    for term in node.args:
        form = forms[term]
        ((monomial, number),) = form.items() if len(form) == 1 else ((None, Fraction(1)),)
        place = None if monomial is None or not monomial.exponent else places.get((monomial.powers, monomial.exponent))
        if place is not None and _have_one_sign(kept[place][0], term, forms):
            kept[place] = kept[place][0], kept[place][1] + number / numbers[place]
            continue
        if monomial is not None:
            places.setdefault((monomial.powers, monomial.exponent), len(kept))
        kept.append((term, Fraction(1)))
        numbers.append(number)
    return kept if len(kept) < len(node.args) else None


def _have_one_sign(a: Node, b: Node, forms: Mapping[Node, Polynomial]) -> bool:
    """Tell whether the signs in two products agree wherever both have a value."""
    ((first, _),) = forms[a].items()
    ((second, _),) = forms[b].items()
    difference = first.signs ^ second.signs
    return not difference or _is_made_of(difference, positive_products([a, b], forms))


def _is_made_of(product: frozenset[object], products: Iterable[frozenset[object]]) -> bool:
    """Tell whether a product of signs is one of others, in which the square of each sign is 1."""
    basis: dict[object, frozenset[object]] = {}
    for other in products:
        rest = _reduced(other, basis)
        if rest:
            basis[next(iter(rest))] = rest
    return not _reduced(product, basis)


def _reduced(product: frozenset[object], basis: Mapping[object, frozenset[object]]) -> frozenset[object]:
    for sign, other in basis.items():  # none has a sign that an earlier one stands for
        if sign in product:
            product = product ^ other
    return product


def _sum(node: Node, terms: Iterable[tuple[Node, Fraction]], new: Mapping[Node, Node]) -> Node:
    parts = [
        new[term] if number == 1 else mul(constant(number, term.shape, term.dtype), new[term])
        for term, number in terms
        if number
    ]
    if not parts:
        return constant(0, node.shape, node.dtype)
    return add(*parts) if len(parts) > 1 else parts[0]
