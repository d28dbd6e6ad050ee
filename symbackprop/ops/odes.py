"""Solutions of ordinary differential equations at given times, by steps of a given number between these.

    dy/dt = f(y, t, constants),    y(t_0) = y_0

Every interval between two times is a step of a loop; where it is divided, the parts are the steps of a loop inside. The
derivatives are those of any loop.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field

from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.node import Const, Input, Node, constant, make_input
from symbackprop.ir.size import Size
from symbackprop.ops.arithmetic import add, div, mul, subtract
from symbackprop.ops.bodies import inlined
from symbackprop.ops.broadcasting import converted
from symbackprop.ops.creation import arange
from symbackprop.ops.indexing import Bounds, slice_
from symbackprop.ops.loops import looped
from symbackprop.ops.runge_kutta import RUNGE_KUTTA, advanced

__all__ = ["Equation", "RightSide", "first", "solved", "without_first", "without_last"]

RightSide = Callable[[Sequence[Node], Node, Sequence[Node]], Sequence[Node]]


@dataclass(frozen=True)
class Equation:
    """A differential equation, and how it is solved.

    Parameters
    ----------
    state : tuple of Input
        The leaves of the state, as bodies bind them.
    time : Input
    constants : tuple of Input
        What the right side captures.
    right : callable
        ``(state, time, constants) -> slopes``, each of the shape and dtype of its leaf.
    method : str
        A name in `RUNGE_KUTTA`.
    steps : Size
        How many between two times.
    names : mapping of node to str
        What nodes are called in printed code; the length of a step gets the name ``h``.
    """

    state: tuple[Input, ...]
    time: Input
    constants: tuple[Input, ...]
    right: RightSide
    method: str
    steps: Size
    names: MutableMapping[Node, str] = field(default_factory=dict)

    @staticmethod
    def of_body(body: Body, leaves: int, method: str, steps: Size) -> Equation:
        """Return the equation whose right side is a body of state, time and constants."""

        def right(state: Sequence[Node], time: Node, constants: Sequence[Node]) -> list[Node]:
            return inlined(body, (*state, time, *constants))

        inputs = body.inputs
        return Equation(inputs[:leaves], inputs[leaves], inputs[leaves + 1 :], right, method, steps)

    @property
    def level(self) -> int:
        """The level of what the right side binds; the two above it are those of its loops, of which names are told."""
        return self.state[0].level

    @property
    def inputs(self) -> tuple[Input, ...]:
        return (*self.state, self.time, *self.constants)

    def across(self, state: Sequence[Node], start: Node, end: Node, constants: Sequence[Node]) -> list[Node]:
        """Return the state at time `end`, given that at time `start`."""
        method = RUNGE_KUTTA[self.method]
        if self.steps == 1:
            step = subtract(end, start)
            self._name(step, "h")
            return advanced(method, lambda y, t: self.right(y, t, constants), state, start, step)
        step = div(subtract(end, start), constant(self.steps, (), start.dtype))
        self._name(step, "h")
        begin, length = (make_input(at, (), start.dtype, self.level + 1) for at in range(2))
        count = make_input(2, (), "int64", self.level + 1)
        self._name(length, "h")
        time = add(begin, mul(converted(count, start.dtype), length))
        new = advanced(method, lambda y, t: self.right(y, t, self.constants), self.state, time, length)
        body = Body((*self.state, count, begin, length, *self.constants), tuple(new))
        loop = looped(body, state, [arange(size=self.steps)], [start, step, *constants], self.steps)
        return [loop.final(i) for i in range(len(state))]

    def _name(self, node: Node, name: str) -> None:
        if not isinstance(node, Const):
            self.names.setdefault(node, name)

    def take_names(self, inner: Sequence[Node], outer: Sequence[Node]) -> None:
        """Give nodes the names of others."""
        for node, other in zip(inner, outer, strict=True):
            if node in self.names:
                self._name(other, self.names[node])


def solved(equation: Equation, initial: Sequence[Node], times: Node, constants: Sequence[Node]) -> list[Node]:
    """Return for every leaf of the state its values at all times, of which there is one at least."""
    starts, ends = without_last(times), without_first(times)
    leaves = len(equation.state)
    end = make_input(0, (), times.dtype, equation.level + 2)
    state, start, captured = equation.state, equation.time, equation.constants
    if equation.steps != 1:  # they are bound by the loop inside
        outer = tuple(fresh_inputs(equation.inputs, (end,)))
        equation.take_names(equation.inputs, outer)
        state, start, captured = outer[:leaves], outer[leaves], outer[leaves + 1 :]
    new = equation.across(state, start, end, captured)
    body = Body((*state, start, end, *captured), tuple(new))
    loop = looped(body, initial, [starts, ends], constants, starts.shape[0], kept=range(leaves))
    return [loop.trajectory(i) for i in range(leaves)]


# --- parts of arrays along their first axis ---------------------------------------------------------------------------


def _part(x: Node, along: int | tuple[int | None, int | None, int]) -> Node:
    bounds: Bounds = (along, *(None,) * (x.rank - 1))
    return slice_(x, bounds=bounds)


def first(x: Node) -> Node:
    """Return the first row of an array."""
    return _part(x, 0)


def without_first(x: Node) -> Node:
    """Return all rows but the first."""
    return _part(x, (1, None, 1))


def without_last(x: Node) -> Node:
    """Return all rows but the last."""
    return _part(x, (None, -1, 1))
