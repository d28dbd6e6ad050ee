"""Exponentials of which an overflow is harmless: ``1/(1 + exp(-x))`` is 0 where ``exp(-x)`` is infinite, as it should be.

NumPy warns of overflow wherever it happens. A function that divides arrays by such sums, or by ``cosh(x)``, asks it not
to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ops.arithmetic import add, div, neg
from symbackprop.ops.bodies import bound_by, nodes_within
from symbackprop.ops.broadcasting import broadcast, reshape
from symbackprop.ops.exponential import exp
from symbackprop.ops.hyperbolic import cosh
from symbackprop.ops.indexing import slice_
from symbackprop.ops.layout import transpose
from symbackprop.ops.rounding import absolute

__all__ = ["overflows_harmlessly"]

_MOVING = frozenset((broadcast, reshape, slice_, transpose))


def overflows_harmlessly(graph: Graph) -> bool:
    """Tell whether a graph, or a body of a loop or branch in it, divides by arrays ``1 + exp(x)`` or ``cosh(x)``.

    These only divide: in a derivative they may become factors, whose overflow has to be told.
    """
    nodes = [*dict.fromkeys(nodes_within(graph.nodes()))]
    divisors = [node for node in nodes if node.op is add or node.op is cosh]
    powers = {node: power for node in divisors if node.shape and (power := _overflowing(node)) is not None}
    if not powers:
        return False
    asked = {*powers, *powers.values()}
    users: dict[Node, list[tuple[Apply, int]]] = defaultdict(list)
    for node in nodes:
        if isinstance(node, Apply):
            for position, arg in enumerate(node.args):
                if arg in asked or arg.op is None or arg.op in _MOVING:  # inputs of bodies among them
                    users[arg].append((node, position))
    return any(
        _only_divides(divisor, users) and (power is divisor or len(users[power]) == 1)
        for divisor, power in powers.items()
    )


def _only_divides(node: Node, users: Mapping[Node, Sequence[tuple[Apply, int]]]) -> bool:
    """Tell whether all that is made of `node` is divided by it, in the steps of loops too."""
    waiting, found = [node], False
    while waiting:
        for user, position in users.get(waiting.pop(), ()):
            if user.op is div and position == 1:
                found = True
            elif user.op in _MOVING:
                waiting.append(user)
            elif bound := bound_by(user):
                waiting.append(bound[position])
            else:
                return False
    return found


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
