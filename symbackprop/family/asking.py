"""What all of the family share: how a formula is asked for, or a decorator where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from symbackprop.compiled import CompiledFunction
from symbackprop.forms import compile_formula
from symbackprop.options import Request

__all__ = ["Batch", "Checkpoint", "Inputs", "Wrt", "asked_for"]

Inputs = Mapping[Any, object] | Sequence[Any] | str | None
Batch = Mapping[str, int] | None
Checkpoint = Iterable[Any] | str | float | None
Wrt = Any  # a name or a SymPy symbol, a sequence of these, or None


def asked_for(formula: Any, inputs: Inputs, static: Iterable[str], request: Request) -> CompiledFunction:
    """Compile a formula, or return a decorator where there is none."""

    def compiled(function: Any) -> CompiledFunction:
        return compile_formula(function, inputs, static, request)

    return compiled if formula is None else compiled(formula)  # type: ignore[return-value]  # a decorator gives one
