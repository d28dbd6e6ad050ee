"""Calling words of the vocabulary, and saying what does not fit them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence

from symbackprop.errors import ArgumentError, SymbackpropError
from symbackprop.ir.node import Const
from symbackprop.read.program import Instruction
from symbackprop.read.vocabulary.arguments import Value

__all__ = ["called", "callee", "signature_text", "without_prefix"]

_PREFIXES = ("np.", "numpy.", "math.", "scipy.special.", "special.", "scipy.")


def callee(instruction: Instruction) -> tuple[str, Sequence[str]]:
    """Return the name that a call names, and its keywords."""
    name, keywords = instruction.value  # type: ignore[misc]
    return name, keywords  # type: ignore[has-type]


def without_prefix(name: str) -> str:
    """Return a dotted name without the module that formulas may write before it."""
    if "." not in name or name.startswith("scipy.linalg."):
        return name  # SciPy's words of linear algebra are not NumPy's
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name


def called(name: str, function: Callable[..., Value], operands: list[Value], keywords: Sequence[str]) -> Value:
    """Call a word of the vocabulary; arguments that do not fit its signature are an error that shows it."""
    count = len(operands) - len(keywords)
    named = dict(zip(keywords, operands[count:], strict=True))
    if named.pop("out", None) is not None:
        raise ArgumentError(f"{name}: out= is not supported in a formula; assign the result to a name instead")
    try:
        return function(*operands[:count], **named)
    except TypeError as error:
        if isinstance(error, SymbackpropError):
            raise
        try:
            inspect.signature(function).bind(*operands[:count], **named)
        except TypeError as mismatch:
            raise ArgumentError(f"{name}{signature_text(function)}: {mismatch}") from None
        raise


def signature_text(function: Callable[..., Value], skip: int = 0) -> str:
    """Return the parameters of a word behind the first `skip`, with defaults as a formula would write them."""
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=parameter.empty, default=_Shown(parameter.default))
        if parameter.default is not parameter.empty
        else parameter.replace(annotation=parameter.empty)
        for parameter in list(signature.parameters.values())[skip:]
    ]
    return str(signature.replace(parameters=parameters, return_annotation=signature.empty))


class _Shown:
    """A default whose `repr` is its text in a formula."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        if isinstance(self.value, tuple):
            return f"({', '.join(repr(_Shown(item)) for item in self.value)})"
        return str(self.value.value) if isinstance(self.value, Const) else repr(self.value)
