"""What is kept of a law: its formula, where it is from, and where to look at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Law:
    """A formula of a science.

    Parameters
    ----------
    name : str
        What it gives.
    formula : sympy.Expr
        In SI units, unless the source's own are more usual.
    source : str
        Author, title, and the section where it is known, else the law's name.
    ranges : dict of Symbol to (low, high)
        The variables, each with the interval in which the law is looked at.
    """

    name: str
    formula: Any
    source: str
    ranges: dict[Any, tuple[float, float]]

    def __str__(self) -> str:
        return self.name
