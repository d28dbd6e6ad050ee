"""What `odeint` computes outside of a trace: the steps of a Runge-Kutta method, one by one, on arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ops.runge_kutta import RUNGE_KUTTA, Combination, RungeKutta
from symbackprop.read.from_numpy.pytrees import Form, alike, flattened, unflattened

__all__ = ["ADJOINTS", "plain_odeint"]

ADJOINTS = ("discrete", "continuous")

Stack = Callable[[Sequence[Any]], Any]
_Slope = Callable[[Sequence[Any], Any], Sequence[Any]]


def plain_odeint(
    f: Callable[..., Any],
    y0: Any,
    t: Any,
    *args: Any,
    steps: int = 1,
    method: str = "rk4",
    adjoint: str = "discrete",
    stack: Stack = np.stack,
) -> Any:
    """Return the solution at the times `t`, stacked leaf by leaf."""
    chosen = RUNGE_KUTTA[_one_of(method, RUNGE_KUTTA, "method")]
    _one_of(adjoint, ADJOINTS, "adjoint")
    times = np.asarray(t)
    if times.ndim != 1 or not len(times):
        raise ShapeError(f"t has shape {times.shape}; odeint takes a vector of times, the first that of y0")
    if steps < 1:
        raise ShapeError(f"steps of odeint is at least 1, not {steps}")
    leaves, form = flattened(y0)
    state = [_real(leaf) for leaf in leaves]
    slope = _slope_of(f, form, [np.shape(leaf) for leaf in state], args, stack)
    rows = [state]
    for start, end in pairwise(times):
        h = (end - start) / steps
        for i in range(steps):
            state = _advanced(chosen, slope, state, start + i * h, h)
        rows.append(state)
    return unflattened(form, [stack(column) for column in zip(*rows, strict=True)])


def _one_of(value: str, known: Iterable[str], what: str) -> str:
    if value in known:
        return value
    shown = " or ".join(f'"{name}"' for name in known)
    raise ArgumentError(f"{what} of odeint is {shown}, not {value!r}")


def _real(leaf: Any) -> Any:
    """Return a leaf of the state as real numbers; what is no number of NumPy's stays as it is."""
    array = np.asarray(leaf)
    if array.dtype == object:
        return leaf
    return array if array.dtype.kind == "f" else array.astype(float)


def _slope_of(f: Callable[..., Any], form: Form, shapes: Sequence[Any], args: Sequence[Any], stack: Stack) -> _Slope:
    """Return the right side as a function of leaves."""
    title = getattr(f, "__name__", "f")

    def slope(state: Sequence[Any], time: Any) -> list[Any]:
        result = f(unflattened(form, state), time, *args)
        leaves, own = flattened(result)
        if alike(own, form):
            found = leaves
        elif alike(form, flattened(0.0)[1]) and isinstance(result, (tuple, list)):
            found = [stack(result)]  # of a vector, entry by entry
        else:
            raise ShapeError(f"{title} takes a state of {len(state)} arrays, and returns {len(leaves)} slopes")
        for leaf, shape in zip(found, shapes, strict=True):
            if np.shape(leaf) not in (shape, ()):
                raise ShapeError(f"{title} gives a slope of shape {np.shape(leaf)} for a state of shape {shape}")
        return found

    return slope


def _advanced(method: RungeKutta, slope: _Slope, state: Sequence[Any], time: Any, h: Any) -> list[Any]:
    """Return the state behind one step."""
    slopes: list[Sequence[Any]] = []
    for part, stage in zip(method.times, method.stages, strict=True):
        at = time + h * part.numerator / part.denominator
        slopes.append(slope(_moved(stage, state, slopes, h), at))
    return _moved(method.whole, state, slopes, h)


def _moved(combination: Combination, state: Sequence[Any], slopes: Sequence[Sequence[Any]], h: Any) -> list[Any]:
    moved = []
    for position, before in enumerate(state):
        total = sum(
            w.numerator * slope[position] / w.denominator
            for w, slope in zip(combination.weights, slopes, strict=True)
            if w
        )
        moved.append(before + h * total / combination.divisor)
    return moved
