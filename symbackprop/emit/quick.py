"""Calls in fast code that take NumPy less time than those that a person would write, on small arrays.

A step of a loop over small arrays, and a function of few numbers, is as slow as its calls. The method ``dot`` multiplies two matrices, or a matrix and a
vector, in half the time of ``@``, and ``np.add.reduce`` is what ``sum`` calls.
"""

from __future__ import annotations

import re

from symbackprop.ir.node import Apply
from symbackprop.ops.broadcasting import axis_text, reduce_sum
from symbackprop.ops.contraction import einsum
from symbackprop.ops.reduction import largest, smallest

__all__ = ["quick_template"]

_PRODUCT = re.compile(r"(\{\d\}(?:\.T)?) @ (\{\d\}(?:\.T)?)")
_UFUNCS = {reduce_sum: "add", largest: "maximum", smallest: "minimum"}


def quick_template(node: Apply, template: str) -> str:
    """Return the template of a node with the quicker call, where there is one."""
    if node.op is einsum:
        product = _PRODUCT.fullmatch(template)
        if product is None or max(arg.rank for arg in node.args) > 2:
            return template
        left, right = product[1], product[2]
        if left.endswith(".T") and node.args[int(right[1])].rank == 1:
            left, right = right, left.removesuffix(".T")
        return f"{left}.dot({right})"
    if node.op not in _UFUNCS or ("empty", True) in node.params:
        return template
    axes = axis_text(node)
    whole = ", axis=None" if node.args[0].rank > 1 else ""
    return f"np.{_UFUNCS[node.op]}.reduce({{0}}{axes or whole})"
