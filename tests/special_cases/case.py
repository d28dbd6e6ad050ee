"""What a case of a special function is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["DIGITS", "TIGHT", "Case"]

TIGHT = 1e-14
DIGITS = 50


@dataclass(frozen=True)
class Case:
    """A function of one variable x.

    Parameters
    ----------
    text : str
        The formula.
    exact : callable
        Its meaning for mpmath.
    points : sequence of floats
        In range and at the edges: tiny, large, near poles, at transitions.
    expression : SymPy expression or None
        The same for SymPy.
    value, slope : float
        The errors allowed.
    """

    text: str
    exact: Callable[[Any], Any]
    points: tuple[float, ...]
    expression: Any = None
    value: float = TIGHT
    slope: float = TIGHT
