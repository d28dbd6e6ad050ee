"""Partial sums that several sums begin with are computed once.

``a + b + c`` and ``a + b + d`` become ``s + c`` and ``s + d`` with ``s = a + b``. The formula's own sums keep the order
of their terms, so that their values are the same bit by bit. The terms of adjoints are put in the order of how many
sums have them, which gathers what is common at the front: of sums nested in one another, as every chain of bodies or
layers gives, each then takes one addition. (The order of the items of a prefix tree: Han, J., Pei, J. and Yin, Y.
(2000), Mining frequent patterns without candidate generation.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ops.arithmetic import add, neg
from symbackprop.ops.broadcasting import broadcast, cast
from symbackprop.simplify.pattern import Rewrites, with_new_arguments

__all__ = ["is_stretched", "share_partial_sums"]

_NAME = "shared partial sum"


class _Prefix:
    """Some first terms: how many sums begin with them, and in how many ways these go on."""

    __slots__ = ("length", "longer", "sum", "uses", "ways")

    def __init__(self, length: int) -> None:
        self.length = length
        self.longer: dict[Node, _Prefix] = {}
        self.uses = 0
        self.ways = 0
        self.sum: Node | None = None

    def is_shared(self) -> bool:
        """Tell whether these terms are worth a sum of their own: sums part here, or one of them ends here."""
        return self.length > 1 and self.uses > 1 and self.ways > 1


def share_partial_sums(graph: Graph, log: Rewrites, *, reordered: bool = False) -> Graph:
    """Return `graph` with the partial sums that sums have in common computed once.

    The formula's own sums keep the order of their terms unless they may be `reordered` as those of adjoints are.
    """
    sums = [node for node in graph.applied.get(add, ()) if _is_shareable(node)]
    terms = _ordered(sums, set() if reordered else set(graph.primal_nodes))
    root = _Prefix(0)
    paths = {node: _entered(root, terms[node]) for node in sums}
    shared = {node for node in sums if any(prefix.is_shared() for prefix in paths[node])}
    if not shared:
        return graph
    new: dict[Node, Node] = {}
    for node in graph.nodes():
        if node in shared:
            new[node] = _regrouped([new[term] for term in terms[node]], paths[node], log)
        else:
            new[node] = with_new_arguments(node, new)
    return graph.mapped(new)


def _is_shareable(node: Apply) -> bool:
    """Tell whether the terms of a sum all have its shape of themselves, so that some of them have it too."""
    return not node.shape or not any(map(is_stretched, node.args))


def is_stretched(term: Node) -> bool:
    """Tell whether NumPy repeats or converts a term within the sum that it stands in."""
    if isinstance(term, Apply) and term.op is neg:
        (term,) = term.args
    return isinstance(term, Const) or (isinstance(term, Apply) and term.op in (broadcast, cast))


def _ordered(sums: Sequence[Apply], primal: set[Node]) -> dict[Node, Sequence[Node]]:
    """Return the terms of each sum: as they are in the formula's own, the most frequent first in the others."""
    counts = Counter(term for node in sums if node not in primal for term in node.args)
    places = {term: place for place, term in enumerate(counts)}

    def rank(term: Node) -> tuple[bool, int, int]:
        return isinstance(term, Apply) and term.op is neg, -counts[term], places[term]

    return {node: node.args if node in primal else sorted(node.args, key=rank) for node in sums}


def _entered(root: _Prefix, terms: Sequence[Node]) -> list[_Prefix]:
    """Enter the terms of a sum into the tree, and return what it begins with, shortest first."""
    path = []
    prefix = root
    for term in terms:
        longer = prefix.longer.get(term)
        if longer is None:
            longer = prefix.longer[term] = _Prefix(prefix.length + 1)
            prefix.ways += 1
        prefix = longer
        prefix.uses += 1
        path.append(prefix)
    prefix.ways += 1  # the sum ends here
    return path


def _regrouped(terms: Sequence[Node], path: Sequence[_Prefix], log: Rewrites) -> Node:
    """Return a sum that begins with the longest of its partial sums that others need too."""
    pending: list[Node] = []
    for term, prefix in zip(terms, path, strict=True):
        pending.append(term)
        if prefix.is_shared():
            if prefix.sum is None:
                prefix.sum = add(*pending)
                log[_NAME] += 1
            pending = [prefix.sum]
    return pending[0] if len(pending) == 1 else add(*pending)
