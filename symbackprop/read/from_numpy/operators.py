"""The methods by which Python calls operators, for an array that hands them on to its trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["binary", "comparison", "unary"]


def binary(symbol: str) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """Return the methods of a binary operator: of the left operand, of the right one, and in place."""

    def forward(self: Any, other: object) -> Any:
        return self.run.operator(symbol, self, other)

    def reflected(self: Any, other: object) -> Any:
        return self.run.operator(symbol, other, self)

    def in_place(self: Any, other: object) -> Any:
        return self._in_place(symbol, other)

    return forward, reflected, in_place


def comparison(symbol: str) -> Callable[..., Any]:
    """Return the method of a comparison; None is equal to nothing, by Python's own rule."""

    def compare(self: Any, other: object) -> Any:
        return NotImplemented if other is None else self.run.compare(symbol, self, other)

    return compare


def unary(symbol: str) -> Callable[..., Any]:
    """Return the method of an operator with one operand."""
    return lambda self: self.run.unary(symbol, self)
