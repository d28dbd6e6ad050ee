"""What the steps of a loop back make of their rows alone is made before it, of all rows at once.

A step back multiplies what is handed on by what the way there has left, as in ``g * s * (1 - s)`` for the adjoint behind
a sigmoid. Such factors are taken together, and where several rows make one, a few operations on whole stacks make it for all
steps, which leaves one product for each step. What is made of one row alone stays in the step: it would be a stack more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph, children, count_uses
from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.arithmetic import add, div, mul, neg
from symbackprop.ops.bodies import substitute
from symbackprop.ops.broadcasting import broadcast, cast
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import Bounds, slice_
from symbackprop.ops.loops import Loop, looped
from symbackprop.simplify.loops.before import CARRIED, ROW, SHARED, dependence, repeated_rows
from symbackprop.simplify.loops.bodies import with_known
from symbackprop.simplify.loops.unneeded import needed_loops
from symbackprop.simplify.pattern import with_new_arguments

__all__ = ["Stacks", "with_factors_ahead"]


def with_factors_ahead(graph: Graph) -> Graph:
    """Return `graph` with what its loops back make of rows alone computed before them."""
    wanted = set(needed_loops(graph)) - set(graph.primal_nodes)
    if not wanted:
        return graph
    new: dict[Node, Node] = {}
    together: dict[Node, Node] = {}  # what nodes of steps have become
    ahead: dict[Node, Node] = {}
    for node in graph.nodes():
        new[node] = with_new_arguments(node, new)
        if node in wanted:
            loop = _with_factors_together(Loop(new[node]), together)  # type: ignore[arg-type]
            new[node] = _with_rows_ahead(loop, ahead).node
    return with_known(with_known(graph.mapped(new), together), ahead)


def _with_outputs(loop: Loop, now: Mapping[Node, Node], ahead: Mapping[Node, Node]) -> Loop:
    """Return a loop whose outputs have become others, which also read the rows of what is computed `ahead` of it."""
    inputs = (*loop.carry_inputs, *loop.row_inputs, *ahead, *loop.constant_inputs)
    body = Body(inputs, tuple(now[output] for output in loop.body.outputs))  # type: ignore[arg-type]
    return looped(body, loop.initial, [*loop.sequences, *ahead.values()], loop.constants, loop.length,
                  reverse=loop.reverse, kept=loop.kept)  # fmt: skip


# --- factors ----------------------------------------------------------------------------------------------------------


def _with_factors_together(loop: Loop, inside: dict[Node, Node]) -> Loop:
    """Return a loop in whose products the factors that no carry takes part in are multiplied first."""
    nodes, kinds, rows = loop.body.nodes(), dependence(loop), _Rows(loop)
    uses = count_uses(nodes, loop.body.outputs)
    within = {
        arg
        for node in nodes
        if _is_product(node, kinds)
        for arg in children(node)
        if _is_product(arg, kinds) and uses[arg] == 1 and kinds[arg] == CARRIED
    }
    new: dict[Node, Node] = {}
    for node in nodes:
        new[node] = with_new_arguments(node, new)
        if _is_product(node, kinds) and node not in within and kinds[node] == CARRIED:
            factors, divisors = _factors(node, within)
            early = [factor for factor in factors if kinds[factor] != CARRIED]
            if len(early) + len(divisors) > 1 and rows.are_several([*early, *divisors]):
                late = [new[factor] for factor in factors if kinds[factor] == CARRIED]
                new[node] = reduce(mul, [*late, _quotient([new[x] for x in early], [new[x] for x in divisors])])
    inside.update({node: now for node, now in new.items() if now is not node})
    return _with_outputs(loop, new, {})


def _is_product(node: Node, kinds: Mapping[Node, int]) -> bool:
    """Tell whether `node` is a product, or a quotient by what no carry takes part in."""
    if not isinstance(node, Apply):
        return False
    return node.op is mul or (node.op is div and kinds[node.args[1]] != CARRIED)


def _factors(product: Node, within: set[Node]) -> tuple[list[Node], list[Node]]:
    """Return the factors of a product, and of the products `within` it, from left to right; and what divides them."""
    found: list[Node] = []
    divisors: list[Node] = []
    waiting = [product]
    while waiting:
        node = waiting.pop()
        if node is not product and node not in within:
            found.append(node)
        elif isinstance(node, Apply) and node.op is div:
            waiting.append(node.args[0])
            divisors.append(node.args[1])
        else:
            waiting.extend(reversed(children(node)))
    return found, divisors


def _quotient(factors: Sequence[Node], divisors: Sequence[Node]) -> Node:
    """Return the product of some factors over that of some divisors."""
    if not divisors:
        return reduce(mul, factors)
    divisor = reduce(mul, divisors)
    return div(reduce(mul, factors), divisor) if factors else div(constant(1, divisor.shape, divisor.dtype), divisor)


# --- rows -------------------------------------------------------------------------------------------------------------


class _Rows:
    """Of which row the nodes of a step are made, where they are made of just one."""

    def __init__(self, loop: Loop) -> None:
        self._of: dict[Node, Node | None] = {row: row for row in loop.row_inputs}  # None stands for several
        for node in loop.body.nodes():
            found = {self._of[child] for child in children(node) if child in self._of}
            if found:
                self._of[node] = found.pop() if len(found) == 1 else None

    def are_several(self, nodes: Iterable[Node]) -> bool:
        """Tell whether nodes are made of more than one row."""
        found = {self._of[node] for node in nodes if node in self._of}
        return len(found) > 1 or None in found


def _with_rows_ahead(loop: Loop, inside: dict[Node, Node]) -> Loop:
    """Return a loop whose steps read what they would make of their rows alone."""
    nodes, rows, stacks = loop.body.nodes(), _Rows(loop), Stacks(loop)
    left: set[Node] = {*loop.body.outputs}  # what steps compute or read
    chosen: list[Node] = []
    for node in reversed(nodes):
        if node not in left:
            continue
        if node in stacks.found and rows.are_several([node]) and not _is_free(node):
            chosen.append(node)
        else:
            left.update(children(node))
    if not chosen:
        return loop
    chosen.reverse()
    fresh = fresh_inputs(chosen, loop.body.inputs)
    now = substitute(loop.body.outputs, dict(zip(chosen, fresh, strict=True)))
    inside.update({node: after for node, after in now.items() if after is not node and node not in chosen})
    return _with_outputs(loop, now, {row: stacks.found[node] for row, node in zip(fresh, chosen, strict=True)})


class Stacks:
    """What nodes of a step are in all steps, for those that are made of rows entry by entry and no larger than these."""

    def __init__(self, loop: Loop) -> None:
        self.found: dict[Node, Node] = {
            row: x for row, x in zip(loop.row_inputs, loop.sequences, strict=True) if is_float(row.dtype)
        }
        self._loop = loop
        self._kinds = dependence(loop)
        self._rank: dict[Node, int] = {row: row.rank for row in self.found}  # of the largest row that each is made of
        self._shared: dict[Node, Node] = dict(zip(loop.constant_inputs, loop.constants, strict=True))
        for node in loop.body.nodes():
            if isinstance(node, Apply) and self._kinds[node] == ROW:
                self._take_in(node)

    def _take_in(self, node: Apply) -> None:
        if not all(arg in self.found or self._kinds[arg] == SHARED for arg in node.args):
            return
        rank = max(self._rank[arg] for arg in node.args if arg in self.found)
        if node.op is not broadcast and node.rank > rank:
            return
        stack = self._stack(node, [self._of(arg) for arg in node.args])
        if stack is not None:
            self.found[node], self._rank[node] = stack, rank

    def _of(self, arg: Node) -> Node:
        if arg in self.found:
            return self.found[arg]
        return repeated_rows(substitute([arg], self._shared)[arg], self._loop.length)

    def _stack(self, node: Apply, args: Sequence[Node]) -> Node | None:
        if node.op is broadcast:
            axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
            shape = (self._loop.length, *node.shape)
            return broadcast(args[0], shape=shape, axes=(0, *(axis + 1 for axis in axes)))
        if node.op is slice_:
            bounds: Bounds = node.param("bounds")  # type: ignore[assignment]
            return slice_(args[0], bounds=(None, *bounds))
        if isinstance(node.op, Primitive) and (node.op.kind == "elementwise" or node.op in (add, cast)):
            return node.op(*args, **dict(node.params))
        return None


def _is_free(node: Node) -> bool:
    """Tell whether a step has `node` at no cost."""
    return isinstance(node, Apply) and node.op in (broadcast, neg, slice_)
