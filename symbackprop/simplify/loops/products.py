"""Values of a loop back that are products with rows are made behind it, of what is handed on.

A step back gives ``g * s`` for the adjoint of a row, with `g` what is handed on from step to step and `s` what the way
there has left. Once the steps hand their `g` out, one product makes all of these; and so it makes what steps give beside that
and are to compute for themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from symbackprop.ir.body import Body
from symbackprop.ir.graph import Graph, children, count_uses
from symbackprop.ir.node import Apply, Node
from symbackprop.ops.arithmetic import div, mul
from symbackprop.ops.loops import Loop, looped
from symbackprop.simplify.applied import is_applied
from symbackprop.simplify.loops.ahead import Stacks
from symbackprop.simplify.loops.remade import with_loops_back_remade

__all__ = ["with_products_behind"]


def with_products_behind(graph: Graph) -> Graph:
    """Return `graph` with values of its loops back computed behind them that are products of a carry and rows."""
    return with_loops_back_remade(graph, _products, _Made)


def _products(loop: Loop, results: Set[int]) -> dict[int, Node]:
    """Return the values that are products of a carry and rows, by their positions, with the carry of each.

    There has to be one for which alone its step computes anything: then a product less is made in every step.
    """
    nodes = loop.body.nodes()
    uses, stacks = count_uses(nodes, loop.body.outputs), Stacks(loop)
    carry_of: dict[Node, Node] = {node: node for node in loop.carry_inputs}
    for node in nodes:
        if isinstance(node, Apply) and node.op in (mul, div):
            a, b = node.args
            if b in stacks.found and a in carry_of:
                carry_of[node] = carry_of[a]
            elif node.op is mul and a in stacks.found and b in carry_of:
                carry_of[node] = carry_of[b]
    values = {at: loop.body.outputs[at] for at in sorted(results) if loop.carries <= at < len(loop.body.outputs)}
    found = {
        at: carry_of[value] for at, value in values.items() if value in carry_of and value not in loop.carry_inputs
    }
    alone = {carry for at, carry in found.items() if uses[values[at]] == 1}
    return {at: carry for at, carry in found.items() if carry in alone}


class _Made:
    """A loop that gives the trajectories of some carries, and the results of the one in whose place it is put."""

    def __init__(self, loop: Loop, products: Mapping[int, Node]) -> None:
        self._old, self._products = loop, products
        count = len(loop.body.outputs)
        left = [at for at in range(loop.carries, count) if at not in products]
        self._values = {at: number for number, at in enumerate(left)}
        numbers = {loop.carry_inputs.index(carry) for carry in products.values()}
        kept = sorted({*loop.kept} | numbers)
        body = Body(loop.body.inputs, (*loop.new_carries, *(loop.body.outputs[at] for at in left)))
        self._loop = looped(
            body, loop.initial, loop.sequences, loop.constants, loop.length, reverse=loop.reverse, kept=kept
        )
        stacks = dict(Stacks(loop).found)
        for number in numbers:
            stacks[loop.carry_inputs[number]] = self._loop.entering(self._loop.trajectory(number))
        for node in loop.body.nodes():
            is_product = node not in stacks and isinstance(node, Apply) and node.op in (mul, div)
            if is_product and all(arg in stacks for arg in children(node)):
                a, b = (stacks[arg] for arg in children(node))
                stacks[node] = mul(a, b) if is_applied(node, mul) else div(a, b)
        self._stacks = stacks

    def result(self, index: int) -> Node:
        """Return a result of the loop as it was."""
        old, count = self._old, len(self._old.body.outputs)
        if index in self._products:
            return self._stacks[old.body.outputs[index]]
        if index < old.carries:
            return self._loop.final(index)
        if index < count:
            return self._loop.stack(self._values[index])
        return self._loop.trajectory(old.kept[index - count])
