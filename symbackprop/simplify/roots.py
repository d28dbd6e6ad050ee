"""Powers of arrays with fractional exponents, as products with one root.

``x**1.5`` is ``x * sqrt(x)``, some ten times as fast as a power and as accurate; ``x**(8/3)`` is ``x*x * r*r`` with
``r = x**(1/3)`` where the graph has another power of `x` in thirds, so that all of them cost one. Nothing else changes:
what has no value as a power, at a negative `x`, has none as a root, and 0 and infinity give what they gave.

This runs last, when all derivatives are there. Scalars stay as they are: in plain Python a power costs what two or
three products do.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.arithmetic import div, integer_exponent, mul
from symbackprop.ops.powers import pow_, sqrt
from symbackprop.simplify.numbers import exact, is_number
from symbackprop.simplify.pattern import Rewrites, with_new_arguments

__all__ = ["with_shared_roots"]

_NAME = "powers of one root"
_WHOLE = 4  # the highest whole power that stands beside a root
_DTYPES = ("float32", "float64")


def with_shared_roots(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` with powers of arrays in halves and quarters, and several in thirds, as products with a root."""
    found = _powers(graph)
    if not found:
        return graph
    new: dict[Node, Node] = {}
    for node in graph.nodes():
        if node in found:
            assert isinstance(node, Apply)
            new[node] = _as_product(new[node.args[0]], found[node])
            log[_NAME] += 1
        else:
            new[node] = with_new_arguments(node, new)
    return graph.mapped(new)


def _powers(graph: Graph) -> dict[Node, Fraction]:
    """Return the powers to be replaced, and their exponents."""
    found: dict[Node, Fraction] = {}
    thirds: dict[Node, dict[Node, Fraction]] = defaultdict(dict)
    for node in graph.applied.get(pow_, ()):
        exponent = _exponent(node)
        if exponent is None:
            continue
        if exponent.denominator == 3:
            thirds[node.args[0]][node] = exponent
        else:
            found[node] = exponent
    for powers in thirds.values():
        if len(powers) > 1:
            found.update(powers)
    return found


def _exponent(node: Apply) -> Fraction | None:
    """Return the exponent of a power of an array that a root can give."""
    if not node.shape or node.segment:
        return None
    x, y = node.args
    if node.dtype not in _DTYPES or x.dtype != node.dtype or x.shape != node.shape or not is_number(y):
        return None
    exponent = Fraction(exact(y.value))  # type: ignore[attr-defined, arg-type]
    return exponent if exponent.denominator in (2, 3, 4) and abs(exponent) < _WHOLE + 1 else None


def _as_product(x: Node, exponent: Fraction) -> Node:
    """Return ``x**exponent`` as a product of whole powers of `x` and of a root of it."""
    whole, left = divmod(abs(exponent.numerator), exponent.denominator)
    product = _power_of_root(x, left, exponent.denominator)
    if whole:
        product = mul(integer_exponent(x, whole), product)
    return product if exponent > 0 else div(1, product)


def _power_of_root(x: Node, times: int, degree: int) -> Node:
    """Return ``x**(times/degree)``, less than the first power."""
    if degree == 3:
        return integer_exponent(pow_(x, constant(Fraction(1, 3), x.shape, x.dtype)), times)
    root = sqrt(x)
    if degree == 2:
        return root
    return sqrt(root) if times == 1 else mul(root, sqrt(root))
