"""What a rule of batching is given, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, NoReturn, Protocol

from symbackprop.errors import UnsupportedError
from symbackprop.ir.body import Body
from symbackprop.ir.node import Apply, Const, Input, Node, Operation, constant, make_input
from symbackprop.ir.size import Size
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.declare import Primitive

__all__ = ["Call", "Made", "Rule", "Rules", "Walk", "entering", "refused", "whole"]


class Made(NamedTuple):
    """What a node has become, and whether it has the axis of the batch in front."""

    node: Node
    moved: bool


class Walk(Protocol):
    """What a rule may ask of the walk that calls it."""

    size: Size

    def made(self, outputs: Sequence[Node], known: Mapping[Node, Made]) -> list[Made]:
        """Return what `outputs` become where what they are computed from has become what is `known`."""

    def note_choice(self) -> None:
        """Say that both branches of a choice are computed now, of which one had run."""


@dataclass(frozen=True)
class Call:
    """A node some of whose arguments have become batches.

    Parameters
    ----------
    node : Apply
        What is computed for one example.
    args : tuple of Node
        What its arguments have become.
    moved : tuple of bool
        Which of them have the axis of the batch, the first one.
    walk : Walk
        What runs bodies.
    """

    node: Apply
    args: tuple[Node, ...]
    moved: tuple[bool, ...]
    walk: Walk

    @property
    def op(self) -> Primitive:
        """What is applied."""
        op = self.node.op
        assert isinstance(op, Primitive)
        return op

    @property
    def size(self) -> Size:
        """The number of examples."""
        return self.walk.size

    def whole(self, position: int) -> Node:
        """Return an argument with the axis of the batch: what all examples share is repeated along it."""
        arg = self.args[position]
        return arg if self.moved[position] else whole(arg, self.size)

    @property
    def wholes(self) -> list[Node]:
        """All arguments with the axis of the batch."""
        return [self.whole(position) for position in range(len(self.args))]

    def written_out(self, expression: Node) -> Node:
        """Return the batch of an `expression` in the arguments of the node, which stands for it."""
        pairs = zip(self.args, self.moved, strict=True)
        known = dict(zip(self.node.args, (Made(*pair) for pair in pairs), strict=True))
        (made,) = self.walk.made([expression], known)
        return made.node if made.moved else whole(made.node, self.size)

    def refuse(self, why: str) -> NoReturn:
        """Raise the error that says why there is no batch of this."""
        refused(self.op.name, why)


Rule = Callable[[Call], Node | list[Made]]
Rules = Mapping[Operation, Rule]


def refused(name: str, why: str) -> NoReturn:
    """Raise the error that a primitive cannot be batched."""
    raise UnsupportedError(f"batch= of a formula with {name} is not supported: {why}")


def whole(x: Node, size: Size) -> Node:
    """Return `x`, the same for all examples, with the axis of the batch."""
    shape = (size, *x.shape)
    if isinstance(x, Const):
        return constant(x.value, shape, x.dtype)
    return broadcast(x, shape=shape, axes=tuple(range(1, len(shape))))


def entering(body: Body, moved: Sequence[bool], size: Size) -> list[Input]:
    """Return the inputs that the batch of a body binds: those that are batches with a further axis."""
    return [
        make_input(node.index, (size, *node.shape), node.dtype, node.level) if flag else node
        for node, flag in zip(body.inputs, moved, strict=True)
    ]
