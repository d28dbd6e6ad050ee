"""Loops and branches in Taylor mode: their bodies compute, beside what they compute, its derivatives up to an order.

A loop carries the derivatives of its carries along; so it runs once for all orders, where nested forward rules would
double its carries with every order. What it computes anyway is a result of the wider loop too, which takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.node import Apply, Input, Node, Operation, constant
from symbackprop.ops.branches import Branches, branched, cond
from symbackprop.ops.loops import Loop, looped, scan
from symbackprop.ops.whiles import WhileLoop, repeated, while_loop
from symbackprop.transform.taylor.leibniz import Series

__all__ = ["BODIES", "Expand"]

Expand = Callable[[Sequence[Node], Mapping[Node, Series], int], Sequence[Series]]
"""``(outputs, derivatives of inputs from the first on, order) -> series of the outputs``"""

_Moved = tuple[int, int]  # the position of an input or output of a body, and the order of its derivative


def _moving(series: Sequence[Series], order: int) -> list[_Moved]:
    """Return which derivatives are not zero, from the first to the highest order."""
    return [(at, k) for at, own in enumerate(series) for k in range(1, order + 1) if own[k] is not None]


def _bound(inputs: Sequence[Input], moving: Iterable[_Moved]) -> dict[_Moved, Input]:
    """Return an input of a body for each derivative that moves."""
    moving = list(moving)
    return dict(zip(moving, fresh_inputs([inputs[at] for at, _ in moving], inputs), strict=True))


def _curve(inputs: Sequence[Input], bound: Mapping[_Moved, Input], order: int) -> dict[Node, Series]:
    moved = sorted({at for at, _ in bound})
    return {inputs[at]: [bound.get((at, k)) for k in range(1, order + 1)] for at in moved}


def _given(series: Sequence[Series], moved: _Moved, like: Node) -> Node:
    derivative = series[moved[0]][moved[1]]
    return constant(0, like.shape, like.dtype) if derivative is None else derivative


class _Repeated:
    """The step of a loop, with the derivatives of its carries as further carries: those that are ever other than zero."""

    def __init__(self, inputs: Sequence[Input], outputs: Sequence[Node], carries: int, given: Sequence[Series],
                 order: int, expand: Expand) -> None:  # fmt: skip
        moving = set(_moving(given, order))
        while True:
            bound = _bound(inputs, sorted(moving))
            self.series = expand(outputs, _curve(inputs, bound, order), order)
            more = {moved for moved in _moving(self.series, order) if moved[0] < carries} - moving
            if not more:
                break
            moving |= more
        self.moves = bool(bound)
        self.values: list[Node] = [own[0] for own in self.series]  # type: ignore[misc]  # which are never zero
        self.carried = [moved for moved in bound if moved[0] < carries]
        self.read = [moved for moved in bound if moved[0] >= carries]
        self._bound, self._inputs, self._outputs = bound, inputs, outputs
        self._given = given

    def bound(self, moving: Iterable[_Moved]) -> list[Input]:
        """Return the inputs of the step for some derivatives."""
        return [self._bound[moved] for moved in moving]

    def entering(self, moving: Iterable[_Moved]) -> list[Node]:
        """Return what is outside of the loop for them."""
        return [_given(self._given, moved, self._inputs[moved[0]]) for moved in moving]

    def leaving(self, moving: Iterable[_Moved]) -> list[Node]:
        """Return what the step makes of them."""
        return [_given(self.series, moved, self._outputs[moved[0]]) for moved in moving]


def _of_scan(node: Apply, given: Sequence[Series], order: int, expand: Expand) -> list[dict[int, Node]]:
    loop = Loop(node)
    carries, rows = loop.carries, loop.carries + loop.rows
    step = _Repeated(loop.body.inputs, loop.body.outputs, carries, given, order, expand)
    if not step.moves:
        return [{} for _ in (*loop.body.outputs, *loop.kept)]
    own_rows = [moved for moved in step.read if moved[0] < rows]
    shared = [moved for moved in step.read if moved[0] >= rows]
    valued = [moved for moved in _moving(step.series, order) if moved[0] >= carries]
    inputs = (
        *loop.carry_inputs, *step.bound(step.carried), *loop.row_inputs, *step.bound(own_rows),
        *loop.constant_inputs, *step.bound(shared),
    )  # fmt: skip
    outputs = (
        *step.values[:carries], *step.leaving(step.carried), *step.values[carries:], *step.leaving(valued),
    )  # fmt: skip
    place = {(i, 0): i for i in range(carries)} | {moved: carries + at for at, moved in enumerate(step.carried)}
    twin = looped(
        Body(inputs, outputs),
        [*loop.initial, *step.entering(step.carried)],
        [*loop.sequences, *step.entering(own_rows)],
        [*loop.constants, *step.entering(shared)],
        loop.length,
        reverse=loop.reverse,
        kept=[at for (carry, _), at in place.items() if carry in loop.kept],
    )
    found: list[dict[int, Node]] = [{} for _ in (*loop.body.outputs, *loop.kept)]
    for (carry, k), at in place.items():
        found[carry][k] = twin.final(at)
        if carry in loop.kept:
            found[len(loop.body.outputs) + loop.kept.index(carry)][k] = twin.trajectory(at)
    for at, (value, k) in enumerate([*((carries + i, 0) for i in range(len(loop.values))), *valued]):
        found[value][k] = twin.stack(at)
    return found


def _of_while(node: Apply, given: Sequence[Series], order: int, expand: Expand) -> list[dict[int, Node]]:
    """Repeat the wider step under the same condition, which does not look at derivatives."""
    loop = WhileLoop(node)
    carries = loop.carries
    step = _Repeated(loop.body.inputs, loop.body.outputs, carries, given, order, expand)
    if not step.moves:
        return [{} for _ in range(carries + 1 + len(loop.kept))]
    inputs = (*loop.carry_inputs, *step.bound(step.carried), *loop.constant_inputs, *step.bound(step.read))
    place = {(i, 0): i for i in range(carries)} | {moved: carries + at for at, moved in enumerate(step.carried)}
    twin = repeated(
        Body(inputs, loop.condition.outputs),
        Body(inputs, (*step.values, *step.leaving(step.carried))),
        [*loop.initial, *step.entering(step.carried)],
        [*loop.constants, *step.entering(step.read)],
        limit=loop.limit,
        size=loop.size,
        kept=[at for (carry, _), at in place.items() if carry in loop.kept],
    )
    found: list[dict[int, Node]] = [{} for _ in range(carries + 1 + len(loop.kept))]
    for (carry, k), at in place.items():
        found[carry][k] = twin.final(at)
        if carry in loop.kept:
            found[carries + 1 + loop.kept.index(carry)][k] = twin.trajectory(at)
    found[carries][0] = twin.count
    return found


def _of_cond(node: Apply, given: Sequence[Series], order: int, expand: Expand) -> list[dict[int, Node]]:
    choice = Branches(node)
    shared = given[1:]
    bound = _bound(choice.inputs, _moving(shared, order))
    curve = _curve(choice.inputs, bound, order)
    every = [expand(body.outputs, curve, order) for body in choice.bodies]
    moving = sorted({moved for series in every for moved in _moving(series, order)})
    found: list[dict[int, Node]] = [{} for _ in choice.bodies[0].outputs]
    if not moving:
        return found
    moving = [*((at, 0) for at in range(len(found))), *moving]
    bodies = [
        Body(
            (*choice.inputs, *bound.values()),
            tuple(_given(series, moved, body.outputs[moved[0]]) for moved in moving),
        )
        for body, series in zip(choice.bodies, every, strict=True)
    ]
    entering = [_given(shared, moved, choice.inputs[moved[0]]) for moved in bound]
    twin = branched(choice.chooser, bodies, [*choice.shared, *entering])
    for at, (result, k) in enumerate(moving):
        found[result][k] = twin.result(at)
    return found


BODIES: Mapping[Operation, Callable[[Apply, Sequence[Series], int, Expand], list[dict[int, Node]]]] = {
    cond: _of_cond,
    scan: _of_scan,
    while_loop: _of_while,
}
"""For each its results and their derivatives, by the order of these; derivatives that are not there are zero."""
