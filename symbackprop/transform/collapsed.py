"""Sums of second derivatives over unit vectors, with the sum as far inside as it goes.

A second derivative along ``e`` is a quadratic form in ``e``: some products of two first derivatives, and what is linear
in these products. Only the products have to be summed over all ``e``; the rest is done once, with their sums. Of
``v @ tanh(W @ x)`` that is the sum of ``(W @ e)**2``, the sums of squares of the rows of W.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import children, topological
from symbackprop.ir.node import Apply, Const, Input, Node, constant, make_input
from symbackprop.ops.arithmetic import div, integer_power, mul, neg
from symbackprop.ops.bodies import nodes_within, substitute
from symbackprop.ops.comparison import where
from symbackprop.ops.contraction import einsum
from symbackprop.ops.convolution import convolve, correlate
from symbackprop.ops.declare import Primitive
from symbackprop.ops.solves import cho_solve, solve, solve_triangular
from symbackprop.transform.unit_vectors import sums_for_all

__all__ = ["summed", "unit_vector"]

_PRODUCTS = (mul, einsum, convolve, correlate)
_SOLVES = (solve, cho_solve, solve_triangular)


def summed(x: Input, values: Sequence[Node], second: Callable[[Node], Sequence[Node | None]]) -> list[Node | None]:
    """Return the sums over all unit vectors of `x` of what `second` makes of one, quadratic forms of the shapes of `values`."""
    unit = unit_vector(x, values)
    forms = second(unit)
    if not isinstance(unit, Input):
        return list(forms)
    present = [form for form in forms if form is not None]
    degrees = _degrees(present, unit)
    cut = _products_of_first(present, degrees) if degrees is not None else dict.fromkeys(present)
    cores = {node: _Factored(node, degrees or {}) for node in cut}
    sums = dict(zip(cores, _sums([own.core for own in cores.values()], unit), strict=True))
    known = {node: own.times(sums[node]) for node, own in cores.items()}
    new = substitute(present, known)
    return [None if form is None else new[form] for form in forms]


def unit_vector(x: Input, values: Sequence[Node]) -> Node:
    """Return what stands for a unit vector of the shape of an input; that of a number is 1."""
    if not x.shape:
        return constant(1, (), x.dtype)
    bound = (node.level for node in nodes_within(topological([x, *values])) if isinstance(node, Input))
    return make_input(0, x.shape, x.dtype, 1 + max(bound, default=0))


# --- of which degree an expression is in the unit vector ------------------------------------------------------------------------


def _degrees(roots: Sequence[Node], unit: Input) -> dict[Node, int] | None:
    """Return the degrees of the nodes that depend on the unit vector; None if one is no homogeneous polynomial, as far as is known."""
    degrees: dict[Node, int] = {unit: 1}
    for node in topological(roots):
        below = [degrees.get(child, 0) for child in children(node)]
        if not any(below):
            continue
        degree = _degree(node, below) if isinstance(node, Apply) else None
        if degree is None or degree > 2:
            return None
        degrees[node] = degree
    return degrees


def _degree(node: Apply, below: Sequence[int]) -> int | None:
    op = node.op
    assert isinstance(op, Primitive)
    if op in _PRODUCTS:
        return sum(below)
    if op is integer_power:
        return below[0] * node.param("n")  # type: ignore[operator]
    if op is div or op is where or op in _SOLVES:
        fixed, moving = (below[1:], below[:1]) if op is div else (below[:1], below[1:])
        return None if any(fixed) else _common(node.args[-len(moving) :] if op is not div else node.args[:1], moving)
    return _common(node.args, below) if op.kind == "linear" or op is neg else None


def _common(args: Sequence[Node], degrees: Sequence[int]) -> int | None:
    """Return the degree that terms have, those aside that are 0, and positions."""
    terms = [(arg, degree) for arg, degree in zip(args, degrees, strict=True) if is_float(arg.dtype)]
    live = {degree for arg, degree in terms if not (isinstance(arg, Const) and arg.value == 0)}
    return live.pop() if len(live) == 1 else None


def _products_of_first(roots: Sequence[Node], degrees: Mapping[Node, int]) -> dict[Node, None]:
    """Return the nodes of degree 2 that the others are linear in: products of two of degree 1."""
    return {
        node: None
        for node in topological(roots)
        if degrees.get(node) == 2 and all(degrees.get(child, 0) < 2 for child in children(node))
    }


# --- products and their sums ----------------------------------------------------------------------------------------------------


class _Factored:
    """A product of two first derivatives, and of what does not depend on the unit vector."""

    def __init__(self, node: Node, degrees: Mapping[Node, int]) -> None:
        self._negative = False
        self._factors: list[Node] = []
        self._divisors: list[Node] = []
        moving: list[Node] = []
        waiting = [node]
        while waiting:
            factor = waiting.pop()
            if not degrees.get(factor):
                self._factors.append(factor)
            elif not isinstance(factor, Apply) or factor.op not in (mul, neg, div, integer_power):
                moving.append(factor)
            elif factor.op is integer_power:
                waiting += factor.args * factor.param("n")  # type: ignore[operator]
            elif factor.op is div:
                self._divisors.append(factor.args[1])
                waiting.append(factor.args[0])
            else:
                self._negative ^= factor.op is neg
                waiting += reversed(factor.args)
        if not degrees:  # nothing is known of it
            self._factors, moving = [], [node]
        self.core = reduce(mul, moving)

    def times(self, total: Node) -> Node:
        """Return the product with something else in the place of the first derivatives."""
        product = reduce(mul, [*self._factors, total])
        product = div(product, reduce(mul, self._divisors)) if self._divisors else product
        return neg(product) if self._negative else product


def _sums(cores: Sequence[Node], unit: Input) -> list[Node]:
    """Return the sums of expressions over all unit vectors."""
    distinct = [*dict.fromkeys(cores)]
    found = dict(zip(distinct, sums_for_all(distinct, unit), strict=True))
    return [found[core] for core in cores]
