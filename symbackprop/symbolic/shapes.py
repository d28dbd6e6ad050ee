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
Ranges = dict[int, dict[Any, list[tuple[Any, Any, int]]]]
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
    untold: list[Any] = []
    for node in table.nodes:
        if isinstance(node, (sympy.MatrixSymbol, sympy.IndexedBase)):
            shape = declared.get(node) or shape_of(node)
            if shape is None:
                untold.append(node)
            else:
                found[node] = shape
    ranges = _ranges(table) if untold else {}
    for base in untold:
        found[base] = _told(base, table, ranges)
    return found


def _ranges(table: Table) -> Ranges:
    """Return for each node where the indices that stand free in it run, in each of the sums around it.

    Of each range the first index, the one behind the last, and the number of the sum, around which there may be others
    on whose indices its limits depend.
    """
    found: Ranges = {}
    for number, node in enumerate(table.nodes):
        if not isinstance(node, (sympy.Sum, sympy.Product)):
            continue
        for position, limit in enumerate(node.limits):
            if len(limit) == 3:
                inner = [end for other in node.limits[:position] for end in other[1:]]
                entry = (limit[1], limit[2] + 1, number)
                _spread(table, number, limit[0], entry, found)
                if any(limit[0] in end.free_symbols for end in inner):  # a limit of the same sum depends on it
                    found.setdefault(number, {}).setdefault(limit[0], []).append(entry)
    return found


def _spread(table: Table, number: int, symbol: Any, entry: tuple[Any, Any, int], found: Ranges) -> None:
    """Note the range of `symbol` at all nodes below a sum in which it stands free."""
    bit = table.bits[symbol]
    pending = [table.arguments[number][0]]
    seen: set[int] = set()
    while pending:
        below = pending.pop()
        if below in seen or not table.free[below] & bit:
            continue
        seen.add(below)
        if isinstance(table.nodes[below], (sympy.Indexed, sympy.Sum, sympy.Product)):
            found.setdefault(below, {}).setdefault(symbol, []).append(entry)
        pending.extend(table.arguments[below])


def _told(base: Any, table: Table, ranges: Ranges) -> Shape:
    """Return the shape that the indices of an array fill."""
    uses = [(n, node) for n, node in enumerate(table.nodes) if isinstance(node, sympy.Indexed) and node.base == base]
    ranks = {len(node.indices) for _, node in uses}
    if len(ranks) != 1:
        raise ShapeError(f"{base} is used with {' and '.join(map(str, sorted(ranks)))} indices")
    return tuple(
        _size(base, axis, [(node.indices[axis], number) for number, node in uses], ranges)
        for axis in range(next(iter(ranks)))
    )


def _size(base: Any, axis: int, indices: list[tuple[Any, int]], ranges: Ranges) -> Any:
    ends = [end for index, number in indices for end in _ends(index, number, ranges)]
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


def _ends(index: Any, number: int, ranges: Ranges) -> Iterator[Any]:
    """Yield the sizes that an index needs: one more than its largest value."""
    pending = [(index + 1, number)]
    for _ in range(100):  # limits may depend on outer indices, which are few
        if not pending:
            return
        end, around = pending.pop()
        known = ranges.get(around, {})
        bound = next((symbol for symbol in end.free_symbols if symbol in known), None)
        if bound is None:
            own = next((s for s in end.free_symbols if isinstance(s, sympy.Idx) and s.upper is not None), None)
            if own is None:
                yield sympy.expand(end)
            else:
                pending.append((end.subs(own, own.upper), around))
            continue
        slope = sympy.diff(end, bound)
        if slope.is_Integer:
            for start, stop, outer in known[bound]:
                pending.append((end.subs(bound, stop - 1 if slope > 0 else start), outer))


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
