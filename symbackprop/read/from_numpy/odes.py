"""`odeint` for functions written in NumPy: inside of a trace it notes the equation, outside it solves it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.read.from_numpy.calls import Trace
from symbackprop.read.from_numpy.expressions import POSTFIX
from symbackprop.read.from_numpy.loops import leaves_of, results_of
from symbackprop.read.from_numpy.operands import Operand, Parts, separated
from symbackprop.read.from_numpy.plain_odes import plain_odeint
from symbackprop.read.from_numpy.pytrees import alike, flattened
from symbackprop.read.from_numpy.running import running_trace
from symbackprop.read.from_numpy.steps import TracedStep
from symbackprop.read.vocabulary import FUNCTIONS

__all__ = ["odeint"]

_LEAF = flattened(0.0)[1]


def odeint(
    f: Callable[..., Any],
    y0: Any,
    t: Any,
    *args: Any,
    steps: int = 1,
    method: str = "rk4",
    adjoint: str = "discrete",
) -> Any:
    """Solve a differential equation by steps of a Runge-Kutta method, and differentiate the solution.

    Formula: ``dy/dt = f(y, t, *args)`` with ``y(t[0]) = y0``.

    Parameters
    ----------
    f : callable
        ``f(y, t, *args)`` returns the slope, nested as `y0`. It may take anything from around it too.
    y0 : nest of arrays
        The state at the first time: an array, a number, or tuples, lists, dicts, named tuples, dataclasses of them.
    t : array
        The times at which the solution is wanted, rising or falling; the first is that of `y0`.
    *args : nests of arrays
        What `f` takes behind the time.
    steps : int
        How many steps are made from one time to the next.
    method : str
        ``"rk4"``, the classical method of order 4, or ``"dopri5"``, that of Dormand and Prince of order 5. There is no
        estimate of the error: halve the steps and compare.
    adjoint : str
        ``"discrete"``: the gradient is that of the steps, exact for what is computed. ``"continuous"``: the adjoint
        equation is solved backwards by as many steps; its error is that of the method, and no step is stored.

    Returns
    -------
    nest of arrays
        The solution at all times, nested as `y0`, the times along a new first axis.

    Raises
    ------
    ShapeError, ArgumentError
        If `t` is no vector of at least one time, or the slope does not fit the state.

    References
    ----------
    W. Kutta, Z. Math. Phys. 46 (1901) 435-453. J. R. Dormand, P. J. Prince, J. Comput. Appl. Math. 6 (1980) 19-26.
    R. T. Q. Chen et al., Neural ordinary differential equations, NeurIPS 31 (2018).

    Examples
    --------
    >>> import numpy as np
    >>> import symbackprop as sb
    >>> def last(k):
    ...     return sb.odeint(lambda y, t: -k * y, 1.0, np.array([0.0, 1.0]), steps=20)[-1]
    >>> value, slope = sb.compile_value_and_grad(last, wrt="k")(0.5)
    >>> round(float(value - np.exp(-0.5)), 8), round(float(slope + np.exp(-0.5)), 6)
    (0.0, 0.0)
    """
    trace = running_trace()
    if trace is None:
        return plain_odeint(f, y0, t, *args, steps=steps, method=method, adjoint=adjoint)
    with trace.locating():
        options = {"steps": (steps, 1), "method": (method, "rk4"), "adjoint": (adjoint, "discrete")}
        chosen = {name: value for name, (value, usual) in options.items() if value is not usual and value != usual}
        return _noted(trace, f, y0, t, args, chosen)


def _noted(trace: Trace, f: Any, y0: Any, t: Any, args: Sequence[Any], options: dict[str, Any]) -> Any:
    if not callable(f):
        raise ArgumentError(f"the first argument of odeint is a function, not {f!r:.80}")
    form, value, parts = leaves_of(trace, y0)
    times: Operand = trace.operands.of(np.asarray(t) if isinstance(t, range) else t)
    given = [leaves_of(trace, arg) for arg in args]
    chosen = {name: trace.operands.of(option) for name, option in options.items()}
    traced = TracedStep(trace, f, [form, _LEAF, *(own for own, _, _ in given)], None, "f")
    named = {name: option for name, (option, _) in chosen.items()}
    result = FUNCTIONS["odeint"](traced, value, times[0], *(own for _, own, _ in given), **named)
    assert traced.definition is not None
    (returned,) = traced.returned
    if not alike(returned, form) and not alike(form, _LEAF):
        raise ShapeError(f"{traced.title} nests the slope otherwise than y0")
    texts: list[Parts] = [[(traced.definition, POSTFIX)], parts, times[1], *(own for _, _, own in given)]
    texts += [[f"{name}=", *own] for name, (_, own) in chosen.items()]
    place = trace.places.here()
    name = place.names[0] if len(place.names) == 1 else None
    return results_of(trace, result, ["odeint(", *separated(texts), ")"], form, name, place.line, place.names)
