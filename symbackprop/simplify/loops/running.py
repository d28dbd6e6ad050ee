"""Running sums of products of entries, in loops back, as one contraction of stacked factors behind the loop.

This runs when it is known what the steps read: of an adjoint ``g * s`` the rows of ``s`` may have been made before the loop.
What a step adds up then is a product of a row and a smaller array, which is stacked; nothing of the size of the sum is made
in the steps any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from symbackprop.ir.body import Body
from symbackprop.ir.graph import Graph, count_uses
from symbackprop.ir.node import Apply, Node
from symbackprop.ops.arithmetic import add, mul, neg
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.contraction import Indices, contract
from symbackprop.ops.loops import Loop, looped
from symbackprop.simplify.loops.before import CARRIED, ROW, dependence
from symbackprop.simplify.loops.remade import with_loops_back_remade

__all__ = ["with_running_products_behind"]

Factor = tuple[Node, Indices]  # an array, and which axes of the product it has


def with_running_products_behind(graph: Graph) -> Graph:
    """Return `graph` with the running sums of its loops back taken out of them that are sums of such products."""
    return with_loops_back_remade(graph, _running_products, _Made)


@dataclass(frozen=True)
class _Sum:
    """A carry to which every step adds the product of some factors, or from which it subtracts that."""

    factors: tuple[Factor, Factor]
    is_negative: bool


def _running_products(loop: Loop, results: Set[int]) -> dict[int, _Sum]:
    """Return the carries that are sums of products of a row of their size and something smaller, by their numbers."""
    nodes, kinds = loop.body.nodes(), dependence(loop)
    uses = count_uses(nodes, loop.body.outputs)
    found: dict[int, _Sum] = {}
    for number, (carry, value) in enumerate(zip(loop.carry_inputs, loop.new_carries, strict=True)):
        is_sum = isinstance(value, Apply) and value.op is add and len(value.args) == 2 and carry in value.args
        if not is_sum or uses.get(carry) != 1 or number in loop.kept or number not in results:
            continue
        term = value.args[1] if value.args[0] is carry else value.args[0]
        is_negative = isinstance(term, Apply) and term.op is neg
        product = term.args[0] if is_negative else term
        factors = _factors(product)
        if factors is not None and {kinds[node] for node, _ in factors} == {ROW, CARRIED}:
            ((row, _), (carried, _)) = sorted(factors, key=lambda factor: kinds[factor[0]] == CARRIED)
            if row in loop.row_inputs and carried.rank < product.rank:
                found[number] = _Sum(factors, is_negative)
    return found


def _factors(product: Node) -> tuple[Factor, Factor] | None:
    """Return the two factors of a product of entries, without what repeats them."""
    if not isinstance(product, Apply) or product.op is not mul:
        return None
    a, b = (
        (arg.args[0], arg.param("axes"))
        if isinstance(arg, Apply) and arg.op is broadcast
        else (arg, tuple(range(arg.rank)))
        for arg in product.args
    )
    return a, b  # type: ignore[return-value]


class _Made:
    """A loop without some of its running sums, and the results of the loop that it replaces."""

    def __init__(self, loop: Loop, sums: Mapping[int, _Sum]) -> None:
        self._old, self._sums = loop, sums
        left = [number for number in range(loop.carries) if number not in sums]
        self._carries = {number: at for at, number in enumerate(left)}
        known = {*loop.row_inputs, *loop.values}
        factors = [node for found in sums.values() for node, _ in found.factors]
        self._more = [node for node in dict.fromkeys(factors) if node not in known]
        inputs = [loop.carry_inputs[number] for number in left]
        outputs = [loop.new_carries[number] for number in left]
        body = Body((*inputs, *loop.row_inputs, *loop.constant_inputs), (*outputs, *loop.values, *self._more))
        kept = [self._carries[number] for number in loop.kept]
        self._loop = looped(body, [loop.initial[number] for number in left], loop.sequences, loop.constants, loop.length,
                            reverse=loop.reverse, kept=kept)  # fmt: skip
        values = [*loop.values, *self._more]
        self._rows: dict[Node, Node] = {node: self._loop.stack(at) for at, node in enumerate(values)}
        self._rows.update(zip(loop.row_inputs, loop.sequences, strict=True))

    def result(self, index: int) -> Node:
        """Return a result of the loop as it was."""
        old, count = self._old, len(self._old.body.outputs)
        if index in self._sums:
            return self._total(index)
        if index < old.carries:
            return self._loop.final(self._carries[index])
        if index < count:
            return self._loop.stack(index - old.carries)
        return self._loop.trajectory(self._carries[old.kept[index - count]])

    def _total(self, number: int) -> Node:
        found = self._sums[number]
        rank = self._old.carry_inputs[number].rank
        arrays = [self._rows[node] for node, _ in found.factors]
        total = contract(arrays, [(rank, *axes) for _, axes in found.factors], tuple(range(rank)))
        initial = self._old.initial[number]
        return initial - total if found.is_negative else initial + total
