"""1 - e*cos(x) near x = 0, and 1 + e*cos(x) near x = pi, where e is near 1: orbits that are nearly parabolas.

They are ``1 - e + 2*e*sin(x/2)**2`` and ``1 - e + 2*e*cos(x/2)**2``, whose terms do not cancel there. Where the cosine
is small these cancel instead as soon as e is large, and the formula stays as it is. This runs last, and for numbers
alone: arrays would compute both.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Const, Node
from symbackprop.ops.arithmetic import add, integer_power, mul, neg
from symbackprop.ops.comparison import greater, less, where
from symbackprop.ops.trigonometric import cos, sin
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.pattern import Rewrites, with_new_arguments
from symbackprop.simplify.places import rest_of_one_plus

__all__ = ["with_cosines_apart"]

_NAME = "1 - e*cos"
_HALF = Fraction(1, 2)


class _Share(NamedTuple):
    """What is in 1 + e*cos(x), or in 1 - e*cos(x)."""

    e: Node
    cosine: Node
    is_added: bool


def with_cosines_apart(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` with numbers 1 - e*cos(x) and 1 + e*cos(x) in forms that do not cancel where these may."""
    if all(cosine.shape for cosine in graph.applied.get(cos, ())):
        return graph
    found = {node for node in graph.applied.get(add, ()) if not node.shape and _share(node) is not None}
    if not found:
        return graph
    new: dict[Node, Node] = {}
    for node in graph.nodes():
        new[node] = with_new_arguments(node, new)
        if node in found:
            new[node] = _apart(new[node])
            log[_NAME] += 1
    return graph.mapped(new)


def _share(node: Node) -> _Share | None:
    """Return the parts of a sum, if it is one of these, and e is not known when compiling."""
    share = rest_of_one_plus(node)
    product = args_of(share)[0] if share is not None and is_applied(share, neg) else share
    if product is None or not is_applied(product, mul):
        return None
    for e, cosine in (args_of(product), args_of(product)[::-1]):
        if is_applied(cosine, cos) and not isinstance(e, Const):
            return _Share(e, cosine, product is share)
    return None


def _apart(node: Node) -> Node:
    """Return the form that does not cancel for large cosines of the sign that counts, and for others what is there."""
    share = _share(node)
    assert share is not None
    (x,) = args_of(share.cosine)
    is_close = less(share.cosine, -_HALF) if share.is_added else greater(share.cosine, _HALF)
    root = (cos if share.is_added else sin)(_HALF * x)
    return where(is_close, 1 - share.e + 2 * share.e * integer_power(root, n=2), node)
