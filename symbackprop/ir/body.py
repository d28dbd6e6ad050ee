"""Bodies: the graphs that a loop or a branch runs.

A body is closed: whatever it computes with is one of its inputs, which the operation that runs it binds to its
arguments. The inputs of a body are told from those of other bodies, and of the formula, by their level.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from symbackprop.ir.graph import topological
from symbackprop.ir.node import Input, Node, make_input

__all__ = ["Body", "fresh_inputs"]


@dataclass(frozen=True, slots=True)
class Body:
    """A closed graph.

    Parameters
    ----------
    inputs : tuple of Input
        What it binds, in the order of the arguments.
    outputs : tuple of Node
        What it computes.
    """

    inputs: tuple[Input, ...]
    outputs: tuple[Node, ...]

    def nodes(self) -> list[Node]:
        """Return all nodes of the outputs, arguments before what uses them."""
        return topological(self.outputs)

    def mapped(self, new: Callable[[Node], Node]) -> Body:
        """Return the body with `new` of every output."""
        return Body(self.inputs, tuple(map(new, self.outputs)))

    def part(self, positions: Iterable[int]) -> Body:
        """Return the body that computes some of the outputs, and binds the same."""
        return Body(self.inputs, tuple(self.outputs[position] for position in positions))

    def __str__(self) -> str:
        return f"body of {len(self.inputs)} inputs and {len(self.outputs)} outputs"


def fresh_inputs(like: Iterable[Node], beside: Iterable[Input]) -> list[Input]:
    """Return an input of the shape and dtype of each of `like`, none of which is one of those `beside` them."""
    known = list(beside)
    level = max([node.level for node in known], default=1)
    first = max([node.index for node in known if node.level == level], default=-1) + 1
    return [make_input(first + i, node.shape, node.dtype, level) for i, node in enumerate(like)]
