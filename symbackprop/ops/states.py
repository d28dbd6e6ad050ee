"""States of loops that are not stored, as the rows of the loop that goes back over the steps and runs them again."""

from __future__ import annotations

from dataclasses import dataclass

from symbackprop.ir.node import Apply, Node, Output
from symbackprop.ops.indexing import slice_
from symbackprop.ops.loops import Loop, scan

__all__ = ["State", "comes_again", "run_again", "state_in"]


def run_again(loop: Loop) -> Loop | None:
    """Return the loop whose steps one that goes back over them runs again for its rows, if it does."""
    return next((state.there for state in map(state_in, loop.sequences) if state is not None), None)


@dataclass(frozen=True)
class State:
    """What a row of a loop back is: a carry of the loop there, before the step or `behind` it, that is not stored."""

    there: Loop
    carry: int
    behind: bool


def state_in(sequence: Node) -> State | None:
    """Return what the rows of a sequence are, if they are states that are not stored."""
    trajectory = sequence.args[0] if isinstance(sequence, Apply) and sequence.op is slice_ else sequence
    if not comes_again(trajectory):
        return None
    assert isinstance(trajectory, Output)
    there = Loop(trajectory.source)
    carry = there.carry_of(trajectory)
    assert carry is not None
    return State(there, carry, sequence is not there.entering(trajectory))


def comes_again(node: Node) -> bool:
    """Tell whether a node is a trajectory that is not stored."""
    if not isinstance(node, Output) or node.source.op is not scan:
        return False
    loop = Loop(node.source)
    return loop.carry_of(node) in loop.again
