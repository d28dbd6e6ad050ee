"""The counts of a function that was printed, with the shapes that its names have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symbackprop.emit.counting.values import NUMBER, Array
from symbackprop.emit.counting.walk import tally_of
from symbackprop.emit.header import Recipe
from symbackprop.emit.lines import Buffer
from symbackprop.emit.memory import allocated
from symbackprop.emit.module import Printed, written
from symbackprop.emit.notation import in_notation
from symbackprop.ir.dtype import item_size
from symbackprop.ir.graph import Graph
from symbackprop.ir.size import Size, at_least
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
    if writing.memory is not None:
        values = [_value(item, writing.style.size_bounds) for item in writing.memory.values]
        arguments[writing.memory.parameter] = (tuple(writing.memory.sizes), *values)
    tally = tally_of(printed.source, printed.name, arguments, known)
    calls, transcendental, moved = tally.totals()
    memory = allocated(graph, recipe, printed.target)
    return Counts(0, transcendental, calls, moved, memory, tuple(dict.fromkeys(tally.unknown)))


def _value(item: Size | Buffer, bounds: Mapping[str, int]) -> Any:
    """Return what is known of a part of the memory, given how large sizes are at least."""
    if not isinstance(item, Buffer):
        return at_least(item, bounds)
    return Array(tuple([at_least(size, bounds) for size in item.shape]), item_size(item.dtype))
