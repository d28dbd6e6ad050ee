"""`odeint`: a function of the formula as the right side of a differential equation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.body import Body
from symbackprop.ir.dtype import default_float
from symbackprop.ir.node import Apply, Const, Node, make_input
from symbackprop.ir.size import Size, shape_text
from symbackprop.ops.bodies import substitute
from symbackprop.ops.broadcasting import broadcast_to, converted, with_shape
from symbackprop.ops.continuous_adjoint import with_continuous_adjoint
from symbackprop.ops.odes import Equation, RightSide, first, solved
from symbackprop.ops.runge_kutta import RUNGE_KUTTA
from symbackprop.read.vocabulary.arguments import (
    Value,
    collected_here,
    node_of,
    real,
    require,
    require_entries,
    size_of,
)
from symbackprop.read.vocabulary.closing import closed, refusing_counts
from symbackprop.read.vocabulary.trees import filled, leaves, same_form

__all__ = ["FUNCTIONS", "odeint"]

_ADJOINTS = ("discrete", "continuous")


def odeint(
    f: Any, y0: Value, t: Value, *args: Value, steps: Any = 1, method: Value = "rk4", adjoint: Value = "discrete"
) -> Value:
    """``odeint(f, y0, t, *args)``: the solution of ``dy/dt = f(y, t, *args)`` from `y0` at ``t[0]``, at all times `t`.

    Between two times it takes `steps` steps of a Runge-Kutta method, ``"rk4"`` or ``"dopri5"``. The gradient is that of
    these steps; with ``adjoint="continuous"`` it is the solution of the adjoint equation by such steps, which stores
    none.
    """
    if not callable(f) or not hasattr(f, "parameters"):
        raise ArgumentError("the first argument of odeint is a function, defined above: def f(y, t): ...")
    chosen = _one_of(method, RUNGE_KUTTA, "method")
    is_continuous = _one_of(adjoint, _ADJOINTS, "adjoint") == "continuous"
    initial, times = _at_start(y0, t)
    level, *_ = (collected_here().new_level() for _ in range(3))  # the other two are for its loops
    bound = [make_input(at, x.shape, x.dtype, level) for at, x in enumerate((*initial, first(times)))]
    with refusing_counts(f.title):
        slopes = _slopes(f.title, y0, f(filled(y0, bound[:-1]), bound[-1], *args), bound[:-1])
    body, captured = closed(slopes, bound, f.given)
    equation = Equation.of_body(body, len(initial), chosen, _count(steps))
    named = replace(equation, right=_named(body, len(RUNGE_KUTTA[chosen].times)), names=collected_here().names)
    values = solved(named, initial, times, captured)
    if is_continuous:
        values = with_continuous_adjoint(equation, body, values, initial, times, captured)
    return filled(y0, [with_shape(x, (times.shape[0], *x.shape[1:])) for x in values])


# --- arguments --------------------------------------------------------------------------------------------------------


def _one_of(value: Value, known: Iterable[str], what: str) -> str:
    if isinstance(value, str) and value in known:
        return value
    shown = " or ".join(f'"{name}"' for name in known)
    raise ArgumentError(f"{what} of odeint is {shown}, not {value!r}")


def _count(steps: Value) -> Size:
    """Return the number of steps between two times, which is at least 1."""
    count = steps if isinstance(steps, int) else size_of(steps, "steps")
    require(1, "<=", count, "steps of odeint")
    return count


def _at_start(y0: Value, t: Value) -> tuple[list[Node], Node]:
    """Return the leaves of the state and the times, all of one dtype."""
    initial, times = [real(leaf) for leaf in leaves(y0, "y0")], real(node_of(t))
    if not initial:
        raise ArgumentError("y0 of odeint holds no array")
    if times.rank != 1:
        raise ShapeError(f"t has shape {shape_text(times.shape)}; odeint takes a vector of times, the first that of y0")
    require_entries(times, (0,), "the first of the times")
    typed = [node.dtype for node in (*initial, times) if not isinstance(node, Const)]
    dtype = "float64" if "float64" in typed else typed[0] if typed else default_float()
    return [converted(leaf, dtype) for leaf in initial], converted(times, dtype)


def _slopes(title: str, y0: Value, result: Value, state: Sequence[Node]) -> list[Node]:
    """Return what a right side gives, leaf by leaf in the shapes of the state."""
    if len(state) == 1 and isinstance(y0, Node):
        found = [node_of(result)]
    else:
        found = leaves(result, "the slope")
        if not same_form(y0, result):
            raise ShapeError(f"{title} takes a state of {len(state)} arrays, and returns {len(found)} slopes")
    slopes = []
    for slope, leaf in zip(found, state, strict=True):
        try:
            slopes.append(broadcast_to(converted(slope, leaf.dtype), leaf.shape))
        except ShapeError:
            raise ShapeError(
                f"{title} gives a slope of shape {shape_text(slope.shape)} for a state of shape {shape_text(leaf.shape)}"
            ) from None
    return slopes


# --- names ------------------------------------------------------------------------------------------------------------


def _named(body: Body, stages: int) -> RightSide:
    """Return the right side that a body computes; its slopes are called k1, k2, ... and all else as in `f`."""
    calls = count()
    collected = collected_here()
    names = collected.names
    state = body.inputs[: len(body.outputs)]
    ends = [""] if len(state) == 1 else [f"_{names.get(leaf, at)}" for at, leaf in enumerate(state, 1)]

    def right(state: Sequence[Node], time: Node, constants: Sequence[Node]) -> list[Node]:
        new = substitute(body.outputs, dict(zip(body.inputs, (*state, time, *constants), strict=True)))
        stage = next(calls) % stages + 1
        for end, output in zip(ends, body.outputs, strict=True):
            if isinstance(output, Apply) and isinstance(new[output], Apply):
                names.setdefault(new[output], f"k{stage}{end}")
        collected.became(new)
        return [new[output] for output in body.outputs]

    return right


FUNCTIONS: dict[str, Callable[..., Value]] = {"odeint": odeint}
