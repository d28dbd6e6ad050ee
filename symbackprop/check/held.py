"""What a formula holds fixed: `stop_gradient(x)`, and the difference of hard and soft in `straight_through`.

An expression is held behind a function whose derivative is 0 (`Held`), and let go of once the derivative is taken. A
number is held at what it was at the point: what it was there is remembered, in the order of evaluation, and given
again where the inputs have moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import sympy

from symbackprop.check.elements import Element, Symbolic

__all__ = ["held", "recalling", "released", "remembering"]


class Held(sympy.Function):  # type: ignore[misc]
    """Its argument, as a constant."""

    nargs = 1
    is_real = True

    def _eval_derivative(self, symbol: Any) -> Any:
        return sympy.S.Zero


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
        self.position += 1
        return self.numbers[self.position - 1]


_memory: ContextVar[_Memory | None] = ContextVar("memory", default=None)


def held(x: Element) -> Any:
    """Return `x` as a constant: an expression, or what it was at the point."""
    if isinstance(x, Symbolic):
        return Symbolic(Held(x.expr), x.value)
    memory = _memory.get()
    return x if memory is None else memory.given(x)


def released(expression: Any) -> Any:
    """Return an expression without what held parts of it."""
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
