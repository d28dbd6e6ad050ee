"""A template as calls of NumPy, one after another, each of which can write its result into an array that is given.

``{0} / (1.0 + np.abs({0}))`` is the absolute value, a sum and a quotient. What cannot be told to write somewhere (a
solve, a sort, indexing by arrays) is no such call, and stays an expression.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

__all__ = ["CHOICE", "COPY", "EMPTY", "ZEROS", "Call", "Operand", "calls_of"]

CHOICE = "np.where"  # which cannot be told where to write, but is two copies
ZEROS = "np.zeros"  # nor can this one, but it is an assignment
EMPTY = "np.empty"  # nor this one, but it is the memory itself
COPY = "np.array"  # nor this one, but it is a copy

Operand = str | int  # a template, or the result of the call with that number

_BINARY: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("np.add", "+"), ast.Sub: ("np.subtract", "-"), ast.Mult: ("np.multiply", "*"),
    ast.Div: ("np.divide", "/"), ast.FloorDiv: ("np.floor_divide", "//"), ast.Mod: ("np.remainder", "%"),
    ast.BitAnd: ("np.bitwise_and", "&"), ast.BitOr: ("np.bitwise_or", "|"), ast.MatMult: ("np.matmul", ""),
}  # fmt: skip
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "np.less", ast.LtE: "np.less_equal", ast.Gt: "np.greater", ast.GtE: "np.greater_equal",
    ast.Eq: "np.equal", ast.NotEq: "np.not_equal",
}  # fmt: skip
_MASKS = frozenset((*_COMPARISONS.values(), "np.isnan", "np.isfinite", "np.isinf", "np.signbit", "np.logical_not"))
_VIEWS = ("np.swapaxes", "np.transpose", "np.moveaxis", "np.expand_dims")
_WHOLE = frozenset((  # functions with `out` that are not entry by entry
    "np.sum", "np.prod", "np.max", "np.min", "np.mean", "np.outer", "np.vecdot", "np.matvec", "np.einsum", "np.cumsum",
    "np.concatenate",
))  # fmt: skip
_PLACEHOLDER = re.compile(r"\{-?(\d+)\}")
_MARK = re.compile(r"_arg(\d+)_")


@dataclass(frozen=True)
class Call:
    """One call.

    Parameters
    ----------
    function : str
        What is called, ``"np.multiply"``.
    operands : tuple of templates and numbers of earlier calls
    options : str
        What else stands in the parentheses, ``", axis=1"``.
    symbol : str
        The operator that does the same, where there is one that assigns.
    entrywise : bool
        Whether an operand may be written over while it is read.
    """

    function: str
    operands: tuple[Operand, ...]
    options: str = ""
    symbol: str = ""
    entrywise: bool = True

    @property
    def overwritable(self) -> tuple[Operand, ...]:
        """The operands that the result may be written over."""
        if self.function == CHOICE:
            return self.operands[2:]
        return self.operands if self.entrywise else ()

    @property
    def protected(self) -> tuple[Operand, ...]:
        """The operands that are still read when a part of the result is there."""
        return self.operands[: len(self.operands) - len(self.overwritable)]

    @property
    def is_mask(self) -> bool:
        """Whether the result is true or false."""
        return self.function in _MASKS


@lru_cache(maxsize=4096)
def calls_of(template: str, arrays: frozenset[int]) -> tuple[Call, ...] | None:
    """Return the calls that compute a template, given which of its operands are arrays; None where there are none."""
    if template in (ZEROS, EMPTY):
        return (Call(template, ()),)
    if template == COPY:
        return (Call(COPY, ("{0}",), entrywise=False),)
    source = _PLACEHOLDER.sub(lambda found: f"_arg{found[1]}_", template)
    try:
        found = _Lowering(source, arrays)
        found.lower(ast.parse(source, mode="eval").body)
    except (_NoCallError, SyntaxError):
        return None
    whole = any(not call.entrywise for call in found.calls)
    return tuple(found.calls) if len(found.calls) == 1 or (found.calls and not whole) else None


class _NoCallError(Exception):
    """There is no call that does this."""


class _Lowering:
    def __init__(self, source: str, arrays: frozenset[int]) -> None:
        self._source = source
        self._arrays = arrays
        self.calls: list[Call] = []

    def lower(self, tree: ast.expr) -> Operand:
        """Append the calls that compute `tree`, and return what it then is."""
        if not self._has_array(tree) or self._is_view(tree):
            return self._text(tree)
        if isinstance(tree, ast.BinOp):
            return self._binary(tree)
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, (ast.USub, ast.Invert)):
            name = "np.negative" if isinstance(tree.op, ast.USub) else "np.bitwise_not"
            return self._append(name, [self.lower(tree.operand)])
        if isinstance(tree, ast.Compare) and len(tree.ops) == 1:
            return self._append(
                _COMPARISONS[type(tree.ops[0])], [self.lower(x) for x in (tree.left, *tree.comparators)]
            )
        if isinstance(tree, ast.Call):
            return self._call(tree)
        raise _NoCallError

    def _binary(self, tree: ast.BinOp) -> Operand:
        if isinstance(tree.op, ast.Pow):
            exponent = self._text(tree.right)
            if exponent in ("2", "2.0"):
                return self._append("np.square", [self.lower(tree.left)])
            return self._append("np.power", [self.lower(tree.left), self.lower(tree.right)])
        name, symbol = _BINARY[type(tree.op)]
        operands = [self.lower(tree.left), self.lower(tree.right)]
        return self._append(name, operands, symbol=symbol, entrywise=name != "np.matmul")

    def _call(self, tree: ast.Call) -> Operand:
        name = self._text(tree.func)
        if isinstance(tree.func, ast.Attribute) and tree.func.attr == "astype" and self._is_float(tree):
            return self._append(COPY, [self.lower(tree.func.value)], entrywise=False)
        if any(self._has_array(keyword.value) for keyword in tree.keywords):
            raise _NoCallError
        options = "".join(f", {keyword.arg}={self._text(keyword.value)}" for keyword in tree.keywords)
        if name in _WHOLE or (name == "np.take" and "mode=" in options):  # which writes to a copy of `out` without it
            operands = [self._text(arg) for arg in tree.args]
            if not all(self._is_view(arg) or not self._has_array(arg) for arg in tree.args):
                raise _NoCallError
            return self._append(name, operands, options, entrywise=False)
        if _is_ufunc(name) or name in (CHOICE, "np.clip"):
            return self._append(name, [self.lower(arg) for arg in tree.args], options)
        raise _NoCallError

    def _append(
        self, function: str, operands: Sequence[Operand], options: str = "", symbol: str = "", *, entrywise: bool = True
    ) -> Operand:
        self.calls.append(Call(function, tuple(operands), options, symbol, entrywise))
        return len(self.calls) - 1

    def _is_float(self, tree: ast.Call) -> bool:
        """Tell whether something is converted to floating-point numbers, which copying does too."""
        return not tree.keywords and [self._text(arg) for arg in tree.args] in (["np.float64"], ["np.float32"])

    def _has_array(self, tree: ast.expr) -> bool:
        found = (_MARK.fullmatch(node.id) for node in ast.walk(tree) if isinstance(node, ast.Name))
        return any(match is not None and int(match[1]) in self._arrays for match in found)

    def _is_view(self, tree: ast.expr) -> bool:
        """Tell whether an expression looks into an operand, and computes nothing."""
        if isinstance(tree, ast.Name):
            return True
        if isinstance(tree, ast.Tuple):
            return all(map(self._is_view, tree.elts))
        if isinstance(tree, ast.Attribute) and tree.attr == "T":
            return self._is_view(tree.value)
        if isinstance(tree, ast.Subscript):
            return self._is_view(tree.value) and not self._has_array(tree.slice)
        if isinstance(tree, ast.Call) and self._text(tree.func) in _VIEWS:
            return self._is_view(tree.args[0])
        return False

    def _text(self, tree: ast.expr) -> str:
        return _MARK.sub(r"{\1}", ast.get_source_segment(self._source, tree) or "")


def _is_ufunc(name: str) -> bool:
    """Tell whether a function acts entry by entry and takes `out`; those of `scipy.special` do."""
    module, _, own = name.rpartition(".")
    if module == "special":
        return own not in ("softmax", "log_softmax", "logsumexp", "polygamma", "lambertw", "zeta")
    function = getattr(np, own, None) if module == "np" else None
    return isinstance(function, np.ufunc) and function.nout == 1 and function.signature is None
