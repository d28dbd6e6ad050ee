"""What a compiled function is in SymPy: expressions, with pairs for what they share where they are large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ["Expressions"]


@dataclass(frozen=True)
class Expressions:
    """Value and gradient as SymPy expressions.

    `compile_value` and its family take it in place of an expression: what they compile is `value`.

    Parameters
    ----------
    value : SymPy expression, array, or nested tuples and lists of these
        What the formula computes.
    gradient : the same, or None
        What the function returns of its derivatives, nested as it returns them.
    symbols : mapping
        For each input its symbol, or the array of its entries.
    pairs : tuple of (Symbol, Expr)
        As `sympy.cse` gives them: each symbol stands for the expression, in which earlier symbols may occur.

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_value_and_grad("x*sin(y)").to_sympy().gradient
    (sin(y), x*cos(y))
    """

    value: Any
    gradient: Any = None
    symbols: Mapping[str, Any] = field(default_factory=dict)
    pairs: tuple[tuple[Any, Any], ...] = ()

    def of_gradient(self) -> Expressions:
        """Return the gradient as what is computed, so that it can be differentiated again."""
        return replace(self, value=self.gradient, gradient=None)
