"""A loop under a mask: where the mask is off its steps change nothing, and nothing that is partial in them runs."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.errors import UnsupportedError
from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.node import Apply, Const, Node, Operation, constant
from symbackprop.ops.bodies import bodies_of, nodes_within
from symbackprop.ops.branches import Branches, branched, cond
from symbackprop.ops.comparison import logical_and, where
from symbackprop.ops.declare import Primitive
from symbackprop.ops.loops import Loop, looped, scan
from symbackprop.ops.whiles import WhileLoop, repeated, while_loop

__all__ = ["has_partial_steps", "under_mask"]

_MASKED: tuple[Operation, ...] = (scan, cond, while_loop)


def has_partial_steps(node: Node) -> bool:
    """Tell whether the bodies of a node compute what is not finite everywhere."""
    if not isinstance(node, Apply) or not isinstance(node.op, Primitive) or not node.op.has_bodies:
        return False
    inside = nodes_within([inner for body in bodies_of(node) for inner in body.nodes()])
    return any(isinstance(inner, Apply) and isinstance(inner.op, Primitive) and inner.op.safe for inner in inside)


def under_mask(node: Apply, args: Sequence[Node], mask: Node) -> Apply:
    """Return a loop, or branches, that compute nothing partial where `mask` is off.

    Raises
    ------
    UnsupportedError
        For what else runs bodies.
    """
    if node.op not in _MASKED:
        raise UnsupportedError(
            f"{node.op.name} under a where() would be computed where the condition does not hold too; use cond(), of which "
            "only the branch that is taken runs"
        )
    if node.op is while_loop:
        return _while(WhileLoop(node), args, mask)
    (flag,) = fresh_inputs([mask], [inner for body in bodies_of(node) for inner in body.inputs])
    if node.op is cond:
        choice = Branches(node)
        bodies = [
            Body((*body.inputs, flag), tuple(where(flag, out, _zeros(out)) for out in body.outputs))
            for body in choice.bodies
        ]
        return branched(args[0], bodies, [*args[1:], mask]).node
    loop = Loop(node)
    new = [where(flag, after, before) for before, after in zip(loop.carry_inputs, loop.new_carries, strict=True)]
    values = [where(flag, value, _zeros(value)) for value in loop.values]
    at, behind = loop.carries, loop.carries + loop.rows
    body = Body((*loop.body.inputs, flag), (*new, *values))
    return looped(body, args[:at], args[at:behind], [*args[behind:], mask], loop.length, reverse=loop.reverse,
                  kept=loop.kept).node  # fmt: skip


def _while(loop: WhileLoop, args: Sequence[Node], mask: Node) -> Apply:
    """Return a loop that takes no step where the mask is off."""
    (flag,) = fresh_inputs([mask], loop.body.inputs)
    inputs = (*loop.body.inputs, flag)
    condition = Body(inputs, (logical_and(flag, loop.condition.outputs[0]),))
    new = [where(flag, after, before) for before, after in zip(loop.carry_inputs, loop.new_carries, strict=True)]
    return repeated(condition, Body(inputs, tuple(new)), args[: loop.carries], [*args[loop.carries :], mask],
                    limit=loop.limit, size=loop.size, kept=loop.kept).node  # fmt: skip


def _zeros(node: Node) -> Const:
    return constant(False if node.dtype == "bool" else 0, node.shape, node.dtype)
