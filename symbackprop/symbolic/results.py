"""What a call of `lambdify` computes: SymPy objects in lists, tuples, dicts, matrices and arrays, taken apart.

Text is refused: it would have to be evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy
from sympy.tensor.array import NDimArray

from symbackprop.errors import UnsupportedError
from symbackprop.ir.results import Grid, Keyed, Results, is_plain
from symbackprop.ir.signature import Nest, arranged
from symbackprop.symbolic.nodes import is_explicit, operands_of, walk

__all__ = ["computed", "depends_on_reality", "read_results", "replaced"]

_DEEPEST = 32
_OF_REAL_INPUT = (sympy.Abs, sympy.re, sympy.im, sympy.conjugate, sympy.arg, sympy.sign)
_NUMBERS = (bool, int, float, np.integer, np.floating, np.bool_)


def read_results(expression: Any) -> tuple[list[Any], Results]:
    """Return the SymPy expressions that are computed, and how their values are put together.

    Raises
    ------
    UnsupportedError
        On what holds anything else than expressions and numbers.
    """
    leaves: list[Any] = []
    return leaves, _taken_apart(expression, leaves, 0)


def _taken_apart(value: Any, leaves: list[Any], depth: int) -> Results:
    if depth > _DEEPEST:
        raise UnsupportedError(f"results are nested deeper than {_DEEPEST} lists")
    if isinstance(value, (list, tuple, sympy.Tuple)):
        items = tuple([_taken_apart(item, leaves, depth + 1) for item in value])
        return Nest(list if isinstance(value, list) else tuple, items)
    if isinstance(value, (Mapping, sympy.Dict)):
        items = tuple([_taken_apart(item, leaves, depth + 1) for item in value.values()])
        return Keyed(tuple(value.keys()), items)
    if is_explicit(value):
        leaves.extend(operands_of(value.as_immutable()))
        return Grid(tuple(int(size) for size in value.shape))
    if isinstance(value, np.ndarray) and value.ndim:
        leaves.extend([_expression(entry) for entry in value.flat])
        return Grid(value.shape)
    leaves.append(_expression(value))
    return None


def _expression(value: Any) -> Any:
    if isinstance(value, sympy.Poly):
        return value.as_expr()
    if isinstance(value, sympy.Lambda):
        raise UnsupportedError("a Lambda is a function itself; pass its signature as args and its expr as expr")
    if isinstance(value, sympy.Set):
        raise UnsupportedError(f"a {type(value).__name__} has no order; put its elements in a list")
    if isinstance(value, sympy.Basic) and not isinstance(value, NDimArray):
        return value
    if isinstance(value, _NUMBERS):
        return sympy.sympify(value.item() if isinstance(value, np.generic) else value)
    if isinstance(value, str):
        raise UnsupportedError(
            f"{value[:60]!r} is text, which is never evaluated; compile_value takes formulas as text, "
            "and lambdify SymPy expressions"
        )
    hint = "; put its elements in a list" if isinstance(value, (set, frozenset)) else ""
    raise UnsupportedError(f"a {type(value).__name__} is not a SymPy expression{hint}")


def replaced(leaves: list[Any], symbols: Mapping[Any, Any]) -> list[Any]:
    """Return expressions with symbols in place of the parts that are arguments themselves."""
    return [leaf.xreplace(symbols) for leaf in leaves] if symbols else leaves


def computed(leaves: list[Any], results: Results) -> Any:
    """Return what printed code computes: plain lists and tuples as they are, else one list of all values, one at least."""
    if isinstance(results, (Grid, Keyed)) or not is_plain(results):
        return leaves or [sympy.S.Zero]
    return arranged(results, iter(leaves), lambda kind, items: kind(items))


def depends_on_reality(leaves: Sequence[Any]) -> bool:
    """Tell whether complex arguments could give a wrong value in place of an error."""
    return any(isinstance(node, _OF_REAL_INPUT) for node, _ in walk(leaves))
