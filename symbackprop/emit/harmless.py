"""Exponentials of which an overflow is harmless: ``1/(1 + exp(-x))`` is 0 where ``exp(-x)`` is infinite, as it should be.

NumPy warns of overflow wherever it happens. A function that divides arrays by such sums, or by ``cosh(x)``, asks it not
to.
"""

from __future__ import annotations

from collections import Counter

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ops.arithmetic import add, div, neg
from symbackprop.ops.bodies import nodes_within
from symbackprop.ops.exponential import exp
from symbackprop.ops.hyperbolic import cosh
from symbackprop.ops.rounding import absolute

__all__ = ["overflows_harmlessly"]


def overflows_harmlessly(graph: Graph) -> bool:
    """Tell whether a graph, or a body of a loop or branch in it, divides by arrays ``1 + exp(x)`` or ``cosh(x)``.

    These are needed for nothing else: in a derivative they may become factors, whose overflow has to be told.
    """
    nodes = {*nodes_within(graph.nodes())}
    divisors = [node.args[1] for node in nodes if isinstance(node, Apply) and node.op is div and node.shape]
    powers = {divisor: power for divisor in divisors if (power := _overflowing(divisor)) is not None}
    if not powers:
        return False
    uses = Counter(arg for node in nodes for arg in node.args)
    return any(uses[divisor] == uses[power] == 1 for divisor, power in powers.items())


def _overflowing(divisor: Node) -> Node | None:
    """Return what may be infinite in a divisor: an exponential, to which 1 is added, or a hyperbolic cosine."""
    if not isinstance(divisor, Apply):
        return None
    if divisor.op is cosh:
        return divisor
    if divisor.op is not add or len(divisor.args) != 2:
        return None
    one, power = divisor.args
    if not isinstance(one, Const):
        one, power = power, one
    is_exponential = isinstance(one, Const) and one.value == 1 and isinstance(power, Apply) and power.op is exp
    return power if is_exponential and not _is_negative(power.args[0]) else None


def _is_negative(x: Node) -> bool:
    return isinstance(x, Apply) and x.op is neg and isinstance(x.args[0], Apply) and x.args[0].op is absolute
