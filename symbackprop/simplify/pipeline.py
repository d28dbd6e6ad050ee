"""Which tables run when.

`prepare` brings a formula to one form, sees composites whole and makes masked branches safe, before it is
differentiated; `finish` does the same for value and gradient together, then lowers composites, cleans up and shares
partial sums.
"""

from __future__ import annotations

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply
from symbackprop.simplify import algebra, arrays, lower, powers, stable
from symbackprop.simplify.guard import guard_branches
from symbackprop.simplify.partial_sums import share_partial_sums
from symbackprop.simplify.pattern import Rewrites, rewrite

__all__ = ["canonical", "finish", "prepare"]

_CANONICAL = (*algebra.ROWS, *powers.ROWS, *arrays.ROWS)
_RECOGNISING = (*stable.ROWS, *_CANONICAL)
_LOWERING = lower.rows()
_COMPOSITES = frozenset(op for row in _LOWERING for op in row.ops)


def prepare(graph: Graph, log: Rewrites) -> Graph:
    """Return the formula's graph ready for differentiation."""
    graph = rewrite(graph, _RECOGNISING, log)
    guarded = guard_branches(graph, log)
    return graph if guarded is graph else rewrite(guarded, _RECOGNISING, log)


def canonical(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` in one form, with nothing recognised and nothing guarded."""
    return rewrite(graph, _CANONICAL, log)


def finish(graph: Graph, log: Rewrites) -> Graph:
    """Return the graph of value and gradient ready for printing."""
    graph = rewrite(graph, _RECOGNISING, log, settled=graph.primal_nodes)
    if any(isinstance(node, Apply) and node.op in _COMPOSITES for node in graph.nodes()):
        graph = rewrite(rewrite(graph, _LOWERING, log), _CANONICAL, log)
    return share_partial_sums(graph, log)
