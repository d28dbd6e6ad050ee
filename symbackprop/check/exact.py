"""The exact stage: SymPy decides that the emitted expression minus its own derivative is zero.

Decisions are bounded: an expression larger than the budget, or a deadline passed, leaves the entry undecided, and the
numeric stages speak for it.
"""

from __future__ import annotations

import time
from math import comb, prod
from typing import Any

import sympy

__all__ = ["is_large", "is_zero"]

_LARGEST = 250  # operations of a difference that SymPy is asked to simplify
_TREE = 4000  # nodes of an expression that it is asked to differentiate
_DENOMINATOR = 10**12
_MOST_TERMS = 50_000  # of numerator and denominator, multiplied out, before anything cancels
_SMALLEST = 60  # operations up to which it may try everything


def is_large(expression: Any) -> bool:
    """Tell whether `expression` is too large as a tree, counted without walking what it shares more than once."""
    sizes: dict[Any, int] = {}
    stack = [expression]
    while stack:
        node = stack[-1]
        if node in sizes:
            stack.pop()
            continue
        waiting = [arg for arg in node.args if arg not in sizes]
        if waiting:
            stack.extend(waiting)
            continue
        sizes[stack.pop()] = min(1 + sum(sizes[arg] for arg in node.args), _TREE + 1)
    return sizes[expression] > _TREE


def is_zero(difference: Any, deadline: float) -> bool | None:
    """Return whether `difference` is zero as an expression, or None where that is not decided."""
    if difference == 0:
        return True
    if time.monotonic() > deadline:
        return None
    if difference.has(sympy.nan, sympy.zoo):
        return None
    if sympy.count_ops(difference) > _LARGEST:
        return None
    if any(number.q > _DENOMINATOR for number in difference.atoms(sympy.Rational)):
        return None  # a rounded constant: no identity will cancel it
    if _terms(difference) > _MOST_TERMS:
        return None
    for attempt in (sympy.expand, _cancelled, _rewritten):
        if attempt(difference) == 0:
            return True
        if time.monotonic() > deadline:
            return None
    if sympy.count_ops(difference) <= _SMALLEST and sympy.simplify(difference) == 0:
        return True
    return None


def _terms(expression: Any) -> int:
    """Return how many terms an expression may have as one fraction, multiplied out; a number above the limit for more."""
    known: dict[Any, tuple[int, int]] = {}
    stack = [expression]
    while stack:
        node = stack[-1]
        if node in known:
            stack.pop()
            continue
        waiting = [arg for arg in node.args if arg not in known]
        if waiting:
            stack.extend(waiting)
            continue
        above, below = _fraction_terms(stack.pop(), known)
        known[node] = min(above, _MOST_TERMS + 1), min(below, _MOST_TERMS + 1)
    return sum(known[expression])


def _fraction_terms(node: Any, known: dict[Any, tuple[int, int]]) -> tuple[int, int]:
    """Return the terms of numerator and denominator, from those of the arguments."""
    parts = [known[arg] for arg in node.args]
    if node.is_Add:
        below = prod(part[1] for part in parts)
        return sum(above * max(below // own, 1) for above, own in parts), below
    if node.is_Mul:
        return prod(part[0] for part in parts), prod(part[1] for part in parts)
    if node.is_Pow and node.exp.is_Integer:
        above, below = (_power_terms(count, abs(int(node.exp))) for count in parts[0])
        return (above, below) if node.exp > 0 else (below, above)
    return 1, 1


def _power_terms(count: int, power: int) -> int:
    """Return how many terms a power of a sum of `count` terms has."""
    smaller = min(count - 1, power)
    return comb(count + power - 1, smaller) if smaller <= 16 else _MOST_TERMS + 1


def _cancelled(expression: Any) -> Any:
    return sympy.cancel(sympy.together(sympy.expand(expression, power_base=True, power_exp=True)))


def _rewritten(expression: Any) -> Any:
    """Return the expression with hyperbolic functions as exponentials, over a common denominator."""
    return sympy.cancel(sympy.together(sympy.powsimp(expression.rewrite(sympy.exp))))
