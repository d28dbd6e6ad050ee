"""Rules of loops and branches: their bodies become bodies of batches.

A carry is a batch if one enters it, in the first step or a later one. Where examples choose different branches, all
branches are computed; where they take different numbers of steps, those that are done stand still.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from symbackprop.ir.body import Body
from symbackprop.ir.graph import children
from symbackprop.ir.node import Input, Node
from symbackprop.ops.assumptions import assuming
from symbackprop.ops.branches import Branches, branched, cond
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.comparison import equal, less_equal, where
from symbackprop.ops.implicit import require
from symbackprop.ops.loops import Loop, looped, scan
from symbackprop.ops.reduction import all_, any_, smallest
from symbackprop.ops.whiles import WhileLoop, repeated, while_loop
from symbackprop.transform.batching.call import Call, Made, Rules, entering, whole
from symbackprop.transform.batching.turning import turned

__all__ = ["RULES"]


def _reached(nodes: Iterable[Node], first: Iterable[Node], carried: Mapping[Node, list[Input]]) -> set[Node]:
    """Return what depends on `first` in a step; a carry does where what becomes of it did in the step before."""
    users: dict[Node, list[Node]] = {}
    for node in nodes:
        for child in children(node):
            users.setdefault(child, []).append(node)
    waiting = list(first)
    found = set(waiting)
    while waiting:
        node = waiting.pop()
        for follower in (*users.get(node, ()), *carried.get(node, ())):
            if follower not in found:
                found.add(follower)
                waiting.append(follower)
    return found


def _moving(loop: Loop | WhileLoop, first: Iterable[Node]) -> set[Node]:
    """Return what is a batch in the steps of a loop, if `first` are."""
    carried: dict[Node, list[Input]] = {}
    for before, after in zip(loop.carry_inputs, loop.new_carries, strict=True):
        carried.setdefault(after, []).append(before)
    return _reached(loop.body.nodes(), first, carried)


def _given(inputs: Sequence[Input], moved: Sequence[bool]) -> list[Input]:
    return [node for node, flag in zip(inputs, moved, strict=True) if flag]


def _known(inputs: Sequence[Input], new: Sequence[Input], moved: Sequence[bool]) -> dict[Node, Made]:
    return {node: Made(now, flag) for node, now, flag in zip(inputs, new, moved, strict=True)}


def _whole(made: Made, call: Call) -> Node:
    return made.node if made.moved else whole(made.node, call.size)


# --- loops of a known number of steps ---------------------------------------------------------------------------------


def _scan(call: Call) -> list[Made]:
    loop = Loop(call.node)
    reached = _moving(loop, _given(loop.body.inputs, call.moved))
    moved = [node in reached for node in loop.body.inputs]
    carried, behind = moved[: loop.carries], loop.carries + loop.rows
    inputs = entering(loop.body, moved, call.size)
    made = call.walk.made(loop.body.outputs, _known(loop.body.inputs, inputs, moved))
    carries = [_whole(m, call) if flag else m.node for m, flag in zip(made, carried, strict=False)]
    values = made[loop.carries :]
    twin = looped(
        Body(tuple(inputs), (*carries, *(m.node for m in values))),
        [call.whole(i) if flag else call.args[i] for i, flag in enumerate(carried)],
        [turned(call.args[i]) if moved[i] else call.args[i] for i in range(loop.carries, behind)],
        call.args[behind:],
        loop.length,
        reverse=loop.reverse,
        kept=loop.kept,
    )
    return [
        *(Made(twin.final(i), flag) for i, flag in enumerate(carried)),
        *(_rows(twin.stack(i), m.moved) for i, m in enumerate(values)),
        *(_rows(twin.trajectory(i), carried[i]) for i in loop.kept),
    ]


def _rows(x: Node, moved: bool) -> Made:
    return Made(turned(x) if moved else x, moved)


# --- loops that a condition ends --------------------------------------------------------------------------------------


def _while(call: Call) -> list[Made]:
    loop = WhileLoop(call.node)
    reached = _moving(loop, _given(loop.body.inputs, call.moved))
    (running,) = loop.condition.outputs
    if running in _reached(loop.condition.nodes(), reached.intersection(loop.body.inputs), {}):
        return _masked_while(call, loop, reached)
    moved = [node in reached for node in loop.body.inputs]
    inputs = entering(loop.body, moved, call.size)
    known = _known(loop.body.inputs, inputs, moved)
    made = call.walk.made((running, *loop.new_carries), known)
    carries = [_whole(m, call) if flag else m.node for m, flag in zip(made[1:], moved, strict=False)]
    twin = repeated(
        Body(tuple(inputs), (made[0].node,)),
        Body(tuple(inputs), tuple(carries)),
        [call.whole(i) if moved[i] else call.args[i] for i in range(loop.carries)],
        call.args[loop.carries :],
        limit=loop.limit,
        size=loop.size,
        kept=loop.kept,
    )
    return [
        *(Made(twin.final(i), moved[i]) for i in range(loop.carries)),
        Made(twin.count, False),
        *(_rows(twin.trajectory(i), moved[i]) for i in loop.kept),
    ]


def _masked_while(call: Call, loop: WhileLoop, reached: set[Node]) -> list[Made]:
    """Return the loop that runs until all examples are done; how many steps each takes is no result of it."""
    changed = [node for node, new in zip(loop.carry_inputs, loop.new_carries, strict=True) if new is not node]
    reached = reached | set(changed)
    moved = [node in reached for node in loop.body.inputs]
    inputs = entering(loop.body, moved, call.size)
    known = _known(loop.body.inputs, inputs, moved)
    running, *made = call.walk.made((*loop.condition.outputs, *loop.new_carries), known)
    carries = [
        where(_over(running.node, now), _whole(m, call), now) if flag else m.node
        for m, now, flag in zip(made, inputs, moved, strict=False)
    ]
    twin = repeated(
        Body(tuple(inputs), (any_(running.node, axes=(0,)),)),
        Body(tuple(inputs), tuple(carries)),
        [call.whole(i) if moved[i] else call.args[i] for i in range(loop.carries)],
        call.args[loop.carries :],
        limit=loop.limit,
    )
    call.walk.note_choice()
    return [Made(twin.final(i), moved[i]) for i in range(loop.carries)]


def _over(mask: Node, x: Node) -> Node:
    """Return a truth value an example, for all entries of the example."""
    return broadcast(mask, shape=x.shape, axes=(0,)) if x.rank > 1 else mask


# --- branches ---------------------------------------------------------------------------------------------------------


def _cond(call: Call) -> list[Made]:
    choice = Branches(call.node)
    if call.moved[0]:
        return _chosen(call, choice)
    moved = call.moved[1:]
    inputs = entering(choice.bodies[0], moved, call.size)
    known = _known(choice.inputs, inputs, moved)
    every = [call.walk.made(body.outputs, known) for body in choice.bodies]
    flags = [any(made.moved for made in found) for found in zip(*every, strict=True)]
    bodies = [
        Body(tuple(inputs), tuple(_whole(m, call) if flag else m.node for m, flag in zip(found, flags, strict=True)))
        for found in every
    ]
    twin = branched(call.args[0], bodies, call.args[1:])
    return [Made(twin.result(position), flag) for position, flag in enumerate(flags)]


def _chosen(call: Call, choice: Branches) -> list[Made]:
    """Return the choice for each example among what all branches give."""
    chooser, *shared = call.args
    known: dict[Node, Made] = {
        node: Made(arg, flag) for node, arg, flag in zip(choice.inputs, shared, call.moved[1:], strict=True)
    }
    every = [call.walk.made(body.outputs, known) for body in choice.bodies]
    call.walk.note_choice()
    is_truth = chooser.dtype == "bool"
    results = []
    for found in zip(*every, strict=True):
        *others, value = (_whole(made, call) for made in found)
        for number, other in reversed(list(enumerate(others))):
            mask = chooser if is_truth else less_equal(chooser, number) if number == 0 else equal(chooser, number)
            value = where(_over(mask, other), other, value)
        results.append(Made(value, True))
    return results


# --- what stops -------------------------------------------------------------------------------------------------------


def _require(call: Call) -> Node:
    """Return what is demanded of all examples."""
    fulfilled = all_(call.args[1], axes=(0,)) if call.moved[1] else call.args[1]
    return require(call.whole(0), fulfilled, **dict(call.node.params))


def _assuming(call: Call) -> Node:
    """Return what rests on the assumption for all examples."""
    least = smallest(call.args[1], axes=(0,), empty=True) if call.moved[1] else call.args[1]
    return assuming(call.whole(0), least, **dict(call.node.params))


RULES: Rules = {assuming: _assuming, scan: _scan, while_loop: _while, cond: _cond, require: _require}
