"""What is left of a share: the derivative of a/(a + b) in a is b/(a + b)**2, of terms that do not cancel.

The reverse pass adds up what comes through the top and what comes through the bottom, 1/(a + b) - a/(a + b)**2, of which
nothing is left where a is much larger than b.
"""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.ir.node import Apply, Const, Input, Node
from symbackprop.ops.arithmetic import add, div, mul, neg
from symbackprop.ops.broadcasting import broadcast
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import is_value
from symbackprop.simplify.pattern import Context, Row
from symbackprop.simplify.places import factors_of

__all__ = ["ROWS"]

_TERMS = 8  # of a sum in which such a pair is looked for


def _rest_of_share(node: Apply, context: Context) -> Node | None:
    """g - g * (a / (b + a)) and g + g * (a / (b - a)) are g * (b / (b + a)) and g * (b / (b - a)), in an adjoint.

    g*c - g * (a*c / (b + a)) is the first one times c. There b is a number or an input, which is finite: one that overflows would leave the quotient of two infinities.
    """
    if context.is_primal(node) or len(node.args) > _TERMS:
        return None
    for i, taken in enumerate(node.args):
        for j, whole in enumerate(node.args):
            alike = is_applied(taken, neg) is is_applied(whole, neg)
            rest = None if i == j else _rest(_without_sign(whole), _without_sign(taken), alike=alike)
            if rest is not None:
                left = neg(rest) if is_applied(whole, neg) else rest
                terms = [left if k == j else term for k, term in enumerate(node.args) if k != i]
                return terms[0] if len(terms) == 1 else add(*terms)
    return None


def _without_sign(term: Node) -> Node:
    return args_of(term)[0] if is_applied(term, neg) else term


def _rest(whole: Node, taken: Node, *, alike: bool) -> Node | None:
    """Return whole - taken, or whole + taken where they are `alike`, where `taken` is the product of `whole` and a share."""
    factors = [factor for factor, _ in factors_of(taken, quotients=False)]
    for position, share in enumerate(factors):
        if not is_applied(share, div) or not is_applied(args_of(share)[1], add):
            continue
        top, total = args_of(share)
        others = factors[:position] + factors[position + 1 :]
        left = _without(_factors(whole), others)
        part = None if left is None else _without(_factors(top), left) if left else [top]
        if part is not None and len(part) == 1:
            rest = _other_term(total, neg(part[0]) if alike else part[0])
            if rest is not None:
                return mul(whole, div(rest, total))
    return None


def _factors(node: Node) -> list[Node]:
    """Return the factors of a product but ones."""
    return [factor for factor, _ in factors_of(node, quotients=False) if not is_value(factor, 1)]


def _without(factors: Sequence[Node], taken: Sequence[Node]) -> list[Node] | None:
    """Return the factors that are left when some are taken away; None where one of these is missing."""
    left = list(factors)
    for factor in taken:
        place = next((place for place, other in enumerate(left) if other is factor), None)
        if place is None:
            return None
        del left[place]
    return left


def _other_term(total: Node, part: Node) -> Node | None:
    """Return the other of two terms, if it is a number or an input."""
    terms = args_of(total)
    if len(terms) != 2 or not any(term is part for term in terms):
        return None
    other = terms[terms[0] is part]
    inside = args_of(other)[0] if is_applied(other, broadcast) else other
    return other if isinstance(inside, (Const, Input)) else None


ROWS = (Row("rest of a share", (add,), _rest_of_share, about=(div,)),)
