"""What the text of a primitive may ask of the printer."""

from __future__ import annotations

from typing import Protocol

from symbackprop.ir.node import ConstantValue, Node, Shape
from symbackprop.ir.size import Size

__all__ = ["Style"]


class Style(Protocol):
    """What a text may ask of the printer.

    Parameters
    ----------
    is_fast : bool
        Whether calls that cost little matter more than names that every reader knows.
    has_large : bool
        Whether the text is for arrays so large that the calls are not what takes time.
    otherwise : str
        What is returned where an assumption does not hold.
    """

    is_fast: bool
    has_large: bool
    otherwise: str

    def size(self, size: Size) -> str:
        """Return the text of a size."""

    def shape(self, shape: Shape) -> str:
        """Return the text of a shape, ``(n, 3)``."""

    def dtype(self, dtype: str) -> str:
        """Return the text of a dtype, ``np.float32``."""

    def number(self, value: ConstantValue, dtype: str) -> str:
        """Return the text of a number."""

    def is_name(self, node: Node) -> bool:
        """Tell whether `node` is printed as a bare name, so that repeating it costs nothing."""

    def imported(self, path: str) -> str:
        """Return the name of what is imported from ``package.module.name``."""

    def has_module(self, module: str) -> bool:
        """Tell whether the formula itself asks for functions of `module`, ``"scipy.linalg"``."""
