"""The counts of a function that was printed, with the shapes that its names have."""

from __future__ import annotations

from typing import Any

from symbackprop.emit.counting.values import NUMBER, Array
from symbackprop.emit.counting.walk import tally_of
from symbackprop.emit.header import Recipe
from symbackprop.emit.memory import allocated
from symbackprop.emit.module import Printed, written
from symbackprop.emit.notation import in_notation
from symbackprop.ir.dtype import item_size
from symbackprop.ir.graph import Graph
from symbackprop.ops.counts import Counts

__all__ = ["counted"]


def counted(graph: Graph, recipe: Recipe, printed: Printed) -> Counts:
    """Return what a call of a printed function takes, but for the operations of its graph."""
    writing = written(in_notation(graph, recipe.notation), recipe, printed.target)
    arguments: dict[str, Any] = {
        leaf: Array(spec.shape, item_size(spec.dtype)) if spec.shape else NUMBER
        for leaf, spec in zip(writing.leaves, graph.arguments, strict=True)
    }
    known = {name: Array(node.shape, item_size(node.dtype)) for name, node in writing.writer.arrays().items()}
    tally = tally_of(printed.source, printed.name, arguments, known)
    calls, transcendental, moved = tally.totals()
    memory = allocated(graph, recipe, printed.target)
    return Counts(0, transcendental, calls, moved, memory, tuple(dict.fromkeys(tally.unknown)))
