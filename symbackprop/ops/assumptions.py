"""`assuming`: what is computed on a condition that only the numbers decide.

A form that is faster on almost all arguments, and wrong on the others, begins with it. On these others the printed
function returns what a second one computes, which has the formula as it was written.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply
from symbackprop.ir.size import Size
from symbackprop.ops.conditional import on_condition
from symbackprop.ops.declare import ALIASED, Primitive, Style

__all__ = ["LEAST", "LEAST_OF", "assuming"]

LEAST = "LEAST"  # the constant of printed modules that what is assumed to be large enough is compared with
LEAST_OF = {"float64": 1e-100, "float32": 1e-18}  # squares of numbers above it do not vanish, nor do sums beside others


def _lines(node: Apply, style: Style) -> list[str]:
    """Return the statements: of a loop of no steps, or with a number that is not large enough, the function returns."""
    steps: Size = node.param("steps")  # type: ignore[assignment]
    condition = f"not {{1}} > {LEAST}" if isinstance(steps, int) else f"{style.size(steps)} == 0 or not {{1}} > {LEAST}"
    return [ALIASED, f"if {condition}:", f"    return {style.otherwise}"]


assuming: Primitive = on_condition("assuming", _lines)
