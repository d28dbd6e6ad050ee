"""The target ``math``: float64 scalars, with the standard library's `math` module alone."""

from __future__ import annotations

from collections.abc import Sequence

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

    def operands(self, consumer: Apply) -> Sequence[tuple[Node, str]]:
        """Return all arguments."""
        return super().operands(consumer) if consumer.op is add else [(arg, "") for arg in consumer.args]

    def dtype(self, dtype: str) -> str:
        """Return the Python type that holds `dtype`."""
        return {"bool": "bool", "int64": "int"}.get(dtype, "float")
