"""What is asked of SymPy expressions: their inputs in order, with shapes and sizes, and with respect to what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from symbackprop.errors import ArgumentError, UnknownNameError, UnsupportedError, nearest_names
from symbackprop.symbolic.names import original_name
from symbackprop.symbolic.nodes import Table, free_inputs, is_input
from symbackprop.symbolic.shapes import array_shapes, counting_symbols, truth_symbols
from symbackprop.symbolic.sizes import SizeTexts, size_symbols

__all__ = ["Question", "read_question"]


@dataclass(frozen=True)
class Question:
    """Inputs and derivatives, in the expression's symbols.

    Parameters
    ----------
    inputs : tuple
        The inputs in order.
    declared : dict
        The shapes that the user gave, None where only the symbol.
    wrt : tuple or None
        None for all real inputs.
    single : bool
        Whether `wrt` is one input, and not a sequence of one.
    shapes : dict
        The shapes of array inputs.
    sizes : tuple
        The symbols that stand for sizes of arrays and are no inputs.
    """

    inputs: tuple[Any, ...]
    declared: Mapping[Any, object]
    wrt: tuple[Any, ...] | None
    single: bool
    shapes: dict[Any, tuple[Any, ...]]
    sizes: tuple[Any, ...]

    def named_wrt(self, names: Mapping[Any, str]) -> str | tuple[str, ...] | None:
        """Return the names of the inputs with respect to which to differentiate, as many as the user gave."""
        if self.wrt is None:
            return None
        chosen = tuple(names[symbol] for symbol in self.wrt)
        return chosen[0] if self.single else chosen

    def declarations(self, table: Table, names: Mapping[Any, str]) -> dict[str, object]:
        """Return how each input is declared, by name."""
        kinds = dict.fromkeys(counting_symbols(table), "int") | dict.fromkeys(truth_symbols(table), "bool")
        texts = SizeTexts({}, names, {})
        found: dict[str, object] = {}
        for symbol in self.inputs:
            shape = self.declared.get(symbol)
            if shape is None and symbol in self.shapes:
                shape = " ".join(texts.text(size).text.replace(" ", "") for size in self.shapes[symbol])
            elif shape is None:
                shape = f": {kinds[symbol]}" if symbol in kinds else ""
            found[names[symbol]] = shape
        return found

    def check_dependence(self) -> None:
        """Refuse a derivative with respect to what an undefined function, itself an input, depends on."""
        variables = self.inputs if self.wrt is None else self.wrt
        for symbol in self.inputs:
            if not isinstance(symbol, (AppliedUndef, sympy.Derivative)):
                continue
            for variable in variables:
                if variable is not symbol and variable in symbol.free_symbols:
                    raise UnsupportedError(
                        f"{symbol} depends on {variable}, of which it is not known how; leave {variable} out of wrt "
                        f"(name the others there), or put an expression in {variable} in place of {symbol}"
                    )


def read_question(table: Table, inputs: Any, wrt: Any) -> Question:
    """Return what is asked.

    Parameters
    ----------
    table : Table
        The nodes of the expressions.
    inputs : None, sequence of symbols, or mapping of symbols or names to shapes
    wrt : None, a symbol or a name, or a sequence of these

    Raises
    ------
    ArgumentError, UnknownNameError, UnsupportedError
        On names that stand for no input, or for several, and on arrays whose shape is not told.
    """
    found = free_inputs(table)
    given = _declared(inputs)
    own = [entry for entry in given if not isinstance(entry, str)]
    declared = {_symbol(entry, [*own, *found]): shape for entry, shape in given.items()}
    single = wrt is not None and (isinstance(wrt, str) or is_input(wrt))
    wanted = [] if wrt is None else [wrt] if single else list(wrt)
    chosen = [_symbol(entry, [*declared, *found]) for entry in wanted]
    shapes = array_shapes(table, {symbol: _sizes_of(shape, found) for symbol, shape in declared.items()})
    for entry in (*declared, *chosen):
        if isinstance(entry, sympy.MatrixSymbol):
            shapes.setdefault(entry, tuple(entry.shape))
    named = dict.fromkeys(symbol for shape in shapes.values() for symbol in size_symbols(shape))
    sizes = tuple(symbol for symbol in named if symbol not in declared)
    order = tuple(symbol for symbol in dict.fromkeys([*declared, *chosen, *found]) if symbol not in sizes)
    return Question(order, declared, None if wrt is None else tuple(chosen), single, shapes, sizes)


def _declared(inputs: Any) -> dict[Any, object]:
    """Return the shape of each declared input, None where only its symbol is given."""
    if inputs is None:
        return {}
    if isinstance(inputs, Mapping):
        return dict(inputs)
    if isinstance(inputs, str) or not isinstance(inputs, (Sequence, sympy.Tuple)):
        raise ArgumentError("inputs of a SymPy expression are a list of symbols, or a mapping of symbols to shapes")
    return dict.fromkeys(inputs)


def _symbol(entry: Any, known: Sequence[Any]) -> Any:
    """Return the symbol that is meant, by itself or by name."""
    if isinstance(entry, sympy.Basic) and is_input(entry):
        return entry
    meant = [symbol for symbol in dict.fromkeys(known) if original_name(symbol) == str(entry)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise ArgumentError(f"{len(meant)} inputs of the expression are called {str(entry)!r}; give the symbol itself")
    names = [original_name(symbol) for symbol in known]
    raise UnknownNameError(
        f"{str(entry)!r} is not an input of the expression; the inputs are {', '.join(names) or 'none'}."
        f"{nearest_names(str(entry), names)}"
    )


def _sizes_of(shape: object, symbols: Iterable[Any]) -> tuple[Any, ...] | None:
    """Return a declared shape in SymPy's terms: its numbers, and its names as the expression's symbols."""
    if not isinstance(shape, str) or ":" in shape or "..." in shape:
        return None
    by_name = {original_name(symbol): symbol for symbol in symbols}
    sizes: list[Any] = []
    for word in shape.split():
        if not (word.isidentifier() or word.isdigit()):
            return None
        sizes.append(sympy.Integer(word) if word.isdigit() else by_name.get(word, sympy.Symbol(word, integer=True)))
    return tuple(sizes)
