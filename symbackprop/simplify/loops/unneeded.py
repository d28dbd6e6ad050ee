"""What nobody reads of a loop is dropped, and what is the same in all of its steps is no row and no carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set

from symbackprop.ir.body import Body
from symbackprop.ir.graph import Graph, children, topological
from symbackprop.ir.node import Apply, Const, Input, Node, Operation, Output, constant
from symbackprop.ops.bodies import inlined, substitute
from symbackprop.ops.branches import Branches, branched, cond
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.loops import Loop, looped, reached_by, scan
from symbackprop.ops.whiles import WhileLoop, repeated, while_loop
from symbackprop.simplify.loops.bodies import with_known
from symbackprop.simplify.pattern import with_new_arguments

__all__ = ["needed_loops", "without_unneeded"]


def without_unneeded(graph: Graph) -> Graph:
    """Return `graph` with loops that compute what the outputs need and nothing more.

    What only the value itself needs, where just a gradient is asked for, stays with the loop as it was, which is not
    printed then.
    """
    wanted = needed_results(graph)
    if not wanted:
        return graph
    new: dict[Node, Node] = {}
    inside: dict[Node, Node] = {}
    found: dict[Node, dict[int, Node]] = {}
    for node in graph.nodes():
        if isinstance(node, Output) and node.index in found.get(node.source, ()):
            new[node] = found[node.source][node.index]
            continue
        new[node] = with_new_arguments(node, new)
        if isinstance(node, Apply) and node in wanted:
            made = new[node]
            assert isinstance(made, Apply)
            found[node] = _SMALLER[node.op](made, wanted[node], inside)
    changed = graph.mapped(new)
    return with_known(changed, inside) if inside else changed


def needed_loops(graph: Graph) -> dict[Node, set[int]]:
    """Return for every loop that the outputs need which of its results they need."""
    return {node: results for node, results in needed_results(graph).items() if node.op is scan}


def needed_results(graph: Graph) -> dict[Node, set[int]]:
    """Return for every loop and choice that the outputs need which of its results they need."""
    if not graph.applies(*_SMALLER):
        return {}
    needed = {*graph.outputs, *graph.counts.values()}
    wanted: dict[Node, set[int]] = {}
    for node in reversed(graph.nodes()):
        if node not in needed:
            continue
        if isinstance(node, Output):
            wanted.setdefault(node.source, set()).add(node.index)
        if isinstance(node, Apply) and node in wanted and node.op in _SMALLER:
            needed.update(_NEEDED[node.op](node, wanted[node]))
        else:
            needed.update(children(node))
    return {node: results for node, results in wanted.items() if node.op in _SMALLER}


# --- loops ------------------------------------------------------------------------------------------------------------


def _needed_by_loop(node: Apply, results: Set[int]) -> list[Node]:
    """Return the arguments of a loop that some of its results need."""
    loop = Loop(node)
    carries, reached = reached_by(loop, results)
    read = [i for i, node in enumerate(loop.body.inputs) if i in carries or (i >= loop.carries and node in reached)]
    return [loop.node.args[i] for i in read]


def _smaller_loop(node: Apply, results: Set[int], inside: dict[Node, Node]) -> dict[int, Node]:
    """Return the wanted results of a loop, computed by one that does nothing else."""
    loop = Loop(node)
    carries, reached = reached_by(loop, results)
    fixed, shared = _fixed(loop, carries, reached)
    moving = [i for i in sorted(carries) if loop.carry_inputs[i] not in shared and loop.carry_inputs[i] not in fixed]
    rows = [
        (node, x)
        for node, x in zip(loop.row_inputs, loop.sequences, strict=True)
        if node in reached and node not in fixed and node not in shared
    ]
    constants = [
        (node, arg)
        for node, arg in zip(loop.constant_inputs, loop.constants, strict=True)
        if node in reached and node not in fixed
    ]
    constants += shared.items()
    values = [i for i in sorted(results) if loop.carries <= i < len(loop.body.outputs)]
    as_given = {i: x for i in values if (x := _sequence(loop, loop.body.outputs[i])) is not None}
    values = [i for i in values if i not in as_given]
    kept = [i for i in loop.kept if len(loop.body.outputs) + loop.kept.index(i) in results and i in moving]
    outputs = [*(loop.new_carries[i] for i in moving), *(loop.body.outputs[i] for i in values)]
    new = substitute(outputs, fixed)
    if fixed:
        inside.update({node: now for node, now in new.items() if now is not node and node not in fixed})
    body = Body(
        (*(loop.carry_inputs[i] for i in moving), *(node for node, _ in rows), *(node for node, _ in constants)),
        tuple(new[output] for output in outputs),
    )
    other = looped(
        body,
        [loop.initial[i] for i in moving],
        [x for _, x in rows],
        [arg for _, arg in constants],
        loop.length,
        reverse=loop.reverse,
        kept=[moving.index(i) for i in kept],
    )
    found: dict[int, Node] = {i: other.final(at) for at, i in enumerate(moving)}
    found |= {i: other.stack(at) for at, i in enumerate(values)}
    for at, i in enumerate(loop.kept):
        if i in kept:
            found[len(loop.body.outputs) + at] = other.trajectory(moving.index(i))
        elif i in carries:
            found[len(loop.body.outputs) + at] = _repeated(loop.initial[i], loop.trajectory(i))
    return {**{i: loop.initial[i] for i in carries if i not in moving}, **found, **as_given}


def _sequence(loop: Loop, value: Node) -> Node | None:
    """Return the array whose rows a value of the steps is, where it is nothing but that."""
    return loop.sequences[loop.row_inputs.index(value)] if value in loop.row_inputs else None


def _repeated(x: Node, like: Node) -> Node:
    return broadcast(x, shape=like.shape, axes=tuple(range(1, like.rank)))


def _fixed(loop: Loop, carries: Set[int], reached: Set[Node]) -> tuple[dict[Node, Node], dict[Input, Node]]:
    """Return the inputs of a step that are numbers, and those that are the same array in every step."""
    fixed: dict[Node, Node] = {}
    shared: dict[Input, Node] = {}
    for i in carries:
        if isinstance(loop.initial[i], Const) and loop.new_carries[i] is loop.initial[i]:
            fixed[loop.carry_inputs[i]] = loop.initial[i]
        if loop.new_carries[i] is loop.carry_inputs[i]:
            shared[loop.carry_inputs[i]] = loop.initial[i]
    for node, x in zip(loop.row_inputs, loop.sequences, strict=True):
        if isinstance(x, Const):
            fixed[node] = constant(x.value, node.shape, node.dtype)
        elif node in reached and isinstance(x, Apply) and x.op is broadcast and 0 not in x.param("axes"):  # type: ignore[operator]
            shared[node] = _one_row(x, node)
    for node, arg in zip(loop.constant_inputs, loop.constants, strict=True):
        if isinstance(arg, Const):
            fixed[node] = arg
    return fixed, shared


def _one_row(x: Apply, row: Input) -> Node:
    """Return what all rows of a repeated array are."""
    axes: tuple[int, ...] = x.param("axes")  # type: ignore[assignment]
    (inner,) = x.args
    return inner if inner.shape == row.shape else broadcast(inner, shape=row.shape, axes=tuple(a - 1 for a in axes))


# --- branches ---------------------------------------------------------------------------------------------------------


def _needed_by_choice(node: Apply, results: Set[int]) -> list[Node]:
    """Return the arguments of a choice that some of its results need."""
    choice = Branches(node)
    reached = set(topological(body.outputs[at] for body in choice.bodies for at in results))
    pairs = zip(choice.inputs, choice.shared, strict=True)
    return [choice.chooser, *(arg for inner, arg in pairs if inner in reached)]


def _smaller_choice(node: Apply, results: Set[int], inside: dict[Node, Node]) -> dict[int, Node]:
    """Return the wanted results of a choice, computed by branches that do nothing else."""
    choice = Branches(node)
    wanted = sorted(results)
    outputs = [body.outputs[at] for body in choice.bodies for at in wanted]
    reached = set(topological(outputs))
    bound = [pair for pair in zip(choice.inputs, choice.shared, strict=True) if pair[0] in reached]
    fixed: dict[Node, Node] = {inner: arg for inner, arg in bound if isinstance(arg, Const)}
    new = substitute(outputs, fixed)
    inside.update({old: now for old, now in new.items() if now is not old and old not in fixed})
    kept = [pair for pair in bound if pair[0] not in fixed]
    inputs = tuple(inner for inner, _ in kept)
    bodies = [Body(inputs, tuple(new[body.outputs[at]] for at in wanted)) for body in choice.bodies]
    if isinstance(choice.chooser, Const) and isinstance(choice.chooser.value, int):
        chosen = _chosen_number(choice.chooser, len(bodies))
        return dict(zip(wanted, inlined(bodies[chosen], [arg for _, arg in kept]), strict=True))
    smaller = branched(choice.chooser, bodies, [arg for _, arg in kept])
    return {at: smaller.result(position) for position, at in enumerate(wanted)}


def _chosen_number(chooser: Const, count: int) -> int:
    """Return which branch a known chooser means."""
    if chooser.dtype == "bool":
        return 0 if chooser.value else 1
    return min(max(int(chooser.value), 0), count - 1)  # type: ignore[arg-type]


# --- while ------------------------------------------------------------------------------------------------------------


def _read_by_while(loop: WhileLoop, results: Set[int]) -> set[Node]:
    """Return the nodes of condition and step that some results need."""
    carries = {i for i in results if i < loop.carries}
    carries |= {loop.kept[i - loop.carries - 1] for i in results if i > loop.carries}
    by_input = {node: i for i, node in enumerate(loop.carry_inputs)}
    reached: set[Node] = {loop.carry_inputs[i] for i in carries}
    waiting = [*loop.condition.outputs, *(loop.new_carries[i] for i in sorted(carries))]
    while waiting:
        more = topological(waiting, known=reached)
        reached.update(more)
        new = sorted({by_input[node] for node in more if node in by_input} - carries)
        carries.update(new)
        waiting = [loop.new_carries[i] for i in new]
    return reached


def _needed_by_while(node: Apply, results: Set[int]) -> list[Node]:
    loop = WhileLoop(node)
    reached = _read_by_while(loop, results)
    return [arg for inner, arg in zip(loop.body.inputs, node.args, strict=True) if inner in reached]


def _smaller_while(node: Apply, results: Set[int], inside: dict[Node, Node]) -> dict[int, Node]:
    """Return the wanted results of a loop, computed by one that does nothing else."""
    loop = WhileLoop(node)
    reached = _read_by_while(loop, results)
    carries = [i for i, inner in enumerate(loop.carry_inputs) if inner in reached]
    pairs = [pair for pair in zip(loop.constant_inputs, loop.constants, strict=True) if pair[0] in reached]
    fixed: dict[Node, Node] = {inner: arg for inner, arg in pairs if isinstance(arg, Const)}
    kept = [pair for pair in pairs if pair[0] not in fixed]
    outputs = [*(loop.new_carries[i] for i in carries), *loop.condition.outputs]
    new = substitute(outputs, fixed)
    inside.update({old: now for old, now in new.items() if now is not old and old not in fixed})
    inputs = (*(loop.carry_inputs[i] for i in carries), *(inner for inner, _ in kept))
    whole = Body(inputs, tuple(new[output] for output in outputs))
    paths = [i for at, i in enumerate(loop.kept) if loop.carries + 1 + at in results]
    other = repeated(
        whole.part([len(carries)]), whole.part(range(len(carries))), [loop.initial[i] for i in carries],
        [arg for _, arg in kept], limit=loop.limit, size=loop.size, kept=[carries.index(i) for i in paths],
    )  # fmt: skip
    found = {i: other.final(at) for at, i in enumerate(carries)}
    found |= {loop.carries + 1 + at: other.trajectory(carries.index(i)) for at, i in enumerate(loop.kept) if i in paths}
    return {**found, loop.carries: other.count}


_NEEDED: Mapping[Operation, Callable[[Apply, Set[int]], list[Node]]] = {
    scan: _needed_by_loop,
    cond: _needed_by_choice,
    while_loop: _needed_by_while,
}
_SMALLER: Mapping[Operation, Callable[[Apply, Set[int], dict[Node, Node]], dict[int, Node]]] = {
    scan: _smaller_loop,
    cond: _smaller_choice,
    while_loop: _smaller_while,
}
