"""The shapes of array inputs: declared by SymPy's objects, by the user, or told from how indices run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sympy

from symbackprop.errors import ShapeError, UnsupportedError
from symbackprop.symbolic.nodes import Table, is_input
from symbackprop.symbolic.sizes import shape_of

__all__ = ["Ranges", "array_shapes", "counting_symbols", "truth_symbols"]

Shape = tuple[Any, ...]
Ranges = Mapping[Any, list[tuple[Any, Any]]]
_CONDITIONS = (sympy.And, sympy.Or, sympy.Not, sympy.Xor, sympy.Implies, sympy.Equivalent)


def array_shapes(table: Table, declared: Mapping[Any, Shape | None]) -> dict[Any, Shape]:
    """Return the shape of every array input.

    Parameters
    ----------
    table : Table
    declared : mapping
        Shapes that the user gave.

    Raises
    ------
    UnsupportedError
        If the shape of an `IndexedBase` cannot be told from its indices.
    """
    found: dict[Any, Shape] = {}
    ranges = _ranges(table)
    for node in table.nodes:
        if not isinstance(node, (sympy.MatrixSymbol, sympy.IndexedBase)) or node in found:
            continue
        shape = declared.get(node) or shape_of(node)
        found[node] = shape if shape is not None else _told(node, table, ranges)
    return found


def _ranges(table: Table) -> dict[Any, list[tuple[Any, Any]]]:
    """Return where each index runs, from the first to just before the last, in every sum over it."""
    found: dict[Any, list[tuple[Any, Any]]] = {}
    for node in table.nodes:
        if isinstance(node, (sympy.Sum, sympy.Product)):
            for limit in node.limits:
                if len(limit) == 3:
                    found.setdefault(limit[0], []).append((limit[1], limit[2] + 1))
        elif isinstance(node, sympy.Idx) and node.lower is not None and node not in found:
            found[node] = [(node.lower, node.upper + 1)]
    return found


def _told(base: Any, table: Table, ranges: Ranges) -> Shape:
    """Return the shape that the indices of an array fill."""
    uses = [node.indices for node in table.nodes if isinstance(node, sympy.Indexed) and node.base == base]
    ranks = {len(indices) for indices in uses}
    if len(ranks) != 1:
        raise ShapeError(f"{base} is used with {' and '.join(map(str, sorted(ranks)))} indices")
    return tuple(_size(base, axis, [indices[axis] for indices in uses], ranges) for axis in range(next(iter(ranks))))


def _size(base: Any, axis: int, indices: list[Any], ranges: Ranges) -> Any:
    ends = [end for index in indices for end in _ends(index, ranges)]
    symbolic = [end for end in ends if not end.is_Integer]
    if not symbolic:
        return sympy.Symbol(f"n_{base.label}" + (f"_{axis}" if axis else ""), integer=True)
    largest = symbolic[0]
    for end in symbolic[1:]:
        difference = sympy.expand(end - largest)
        if not difference.is_Integer:
            raise UnsupportedError(
                f"axis {axis} of {base} is indexed up to {largest} and up to {end}; give it a shape, for example "
                f"IndexedBase({str(base.label)!r}, shape=(n,)), or inputs={{{base}: 'n'}}"
            )
        largest = end if difference > 0 else largest
    return largest


def _ends(index: Any, ranges: Ranges) -> Iterator[Any]:
    """Yield the sizes that an index needs: one more than its largest value."""
    pending = [index + 1]
    for _ in range(100):  # limits may depend on outer indices, which are few
        if not pending:
            return
        end = pending.pop()
        bound = next((symbol for symbol in end.free_symbols if symbol in ranges), None)
        if bound is None:
            yield sympy.expand(end)
            continue
        slope = sympy.diff(end, bound)
        if slope.is_Integer:
            for start, stop in ranges[bound]:
                pending.append(end.subs(bound, stop - 1 if slope > 0 else start))


def counting_symbols(table: Table) -> set[Any]:
    """Return the symbols that count: in the limits of sums, and in the indices of arrays."""
    found: set[Any] = set()
    for node, arguments in zip(table.nodes, table.arguments, strict=True):
        if isinstance(node, (sympy.Sum, sympy.Product, sympy.Indexed)) or type(node).__name__ == "MatrixElement":
            for number in arguments[1:]:
                found |= {symbol for symbol in table.nodes[number].free_symbols if is_input(symbol)}
    return found


def truth_symbols(table: Table) -> set[Any]:
    """Return the symbols that stand for a truth value."""
    found: set[Any] = set()
    for node, arguments in zip(table.nodes, table.arguments, strict=True):
        if isinstance(node, _CONDITIONS):
            conditions = arguments
        elif isinstance(node, sympy.Piecewise):
            conditions = arguments[1::2]
        elif isinstance(node, sympy.ITE):
            conditions = arguments[:1]
        else:
            continue
        found |= {table.nodes[number] for number in conditions if isinstance(table.nodes[number], sympy.Symbol)}
    return found
