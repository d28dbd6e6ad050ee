"""Logarithms of gamma functions that are, together, that of a beta function or of a binomial coefficient.

Of large numbers they cancel: of log(gamma(k + r)) - log(gamma(k + 1)) - log(gamma(r)) a tenth may be left, while the beta
function itself is a quotient of gamma functions up to where these overflow. This runs when all derivatives are there,
and only beside a digamma, which takes SciPy anyway.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import combinations, product

from symbackprop.ir.node import Apply, Node
from symbackprop.ops.arithmetic import add, neg
from symbackprop.ops.exponential import log
from symbackprop.ops.gamma import betaln, digamma, gammaln
from symbackprop.ops.rounding import absolute
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import exact, is_number
from symbackprop.simplify.pattern import Context, Row
from symbackprop.simplify.places import terms_of

__all__ = ["OF_GAMMAS"]

_TERMS = 8  # of a sum in which such logarithms are looked for


def _log_of_beta(node: Apply, context: Context) -> Node | None:
    """log(gamma(a + b)/gamma(a)/gamma(b)) is -betaln(a, b); where gamma(u), u = a + b - 1, stands above, that is less log(u)."""
    terms = _own_terms(node, context)
    above = [term for term in terms if _is_own(term, context)]
    below = [term for term in terms if is_applied(term, neg) and _is_own(args_of(term)[0], context)]
    for term, (first, second) in product(above, combinations(below, 2)):
        (u,), (a,), (b,) = args_of(term), args_of(args_of(first)[0]), args_of(args_of(second)[0])
        excess = _excess(add(a, b), u)
        if excess not in (0, 1):
            continue
        rest = [other for other in terms if other not in (term, first, second)]
        if excess == 1:
            rest.append(neg(log(absolute(u))))
        found = neg(betaln(a, b))
        return add(found, *rest) if rest else found
    return None


def _own_terms(node: Apply, context: Context) -> list[Node]:
    """Return the terms of a sum, and of the sums in it that nothing else needs, if they are few."""
    found: list[Node] = []
    waiting: list[Node] = [*reversed(node.args)]
    while waiting and len(found) + len(waiting) <= _TERMS:
        term = waiting.pop()
        if is_applied(term, add) and context.is_free(term):
            waiting += reversed(args_of(term))
        else:
            found.append(term)
    return [] if waiting else found


def _is_own(term: Node, context: Context) -> bool:
    return is_applied(term, gammaln) and context.is_free(term)


def _excess(total: Node, part: Node) -> Fraction | None:
    """Return total - part, if that is a number."""
    terms: Counter[Node] = Counter()
    number = Fraction(0)
    for node, sign in ((total, 1), (part, -1)):
        for term in terms_of(node):
            negative = is_applied(term, neg)
            inner = args_of(term)[0] if negative else term
            signed = -sign if negative else sign
            if is_number(inner):
                number += signed * Fraction(exact(inner.value))  # type: ignore[attr-defined, arg-type]
            else:
                terms[inner] += signed
    return None if any(terms.values()) else number


OF_GAMMAS = (Row("log of a beta function", (add,), _log_of_beta, about=(digamma,), of=(neg,)),)
