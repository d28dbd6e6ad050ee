"""Loops that store few of their states: the loop back runs the steps again, as the binomial schedule says.

A trajectory that only the way back reads is not stored, but `slots` states of it. One that the formula itself stacks is
there anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.ir.graph import Graph, children
from symbackprop.ir.node import Node
from symbackprop.ops.loops import Loop
from symbackprop.simplify.loops.there import loop_there
from symbackprop.simplify.loops.unneeded import needed_loops
from symbackprop.simplify.pattern import with_new_arguments

__all__ = ["with_slots"]


def with_slots(graph: Graph, slots: int | str) -> Graph | None:
    """Return `graph`, finished without stacks, whose loops store `slots` states for the way back; None if there is none."""
    again = _again(graph)
    if not again:
        return None
    new: dict[Node, Node] = {}
    for node in graph.nodes():
        new[node] = with_new_arguments(node, new)
        if node in again:
            new[node] = Loop(new[node]).with_slots(again[node], slots).node  # type: ignore[arg-type]
    return graph.mapped(new)


def _again(graph: Graph) -> dict[Node, tuple[int, ...]]:
    """Return for the loops whose states can come again the carries whose trajectories the way back alone reads."""
    wanted = needed_loops(graph)
    back: dict[Node, Node] = {}
    for node in wanted:
        there = loop_there(Loop(node), wanted)  # type: ignore[arg-type]
        if isinstance(there, Loop):
            back[node] = there.node
    readers = _readers(graph)
    found: dict[Node, tuple[int, ...]] = {}
    for node in dict.fromkeys(back.values()):
        if node in back:  # its steps need the states of another loop, which come in the order of the way back alone
            continue
        loop = Loop(node)  # type: ignore[arg-type]
        alone = tuple(i for i in loop.kept if _is_read_by_steps_back(loop, i, back, readers))
        if alone:
            found[node] = alone
    return found


def _readers(graph: Graph) -> dict[Node, list[Node | None]]:
    """Return what reads each node; None stands for the graph itself."""
    found: dict[Node, list[Node | None]] = {node: [None] for node in (*graph.outputs, *graph.counts.values())}
    for node in graph.needed():
        for child in children(node):
            found.setdefault(child, []).append(node)
    return found


def _is_read_by_steps_back(
    loop: Loop, carry: int, back: Mapping[Node, Node], readers: Mapping[Node, Sequence[Node | None]]
) -> bool:
    """Tell whether the trajectory of a carry is read by loops back over these steps, row by row, and by nobody else."""
    trajectory = loop.trajectory(carry)
    rows = {loop.entering(trajectory), loop.leaving(trajectory)}
    return rows.issuperset(readers.get(trajectory, [None])) and all(
        reader is not None and back.get(reader) is loop.node for own in rows for reader in readers.get(own, ())
    )
