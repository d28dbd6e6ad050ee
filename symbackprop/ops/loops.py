"""`scan`: a step that is traced once and runs for every row of some arrays, handing a state on.

    carry_{t+1}, value_t = step(carry_t, row_t, constants)

Arguments are the initial carries, the arrays whose rows the steps read, and what all steps share. Results are the final
carries, the values of all steps stacked, and for the carries that are `kept` their trajectory: of n + 1 entries, the
initial one and the one behind every step. Backwards it runs from the last row to the first; then a trajectory begins
at its end. Of a loop with `slots` the trajectories of the carries `again` are not stored: the loop back that reads them,
and nobody else, runs the steps again, from so many states that are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from symbackprop.errors import ShapeError
from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import dependents, topological
from symbackprop.ir.node import Apply, Input, Node, Output, Shape, constant, make_apply, make_input, make_output
from symbackprop.ir.size import Size, shape_text
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import reduce_sum
from symbackprop.ops.declare import Engine, Primitive, custom
from symbackprop.ops.indexing import Bounds, slice_

__all__ = ["Loop", "looped", "moving_inputs", "reached_by", "rows_between", "scan"]


@dataclass(frozen=True)
class Loop:
    """A node of `scan`, its parts by name."""

    node: Apply

    @cached_property
    def _params(self) -> dict[str, object]:
        return dict(self.node.params)

    @property
    def body(self) -> Body:
        return self._params["body"]  # type: ignore[return-value]

    @property
    def carries(self) -> int:
        """The number of carries."""
        return self._params["carries"]  # type: ignore[return-value]

    @property
    def rows(self) -> int:
        """The number of arrays whose rows are read."""
        return self._params["rows"]  # type: ignore[return-value]

    @property
    def length(self) -> Size:
        return self._params["length"]  # type: ignore[return-value]

    @property
    def reverse(self) -> bool:
        return self._params["reverse"]  # type: ignore[return-value]

    @property
    def kept(self) -> tuple[int, ...]:
        """The carries whose trajectories are results."""
        return self._params["kept"]  # type: ignore[return-value]

    @property
    def again(self) -> tuple[int, ...]:
        """The carries that are kept without being stored: steps run again for them."""
        return self._params.get("again", ())  # type: ignore[return-value]

    @cached_property
    def state(self) -> tuple[int, ...]:
        """The carries that steps need to run again for these."""
        count = len(self.body.outputs)
        return tuple(sorted(reached_by(self, [count + self.kept.index(i) for i in self.again])[0]))

    @property
    def slots(self) -> int | str:
        """How many states are stored, for the carries that come again: a number, or "sqrt"."""
        return self._params["slots"]  # type: ignore[return-value]

    def with_slots(self, again: Sequence[int], slots: int | str) -> Loop:
        """Return the loop that stores `slots` states in place of the trajectories of some carries."""
        node = self.node
        params = (*node.params, ("again", tuple(again)), ("slots", slots))
        return Loop(make_apply(node.op, node.args, params, node.shape, node.dtype, node.segment))

    @property
    def initial(self) -> tuple[Node, ...]:
        return self.node.args[: self.carries]

    @property
    def sequences(self) -> tuple[Node, ...]:
        return self.node.args[self.carries : self.carries + self.rows]

    @property
    def constants(self) -> tuple[Node, ...]:
        return self.node.args[self.carries + self.rows :]

    @property
    def carry_inputs(self) -> tuple[Input, ...]:
        return self.body.inputs[: self.carries]

    @property
    def row_inputs(self) -> tuple[Input, ...]:
        return self.body.inputs[self.carries : self.carries + self.rows]

    @property
    def constant_inputs(self) -> tuple[Input, ...]:
        return self.body.inputs[self.carries + self.rows :]

    @property
    def new_carries(self) -> tuple[Node, ...]:
        return self.body.outputs[: self.carries]

    @property
    def values(self) -> tuple[Node, ...]:
        """What each step gives beside the carries."""
        return self.body.outputs[self.carries :]

    def final(self, carry: int) -> Node:
        """Return what the last step makes of a carry."""
        node = self.carry_inputs[carry]
        return make_output(self.node, carry, node.shape, node.dtype)

    def stack(self, value: int) -> Node:
        """Return the values of all steps, stacked."""
        node = self.values[value]
        return make_output(self.node, self.carries + value, (self.length, *node.shape), node.dtype)

    def trajectory(self, carry: int) -> Node:
        """Return all values of a kept carry."""
        node = self.carry_inputs[carry]
        position = len(self.body.outputs) + self.kept.index(carry)
        return make_output(self.node, position, (self.length + 1, *node.shape), node.dtype)

    def carry_of(self, trajectory: Output) -> int | None:
        """Return which carry a result is the trajectory of, if any."""
        at = trajectory.index - len(self.body.outputs)
        return self.kept[at] if at >= 0 else None

    def entering(self, trajectory: Node) -> Node:
        """Return of a trajectory, or an array like one, the rows with which the steps begin."""
        return rows_between(trajectory, 1, None) if self.reverse else rows_between(trajectory, None, -1)

    def leaving(self, trajectory: Node) -> Node:
        """Return of a trajectory the rows with which the steps end."""
        return rows_between(trajectory, None, -1) if self.reverse else rows_between(trajectory, 1, None)

    def last(self, trajectory: Node) -> Node:
        """Return of a trajectory what the last step leaves."""
        bounds: Bounds = (0 if self.reverse else -1, *(None,) * (trajectory.rank - 1))
        return slice_(trajectory, bounds=bounds)


def rows_between(x: Node, start: int | None, stop: int | None) -> Node:
    """Return ``x[start:stop]``."""
    return slice_(x, bounds=((start, stop, 1), *(None,) * (x.rank - 1)))


def looped(
    body: Body,
    initial: Sequence[Node],
    sequences: Sequence[Node],
    constants: Sequence[Node],
    length: Size,
    *,
    reverse: bool = False,
    kept: Sequence[int] = (),
) -> Loop:
    """Return the loop that runs `body` once for each of `length` rows."""
    node = scan(
        *initial,
        *sequences,
        *constants,
        body=body,
        carries=len(initial),
        rows=len(sequences),
        length=length,
        reverse=reverse,
        kept=tuple(kept),
    )
    assert isinstance(node, Apply)
    return Loop(node)


def reached_by(loop: Loop, results: Iterable[int]) -> tuple[set[int], set[Node]]:
    """Return the carries, and the nodes of the step, that results at these positions need."""
    count = len(loop.body.outputs)
    by_input = {node: i for i, node in enumerate(loop.carry_inputs)}
    carries = {i for i in results if i < loop.carries} | {loop.kept[i - count] for i in results if i >= count}
    waiting = [loop.body.outputs[i] for i in results if loop.carries <= i < count]
    waiting += [loop.new_carries[i] for i in carries]
    reached: set[Node] = set()
    while waiting:
        more = topological(waiting, known=reached)
        reached.update(more)
        new = {by_input[node] for node in more if node in by_input} - carries
        carries |= new
        waiting = [loop.new_carries[i] for i in sorted(new)]
    return carries, reached


# --- shapes -----------------------------------------------------------------------------------------------------------


def _infer_all(args: tuple[Node, ...], params: Mapping[str, object]) -> list[tuple[Shape, str]]:
    body: Body = params["body"]  # type: ignore[assignment]
    carries: int = params["carries"]  # type: ignore[assignment]
    rows: int = params["rows"]  # type: ignore[assignment]
    length: Size = params["length"]  # type: ignore[assignment]
    kept: tuple[int, ...] = params["kept"]  # type: ignore[assignment]
    if len(args) != len(body.inputs):
        raise ShapeError(f"a loop whose step takes {len(body.inputs)} values has {len(args)}")
    for position, (arg, inner) in enumerate(zip(args, body.inputs, strict=True)):
        is_row = carries <= position < carries + rows
        wanted = (length, *inner.shape) if is_row else inner.shape
        if arg.shape != wanted or arg.dtype != inner.dtype:
            raise ShapeError(
                f"argument {position} of a loop has shape {shape_text(arg.shape)} and dtype {arg.dtype}, "
                f"and its step takes {shape_text(wanted)} and {inner.dtype}"
            )
    for before, after in zip(body.inputs[:carries], body.outputs, strict=False):
        if before.shape != after.shape or before.dtype != after.dtype:
            raise ShapeError(f"a step turns {before!r} into {after!r}")
    finals = [(node.shape, node.dtype) for node in body.inputs[:carries]]
    stacks = [((length, *node.shape), node.dtype) for node in body.outputs[carries:]]
    trajectories = [((length + 1, *body.inputs[i].shape), body.inputs[i].dtype) for i in kept]
    return [*finals, *stacks, *trajectories]


def _names(node: Apply) -> list[str]:
    loop = Loop(node)
    return ["carry"] * loop.carries + ["values"] * len(loop.values) + ["carries"] * len(loop.kept)


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return (*_infer_all(args, params), ((), "float64"))[0]  # what the node itself has is of no use


# --- derivatives ------------------------------------------------------------------------------------------------------


def moving_inputs(body: Body, before: Sequence[Input], after: Sequence[Node], first: Iterable[Input]) -> set[Input]:
    """Return the inputs of a step that depend on what is differentiated, in the first step or a later one."""
    nodes = body.nodes()
    active = set(first)
    while True:
        reached = dependents(nodes, active)
        more = {
            old
            for old, new in zip(before, after, strict=True)
            if new in reached and old not in active and is_float(old.dtype)
        }
        if not more:
            return active
        active |= more


def _active(loop: Loop, first: Iterable[Input]) -> set[Input]:
    return moving_inputs(loop.body, loop.carry_inputs, loop.new_carries, first)


def _zeros(node: Node) -> Node:
    return constant(0, node.shape, node.dtype)


def _or_zeros(tangent: Node | None, like: Node) -> Node:
    return _zeros(like) if tangent is None else tangent


def _vjp(cotangents: Sequence[Node | None], out: Apply, engine: Engine) -> list[Node | None]:
    """Run backwards: a step's vjp takes the cotangent of the state behind it to that of the state before it."""
    loop = Loop(out)
    body, carries, count = loop.body, loop.carries, len(loop.body.outputs)
    first = [i for i, arg in zip(body.inputs, out.args, strict=True) if arg in engine.active and is_float(i.dtype)]
    active = _active(loop, first)
    carried = [i for i in range(carries) if loop.carry_inputs[i] in active]
    given = zip(loop.values, cotangents[carries:count], strict=True)
    valued = {j: g for j, (node, g) in enumerate(given) if g is not None and is_float(node.dtype)}
    along = {i: g for i, g in zip(loop.kept, cotangents[count:], strict=True) if g is not None and i in carried}
    like = [*(loop.carry_inputs[i] for i in (*carried, *along)), *(loop.values[j] for j in valued)]
    fresh = fresh_inputs(like, body.inputs)
    carried_bars = dict(zip(carried, fresh, strict=False))
    along_bars = dict(zip(along, fresh[len(carried) :], strict=False))
    value_bars = fresh[len(carried) + len(along) :]
    outputs = [*(loop.new_carries[i] for i in carried), *(loop.values[j] for j in valued)]
    wrt = [node for node in body.inputs if node in active]
    adjoints = engine.pull_back(outputs, [*carried_bars.values(), *value_bars], wrt)
    found = {node: adjoints[node] if node in adjoints else _zeros(node) for node in wrt}
    for i, bar in along_bars.items():
        node = loop.carry_inputs[i]
        found[node] = add(found[node], bar) if node in adjoints else bar
        engine.note(node, found[node])
    read = [node for node in (*loop.row_inputs, *loop.constant_inputs) if node in active and node in adjoints]
    forward = looped(body, loop.initial, loop.sequences, loop.constants, loop.length, reverse=loop.reverse,
                     kept=range(carries))  # fmt: skip
    inner = Body(
        (*carried_bars.values(), *along_bars.values(), *value_bars, *body.inputs),
        (*(found[loop.carry_inputs[i]] for i in carried), *(found[node] for node in read)),
    )
    behind = [_behind(loop, cotangents[i], along.get(i), loop.carry_inputs[i]) for i in carried]
    rows = [*(loop.entering(g) for g in along.values()), *valued.values()]
    states = [loop.entering(forward.trajectory(i)) for i in range(carries)]
    backward = looped(inner, behind, [*rows, *states, *loop.sequences], loop.constants, loop.length,
                      reverse=not loop.reverse)  # fmt: skip
    result: dict[Node, Node] = {loop.carry_inputs[i]: backward.final(at) for at, i in enumerate(carried)}
    for at, node in enumerate(read):
        stack = backward.stack(at)
        result[node] = stack if node in loop.row_inputs else reduce_sum(stack, axes=(0,))
    return [result.get(node) for node in body.inputs]


def _behind(loop: Loop, final: Node | None, along: Node | None, carry: Node) -> Node:
    """Return the cotangent of a carry behind the last step."""
    terms = [g for g in (final, None if along is None else loop.last(along)) if g is not None]
    return add(*terms) if len(terms) > 1 else terms[0] if terms else _zeros(carry)


def _jvp(
    tangents: Sequence[Node | None],
    out: Apply,
    push_forward: Callable[[Sequence[Node], Mapping[Node, Node]], Sequence[Node | None]],
) -> list[Node | None]:
    """Run forwards once more, with the tangents of the carries as further carries."""
    loop = Loop(out)
    body, carries = loop.body, loop.carries
    given = dict(zip(body.inputs, tangents, strict=True))
    active = _active(loop, [node for node, tangent in given.items() if tangent is not None])
    moved = [node for node in body.inputs if node in active]
    dots: dict[Node, Input] = dict(zip(moved, fresh_inputs(moved, body.inputs), strict=True))
    pushed = push_forward(body.outputs, dots)
    carried = [i for i in range(carries) if loop.carry_inputs[i] in active]
    valued = [j for j in range(len(loop.values)) if pushed[carries + j] is not None]
    rows = [at for at, node in enumerate(loop.row_inputs) if node in active]
    shared = [at for at, node in enumerate(loop.constant_inputs) if node in active]
    inputs = (
        *loop.carry_inputs, *(dots[loop.carry_inputs[i]] for i in carried),
        *loop.row_inputs, *(dots[loop.row_inputs[at]] for at in rows),
        *loop.constant_inputs, *(dots[loop.constant_inputs[at]] for at in shared),
    )  # fmt: skip
    outputs = (
        *loop.new_carries, *(_or_zeros(pushed[i], loop.carry_inputs[i]) for i in carried),
        *(pushed[carries + j] for j in valued),
    )  # fmt: skip
    initial = [_or_zeros(given[loop.carry_inputs[i]], loop.carry_inputs[i]) for i in carried]
    twin = looped(
        Body(inputs, outputs),  # type: ignore[arg-type]
        [*loop.initial, *initial],
        [*loop.sequences, *(given[loop.row_inputs[at]] for at in rows)],  # type: ignore[list-item]
        [*loop.constants, *(given[loop.constant_inputs[at]] for at in shared)],  # type: ignore[list-item]
        loop.length,
        reverse=loop.reverse,
        kept=[carries + at for at, i in enumerate(carried) if i in loop.kept],
    )
    place = {i: carries + at for at, i in enumerate(carried)}
    finals = [twin.final(place[i]) if i in place else None for i in range(carries)]
    stacks = [twin.stack(valued.index(j)) if j in valued else None for j in range(len(loop.values))]
    return [*finals, *stacks, *(twin.trajectory(place[i]) if i in place else None for i in loop.kept)]


# --- the primitive ----------------------------------------------------------------------------------------------------


def _samples() -> list[Node]:
    h, c = make_input(0, (2,), "float64", 1), make_input(1, (), "float64", 1)
    x, w = make_input(2, (2,), "float64", 1), make_input(3, (2,), "float64", 1)
    arguments = [make_input(i, shape, "float64") for i, shape in enumerate([(2,), (), (3, 2), (2,)])]
    body = Body((h, c, x, w), (h * w + x * x, c * c + 1, h * h * w))
    found: list[Node] = []
    for reverse in (False, True):
        loop = looped(body, arguments[:2], arguments[2:3], arguments[3:], 3, reverse=reverse, kept=(0,))
        found += [loop.final(0), loop.final(1), loop.stack(0), loop.trajectory(0)]
    return found


scan: Primitive = custom(
    "scan",
    arity=None,
    numpy="scan",
    infer=_infer,
    infer_outputs=_infer_all,
    outputs=("carry",),
    named_outputs=_names,
    has_bodies=True,
    vjp=_vjp,
    jvp=_jvp,  # type: ignore[arg-type]
    samples=_samples,
    public=False,
    flops=0,
    derivative="the vjps of the steps, from the last to the first",
    source="the chain rule along the steps: P. J. Werbos, Backpropagation through time, Proc. IEEE 78 (1990) 1550-1560",
)
