"""SymPy expressions as formula text, with the names of their inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from sympy.matrices.expressions.matexpr import MatrixElement
from sympy.tensor.array import NDimArray

from symbackprop.errors import UnsupportedError
from symbackprop.symbolic.expressions import Expressions
from symbackprop.symbolic.from_sympy import check_supported, write_formula
from symbackprop.symbolic.names import original_name, symbol_names
from symbackprop.symbolic.nodes import read_table
from symbackprop.symbolic.question import read_question
from symbackprop.symbolic.sizes import SizeTexts, codes_of_sizes

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
    table = read_table(leaves, pairs)
    check_supported(table)
    asked = read_question(table, inputs, wrt)
    if derivatives:
        asked.check_dependence()
    names = symbol_names([*asked.inputs, *asked.sizes])
    own = {symbol: names[symbol] for symbol in asked.inputs}
    size_codes = codes_of_sizes(asked.sizes, asked.shapes, names)
    statements, codes = write_formula(table, own, SizeTexts(asked.shapes, own, size_codes), size_codes)
    texts = [code.text for code in codes]
    if scalar:
        expression = _entries(expression)
        texts = [_as_scalar(leaf, text) for leaf, text in zip(leaves, texts, strict=True)]
    return Problem(
        "\n".join([*statements, _nested(expression, iter(texts))]),
        asked.declarations(table, names),
        asked.named_wrt(names),
        tuple((name, original_name(symbol)) for symbol, name in own.items() if name != original_name(symbol)),
        own,
        asked.shapes,
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


def _nested(value: Any, texts: Iterator[str]) -> str:
    """Return the display of nested results."""
    if isinstance(value, (list, tuple)):
        inside = ", ".join([_nested(item, texts) for item in value])
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    return next(texts)


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
