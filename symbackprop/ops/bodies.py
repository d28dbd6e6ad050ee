"""Putting nodes in the place of others: what bodies are closed, opened and moved with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from symbackprop.ir.body import Body
from symbackprop.ir.graph import topological
from symbackprop.ir.node import Apply, Node, Output, make_apply, make_output
from symbackprop.ops.broadcasting import rebuilt
from symbackprop.ops.declare import Primitive

__all__ = ["bodies_of", "bound_by", "inlined", "loops_among", "nodes_within", "substitute", "with_bodies"]


def substitute(roots: Iterable[Node], known: Mapping[Node, Node]) -> dict[Node, Node]:
    """Return for the nodes of `roots` what they are once each of the `known` ones has become what it says."""
    new = dict(known)
    for node in topological(roots, known=known):
        if isinstance(node, Apply):
            new[node] = rebuilt(node, tuple([new[arg] for arg in node.args]))
        elif isinstance(node, Output):
            source = new[node.source]
            assert isinstance(source, Apply)
            new[node] = make_output(source, node.index, node.shape, node.dtype)
        else:
            new[node] = node
    return new


def inlined(body: Body, args: Sequence[Node]) -> list[Node]:
    """Return what a body computes of `args`."""
    new = substitute(body.outputs, dict(zip(body.inputs, args, strict=True)))
    return [new[output] for output in body.outputs]


def loops_among(nodes: Iterable[Node]) -> list[Apply]:
    """Return those of `nodes` that run bodies."""
    return [node for node in nodes if isinstance(node, Apply) and isinstance(node.op, Primitive) and node.op.has_bodies]


def nodes_within(nodes: Iterable[Node]) -> list[Node]:
    """Return `nodes`, and all nodes of the bodies that they run."""
    found: list[Node] = []
    waiting = [list(nodes)]
    while waiting:
        some = waiting.pop()
        found += some
        waiting += [body.nodes() for node in loops_among(some) for body in bodies_of(node)]
    return found


def bodies_of(node: Apply) -> list[Body]:
    """Return the bodies that a node runs."""
    return [value for _, value in node.params if isinstance(value, Body)]


def bound_by(node: Apply) -> tuple[Node, ...]:
    """Return for each argument of a node that runs bodies the input that these bind to it; nothing for any other node."""
    bodies = bodies_of(node) if isinstance(node.op, Primitive) and node.op.has_bodies else []
    if not bodies:
        return ()
    inputs = bodies[0].inputs
    return (*node.args[: len(node.args) - len(inputs)], *inputs)  # a choice has what chooses before


def with_bodies(node: Apply, args: tuple[Node, ...], bodies: Sequence[Body]) -> Apply:
    """Return `node` with other arguments and bodies of the same shapes and dtypes."""
    rest = iter(bodies)
    params = tuple((name, next(rest) if isinstance(value, Body) else value) for name, value in node.params)
    return make_apply(node.op, args, params, node.shape, node.dtype, node.segment)
