"""What an element holds: a long number, or an expression."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import sympy

from symbackprop.check.elements import Digits, Symbolic

__all__ = ["expression_of", "number_of"]


def number_of(x: Any) -> Any:
    """Return a long number."""
    if isinstance(x, np.ndarray):
        x = x[()]
    return x.value if isinstance(x, Digits) else Digits(mpmath.mpf(0))._from(x).value


def expression_of(x: Any) -> Any:
    """Return an expression."""
    if isinstance(x, Symbolic):
        return x.expr
    if isinstance(x, (bool, np.bool_)):
        return sympy.Integer(int(x))
    return Symbolic(sympy.Integer(0), mpmath.mpf(0))._from(x).expr
