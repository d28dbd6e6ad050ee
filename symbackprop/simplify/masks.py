"""Masks as a sum of products of conditions, kept short, so that nested branches read as a person would write them.

A `Mask` is a set of terms, one of which holds; a term is a set of literals, all of which hold; a literal is twice the
number of a condition, plus 1 where it must not hold. Conditions are numbered in the order met. A mask that would grow
beyond `_MOST` terms or literals becomes one condition of its own, so every step takes bounded time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from symbackprop.ir.node import Apply, Node
from symbackprop.ops.comparison import logical_and, logical_not, logical_or

__all__ = ["ALWAYS", "NEVER", "Conditions", "Mask", "mask_node", "numbers_in"]

Mask = frozenset[frozenset[int]]

ALWAYS: Mask = frozenset([frozenset()])
NEVER: Mask = frozenset()
_MOST = 8


class Conditions:
    """The conditions of a graph: those in it, and masks that have become conditions, maybe in another shape."""

    def __init__(self) -> None:
        self._numbers: dict[Node, int] = {}
        self._nodes: list[Node] = []
        self._derived: dict[int, tuple[Mask, Callable[[Node], Node]]] = {}
        self._joined: dict[tuple[Mask, Mask], Mask] = {}

    def literal(self, condition: Node, holds: bool) -> Mask:
        """Return the mask of a condition, or of its negation."""
        while isinstance(condition, Apply) and condition.op is logical_not:
            (condition,) = condition.args
            holds = not holds
        return frozenset([frozenset([2 * self._number(condition) + (not holds)])])

    def derived(self, mask: Mask, make: Callable[[Node], Node]) -> Mask:
        """Return a mask that is made from another, in another shape perhaps, and is a condition of its own."""
        if mask == NEVER:
            return NEVER
        number = self._number(make(mask_node(mask, self.condition)))
        self._derived.setdefault(number, (mask, make))
        return frozenset([frozenset([2 * number])])

    def both(self, outer: Mask, inner: Mask) -> Mask:
        """Return the mask where both hold."""
        terms = {a | b for a in outer for b in inner if not any(literal ^ 1 in b for literal in a)}
        return self._short(_reduced(terms))

    def either(self, a: Mask, b: Mask) -> Mask:
        """Return the mask where one of two holds."""
        if a == b:
            return a
        found = self._joined.get((a, b))
        if found is None:
            found = self._joined[a, b] = self._short(_reduced(a | b))
        return found

    def condition(self, number: int) -> Node:
        """Return the condition with a number, as it is in the graph or made from what is."""
        return self._nodes[number]

    def origin(self, number: int) -> tuple[Mask, Callable[[Node], Node]] | None:
        """Return what a condition is made from and how, None if it is one of the graph."""
        return self._derived.get(number)

    def _number(self, condition: Node) -> int:
        number = self._numbers.get(condition)
        if number is None:
            number = self._numbers[condition] = len(self._nodes)
            self._nodes.append(condition)
        return number

    def _short(self, mask: Mask) -> Mask:
        if len(mask) > _MOST or any(len(term) > _MOST for term in mask):
            return self.derived(mask, lambda node: node)
        return mask


def numbers_in(mask: Mask) -> list[int]:
    """Return the numbers of the conditions in a mask, in order."""
    return sorted({literal // 2 for term in mask for literal in term})


def mask_node(mask: Mask, node_of: Callable[[int], Node]) -> Node:
    """Return the node of a mask that may hold, given those of its conditions."""
    terms = [_all([_signed(literal, node_of) for literal in sorted(term)]) for term in sorted(mask, key=sorted)]
    result = terms[0]
    for term in terms[1:]:
        result = logical_or(result, term)
    return result


def _signed(literal: int, node_of: Callable[[int], Node]) -> Node:
    node = node_of(literal // 2)
    return logical_not(node) if literal % 2 else node


def _all(nodes: Sequence[Node]) -> Node:
    result = nodes[0]
    for node in nodes[1:]:
        result = logical_and(result, node)
    return result


def _reduced(terms: Iterable[frozenset[int]]) -> Mask:
    """Return the terms without literals and terms that the others make superfluous."""
    kept = set(terms)
    while True:
        shorter = next(
            (
                (term, literal)
                for term in sorted(kept, key=sorted)
                for literal in sorted(term)
                if any(literal ^ 1 in other and other - {literal ^ 1} <= term for other in kept)
            ),
            None,
        )
        if shorter is None:
            break
        term, literal = shorter  # c or (not c and d) is c or d
        kept.remove(term)
        kept.add(term - {literal})
    return frozenset(term for term in kept if not any(other < term for other in kept))
