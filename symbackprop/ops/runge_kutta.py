"""Explicit Runge-Kutta methods of given steps, over nodes: what one step computes.

k_i = f(y + h * sum_j a_ij k_j, t + c_i * h),    y' = y + h * sum_i b_i k_i
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from symbackprop.ir.node import Node, constant
from symbackprop.ops.arithmetic import add, div, mul, neg

__all__ = ["RUNGE_KUTTA", "Combination", "RungeKutta", "Slope", "advanced"]

Slope = Callable[[Sequence[Node], Node], Sequence[Node]]


@dataclass(frozen=True)
class Combination:
    """A weighted sum of slopes, ``(w_1 k_1 + w_2 k_2 + ...) / divisor``, as it is printed."""

    weights: tuple[Fraction | int, ...]
    divisor: int = 1


@dataclass(frozen=True)
class RungeKutta:
    """The coefficients of an explicit method.

    Parameters
    ----------
    order : int
        The error of a fixed span falls with the step to this power.
    times : tuple of fractions
        Where in the step each slope is taken.
    stages : tuple of Combination
        How far each slope is taken from where the step begins, in slopes before it.
    whole : Combination
        What the step adds.
    source : str
    """

    order: int
    times: tuple[Fraction | int, ...]
    stages: tuple[Combination, ...]
    whole: Combination
    source: str


def _of_fractions(*weights: str) -> Combination:
    return Combination(tuple(map(Fraction, weights)))


RUNGE_KUTTA: dict[str, RungeKutta] = {
    "rk4": RungeKutta(
        order=4,
        times=(0, Fraction(1, 2), Fraction(1, 2), 1),
        stages=(Combination(()), Combination((1,), 2), Combination((0, 1), 2), Combination((0, 0, 1))),
        whole=Combination((1, 2, 2, 1), 6),
        source="W. Kutta, Z. Math. Phys. 46 (1901) 435-453",
    ),
    "dopri5": RungeKutta(
        order=5,
        times=(0, Fraction(1, 5), Fraction(3, 10), Fraction(4, 5), Fraction(8, 9), 1),
        stages=(
            _of_fractions(),
            _of_fractions("1/5"),
            _of_fractions("3/40", "9/40"),
            _of_fractions("44/45", "-56/15", "32/9"),
            _of_fractions("19372/6561", "-25360/2187", "64448/6561", "-212/729"),
            _of_fractions("9017/3168", "-355/33", "46732/5247", "49/176", "-5103/18656"),
        ),
        whole=_of_fractions("35/384", "0", "500/1113", "125/192", "-2187/6784", "11/84"),
        source="J. R. Dormand, P. J. Prince, J. Comput. Appl. Math. 6 (1980) 19-26, RK5(4)7M, the formula of order 5",
    ),
}


def advanced(method: RungeKutta, slope: Slope, state: Sequence[Node], time: Node, step: Node) -> list[Node]:
    """Return the state behind one step of length `step`."""
    slopes: list[Sequence[Node]] = []
    for part, stage in zip(method.times, method.stages, strict=True):
        at = time if part == 0 else add(time, _scaled(step, part))
        slopes.append(slope(_moved(stage, state, slopes, step), at))
    return _moved(method.whole, state, slopes, step)


def _moved(combination: Combination, state: Sequence[Node], slopes: Sequence[Sequence[Node]], step: Node) -> list[Node]:
    """Return the state, `step` away along a combination of slopes."""
    used = [(weight, slope) for weight, slope in zip(combination.weights, slopes, strict=True) if weight]
    if not used:
        return [*state]
    length = step if combination.divisor == 1 else div(step, constant(combination.divisor, (), step.dtype))
    moved = []
    for position, before in enumerate(state):
        terms = [_scaled(slope[position], weight) for weight, slope in used]
        moved.append(add(before, mul(length, add(*terms) if len(terms) > 1 else terms[0])))
    return moved


def _scaled(x: Node, weight: Fraction | int) -> Node:
    if weight == 1:
        return x
    if weight < 0:
        return neg(_scaled(x, -weight))
    return mul(constant(weight, (), x.dtype), x)
