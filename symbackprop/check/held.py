"""What a formula holds fixed: `stop_gradient(x)`, and the difference of hard and soft in `straight_through`.

And what has a derivative that is chosen: the results of a surrogate rule. Each derivative, also one of a derivative, takes
them for linear functions with the slopes of the rule, which are themselves what they are at the point of that derivative.

An expression is held behind a function whose derivative is 0 (`Held`), and let go of once the derivative is taken. A
number is held at what it was at the point: what it was there is remembered, in the order of evaluation, and given
again where the inputs have moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import sympy

from symbackprop.check.elements import Element, Symbolic

__all__ = ["chosen", "has_chosen", "held", "recalling", "released", "remembering"]

Slopes = Callable[[], Sequence[Sequence[Any]]]


class Held(sympy.Function):  # type: ignore[misc]
    """Its argument, as a constant."""

    nargs = 1
    is_real = True

    def _eval_derivative(self, symbol: Any) -> Any:
        return sympy.S.Zero


class Chosen(sympy.Function):  # type: ignore[misc]
    """Its first argument, with a derivative that is chosen: pairs of a slope, and what it is the slope in, follow it."""

    is_real = True

    def _eval_derivative(self, symbol: Any) -> Any:
        pairs = zip(self.args[1::2], self.args[2::2], strict=True)
        return sympy.Add(*(slope * sympy.diff(x, symbol) for slope, x in pairs))


class _Linear(NamedTuple):
    """Values at a point, the numbers that they depend on, and their slopes in these, a row for each value."""

    values: Sequence[Any]
    numbers: Sequence[Any]
    slopes: Sequence[Sequence[Any]]

    def at(self, numbers: Sequence[Any]) -> list[Any]:
        """Return the values where the numbers have moved."""
        away = [x - x0 for x, x0 in zip(numbers, self.numbers, strict=True)]
        rows = zip(self.values, self.slopes, strict=True)
        return [sum((slope * step for slope, step in zip(row, away, strict=True)), start=value) for value, row in rows]


class _Memory:
    """The numbers held at a point; `position` is that of the next one where they are given again.

    What is remembered inside of another evaluation is what that one holds, which may be giving it again itself.
    """

    def __init__(self, numbers: list[Any], position: int | None, around: _Memory | None = None) -> None:
        self.numbers, self.position, self.around = numbers, position, around

    def given(self, x: Any) -> Any:
        """Return what is held in the place of `x`."""
        if self.position is None:
            self.numbers.append(x if self.around is None else self.around.given(x))
            return self.numbers[-1]
        return self._next()

    def linear(self, values: Sequence[Any], numbers: Sequence[Any], slopes: Slopes) -> Sequence[Any]:
        """Return values whose slopes are chosen: as they are at the point of this evaluation, or linear functions there."""
        if self.position is None:
            own = values if self.around is None else self.around.linear(values, numbers, slopes)
            self.numbers.append(_Linear(own, numbers, slopes()))
            return own
        return self._next().at(numbers)  # type: ignore[no-any-return]

    def _next(self) -> Any:
        assert self.position is not None
        self.position += 1
        return self.numbers[self.position - 1]


_memory: ContextVar[_Memory | None] = ContextVar("memory", default=None)


def held(x: Element) -> Any:
    """Return `x` as a constant: an expression, or what it was at the point."""
    if isinstance(x, Symbolic):
        return Symbolic(Held(x.expr), x.value)
    memory = _memory.get()
    return x if memory is None else memory.given(x)


def chosen(values: Sequence[Any], numbers: Sequence[Any], slopes: Slopes) -> Sequence[Any]:
    """Return values, with a row of `slopes` for each, in the numbers that they depend on, in the place of their own."""
    if any(isinstance(x, Symbolic) for x in (*values, *numbers)):
        return [_chosen(value, row, numbers) for value, row in zip(values, slopes(), strict=True)]
    memory = _memory.get()
    return values if memory is None else memory.linear(values, numbers, lambda: _apart(slopes))


def _chosen(value: Any, row: Sequence[Any], numbers: Sequence[Any]) -> Any:
    made = Symbolic(sympy.Integer(0), value)
    entries = [entry for pair in zip(row, numbers, strict=True) for entry in pair]
    parts = [made._from(x) for x in (value, *entries)]
    return Symbolic(Chosen(*(part.expr for part in parts)), parts[0].value)


def _apart(slopes: Slopes) -> Sequence[Sequence[Any]]:
    """Return slopes, remembering nothing of how they are computed: where the inputs have moved they are not."""
    token = _memory.set(None)
    try:
        return slopes()
    finally:
        _memory.reset(token)


def has_chosen(numbers: Sequence[Any]) -> bool:
    """Tell whether any of what was remembered has slopes that are chosen."""
    return any(isinstance(number, _Linear) for number in numbers)


def released(expression: Any) -> Any:
    """Return an expression without what held parts of it, or chose their derivatives."""
    if expression.has(Chosen):
        expression = expression.replace(Chosen, lambda value, *rest: value)
    return expression.replace(Held, lambda x: x) if expression.has(Held) else expression


@contextmanager
def remembering() -> Iterator[list[Any]]:
    """Remember what an evaluation holds."""
    numbers: list[Any] = []
    token = _memory.set(_Memory(numbers, None, _memory.get()))
    try:
        yield numbers
    finally:
        _memory.reset(token)


@contextmanager
def recalling(numbers: list[Any]) -> Iterator[None]:
    """Give what was held at the point again."""
    token = _memory.set(_Memory(numbers, 0))
    try:
        yield
    finally:
        _memory.reset(token)
