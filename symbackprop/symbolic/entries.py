"""Entries of arrays: for all values of the indices of sums at once, as slices where these say the same.

``x[i]`` is the array ``x``, ``x[i + 1]`` the slice ``x[1:]``; anything else is read at an array of positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from symbackprop.symbolic import code as codes
from symbackprop.symbolic.axes import Axis, condition_of
from symbackprop.symbolic.code import SUM, Code
from symbackprop.symbolic.sizes import SizeTexts
from symbackprop.symbolic.writer import Place, Rule, Scope

__all__ = ["RULES"]


def _entry_needs(place: Place) -> Sequence[tuple[int, Scope]]:
    base, *indices = place.arguments
    wanted: list[tuple[int, Scope]] = [(base, place.scope)]
    if not _slices(place, indices):
        scope = _whole(place)
        wanted += [(index, scope) for index in indices]
    return wanted


def _whole(place: Place) -> Scope:
    """Return the scope in which indices are integers."""
    return {
        symbol: binding.as_whole(place.writer) if isinstance(binding, Axis) else binding
        for symbol, binding in place.scope.items()
    }


def _slices(place: Place, indices: Sequence[int]) -> list[tuple[Any, Axis]] | None:
    """Return for each index the offset and the axis, if each is another index of a sum and an offset."""
    found: list[tuple[Any, Axis]] = []
    shape = place.writer.memory["sizes"].shape(place.argument(place.arguments[0]))
    for position, number in enumerate(indices):
        node = place.argument(number)
        axes = [(symbol, b) for symbol, b in place.scope.items() if isinstance(b, Axis) and symbol in node.free_symbols]
        if len(axes) != 1:
            return None
        symbol, axis = axes[0]
        offset = node - symbol
        if not isinstance(offset, sympy.Integer) or any(axis is other for _, other in found):
            return None
        if not _is_inside(axis, offset, None if shape is None else shape[position]):
            return None
        found.append((offset, axis))
    return found


def _is_inside(axis: Axis, offset: Any, size: Any) -> bool:
    """Tell whether a slice says the same as positions: it would leave out, without an error, what is outside."""
    if (axis.start + offset).is_negative:
        return False
    return size is None or bool(sympy.expand(size - axis.stop - offset).is_nonnegative)


def _entry(place: Place) -> Code:
    """Write an entry, for all values of the indices in it."""
    base, *indices = place.arguments
    array = place.code(base).within(codes.ATOM)
    slices = _slices(place, indices)
    if slices is None:
        return _at_positions(place, array, indices)
    sizes: SizeTexts = place.writer.memory["sizes"]
    shape = sizes.shape(place.argument(base))
    parts = [
        _slice(sizes, axis.start + offset, axis.stop + offset, None if shape is None else shape[number])
        for number, (offset, axis) in enumerate(slices)
    ]
    positions = [axis.position for _, axis in slices]
    axes = 0
    for position in positions:
        axes |= 1 << position
    return Code(_laid_out(array, parts, positions), axes=axes)


def _laid_out(array: str, parts: list[str], positions: list[int]) -> str:
    """Return slices of an array with its axes where the indices lie, and axes of length 1 between."""
    order = sorted(range(len(positions)), key=lambda number: -positions[number])
    if order != list(range(len(order))):
        array += _indexed(parts)
        array = f"{array}.T" if len(order) == 2 else f"transpose({array}, ({', '.join(map(str, order))}))"
        parts = [":"] * len(parts)
    filled = iter(parts)
    return array + _indexed(
        [next(filled) if position in positions else "None" for position in reversed(range(max(positions) + 1))]
    )


def _indexed(parts: list[str]) -> str:
    """Return an index; nothing where it takes the whole."""
    return "" if all(part == ":" for part in parts) else f"[{', '.join(parts)}]"


def _at_positions(place: Place, array: str, indices: Sequence[int]) -> Code:
    """Write the entries at arrays of positions; what a mask leaves out is read at 0, which is inside."""
    scope = _whole(place)
    axes = 0
    texts = []
    for number in indices:
        part = place.code(number, scope)
        free = place.argument(number).free_symbols
        within = [
            condition
            for symbol, axis in scope.items()
            if symbol in free and isinstance(axis, Axis)
            if (condition := condition_of(place.writer, axis)) is not None
        ]
        axes |= part.axes
        for condition in within:
            axes |= condition.axes
        if within:
            texts.append(
                f"where({' and '.join(condition.within(codes.COMPARE) for condition in within)}, {part.text}, 0)"
            )
        else:
            texts.append(part.text)
    return Code(f"{array}[{', '.join(texts)}]", axes=axes)


def _slice(sizes: SizeTexts, start: Any, stop: Any, size: Any) -> str:
    """Return ``start:stop``, with what is the whole left out."""
    begin = "" if start == 0 else sizes.text(start).within(SUM)
    end = "" if size is not None and sympy.expand(stop - size) == 0 else sizes.text(stop).within(SUM)
    return f"{begin}:{end}"


RULES: dict[str, Rule] = {
    "Indexed": Rule(_entry, _entry_needs, spreads=False),
    "MatrixElement": Rule(_entry, _entry_needs, spreads=False),
}
