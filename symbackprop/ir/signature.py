"""What a declared input is."""

from __future__ import annotations

from dataclasses import dataclass

from symbackprop.ir.size import Size

__all__ = ["ArgumentSpec"]


@dataclass(frozen=True, slots=True)
class ArgumentSpec:
    """A declared input.

    Parameters
    ----------
    name : str
        Its name in the formula.
    shape : tuple of sizes, or None
        None is "...": any one shape, elementwise.
    dtype : str
        ``"float64"``, ``"float32"``, ``"int64"`` or ``"bool"``.
    """

    name: str
    shape: tuple[Size, ...] | None
    dtype: str
