"""The continuous adjoint of a differential equation: its gradient by another differential equation, solved backwards.

    d lambda/dt = -(df/dy)^T lambda,    dL/d constants = integral of (df/d constants)^T lambda

Between two times the state is solved backwards beside `lambda`, from its value at the later one, so that no step has to
be remembered. At each time the cotangent of the solution there is added to `lambda`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.node import Apply, Node, Shape, constant, make_output
from symbackprop.ops.arithmetic import add, mul, neg
from symbackprop.ops.bodies import substitute
from symbackprop.ops.broadcasting import reshape, sum_axes, with_shape
from symbackprop.ops.declare import Engine, Primitive, custom
from symbackprop.ops.layout import concatenate
from symbackprop.ops.loops import Loop, looped
from symbackprop.ops.odes import Equation, first, without_first, without_last
from symbackprop.ops.surrogate import straight_through

__all__ = ["continuous_adjoint", "with_continuous_adjoint"]


def with_continuous_adjoint(
    equation: Equation,
    body: Body,
    solution: Sequence[Node],
    initial: Sequence[Node],
    times: Node,
    constants: Sequence[Node],
) -> list[Node]:
    """Return a solution whose gradient is that of the equation, in place of that of its steps."""
    node = continuous_adjoint(
        *solution, *initial, times, *constants,
        body=body, leaves=len(initial), method=equation.method, steps=equation.steps,
    )  # fmt: skip
    assert isinstance(node, Apply)
    soft = [make_output(node, i, x.shape, x.dtype) for i, x in enumerate(solution)]
    return [straight_through(hard, x) for hard, x in zip(solution, soft, strict=True)]


def _parts(node: Apply) -> tuple[Equation, Body, int]:
    params = dict(node.params)
    body: Body = params["body"]  # type: ignore[assignment]
    leaves: int = params["leaves"]  # type: ignore[assignment]
    return Equation.of_body(body, leaves, str(params["method"]), params["steps"]), body, leaves  # type: ignore[arg-type]


def _infer_all(args: tuple[Node, ...], params: Mapping[str, object]) -> list[tuple[Shape, str]]:
    leaves: int = params["leaves"]  # type: ignore[assignment]
    return [(node.shape, node.dtype) for node in args[:leaves]]


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return _infer_all(args, params)[0]


# --- the way back -----------------------------------------------------------------------------------------------------


def _vjp(cotangents: Sequence[Node | None], out: Apply, engine: Engine) -> list[Node | None]:
    equation, body, leaves = _parts(out)
    solution, times, constants = out.args[:leaves], out.args[2 * leaves], out.args[2 * leaves + 1 :]
    bars = [_zeros(x) if g is None else g for g, x in zip(cotangents, solution, strict=True)]
    active = [at for at, arg in enumerate(constants) if arg in engine.active and arg.dtype == times.dtype]
    augmented = _augmented(equation, body, active, engine)
    back = _Back(equation, augmented, solution, bars, times, constants)
    found = back.solved()
    for node, adjoint in zip(equation.state, back.new_lambdas, strict=True):
        engine.note(node, adjoint)
    lambdas, sums = found[:leaves], found[leaves : leaves + len(active)]
    initial_bars = [add(x, first(g)) for x, g in zip(lambdas, bars, strict=True)]
    by_constant: dict[int, Node] = dict(zip(active, sums, strict=True))
    times_bar = back.times_bar(lambdas) if times in engine.active else None
    return [*[None] * leaves, *initial_bars, times_bar, *(by_constant.get(at) for at in range(len(constants)))]


def _augmented(equation: Equation, body: Body, active: Sequence[int], engine: Engine) -> Equation:
    """Return the equation of the state, its adjoint, and the integrals for the `active` constants."""
    wrt = [*equation.state, *(equation.constants[at] for at in active)]
    fresh = fresh_inputs(wrt, equation.inputs)
    leaves = len(equation.state)
    lambdas = fresh[:leaves]
    adjoints = engine.pull_back(body.outputs, lambdas, wrt)
    slopes = [*body.outputs, *(neg(adjoints[node]) if node in adjoints else _zeros(node) for node in wrt)]
    bound = (*equation.state, *lambdas, equation.time, *equation.constants)

    def right(state: Sequence[Node], time: Node, constants: Sequence[Node]) -> list[Node]:
        given = (*state[: 2 * leaves], time, *constants)
        new = substitute(slopes, dict(zip(bound, given, strict=True)))
        return [new[slope] for slope in slopes]

    return replace(equation, state=(*equation.state, *fresh), right=right)


class _Back:
    """The loop from the last time to the first."""

    def __init__(
        self,
        equation: Equation,
        augmented: Equation,
        solution: Sequence[Node],
        bars: Sequence[Node],
        times: Node,
        constants: Sequence[Node],
    ) -> None:
        self._equation = equation
        self._augmented = augmented
        self._solution, self._bars, self._times, self._constants = solution, bars, times, constants
        self._loop = self._looped()

    def _looped(self) -> Loop:
        leaves, carried = len(self._solution), self._augmented.state[len(self._solution) :]
        states, bars = [without_first(x) for x in self._solution], [without_first(g) for g in self._bars]
        starts, ends = without_last(self._times), without_first(self._times)
        rows = [*states, *bars, starts, ends]
        like = [*carried, *map(first, rows), *self._constants]
        bound = fresh_inputs(like, self._augmented.inputs)
        take = iter(bound)
        before = list(islice(take, len(carried)))
        state, bar = list(islice(take, leaves)), list(islice(take, leaves))
        start, end = next(take), next(take)
        constants = list(take)
        lambdas = [add(x, g) for x, g in zip(before, bar, strict=False)]
        new = self._augmented.across([*state, *lambdas, *before[leaves:]], end, start, constants)
        moved = _inner(self._equation.right(state, end, constants), bar)
        body = Body(tuple(bound), (*new[leaves:], moved))
        return looped(body, [_zeros(x) for x in carried], rows, self._constants, starts.shape[0], reverse=True)

    @property
    def new_lambdas(self) -> Sequence[Node]:
        """What a step makes of the adjoint of the state."""
        return self._loop.new_carries[: len(self._solution)]

    def solved(self) -> list[Node]:
        """Return the adjoint of the state at the first time, and the integrals."""
        return [self._loop.final(i) for i in range(self._loop.carries)]

    def times_bar(self, lambdas: Sequence[Node]) -> Node:
        """Return the cotangent of the times: the solution moves along its slope as its time does."""
        slopes = self._equation.right([first(x) for x in self._solution], first(self._times), self._constants)
        begin = neg(_inner(slopes, lambdas))
        whole = concatenate(reshape(begin, shape=(1,)), self._loop.stack(0), axis=0)
        return with_shape(whole, self._times.shape)


def _inner(slopes: Sequence[Node], bars: Sequence[Node]) -> Node:
    terms = [sum_axes(mul(x, g), tuple(range(x.rank))) for x, g in zip(slopes, bars, strict=True)]
    return add(*terms) if len(terms) > 1 else terms[0]


def _zeros(node: Node) -> Node:
    return constant(0, node.shape, node.dtype)


def _jvp(
    tangents: Sequence[Node | None],
    out: Apply,
    push_forward: Callable[[Sequence[Node], Mapping[Node, Node]], Sequence[Node | None]],
) -> list[Node | None]:
    """Return the tangents of the steps, which are steps of the tangent equation."""
    return [*tangents[: _parts(out)[2]]]


continuous_adjoint: Primitive = custom(
    "continuous_adjoint",
    arity=None,
    numpy="{0}",
    infer=_infer,
    infer_outputs=_infer_all,
    outputs=("solution",),
    named_outputs=lambda node: ["solution"] * _parts(node)[2],
    has_bodies=True,
    vjp=_vjp,
    jvp=_jvp,  # type: ignore[arg-type]
    public=False,
    flops=0,
    derivative="the adjoint equation, solved backwards",
    source="R. T. Q. Chen, Y. Rubanova, J. Bettencourt, D. Duvenaud, NeurIPS 31 (2018), section 2 and appendix B",
)
