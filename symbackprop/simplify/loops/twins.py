"""A loop whose steps another one takes too, with further carries, is left out: tangents run along with the values.

Forward accumulation writes the steps of a loop down once more, with the tangents of the carries as further carries. What
the loop gives, the one with the tangents gives too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from symbackprop.ir.body import Body
from symbackprop.ir.graph import Graph, children
from symbackprop.ir.node import Node, Output
from symbackprop.ops.loops import Loop, looped
from symbackprop.simplify.loops.unneeded import needed_loops
from symbackprop.simplify.pattern import with_new_arguments

__all__ = ["with_twins"]


def with_twins(graph: Graph) -> Graph:
    """Return `graph`, that of a formula and no bodies, without the loops whose steps others take too."""
    twins = _twins(graph)
    if not twins:
        return graph
    wholes: dict[Node, _Whole] = {twin.node: _Whole(twin) for twin in twins.values()}
    for node, twin in twins.items():
        wholes[twin.node].take_in(Loop(node))  # type: ignore[arg-type]
    of_loop = {node: wholes[twin.node] for node, twin in twins.items()} | wholes
    new: dict[Node, Node] = {}
    for node in _in_order(graph, twins):
        if node in wholes:
            new[node] = wholes[node].made(new).node
        elif isinstance(node, Output) and node.source in of_loop:
            new[node] = of_loop[node.source].result(Loop(node.source), node.index)
        elif node not in twins:
            new[node] = with_new_arguments(node, new)
    return graph.mapped(new)


def _twins(graph: Graph) -> dict[Node, Loop]:
    """Return for loops those that take the same steps with further carries."""
    loops = [Loop(node) for node in needed_loops(graph)]  # type: ignore[arg-type]
    by_carry: dict[Node, list[Loop]] = {}
    for loop in loops:
        for node in loop.carry_inputs:
            by_carry.setdefault(node, []).append(loop)
    found: dict[Node, Loop] = {}
    for loop in loops:
        among = by_carry[loop.carry_inputs[0]] if loop.carries else ()
        twin = next((other for other in among if other.carries > loop.carries and _takes_steps_of(other, loop)), None)
        if twin is not None:
            found[loop.node] = twin
    found = {node: twin for node, twin in found.items() if twin.node not in found}
    return {node: twin for node, twin in found.items() if not _needs(graph, twin, node)}


def _takes_steps_of(twin: Loop, loop: Loop) -> bool:
    """Tell whether a loop binds, and hands on, all that another one does."""
    if twin.length != loop.length or twin.reverse != loop.reverse:
        return False
    handed_on = dict(zip(twin.carry_inputs, twin.new_carries, strict=True))
    if any(handed_on.get(node) is not new for node, new in zip(loop.carry_inputs, loop.new_carries, strict=True)):
        return False
    kinds = (
        (twin.carry_inputs, twin.initial, loop.carry_inputs, loop.initial),
        (twin.row_inputs, twin.sequences, loop.row_inputs, loop.sequences),
        (twin.constant_inputs, twin.constants, loop.constant_inputs, loop.constants),
    )
    for own_inputs, own_args, inputs, args in kinds:
        bound = dict(zip(own_inputs, own_args, strict=True))
        if any(bound.get(node) is not arg for node, arg in zip(inputs, args, strict=True)):
            return False
    return True


def _needs(graph: Graph, twin: Loop, loop: Node) -> bool:
    """Tell whether a loop is computed from another one."""
    after: set[Node] = {loop}
    for node in graph.nodes():
        if node is twin.node:
            return not after.isdisjoint(twin.node.args)
        if any(child in after for child in children(node)):
            after.add(node)
    return True


def _in_order(graph: Graph, twins: Mapping[Node, Loop]) -> Iterable[Node]:
    """Yield the nodes of a graph, arguments before what uses them, and twins before what uses the loops."""
    done: set[Node] = set()
    for root in graph.nodes():
        waiting = [root]
        while waiting:
            node = waiting[-1]
            below = (twins[node].node,) if node in twins else children(node)
            missing = [child for child in below if child not in done]
            if node in done or not missing:
                waiting.pop()
                if node not in done:
                    done.add(node)
                    yield node
            else:
                waiting += missing


@dataclass
class _Whole:
    """A loop that gives what others give too."""

    twin: Loop
    values: dict[Node, None] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)
    loop: Loop | None = None

    def __post_init__(self) -> None:
        self.take_in(self.twin)

    def take_in(self, loop: Loop) -> None:
        """Give what a loop gives."""
        self.values.update(dict.fromkeys(loop.values))
        self.kept.update(self._place(loop, carry) for carry in loop.kept)

    def made(self, new: Mapping[Node, Node]) -> Loop:
        """Return the loop, of what its arguments have become."""
        twin = self.twin
        args = [new[arg] for arg in twin.node.args]
        body = Body(twin.body.inputs, (*twin.new_carries, *self.values))
        at, behind = twin.carries, twin.carries + twin.rows
        self.loop = looped(body, args[:at], args[at:behind], args[behind:], twin.length, reverse=twin.reverse,
                           kept=sorted(self.kept))  # fmt: skip
        return self.loop

    def result(self, loop: Loop, index: int) -> Node:
        """Return a result of a loop that was taken in."""
        whole, count = self.loop, len(loop.body.outputs)
        assert whole is not None
        if index < loop.carries:
            return whole.final(self._place(loop, index))
        if index >= count:
            return whole.trajectory(self._place(loop, loop.kept[index - count]))
        return whole.stack([*self.values].index(loop.body.outputs[index]))

    def _place(self, loop: Loop, carry: int) -> int:
        return self.twin.carry_inputs.index(loop.carry_inputs[carry])
