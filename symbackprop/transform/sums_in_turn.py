"""Sums of adjoints over several segments take in their terms segment by segment, so that none has to wait for the last.

``w_bar = (terms of the last segment)``, then ``w_bar = w_bar + (terms of the one before)``. A sum is cut only, never
put in another order: what is added to what stays the same, and so do the bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symbackprop.ir.graph import Graph, topological
from symbackprop.ir.node import Apply, Node, make_apply
from symbackprop.ops.arithmetic import add
from symbackprop.simplify.pattern import with_new_arguments

__all__ = ["with_sums_in_turn"]


def with_sums_in_turn(graph: Graph) -> Graph:
    """Return a graph with checkpoints whose sums are computed as far as they can be in each turn."""
    table = graph.recomputation
    if table is None or not table.originals:
        return graph
    last = max(table.segments.values())
    new: dict[Node, Node] = {node: node for node in graph.primal_nodes}
    segments: dict[Node, int] = {}
    sums: dict[Node, Node] = {}
    for node in topological(graph.outputs, known=graph.primal_nodes):
        moved = new[node] = with_new_arguments(node, new)
        if isinstance(node, Apply) and node.op is add and isinstance(moved, Apply):
            begun = _begun(moved, [table.segments.get(term, last) for term in node.args])
            if begun:
                *partial, new[node] = (total for total, _ in begun)
                segments.update(begun[:-1])
                sums.update(dict.fromkeys(partial, new[node]))
    if not sums:
        return graph
    changed = graph.mapped(new)
    table = changed.recomputation
    assert table is not None
    return replace(changed, recomputation=replace(table, segments={**table.segments, **segments}, sums=sums))


def _begun(total: Apply, turns: Sequence[int]) -> list[tuple[Node, int]]:
    """Return what a sum amounts to after each turn in which terms of it are there, the whole last; nothing for one turn."""
    groups: list[tuple[int, list[Node]]] = []
    for term, turn in zip(total.args, turns, strict=True):
        if not groups or turn < groups[-1][0]:
            groups.append((turn, []))
        groups[-1][1].append(term)
    if len(groups) < 2 or len(groups[0][1]) + len(groups) < 3:
        return []
    found: list[tuple[Node, int]] = []
    so_far: list[Node] = []
    for turn, terms in groups:
        terms = [*so_far, *terms]
        if len(terms) > 1:
            so_far = [make_apply(add, tuple(terms), total.params, total.shape, total.dtype)]
            found.append((so_far[0], turn))
        else:
            so_far = terms
    return found if len(found) > 1 else []
