"""What a call of `lambdify` names as arguments: symbols in nested lists, by themselves or by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy
from sympy.core.function import AppliedUndef

from symbackprop.errors import ArgumentError, UnsupportedError
from symbackprop.symbolic.names import original_name
from symbackprop.symbolic.nodes import free_inputs, is_explicit, is_input, operands_of, read_table

__all__ = ["Parameters", "matched_by_name", "read_parameters", "refuse_missing"]

_DEEPEST = 32
_REPLACED = (sympy.Function, sympy.Derivative, sympy.Indexed, sympy.matrices.expressions.matexpr.MatrixElement)


@dataclass(frozen=True)
class Parameters:
    """The arguments of a call.

    Parameters
    ----------
    symbols : tuple
        The inputs, flat.
    layout : tuple
        Nested tuples of their numbers, as the arguments are nested.
    replaced : dict
        Expressions that are arguments, with the symbols that stand for them.
    """

    symbols: tuple[Any, ...]
    layout: tuple[Any, ...]
    replaced: dict[Any, Any]


def read_parameters(args: Any) -> Parameters:
    """Return the arguments that `args` names.

    Raises
    ------
    ArgumentError
        On a set, on an argument that is there twice, and on what cannot be an argument.
    """
    symbols: list[Any] = []
    replaced: dict[Any, Any] = {}
    if isinstance(args, str):
        args = [name.strip() for name in args.split(",")]
    elif isinstance(args, sympy.Basic) and _is_single(args):
        args = [args]
    layout = _laid_out(args, symbols, replaced, 0)
    seen: set[Any] = set()
    for symbol in symbols:
        if symbol in seen:
            raise ArgumentError(f"args names {symbol} twice; leave one of them out")
        seen.add(symbol)
    return Parameters(tuple(symbols), layout, replaced)


def _laid_out(args: Any, symbols: list[Any], replaced: dict[Any, Any], depth: int) -> tuple[Any, ...]:
    if depth > _DEEPEST:
        raise ArgumentError(f"args are nested deeper than {_DEEPEST} lists")
    if isinstance(args, (set, frozenset, sympy.Set)):
        raise ArgumentError("args is a set, which has no order; give a list or a tuple")
    if is_explicit(args):
        args = operands_of(args.as_immutable())
    if not isinstance(args, Iterable):
        raise ArgumentError(f"args holds {args!r}, which is no symbol")
    layout: list[Any] = []
    for entry in args:
        if isinstance(entry, str) or (isinstance(entry, sympy.Basic) and _is_single(entry)):
            layout.append(len(symbols))
            symbols.append(_input(entry, replaced))
        else:
            layout.append(_laid_out(entry, symbols, replaced, depth + 1))
    return tuple(layout)


def _is_single(entry: Any) -> bool:
    return is_input(entry) or not (isinstance(entry, (sympy.Tuple, sympy.Set, np.ndarray)) or is_explicit(entry))


def _input(entry: Any, replaced: dict[Any, Any]) -> Any:
    """Return the input that an argument is."""
    if isinstance(entry, str):
        if not entry.isidentifier():
            raise ArgumentError(f"args names {entry!r}, which is no identifier; give the symbol itself")
        return sympy.Symbol(entry)
    if isinstance(entry, sympy.DeferredVector):
        raise UnsupportedError(f"{entry} is a DeferredVector; use IndexedBase, or a list of symbols as one argument")
    if is_input(entry):
        return entry
    if isinstance(entry, _REPLACED):
        if entry in replaced:
            raise ArgumentError(f"args names {entry} twice; leave one of them out")
        return replaced.setdefault(entry, sympy.Dummy(str(entry)))
    raise ArgumentError(f"args holds {entry}, which is no symbol; put a symbol in its place")


def matched_by_name(parameters: Parameters, leaves: Sequence[Any]) -> Parameters:
    """Return the arguments, with symbols of the expressions in place of unused ones of the same name.

    SymPy tells arguments by name, so that ``Symbol("x")`` stands for ``Symbol("x", positive=True)``.
    """
    found = free_inputs(read_table(leaves))
    used, own = set(found), set(parameters.symbols)
    spare = {original_name(s): s for s in parameters.symbols if s not in used and not isinstance(s, sympy.Dummy)}
    meant: dict[Any, Any] = {}
    for symbol in found:
        if symbol not in own and not isinstance(symbol, sympy.Dummy):
            argument = spare.pop(original_name(symbol), None)
            if argument is not None:
                meant[argument] = symbol
    return replace(parameters, symbols=tuple([meant.get(symbol, symbol) for symbol in parameters.symbols]))


def refuse_missing(leaves: Sequence[Any], parameters: Parameters) -> None:
    """Raise an error that lists what the expressions depend on that is no argument."""
    own = set(parameters.symbols)
    names = {original_name(symbol) for symbol in own}
    reasons = []
    for symbol in free_inputs(read_table(leaves)):
        if symbol in own:
            continue
        if isinstance(symbol, AppliedUndef) and hasattr(symbol, "_imp_"):
            reasons.append(f"{symbol} (its implementation in Python is not used: compute it and pass its value)")
        elif original_name(symbol) in names:
            reasons.append(f"{symbol} (another symbol of that name, with other assumptions, is an argument)")
        else:
            reasons.append(str(symbol))
    raise ArgumentError(
        f"expr depends on what is not in args: {', '.join(reasons)}; add it to args, or put a value in its place (subs)"
    )
