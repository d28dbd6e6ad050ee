"""The target ``math``: float64 scalars, with the standard library's `math` module alone."""

from __future__ import annotations

from symbackprop.emit.style import TargetStyle

__all__ = ["MathStyle"]


class MathStyle(TargetStyle):
    """Scalars of Python."""

    target = "math"
    module = "math"

    def dtype(self, dtype: str) -> str:
        """Return the Python type that holds `dtype`."""
        return {"bool": "bool", "int64": "int"}.get(dtype, "float")
