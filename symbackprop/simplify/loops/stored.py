"""Two loops that take the same steps become one; and a loop back reads what the loop there has computed.

The reverse pass writes down the steps of the loop once more, keeping the trajectories of its carries, and lets every step
back compute again what it needs of the step there. Here the two loops there become one, and what a step back would
compute again is stacked by the step there, unless it is cheap to make of what is stacked already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace

from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.graph import Graph, children
from symbackprop.ir.node import Apply, Const, Input, Node, Output, make_output
from symbackprop.ops.bodies import substitute
from symbackprop.ops.broadcasting import broadcast, cast
from symbackprop.ops.declare import Primitive
from symbackprop.ops.loops import Loop, looped
from symbackprop.ops.whiles import WhileLoop, while_loop
from symbackprop.simplify.loops.bodies import with_known
from symbackprop.simplify.loops.there import loop_there, mirrored, of_one_step_there
from symbackprop.simplify.loops.unneeded import needed_loops
from symbackprop.simplify.pattern import with_new_arguments

__all__ = ["as_one", "with_stored"]

_ARRAY = 8  # numbers or views to be computed cost as much as one array


# --- one loop for two -------------------------------------------------------------------------------------------------


def as_one(graph: Graph) -> Graph:
    """Return `graph` with loops that bind the same, and hand the same on, as one that gives the results of all.

    So does a `while_loop` with a loop that takes as many steps as it has taken.
    """
    wanted = needed_loops(graph)
    groups: dict[object, list[Loop]] = {}
    whiles: dict[object, WhileLoop] = {}
    for node in graph.nodes():
        if isinstance(node, Apply) and node.op is while_loop and WhileLoop(node).size is not None:
            repeated = WhileLoop(node)
            whiles[node.args, repeated.body.inputs, repeated.new_carries, repeated.size, False] = repeated
        elif node in wanted:
            loop = Loop(node)  # type: ignore[arg-type]
            key = (loop.node.args, loop.body.inputs, loop.new_carries, loop.length, loop.reverse)
            groups.setdefault(key, []).append(loop)
    same: dict[Node, list[Loop]] = {loop.node: loops for loops in groups.values() if len(loops) > 1 for loop in loops}
    taken: dict[Node, WhileLoop] = {
        loop.node: whiles[key]
        for key, loops in groups.items()
        if key in whiles and not any(loop.values for loop in loops)
        for loop in loops
    }
    if not same and not taken:
        return graph
    return _Merging(graph, same, taken).merged()


class _Merging:
    """Puts one loop in the place of several."""

    def __init__(self, graph: Graph, same: Mapping[Node, list[Loop]], taken: Mapping[Node, WhileLoop]) -> None:
        self._graph = graph
        self._same = same
        self._taken = taken
        self._kept: dict[Node, set[int]] = {}
        for node, loop in taken.items():
            self._kept.setdefault(loop.node, {*loop.kept}).update(Loop(node).kept)  # type: ignore[arg-type]
        self._new: dict[Node, Node] = {}
        self._larger: dict[Node, WhileLoop] = {}

    def merged(self) -> Graph:
        graph, new = self._graph, self._new
        primal = set(graph.primal_nodes)
        forward: list[Node] = []
        for node in graph.nodes():
            if not isinstance(node, Output):
                new[node] = with_new_arguments(node, new)
                continue
            new[node] = self._result(node)
            sources = [loop.node for loop in self._same.get(node.source, ())]
            sources += [self._taken[node.source].node] if node.source in self._taken else []
            if any(source in primal for source in sources):
                forward.append(new[node])
        changed = graph.mapped(new)
        return replace(changed, forward=(*changed.forward, *dict.fromkeys(forward)))

    def _result(self, node: Output) -> Node:
        source = node.source
        if source in self._kept:
            at = node.index - WhileLoop(source).carries - 1
            whole = self._with_steps(source)
            if at >= 0:
                return whole.trajectory(WhileLoop(source).kept[at])
            return make_output(whole.node, node.index, node.shape, node.dtype)
        if source in self._taken:
            return _of_while(self._with_steps(self._taken[source].node), Loop(source), node.index)
        if source in self._same:
            loop = Loop(source)
            return _result(_whole(self._same[source], self._new), loop, node.index)
        return with_new_arguments(node, self._new)

    def _with_steps(self, node: Apply) -> WhileLoop:
        """Return a `while_loop` with the trajectories of all loops that it stands for, which have the same arguments."""
        if node not in self._larger:
            args = [self._new[arg] for arg in node.args]
            self._larger[node] = WhileLoop(node).with_steps_kept(args, sorted(self._kept[node]))
        return self._larger[node]


def _of_while(whole: WhileLoop, loop: Loop, index: int) -> Node:
    """Return a result of a loop in terms of the one that has taken as many steps."""
    return whole.final(index) if index < loop.carries else whole.trajectory(loop.kept[index - loop.carries])


def _whole(loops: list[Loop], new: Mapping[Node, Node]) -> Loop:
    """Return the loop that has the results of all of `loops`."""
    first = loops[0]
    every = dict.fromkeys(value for loop in loops for value in loop.values)
    return _with_results(first, new, every, {i for loop in loops for i in loop.kept})


def _with_results(first: Loop, new: Mapping[Node, Node], every: Iterable[Node], kept: Set[int]) -> Loop:
    """Return a loop with the values `every`, each a stack or a part of a kept trajectory."""
    every = [*every]
    kept = kept | {i for i, carry in enumerate(first.carry_inputs) if carry in every}
    known = {first.new_carries[i] for i in kept} | {first.carry_inputs[i] for i in kept}
    values = [value for value in every if value not in known]
    at = first.carries + first.rows
    args = [new[arg] for arg in first.node.args]
    body = Body(first.body.inputs, (*first.new_carries, *values))
    return looped(body, args[: first.carries], args[first.carries : at], args[at:], first.length,
                  reverse=first.reverse, kept=sorted(kept))  # fmt: skip


def _result(whole: Loop, loop: Loop, index: int) -> Node:
    """Return in terms of the whole the result of one loop."""
    count = len(loop.body.outputs)
    if index < loop.carries:
        return whole.final(index)
    if index >= count:
        return whole.trajectory(loop.kept[index - count])
    return _rows_of(whole, loop.body.outputs[index])


def _rows_of(whole: Loop | WhileLoop, value: Node) -> Node:
    """Return what a value of a step is in all steps."""
    for i in whole.kept:
        if value is whole.new_carries[i]:
            return whole.leaving(whole.trajectory(i))
        if value is whole.carry_inputs[i]:
            return whole.entering(whole.trajectory(i))
    assert isinstance(whole, Loop)
    return whole.stack(whole.values.index(value))


# --- what the way back reads ------------------------------------------------------------------------------------------


@dataclass
class _Reading:
    """A loop back, the loop there, and what of its steps the steps back read instead of computing it."""

    there: Loop | WhileLoop
    nodes: list[Node] = field(default_factory=list)


def with_stored(graph: Graph, *, stacks: bool = True) -> Graph:
    """Return `graph` with loops back that read what the loops there have computed; without `stacks` the carries alone."""
    wanted = needed_loops(graph)
    readings: dict[Node, _Reading] = {}
    demands: dict[Node, dict[Node, None]] = {}
    for node in wanted:
        loop = Loop(node)  # type: ignore[arg-type]
        there = loop_there(loop, wanted)
        if there is None:
            continue
        chosen = _chosen(loop, there, stacks=stacks)
        if chosen:
            readings[node] = _Reading(there, chosen)
            demands.setdefault(there.node, {}).update(dict.fromkeys(chosen))
    if not readings:
        return graph
    new: dict[Node, Node] = {}
    inside: dict[Node, Node] = {}
    larger: dict[Node, Loop | WhileLoop] = {}
    for node in graph.nodes():
        if isinstance(node, Output) and node.source in larger:
            new[node] = _same_result(larger[node.source], node)
        elif node in readings:
            reading = readings[node]
            new[node] = _reading(Loop(node), reading, larger[reading.there.node], new, inside)  # type: ignore[arg-type]
        else:
            new[node] = with_new_arguments(node, new)
        if node in demands:
            larger[node] = _giving_more(node, new, demands[node])
    changed = graph.mapped(new)
    return with_known(changed, inside)


def _giving_more(node: Node, new: Mapping[Node, Node], nodes: Iterable[Node]) -> Loop | WhileLoop:
    """Return a loop that also gives all values of some nodes of its step."""
    assert isinstance(node, Apply)
    if node.op is while_loop:
        repeated = WhileLoop(node)
        kept = {*repeated.kept, *(i for i, carry in enumerate(repeated.new_carries) if carry in nodes)}
        return repeated.with_steps_kept([new[arg] for arg in node.args], sorted(kept))
    there = Loop(node)
    every = dict.fromkeys((*there.values, *nodes))
    return _with_results(there, new, every, {*there.kept, *(i for i, c in enumerate(there.new_carries) if c in nodes)})


def _same_result(whole: Loop | WhileLoop, node: Output) -> Node:
    """Return what a result of a loop is in one that gives more."""
    if isinstance(whole, Loop):
        return _result(whole, Loop(node.source), node.index)
    loop = WhileLoop(node.source)
    if node.index <= loop.carries:
        return make_output(whole.node, node.index, node.shape, node.dtype)
    return whole.trajectory(loop.kept[node.index - loop.carries - 1])


def _reading(
    loop: Loop, reading: _Reading, there: Loop | WhileLoop, new: Mapping[Node, Node], inside: dict[Node, Node]
) -> Node:
    """Return a loop back whose steps read what is stacked, in place of `loop`."""
    fresh = fresh_inputs(reading.nodes, (*loop.body.inputs, *there.body.inputs))
    now = substitute(loop.body.outputs, dict(zip(reading.nodes, fresh, strict=True)))
    inside.update({node: after for node, after in now.items() if after is not node and node not in reading.nodes})
    at, behind = loop.carries, loop.carries + loop.rows
    args = [new[arg] for arg in loop.node.args]
    inputs = (*loop.body.inputs[:behind], *fresh, *loop.body.inputs[behind:])
    rows = [*args[at:behind], *(_rows_of(there, node) for node in reading.nodes)]
    body = Body(inputs, tuple(now[output] for output in loop.body.outputs))
    return looped(body, args[:at], rows, args[behind:], loop.length, reverse=loop.reverse, kept=loop.kept).node


def _chosen(loop: Loop, there: Loop | WhileLoop, *, stacks: bool) -> list[Node]:
    """Return the nodes of the step there that the step back is to read."""
    order = loop.body.nodes()
    pure = of_one_step_there(loop, there)
    frontier = {child for node in order if node not in pure for child in children(node) if child in pure}
    frontier |= {output for output in loop.body.outputs if output in pure}
    computed = set(there.body.nodes() if stacks and isinstance(there, Loop) else there.new_carries)
    return _Choice(mirrored(loop, there), computed).of([node for node in order if node in frontier])


class _Choice:
    """Chooses what to read: what the step there computes, unless it is cheap to make of what is read already."""

    def __init__(self, inputs: Set[Node], computed: Set[Node]) -> None:
        self._computed = computed
        self._at_hand: set[Node] = set(inputs)
        self._chosen: dict[Node, None] = {}

    def of(self, frontier: Iterable[Node]) -> list[Node]:
        waiting = [*frontier]
        cheap: dict[Node, None] = {}
        seen: set[Node] = set()
        while waiting:
            node = waiting.pop()
            if node in seen or node in self._at_hand or isinstance(node, (Const, Input)):
                continue
            seen.add(node)
            if _is_cheap(node):
                cheap[node] = None
            elif not self._choose(node):
                waiting.extend(children(node))
        rest = [*cheap]  # from the first to the last that is computed
        while rest:
            node = rest.pop()
            if self._is_at_hand(node):
                self._at_hand.add(node)  # it is computed in the step back
                continue
            if not self._choose(node):
                rest.extend(child for child in children(node) if not self._is_at_hand(child))
        return [*self._chosen]

    def _choose(self, node: Node) -> bool:
        """Read `node`, if the step there computes it, and not what it is a view of."""
        if _is_view(node):
            return False
        if node in self._computed or (isinstance(node, Output) and node.source in self._computed):
            self._chosen[node] = None
            self._at_hand.add(node)
            return True
        return False

    def _is_at_hand(self, node: Node, budget: int = 3 * _ARRAY - 1) -> bool:
        """Tell whether `node` is read, or is a cheap operation or two, of numbers several, on what is."""
        if node in self._at_hand or isinstance(node, Const):
            return True
        rest = budget - (_ARRAY if node.shape and not _is_view(node) else 1)
        return rest >= 0 and _is_cheap(node) and all(self._is_at_hand(child, rest) for child in children(node))


def _is_view(node: Node) -> bool:
    """Tell whether `node` shows the memory of another array, so that stacking it would repeat or copy that."""
    return (
        isinstance(node, Apply)
        and isinstance(node.op, Primitive)
        and (node.op is broadcast or node.op.memory == "view")
    )


def _is_cheap(node: Node) -> bool:
    """Tell whether computing `node` costs no more than reading it."""
    if not isinstance(node, Apply) or not isinstance(node.op, Primitive):
        return False
    op = node.op
    return _is_view(node) or (op.kind == "elementwise" and op.flops <= 1) or op is cast or op.name == "add"
