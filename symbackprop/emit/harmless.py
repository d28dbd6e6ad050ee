"""Exponentials of which an overflow is harmless: ``1/(1 + exp(-x))`` is 0 where ``exp(-x)`` is infinite, as it should be.

NumPy warns of overflow wherever it happens. A function that divides arrays by such sums, or by ``cosh(x)``, asks it not
to.
"""

from __future__ import annotations

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Node
from symbackprop.ops.arithmetic import add, div, neg
from symbackprop.ops.bodies import nodes_within
from symbackprop.ops.exponential import exp
from symbackprop.ops.hyperbolic import cosh
from symbackprop.ops.rounding import absolute

__all__ = ["overflows_harmlessly"]


def overflows_harmlessly(graph: Graph) -> bool:
    """Tell whether a graph, or a body of a loop or branch in it, divides by arrays ``1 + exp(x)`` or ``cosh(x)``."""
    return any(map(_divides_by_exponential, nodes_within(graph.nodes())))


def _divides_by_exponential(node: Node) -> bool:
    if not isinstance(node, Apply) or node.op is not div or not node.shape:
        return False
    total = node.args[1]
    if not isinstance(total, Apply) or total.op is not add:
        return isinstance(total, Apply) and total.op is cosh
    return any(isinstance(term, Apply) and term.op is exp and not _is_negative(term.args[0]) for term in total.args)


def _is_negative(x: Node) -> bool:
    return isinstance(x, Apply) and x.op is neg and isinstance(x.args[0], Apply) and x.args[0].op is absolute
