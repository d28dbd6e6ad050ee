"""Sizes that plain numbers are divided by: they may not be 0, which is checked on every call and said in the docstring.

NumPy gives nan for a mean of no entries, and warns. Its weights 1/n in a derivative are numbers of Python's, which
raises an error that does not tell what is empty. What loops and branches compute may never run: nothing is demanded
for it, nor of differences of sizes, which may be negative.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symbackprop.ir.graph import Graph, Guard
from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ir.size import SizeExpression, has_opaque, is_nonnegative
from symbackprop.ops.arithmetic import add, div, mul, neg

__all__ = ["with_divisors_guarded"]

_MESSAGE = "a number is divided by this size, as for the weights of a mean"
_PLAIN = (add, div, mul, neg)


def with_divisors_guarded(graph: Graph) -> Graph:
    """Return `graph` with a guard for every size that may be 0 and that a plain number is divided by."""
    if not any(isinstance(size, SizeExpression) for spec in graph.arguments for size in spec.shape or ()):
        return graph
    sizes = dict.fromkeys(size for size in _divisors(graph) if not has_opaque(size))
    guards = [
        Guard(1, "<=", size, _MESSAGE) for size in sizes if not any(_demands(guard, size) for guard in graph.guards)
    ]
    return replace(graph, guards=tuple(dict.fromkeys((*graph.guards, *guards)))) if guards else graph


def _demands(guard: Guard, size: SizeExpression) -> bool:
    """Tell whether a size is at least 1 where a guard holds."""
    excess = guard.right - guard.left - (guard.relation == "<")
    return guard.relation != "==" and is_nonnegative(size - 1 - excess)


def _divisors(graph: Graph) -> Iterator[SizeExpression]:
    plain: set[Node] = set()
    needed = graph.needed(graph.counts)
    for node in graph.nodes():
        if node not in needed:
            continue
        if isinstance(node, Const):
            plain.add(node)
        elif isinstance(node, Apply) and node.op in _PLAIN and plain.issuperset(node.args):
            plain.add(node)
            divisor = node.args[-1]
            value = divisor.value if isinstance(divisor, Const) else None
            if node.op is div and isinstance(value, SizeExpression) and _may_be_0_at_least(value):
                yield value


def _may_be_0_at_least(size: SizeExpression) -> bool:
    return is_nonnegative(size) and not is_nonnegative(size - 1)
