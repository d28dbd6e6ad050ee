"""Names for SymPy's symbols: identifiers that a formula can hold, each once, with what they stand for."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

__all__ = ["is_usable", "original_name", "symbol_names"]

_RESERVED = frozenset((*keyword.kwlist, "pi", "e", "inf", "nan", "newaxis", "np", "math", "special"))
_ORDERS = {1: "dot", 2: "ddot"}


def original_name(symbol: Any) -> str:
    """Return how SymPy prints an input: a symbol, a function of time, or a derivative of one."""
    return str(symbol)


def is_usable(name: str) -> bool:
    """Tell whether a name can stand in a formula as it is."""
    return name.isidentifier() and name not in _RESERVED


def symbol_names(symbols: Iterable[Any]) -> dict[Any, str]:
    """Return an identifier for each symbol, its own name where that is one and free."""
    names: dict[Any, str] = {}
    taken: set[str] = set()
    for symbol in symbols:
        stem = _identifier(_stem(symbol))
        name, number = stem, 1
        while name in taken or name in _RESERVED:
            name = f"{stem}_" if name in _RESERVED else f"{stem}_{number}"
            number += 1
        taken.add(name)
        names[symbol] = name
    return names


def _stem(symbol: Any) -> str:
    """Return the name of a symbol, ``theta_dot`` for the first derivative of ``theta(t)``."""
    if isinstance(symbol, sympy.Derivative):
        order = sum(count for _, count in symbol.variable_count)
        suffix = _ORDERS.get(order, f"d{order}")
        return f"{_stem(symbol.expr)}_{suffix}"
    if isinstance(symbol, AppliedUndef):
        return str(symbol.func)
    return str(getattr(symbol, "name", symbol))


def _identifier(text: str) -> str:
    """Return `text` as an identifier: what it cannot hold becomes an underscore, a prime the word."""
    text = unicodedata.normalize("NFKC", text).replace("'", "_prime")
    if not text.isidentifier():
        text = re.sub(r"\W+", "_", text).strip("_") or "v"
    return text if text.isidentifier() and not text.startswith("_") else f"v_{text.lstrip('_')}"
