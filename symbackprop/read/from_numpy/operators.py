"""The methods by which Python calls operators, for an array that hands them on to its trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.size import shape_text

if TYPE_CHECKING:
    from symbackprop.read.from_numpy.arrays import TracedArray

__all__ = ["binary", "comparison", "unary"]

_ARITHMETIC = frozenset(("+", "-", "*", "/", "//", "%", "**"))


def binary(symbol: str) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """Return the methods of a binary operator: of the left operand, of the right one, and in place."""

    def forward(self: Any, other: object) -> Any:
        return self.run.operator(symbol, self, other)

    def reflected(self: Any, other: object) -> Any:
        return self.run.operator(symbol, other, self)

    def in_place(self: Any, other: object) -> Any:
        return _in_place(self, symbol, other)

    return forward, reflected, in_place


def comparison(symbol: str) -> Callable[..., Any]:
    """Return the method of a comparison; None is equal to nothing, by Python's own rule."""

    def compare(self: Any, other: object) -> Any:
        return NotImplemented if other is None else self.run.compare(symbol, self, other)

    return compare


def unary(symbol: str) -> Callable[..., Any]:
    """Return the method of an operator with one operand."""
    return lambda self: self.run.unary(symbol, self)


def _in_place(x: TracedArray, symbol: str, other: object) -> TracedArray:
    """Change an array by an operator, ``x += other``; a number is not changed, its name is bound again."""
    is_array = bool(x.node.shape) or x.is_zero_d
    if is_array:
        x.writable()
    result = x.run.operator(symbol, x, other)
    if result is NotImplemented or not is_array:
        return result  # type: ignore[no-any-return]
    if type(result) is not type(x):  # a known number
        result = x.run.constants.array_of(np.asarray(result))
    _check_kept(x, symbol, result)
    if result.node.dtype != x.node.dtype:
        result = result.astype(x.dtype)
    if x.viewed is not None and x.index is not None and symbol in _ARITHMETIC:
        x.viewed.write(x.run.updated(f"{symbol}=", x.viewed.refreshed(), x.index, other))
        return x.refreshed()
    x.write((result.node, result.expression, result.concrete))
    return x


def _check_kept(x: TracedArray, symbol: str, result: TracedArray) -> None:
    """Refuse a result of another shape than the array has that it is written into, or of a kind that it cannot hold."""
    if result.node.shape != x.node.shape:
        raise x.run.located(
            UnsupportedError(
                f"`{symbol}=` cannot change the shape of an array: {shape_text(x.node.shape)} would become "
                f"{shape_text(result.node.shape)}"
            )
        )
    if result.node.dtype != x.node.dtype and not (is_float(result.node.dtype) and is_float(x.node.dtype)):
        raise x.run.located(
            UnsupportedError(
                f"`{symbol}=` cannot change the dtype of an array, {x.node.dtype} to {result.node.dtype}; "
                f"write x = x {symbol} ..."
            )
        )
