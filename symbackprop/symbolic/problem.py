"""What a user gives with a SymPy expression (inputs, wrt, in symbols or names), in the terms of formula text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symbackprop.errors import ArgumentError, UnknownNameError, nearest_names
from symbackprop.symbolic.from_sympy import formula_of, free_inputs, is_input
from symbackprop.symbolic.names import original_name

__all__ = ["Problem", "read_problem"]


@dataclass(frozen=True)
class Problem:
    """Formula text, declared inputs and wrt in its names, and what these stand for.

    Parameters
    ----------
    text : str
        The formula.
    inputs : dict of str to shape
        The inputs in order.
    wrt : str, tuple of str or None
        As the user gave it.
    titles : tuple of (str, str)
        Names that differ from how SymPy prints the symbol, with that.
    names : dict
        The name of each symbol.
    """

    text: str
    inputs: dict[str, object]
    wrt: str | tuple[str, ...] | None
    titles: tuple[tuple[str, str], ...]
    names: dict[Any, str]


def read_problem(expression: Any, inputs: Any, wrt: Any) -> Problem:
    """Return what to compile.

    The order of the inputs is that of `inputs`, else of `wrt`, and then SymPy's sort key.
    """
    single = wrt is not None and (isinstance(wrt, str) or is_input(wrt))
    wanted = [] if wrt is None else [wrt] if single else list(wrt)
    declared = _declared(inputs)
    found = free_inputs([expression])
    order = list(dict.fromkeys([*(_symbol(entry, [*declared, *found]) for entry in (*declared, *wanted)), *found]))
    formula = formula_of([expression], order)
    shapes = {_symbol(entry, order): shape for entry, shape in declared.items()}
    names = formula.names
    chosen = tuple(names[_symbol(entry, order)] for entry in wanted)
    return Problem(
        formula.text,
        {names[symbol]: shapes.get(symbol, "") for symbol in order},
        None if wrt is None else chosen[0] if single else chosen,
        tuple((name, original_name(symbol)) for symbol, name in names.items() if name != original_name(symbol)),
        names,
    )


def _declared(inputs: Any) -> dict[Any, object]:
    """Return the shape of each declared input, scalar where only names are given."""
    if inputs is None:
        return {}
    if isinstance(inputs, Mapping):
        return dict(inputs)
    if isinstance(inputs, str) or not isinstance(inputs, Sequence):
        raise ArgumentError("inputs of a SymPy expression are a list of symbols, or a mapping of symbols to shapes")
    return dict.fromkeys(inputs, "")


def _symbol(entry: Any, known: Sequence[Any]) -> Any:
    """Return the symbol that is meant, by itself or by name."""
    if is_input(entry):
        return entry
    for symbol in known:
        if not isinstance(symbol, str) and original_name(symbol) == str(entry):
            return symbol
    names = [original_name(symbol) for symbol in known if not isinstance(symbol, str)]
    raise UnknownNameError(
        f"{entry!r} is not an input of the expression; the inputs are {', '.join(names) or 'none'}."
        f"{nearest_names(str(entry), names)}"
    )
