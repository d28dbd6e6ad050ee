"""What is never negative, as far as its operations tell: squares, exponentials, probabilities, and what is made of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from symbackprop.ir.node import Apply, Node, Operation
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import add, div, integer_power, mul, neg
from symbackprop.ops.broadcasting import broadcast, reduce_sum, reshape
from symbackprop.ops.comparison import where
from symbackprop.ops.exponential import exp, expm1, log1p
from symbackprop.ops.extrema import relu
from symbackprop.ops.layout import diagonal, transpose
from symbackprop.ops.logistic import expit, expit_slope, softplus
from symbackprop.ops.powers import pow_, root, sqrt
from symbackprop.ops.reduction import mean
from symbackprop.ops.rounding import absolute
from symbackprop.simplify.numbers import exact, is_number

__all__ = ["factors_in", "is_non_negative"]

_MOST = 64  # operations that are looked at
_softmax = primitives()["softmax"]

Question = tuple[bool, Node]  # whether a node is at most 1, rather than at least 0


def is_non_negative(node: Node) -> bool:
    """Tell whether no entry of `node`, as it is computed, is below zero; False where that is not known."""
    waiting: list[Question] = [(False, node)]
    for _ in range(_MOST):
        if not waiting:
            return True
        at_most_one, asked = waiting.pop()
        follows = (_at_most_one if at_most_one else _at_least_zero)(asked)
        if follows is None:
            return False
        waiting += follows
    return False


def _at_least_zero(node: Node) -> Sequence[Question] | None:
    """Return what it takes that `node` is at least 0, None where nothing does."""
    if is_number(node):
        return () if exact(node.value) >= 0 else None  # type: ignore[attr-defined, operator]
    if not isinstance(node, Apply):
        return None
    if node.op in _NEVER_NEGATIVE or (node.op is integer_power and node.param("n") % 2 == 0):  # type: ignore[operator]
        return ()
    if node.op is where:
        return [(False, branch) for branch in node.args[1:]]
    if node.op in _AS_ARGUMENTS:
        return [(False, arg) for arg in node.args]
    if node.op is mul:
        return [(False, factor) for factor, count in Counter(factors_in(node)).items() if count % 2]
    if node.op is add:
        return _sum(*node.args) if len(node.args) == 2 else [(False, term) for term in node.args]
    if node.op is pow_ and is_number(node.args[1]):
        exponent = exact(node.args[1].value)  # type: ignore[attr-defined]
        return () if Fraction(exponent).denominator > 1 else [(False, node.args[0])]  # type: ignore[arg-type]
    return None


def _sum(a: Node, b: Node) -> Sequence[Question]:
    """Return what it takes that a sum is at least 0: both are, or it is 1 less what is at most 1."""
    for one, other in ((a, b), (b, a)):
        if is_number(one) and exact(one.value) == 1 and isinstance(other, Apply) and other.op is neg:  # type: ignore[attr-defined]
            return [(True, other.args[0])]
    return [(False, a), (False, b)]


def _at_most_one(node: Node) -> Sequence[Question] | None:
    """Return what it takes that `node` is at most 1: a logistic function is, also as it is lowered."""
    if is_number(node):
        return () if exact(node.value) <= 1 else None  # type: ignore[attr-defined, operator]
    if not isinstance(node, Apply):
        return None
    if node.op in (expit, _softmax):
        return ()
    if node.op is exp and isinstance(node.args[0], Apply) and node.args[0].op is neg:
        return [(False, node.args[0].args[0])]
    if node.op in (broadcast, reshape, transpose):
        return [(True, node.args[0])]
    if node.op is where:
        return [(True, branch) for branch in node.args[1:]]
    if node.op is div and isinstance(node.args[1], Apply) and node.args[1].op is add:
        one, *others = node.args[1].args
        if is_number(one) and exact(one.value) >= 1:  # type: ignore[attr-defined, operator]
            return [(True, node.args[0]), *((False, other) for other in others)]
    return None


def factors_in(node: Node) -> list[Node]:
    """Return the factors of a product, and of the products in it."""
    factors: list[Node] = []
    waiting: list[Node] = [node]
    while waiting and len(factors) < _MOST:
        part = waiting.pop()
        if isinstance(part, Apply) and part.op is mul:
            waiting.extend(part.args)
        else:
            factors.append(part)
    return [*factors, *waiting]


_NEVER_NEGATIVE: frozenset[Operation] = frozenset(
    (absolute, exp, expit, expit_slope, relu, root, softplus, _softmax, sqrt)
)
_AS_ARGUMENTS: frozenset[Operation] = frozenset(
    (broadcast, diagonal, div, expm1, integer_power, log1p, mean, reduce_sum, reshape, transpose)
)
