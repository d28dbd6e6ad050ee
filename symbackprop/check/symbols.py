"""What symbols stand for at the point where expressions are built, so that derivatives of them can be compared there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import mpmath

from symbackprop.check.elements import DIGITS, Symbolic
from symbackprop.check.held import released

__all__ = ["known_symbols", "value_at_point"]

_values: ContextVar[dict[Any, Any] | None] = ContextVar("values", default=None)


@contextmanager
def known_symbols(elements: Iterable[Any]) -> Iterator[None]:
    """Know the values of those `elements` that are symbols, beside the values of others."""
    known = {x.expr: x.value for x in elements if isinstance(x, Symbolic) and x.expr.is_Symbol}
    token = _values.set({**(_values.get() or {}), **known})
    try:
        yield
    finally:
        _values.reset(token)


def value_at_point(expression: Any) -> Any:
    """Return the number that an expression is at the point, nan where that is not known."""
    known = _values.get() or {}
    found = released(expression).evalf(
        DIGITS + 10, subs={symbol: known.get(symbol, symbol) for symbol in expression.free_symbols}
    )
    return mpmath.mpf(found._mpf_) if found.is_Float else mpmath.mpf(int(found)) if found.is_Integer else mpmath.nan
