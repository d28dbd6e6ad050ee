"""Sizes of arrays in formula text: how the symbols in the shapes of inputs are read from these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy

from symbackprop.errors import UnsupportedError
from symbackprop.symbolic.code import ATOM, SUM, Code

__all__ = ["SizeTexts", "codes_of_sizes", "shape_of", "size_symbols"]


def shape_of(node: Any) -> tuple[Any, ...] | None:
    """Return the shape that an array input declares; None for one that declares none."""
    if isinstance(node, sympy.MatrixSymbol):
        return tuple(node.shape)
    if isinstance(node, sympy.IndexedBase) and node.shape is not None:
        return tuple(node.shape)
    return None


def size_symbols(shape: Sequence[Any]) -> list[Any]:
    """Return the symbols of a shape in order."""
    found: dict[Any, None] = {}
    for size in shape:
        for symbol in sorted(sympy.sympify(size).free_symbols, key=lambda s: str(s.name)):
            found.setdefault(symbol)
    return list(found)


class SizeTexts:
    """Writes sizes.

    Parameters
    ----------
    shapes : mapping
        The shapes of the array inputs.
    names : mapping
        The names of the inputs.
    symbols : mapping
        How each symbol of a size is written.
    """

    def __init__(
        self, shapes: Mapping[Any, tuple[Any, ...]], names: Mapping[Any, str], symbols: Mapping[Any, Code]
    ) -> None:
        self._shapes = shapes
        self._sizes = set(symbols)
        self._texts = dict(names)
        for symbol, code in symbols.items():
            self._texts[symbol] = code.within(ATOM)

    def shape(self, node: Any) -> tuple[Any, ...] | None:
        """Return the shape of an input; None for anything else."""
        return self._shapes.get(node)

    def is_nonnegative(self, size: Any) -> bool:
        """Tell whether a count is never below 0, given that sizes are not; of inputs nothing is known."""
        size = sympy.expand(size)
        known = {symbol: sympy.Dummy(integer=True, nonnegative=True) for symbol in size.free_symbols & self._sizes}
        return bool(size.xreplace(known).is_nonnegative)

    def text(self, size: Any) -> Code:
        """Return the text of an integer expression in sizes and integer inputs."""
        size = sympy.expand(size)
        if isinstance(size, sympy.Integer):
            return Code(str(size), ATOM if size >= 0 else SUM)
        for node in sympy.preorder_traversal(size):
            whole = isinstance(node, (sympy.Integer, sympy.Symbol, sympy.Add, sympy.Mul, sympy.Idx))
            if not whole and not (isinstance(node, sympy.Pow) and node.args[1].is_Integer and node.args[1] > 0):
                raise UnsupportedError(f"{size} is not a size: sizes are sums and products of integers and symbols")
            if isinstance(node, (sympy.Symbol, sympy.Idx)) and node not in self._texts and not node.is_Integer:
                raise UnsupportedError(f"{node} in {size} is neither a size of an array nor an input")
        symbols = {node: sympy.Symbol(self._texts[node]) for node in size.free_symbols}
        return Code(str(size.xreplace(symbols)), ATOM if size.is_Symbol else SUM)


def codes_of_sizes(
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
