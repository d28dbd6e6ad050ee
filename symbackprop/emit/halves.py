"""Dtypes of two bytes: what NumPy and SciPy compute in a longer one is rounded, what they do not compute is refused.

NumPy gives float16 for what it is given as float16, but SciPy's functions give float32, and a choice between two
numbers float64. To a bfloat16 of `ml_dtypes` a number in the text is a float32, and a product of matrices is one too.
"""

from __future__ import annotations

import re

from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_half
from symbackprop.ir.node import Apply
from symbackprop.ops.declare import Primitive, Style

__all__ = ["in_halves"]

_LONGER = {
    "float16": re.compile(r"\bspecial\.|\bnp\.where\([^()]*\d\.\d|\bnp\.vander\b"),
    "bfloat16": re.compile(r"\bspecial\.|@|(?<![\w.])\d+\.\d|\bnp\.(?:inf|nan|pi|e|sinc|gradient)\b"),
}
_NOT_THERE = {
    "float16": re.compile(r"\blinalg\.(?!norm\b)"),
    "bfloat16": re.compile(r"\blinalg\.|\bnp\.(?:einsum|vander)\b"),
}


def in_halves(node: Apply, template: str, style: Style) -> str:
    """Return the template of a node such that it gives the dtype of the node.

    Raises
    ------
    UnsupportedError
        If there is no code for the dtype.
    """
    half = node.dtype
    if half not in _LONGER:
        for arg in node.args:
            if arg.dtype in _LONGER:
                half = arg.dtype
                break
        else:
            return template
    assert isinstance(node.op, Primitive)
    if _NOT_THERE[half].search(template):
        raise UnsupportedError(
            f"{node.op.name} has no {half} in NumPy; compute it in float32, with astype(x, float32) around what goes in"
        )
    if not is_half(node.dtype) or not _LONGER[node.dtype].search(template):
        return template
    if not node.shape:
        return f"{style.dtype(node.dtype)}({template})"
    return f"{_closed(template)}.astype({style.dtype(node.dtype)})"


def _closed(template: str) -> str:
    """Return a template in parentheses, unless it is a call of one function."""
    return template if re.fullmatch(r"[\w.]+\([^()]*\)", template) else f"({template})"
