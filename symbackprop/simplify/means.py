"""Means of two numbers that do not overflow: (x + y)/2 as x/2 + y/2.

Halves are exact but where they underflow, by half a unit in the last place of a subnormal number each. Only numbers as they
are given are halved one by one: a product or a power overflows by itself, and an array costs a pass.
"""

from __future__ import annotations

from fractions import Fraction

from symbackprop.ir.node import Apply, Input, Node
from symbackprop.ops.arithmetic import add, mul
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import is_value
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS", "halved_terms"]

_HALF = Fraction(1, 2)


def _mean_of_two(node: Apply, context: Context) -> Node | None:
    """(x + y)/2 is x/2 + y/2, which is finite where x + y is not."""
    half, total = node.args
    if node.shape or not is_value(half, _HALF) or not is_applied(total, add) or not context.is_primal(node):
        return None
    terms = args_of(total)
    if len(terms) != 2 or not context.is_free(total) or not all(isinstance(term, Input) for term in terms):
        return None
    return add(*(mul(half, term) for term in terms))


def halved_terms(node: Node) -> tuple[Node, ...]:
    """Return x and y of x/2 + y/2; nothing of all else."""
    if not is_applied(node, add) or len(args_of(node)) != 2:
        return ()
    halves = [args_of(term) for term in args_of(node) if is_applied(term, mul) and is_value(args_of(term)[0], _HALF)]
    return tuple(term for _, term in halves) if len(halves) == 2 else ()


ROWS = (Row("mean of two numbers", (mul,), _mean_of_two, of=(add,)),)
