"""Which arrays may lie in the same memory: views, and what loops and branches hand on as it is."""

from __future__ import annotations

from symbackprop.ir.node import Apply, Const, Node, Output
from symbackprop.ops.bodies import bound_by
from symbackprop.ops.branches import Branches, cond
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import gather
from symbackprop.ops.layout import diagonal
from symbackprop.ops.loops import Loop, scan
from symbackprop.ops.opaque import opaque
from symbackprop.ops.whiles import WhileLoop, while_loop
from symbackprop.ops.windows import sliding_windows

__all__ = ["looked_into", "memory_of"]

_FOR_READING = (broadcast, diagonal, sliding_windows)  # views that repeat memory, or that NumPy lets nobody write to


def memory_of(node: Node, *, in_rows: bool = False) -> set[Node | None]:
    """Return the nodes whose memory `node` may look into; None stands for memory that must not be handed out.

    What a loop leaves of a carry is what its last step made of it, or what it began with where there is no step. It
    may be a row of a stack, where steps make arrays `in_rows`.
    """
    found: set[Node | None] = set()
    waiting, seen = [node], set[Node | None]()
    while waiting:
        base = looked_into(waiting.pop())
        if base in seen:
            continue
        seen.add(base)
        if isinstance(base, Output) and base.source.op is opaque:
            found.add(None)  # it may be an argument, or something that the function keeps
            continue
        if not isinstance(base, Output) or not _may_alias(base):
            found.add(base)
            continue
        if in_rows and base.source.op is scan and _is_stacked(base):
            found.add(None)
        bound = dict(zip(bound_by(base.source), base.source.args, strict=True))
        carried = _carried(base.source)
        values, known = _last_values(base), set[Node | None]()
        while values:
            left = looked_into(values.pop())
            if left in known:
                continue
            known.add(left)
            if left in carried:  # what another carry was before the last step
                values.append(carried[left])
            if left in bound:
                waiting.append(bound[left])
            elif not isinstance(left, Const):  # which is an array of its own wherever it stands
                found.add(None if isinstance(left, Output) and _may_alias(left) else left)
    return found


def looked_into(node: Node) -> Node | None:
    """Return the node whose memory `node` may look into; None where that is not to be written to."""
    while isinstance(node, Apply) and _is_view(node):
        if node.op in _FOR_READING:
            return None
        node = node.args[0]
    return node


def _may_alias(node: Output) -> bool:
    """Tell whether a result of a loop or of branches may share memory with what these take: a loop may run 0 times."""
    op = node.source.op
    if op is while_loop:
        return node.index < WhileLoop(node.source).carries
    return op is cond or (op is scan and node.index < Loop(node.source).carries)


def _carried(node: Apply) -> dict[Node | None, Node]:
    """Return what a step makes of each carry, by the inputs that stand for them in it."""
    if node.op is cond:
        return {}
    loop = WhileLoop(node) if node.op is while_loop else Loop(node)
    return dict(zip(loop.carry_inputs, loop.new_carries, strict=True))


def _is_stacked(carry: Output) -> bool:
    """Tell whether what the last step made of a carry is in a stack too."""
    loop = Loop(carry.source)
    stacked = {*loop.values, *(loop.new_carries[i] for i in loop.kept)}
    return looked_into(loop.new_carries[carry.index]) in stacked


def _last_values(result: Output) -> list[Node]:
    """Return what a result of a loop or of branches may be, in terms of their bodies."""
    node = result.source
    if node.op is cond:
        return [body.outputs[result.index] for body in Branches(node).bodies]
    if node.op is while_loop:
        repeated = WhileLoop(node)
        return [repeated.new_carries[result.index], repeated.carry_inputs[result.index]]
    loop = Loop(node)
    certain = isinstance(loop.length, int) and loop.length > 0
    first = [] if certain else [loop.carry_inputs[result.index]]
    return [loop.new_carries[result.index], *first]


def _is_view(node: Apply) -> bool:
    """Tell whether the printed text may look into its first argument; an index that is a number makes a slice."""
    if node.op is gather:
        return not node.args[1].shape
    return isinstance(node.op, Primitive) and node.op.memory == "view"
