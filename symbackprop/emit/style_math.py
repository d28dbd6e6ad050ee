"""The target ``math``: float64 scalars, with the standard library's `math` module alone."""

from __future__ import annotations

from symbackprop.emit.style import TargetStyle
from symbackprop.ir.node import Apply, Node
from symbackprop.ops.arithmetic import add

__all__ = ["MathStyle"]


class MathStyle(TargetStyle):
    """Scalars of Python."""

    target = "math"
    module = "math"

    def operand(self, consumer: Apply, position: int) -> tuple[Node, str]:
        """Return the argument, in a sum without its sign."""
        return super().operand(consumer, position) if consumer.op is add else (consumer.args[position], "")

    def stand_as_they_are(self, consumer: Apply) -> bool:
        """Only sums look through anything among scalars: the signs of their terms."""
        return consumer.op is not add

    def dtype(self, dtype: str) -> str:
        """Return the Python type that holds `dtype`."""
        return {"bool": "bool", "int64": "int"}.get(dtype, "float")
