"""What a user gives (expressions, inputs, wrt, in symbols or names), in the terms of formula text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from sympy.core.function import AppliedUndef
from sympy.matrices.expressions.matexpr import MatrixElement
from sympy.tensor.array import NDimArray

from symbackprop.errors import ArgumentError, UnknownNameError, UnsupportedError, nearest_names
from symbackprop.symbolic.code import Code
from symbackprop.symbolic.expressions import Expressions
from symbackprop.symbolic.from_sympy import check_supported, write_formula
from symbackprop.symbolic.names import original_name, symbol_names
from symbackprop.symbolic.nodes import free_inputs, is_input, read_table
from symbackprop.symbolic.shapes import array_shapes, counting_symbols, truth_symbols
from symbackprop.symbolic.sizes import SizeTexts, size_symbols

__all__ = ["Problem", "is_expression", "read_problem"]

_DEEPEST = 32


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
        The name of each input.
    shapes : dict
        The shapes of array inputs, in SymPy's terms.
    expression : nested lists and tuples of SymPy objects, or Expressions
        What is computed.
    """

    text: str
    inputs: dict[str, object]
    wrt: str | tuple[str, ...] | None
    titles: tuple[tuple[str, str], ...]
    names: dict[Any, str]
    shapes: dict[Any, tuple[Any, ...]]
    expression: Any


def is_expression(value: object) -> bool:
    """Tell whether a value is a SymPy object, or a list or tuple with one in it."""
    if isinstance(value, (list, tuple)):
        return any(map(is_expression, value))
    return isinstance(value, (Expressions, sympy.Basic, sympy.MatrixBase, NDimArray))


def read_problem(expression: Any, inputs: Any, wrt: Any, *, scalar: bool = False, derivatives: bool = True) -> Problem:
    """Return what to compile.

    Parameters
    ----------
    expression : SymPy object, or nested lists and tuples of them
        A Lambda's variables are its inputs, in order.
    inputs : None, sequence of symbols, or mapping of symbols to shapes
    wrt : None, a symbol or a name, or a sequence of these
    scalar : bool
        Whether results that are matrices of one entry count as that entry.
    derivatives : bool
        Whether derivatives are wanted, which undefined functions do not have with respect to what they depend on.

    The order of the inputs is that of `inputs`, else of `wrt`, and then SymPy's sort key.
    """
    pairs: Sequence[tuple[Any, Any]] = ()
    if isinstance(expression, Expressions):
        expression, pairs = expression.value, expression.pairs
    if isinstance(expression, sympy.Lambda):
        inputs = list(expression.signature) if inputs is None else inputs
        expression = expression.expr
    leaves: list[Any] = []
    expression = _plain(expression, leaves)
    single = wrt is not None and (isinstance(wrt, str) or is_input(wrt))
    wanted = [] if wrt is None else [wrt] if single else list(wrt)
    given = _declared(inputs)
    table = read_table(leaves, pairs)
    check_supported(table)
    found = free_inputs(table)
    declared = {
        _symbol(entry, [*(e for e in given if not isinstance(e, str)), *found]): shape for entry, shape in given.items()
    }
    chosen = [_symbol(entry, [*declared, *found]) for entry in wanted]
    shapes = array_shapes(table, {symbol: _sizes_of(shape, found) for symbol, shape in declared.items()})
    for entry in (*declared, *chosen):
        if isinstance(entry, sympy.MatrixSymbol):
            shapes.setdefault(entry, tuple(entry.shape))
    sizes = [s for s in dict.fromkeys(s for shape in shapes.values() for s in size_symbols(shape)) if s not in declared]
    order = [symbol for symbol in dict.fromkeys([*declared, *chosen, *found]) if symbol not in sizes]
    if derivatives:
        _check_dependence(order, chosen if wrt is not None else None)
    names = symbol_names([*order, *sizes])
    texts = _size_codes(sizes, shapes, names)
    size_texts = SizeTexts(shapes, {s: names[s] for s in order}, texts)
    statements, results = write_formula(table, {s: names[s] for s in order}, size_texts, texts)
    if scalar:
        expression = _entries(expression)
    codes = iter(
        [_as_scalar(leaf, code.text) if scalar else code.text for leaf, code in zip(leaves, results, strict=True)]
    )
    text = "\n".join([*statements, _nested(expression, codes)])
    kinds = dict.fromkeys(counting_symbols(table), "int") | dict.fromkeys(truth_symbols(table), "bool")
    selected = tuple(names[symbol] for symbol in chosen)
    return Problem(
        text,
        {names[s]: _shape_text(s, declared.get(s), shapes, names, kinds) for s in order},
        None if wrt is None else selected[0] if single else selected,
        tuple((names[s], original_name(s)) for s in order if names[s] != original_name(s)),
        {s: names[s] for s in order},
        shapes,
        Expressions(expression, pairs=tuple(pairs)) if pairs else expression,
    )


# --- expressions ------------------------------------------------------------------------------------------------------


def _plain(value: Any, leaves: list[Any], depth: int = 0) -> Any:
    """Return nested lists and tuples of immutable SymPy objects, and append these to `leaves`."""
    if depth > _DEEPEST:
        raise UnsupportedError(f"results are nested deeper than {_DEEPEST} lists")
    if isinstance(value, (list, tuple, sympy.Tuple)):
        items = [_plain(item, leaves, depth + 1) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, sympy.MatrixBase):
        leaf: Any = value.as_immutable()
    elif isinstance(value, NDimArray):
        leaf = value.as_immutable()
    elif isinstance(value, sympy.Basic):
        leaf = value
    elif isinstance(value, (bool, int, float, np.integer, np.floating, np.bool_)):
        leaf = sympy.sympify(value.item() if isinstance(value, np.generic) else value)
    else:
        raise UnsupportedError(f"a {type(value).__name__} is not a SymPy expression; text is compiled on its own")
    leaves.append(leaf)
    return leaf


def _nested(value: Any, texts: Any) -> str:
    """Return the display of nested results."""
    if isinstance(value, (list, tuple)):
        inside = ", ".join([_nested(item, texts) for item in value])
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    return str(next(texts))


def _as_scalar(leaf: Any, text: str) -> str:
    """Return the entry of a matrix that has only one."""
    if getattr(leaf, "is_Matrix", False) and tuple(leaf.shape) == (1, 1):
        return f"sum({text})"
    return text


def _entries(value: Any) -> Any:
    """Return nested results with matrices of one entry replaced by that entry."""
    if isinstance(value, (list, tuple)):
        return type(value)([_entries(item) for item in value])
    if not getattr(value, "is_Matrix", False) or tuple(value.shape) != (1, 1):
        return value
    return value[0, 0] if isinstance(value, sympy.MatrixBase) else MatrixElement(value, 0, 0)


# --- inputs -----------------------------------------------------------------------------------------------------------


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
    for symbol in known:
        if original_name(symbol) == str(entry):
            return symbol
    names = [original_name(symbol) for symbol in known]
    raise UnknownNameError(
        f"{str(entry)!r} is not an input of the expression; the inputs are {', '.join(names) or 'none'}."
        f"{nearest_names(str(entry), names)}"
    )


def _check_dependence(inputs: Sequence[Any], wrt: Sequence[Any] | None) -> None:
    """Refuse a derivative with respect to what an undefined function, itself an input, depends on."""
    variables = inputs if wrt is None else wrt
    for symbol in inputs:
        if not isinstance(symbol, (AppliedUndef, sympy.Derivative)):
            continue
        for variable in variables:
            if variable is not symbol and variable in symbol.free_symbols:
                raise UnsupportedError(
                    f"{symbol} depends on {variable}, of which it is not known how; leave {variable} out of wrt "
                    f"(name the others there), or put an expression in {variable} in place of {symbol}"
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


# --- sizes ------------------------------------------------------------------------------------------------------------


def _size_codes(
    sizes: Sequence[Any], shapes: Mapping[Any, tuple[Any, ...]], names: Mapping[Any, str]
) -> dict[Any, Code]:
    """Return how each size is read from the shape of an input."""
    found: dict[Any, Code] = {}
    for size in sizes:
        for exact in (True, False):  # an axis of that size, else one that is a few longer
            for array, shape in shapes.items():
                for axis, extent in enumerate(shape):
                    rest = sympy.expand(sympy.sympify(extent) - size)
                    if size not in found and rest.is_Integer and (rest == 0 or not exact):
                        text = f"{names[array]}.shape[{axis}]"
                        shift = f" - {rest}" if rest > 0 else f" + {-rest}"
                        found[size] = Code(text) if rest == 0 else Code(f"({text}{shift})")
        if size not in found:
            raise UnsupportedError(f"the size {size} cannot be read from the shape of any input; declare one with it")
    return found


def _shape_text(
    symbol: Any,
    declared: object,
    shapes: Mapping[Any, tuple[Any, ...]],
    names: Mapping[Any, str],
    kinds: Mapping[Any, str],
) -> object:
    """Return the declaration of an input."""
    if declared is not None:
        return declared
    if symbol in shapes:
        texts = SizeTexts({}, names, {})
        return " ".join(texts.text(size).text.replace(" ", "") for size in shapes[symbol])
    return f": {kinds[symbol]}" if symbol in kinds else ""
