"""The bodies of a graph as one graph, so that what forward and backward steps have in common is treated alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from symbackprop.ir.body import Body
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Node
from symbackprop.ir.signature import Label
from symbackprop.ops.bodies import bodies_of, loops_among, with_bodies
from symbackprop.ops.declare import Primitive
from symbackprop.simplify.pattern import with_new_arguments

__all__ = ["has_loops", "in_bodies", "replaced", "with_known"]


def has_loops(graph: Graph) -> bool:
    """Tell whether a graph runs bodies."""
    return any(isinstance(op, Primitive) and op.has_bodies for op in graph.applied)


def in_bodies(graph: Graph, change: Callable[[Graph], Graph]) -> Graph:
    """Return `graph` with its bodies changed, all of them as one graph.

    A body reads only what it binds, so that they may be treated together: the steps of a loop and of the loop back then
    stay nodes in common.
    """
    if not has_loops(graph):
        return graph
    loops = loops_among(graph.nodes())
    primal = set(graph.primal_nodes)
    bodies = [body for node in loops for body in bodies_of(node)]
    forward = [body for node in loops if node in primal for body in bodies_of(node)]
    outputs = tuple(output for body in bodies for output in body.outputs)
    inputs = tuple(dict.fromkeys(node for body in bodies for node in body.inputs))
    whole = Graph(
        arguments=(),
        inputs=inputs,
        primals=tuple(output for body in forward for output in body.outputs),
        outputs=outputs,
        labels=tuple(Label(number) for number in range(len(outputs))),
        names=graph.names,
        adjoints=graph.adjoints,
        parts=tuple(len(body.outputs) for body in bodies),
    )
    changed = change(whole)
    rest = iter(changed.outputs)
    new = [Body(body.inputs, tuple(next(rest) for _ in body.outputs)) for body in bodies]
    if new == bodies:
        return graph
    by_loop: dict[Node, list[Body]] = {}
    position = 0
    for node in loops:
        count = len(bodies_of(node))
        by_loop[node] = new[position : position + count]
        position += count
    known = replace(graph, names=changed.names, adjoints=changed.adjoints)
    return replaced(known, lambda node, args: with_bodies(node, args, by_loop[node]) if node in by_loop else None)


def replaced(graph: Graph, replacement: Callable[[Apply, tuple[Node, ...]], Node | None]) -> Graph:
    """Return `graph` with a `replacement` of applied operations, given with their new arguments, where there is one."""
    new: dict[Node, Node] = {}
    for node in graph.nodes():
        found = None
        if isinstance(node, Apply):
            found = replacement(node, tuple([new[arg] for arg in node.args]))
        new[node] = with_new_arguments(node, new) if found is None else found
    return graph.mapped(new)


def with_known(graph: Graph, new: Mapping[Node, Node]) -> Graph:
    """Return `graph` with names and adjoints of nodes taken over for what they have become in bodies."""
    names, adjoints = dict(graph.names), dict(graph.adjoints)
    for node, now in new.items():
        if now is not node and node in names:
            names.setdefault(now, names[node])
    for node, adjoint in graph.adjoints.items():
        now, bar = new.get(node, node), new.get(adjoint, adjoint)
        if now is not node or bar is not adjoint:
            adjoints.setdefault(now, bar)
            adjoints[node] = bar
    return replace(graph, names=names, adjoints=adjoints)
