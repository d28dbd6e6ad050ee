"""What the rules of rounding errors are written in: moduli, totals, counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ir.size import Size
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import reduce_sum
from symbackprop.ops.rounding import absolute

__all__ = ["COMPOSED", "FUNCTION", "Cotangents", "Rule", "modulus", "number", "own", "sum_of", "times_count", "total"]

FUNCTION = 4  # units of roundoff that functions of libraries are taken to be within: two units in the last place
COMPOSED = 8  # those of short expressions of such functions that do not cancel

Cotangents = Sequence[Node | None]  # one a result of an operation
Rule = Callable[[Apply, Cotangents], Node | None]  # the error of the value, in units of roundoff; None if there is none


def total(x: Node) -> Node:
    """Return the sum of all entries."""
    return x if x.shape == () else reduce_sum(x, axes=tuple(range(x.rank)))


def sum_of(terms: Sequence[Node]) -> Node:
    """Return the sum of one or more terms."""
    return terms[0] if len(terms) == 1 else add(*terms)


def modulus(x: Node) -> Node:
    """Return the absolute values, those of numbers as numbers."""
    is_number = isinstance(x, Const) and isinstance(x.value, (int, float, Fraction))
    return constant(abs(x.value), x.shape, x.dtype) if is_number else absolute(x)  # type: ignore[attr-defined]


def times_count(count: Node | int, x: Node) -> Node:
    """Return a multiple, which may be once."""
    return x if count == 1 else count * x


def number(size: Size, dtype: str) -> Node:
    """Return a size as a number."""
    return constant(size, (), dtype)


def own(units: int) -> Rule:
    """Return the rule of what is wrong by so many units of roundoff of itself."""

    def rule(node: Apply, cotangents: Cotangents) -> Node | None:
        (g,) = cotangents
        return None if g is None else times_count(units, total(modulus(g * node)))

    return rule
