"""Which loop a loop goes back over, and what the steps of both have in common."""

from __future__ import annotations

from collections.abc import Container

from symbackprop.ir.graph import children
from symbackprop.ir.node import Apply, Const, Node, Output
from symbackprop.ops.indexing import slice_
from symbackprop.ops.loops import Loop
from symbackprop.ops.whiles import WhileLoop, while_loop

__all__ = ["loop_there", "mirrored", "of_one_step_there"]


def loop_there(loop: Loop, among: Container[Node]) -> Loop | WhileLoop | None:
    """Return the loop whose trajectories `loop` reads, step by step, in the other direction."""
    for sequence in loop.sequences:
        if not isinstance(sequence, Apply) or sequence.op is not slice_ or not isinstance(sequence.args[0], Output):
            continue
        source = sequence.args[0].source
        if source in among or source.op is while_loop:
            there = WhileLoop(source) if source.op is while_loop else Loop(source)
            if there.reverse != loop.reverse and mirrored(loop, there):
                return there
    return None


def mirrored(loop: Loop, there: Loop | WhileLoop) -> set[Node]:
    """Return the inputs that the steps of both loops have in common: of one step there and one back, the same values."""
    bound: dict[Node, Node] = dict(zip(there.row_inputs, there.sequences, strict=True))
    bound.update(zip(there.constant_inputs, there.constants, strict=True))
    for i in there.kept:
        bound[there.carry_inputs[i]] = there.entering(there.trajectory(i))
    own = dict(zip(loop.body.inputs[loop.carries :], loop.node.args[loop.carries :], strict=True))
    return {node for node, arg in own.items() if bound.get(node) is arg}


def of_one_step_there(loop: Loop, there: Loop | WhileLoop) -> set[Node]:
    """Return the nodes of a step back that depend on nothing but what the step there binds too."""
    pure = mirrored(loop, there)
    for node in loop.body.nodes():
        below = children(node)
        if (below and all(child in pure for child in below)) or isinstance(node, Const):
            pure.add(node)
    return pure
