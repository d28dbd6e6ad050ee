"""Sums and products over indices, as reductions of arrays.

The index of a sum becomes an axis: ``x[i]`` is the array ``x``, ``x[i + 1]`` the slice ``x[1:]``, and what the sum adds
up is computed for all values of the index at once. Index number k lies k from the right; what does not vary along an
axis is broadcast. Limits that depend on outer indices become masks over the largest range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from symbackprop.errors import UnsupportedError
from symbackprop.symbolic import code as codes
from symbackprop.symbolic.code import COMPARE, PRODUCT, SUM, Code
from symbackprop.symbolic.names import is_usable
from symbackprop.symbolic.nodes import bound_symbols
from symbackprop.symbolic.sizes import SizeTexts
from symbackprop.symbolic.writer import Binding, Place, Rule, Scope, Writer

__all__ = ["RULES", "Axis"]


@dataclass(frozen=True, eq=False)
class Axis(Binding):
    """An index that runs from `start` to just before `stop`, along the axis that is `position` from the right.

    Parameters
    ----------
    symbol : sympy.Symbol
        The index.
    start, stop : sympy.Expr
        In sizes and numbers alone: the largest range, where the limits depend on other indices.
    whole : bool
        Whether its values are written as integers, for positions in arrays, or as real numbers.
    """

    symbol: Any
    start: Any
    stop: Any
    position: int
    whole: bool = False

    def write(self, writer: Writer) -> Code:
        """Write its values, along its axis; they are a statement of their own, named after it."""
        kept: dict[Axis, Code] = writer.memory.setdefault("indices", {})
        if self not in kept:
            size_text = writer.memory["sizes"].text
            start, stop = size_text(self.start), size_text(self.stop)
            text = f"arange({stop.text})" if self.start == 0 else f"arange({start.text}, {stop.text})"
            text += _behind(self.position)
            if not self.whole:
                text = f"1.0*{text}"
            name = self.symbol.name if is_usable(self.symbol.name) and not self.whole else None
            kept[self] = writer.statement(Code(text, PRODUCT, 1 << self.position), name)
        return kept[self]

    def as_whole(self, writer: Writer) -> Axis:
        """Return the index with integers as values."""
        kept: dict[Axis, Axis] = writer.memory.setdefault("whole", {})
        if self not in kept:
            kept[self] = Axis(self.symbol, self.start, self.stop, self.position, whole=True)
        return kept[self]


def _behind(axes: int) -> str:
    """Return the index that puts axes of length 1 behind the first."""
    return f"[:{', None' * axes}]" if axes else ""


# --- reductions -------------------------------------------------------------------------------------------------------


def _axes(place: Place) -> list[tuple[Axis, Scope]]:
    """Return the axes of a sum from the outermost index on, each with the scope in which its limits stand."""
    kept = place.writer.memory.setdefault("axes", {})
    key = (place.number, *map(id, place.scope.values()))
    if key in kept:
        return kept[key]  # type: ignore[no-any-return]
    node = place.node
    scope = dict(place.scope)
    ends = place.arguments[1:]
    found: list[tuple[Axis, Scope]] = []
    outer = [binding for binding in scope.values() if isinstance(binding, Axis)]
    position = 1 + max((axis.position for axis in outer), default=-1)
    for number in reversed(range(len(node.limits))):
        limit = node.limits[number]
        if len(limit) != 3:
            raise UnsupportedError(f"{node} has no limits; give the index a first and a last value")
        start, stop = (place.argument(end) for end in ends[2 * number : 2 * number + 2])
        if start.is_infinite or stop.is_infinite:
            raise UnsupportedError(f"{node} is infinite; carry it out first (doit), or cut it off at a last index")
        _check_order(node, limit[0], start, stop)
        lowest, highest = (_extreme(end, scope, largest) for end, largest in ((start, False), (stop, True)))
        axis = Axis(limit[0], lowest, highest, position)
        found.append((axis, dict(scope)))
        scope[limit[0]] = axis
        position += 1
    kept[key] = found
    return found


def _check_order(node: Any, symbol: Any, start: Any, stop: Any) -> None:
    """Refuse a range that runs backwards: SymPy gives it a meaning (Karr's), loops and arrays give it none."""
    if not (start.free_symbols | stop.free_symbols) and stop < start:
        raise UnsupportedError(
            f"the range of index {symbol} from {start} to {stop - 1} in {node} runs backwards; exchange its ends"
        )


def _extreme(end: Any, scope: Scope, largest: bool) -> Any:
    """Return the least or largest value of a limit over the outer indices, on which it depends linearly."""
    for symbol, binding in reversed(list(scope.items())):
        if not isinstance(binding, Axis) or symbol not in end.free_symbols:
            continue
        slope = sympy.diff(end, symbol)
        if not isinstance(slope, sympy.Integer):
            raise UnsupportedError(f"the limit {end} of a sum must be linear in the outer index {symbol}")
        at_last = (slope > 0) == largest
        end = end.subs(symbol, binding.stop - 1 if at_last else binding.start)
    return end


def _needs(place: Place) -> Sequence[tuple[int, Scope]]:
    """Ask for limits that depend on outer indices, then for the body."""
    wanted: list[tuple[int, Scope]] = []
    ends = place.arguments[1:]
    axes = _axes(place)
    for number, (axis, scope) in zip(reversed(range(len(axes))), axes, strict=True):
        for end, extreme in zip(ends[2 * number : 2 * number + 2], (axis.start, axis.stop), strict=True):
            if place.argument(end) != extreme:
                wanted.append((end, scope))
    wanted.append((place.arguments[0], _inside(axes)))
    return wanted


def _inside(axes: Sequence[tuple[Axis, Scope]]) -> Scope:
    """Return the scope of the body."""
    axis, scope = axes[-1]
    return {**scope, axis.symbol: axis}


def _reduced(place: Place) -> Code:
    """Write a sum or a product over its indices, from the innermost on."""
    is_sum = isinstance(place.node, sympy.Sum)
    axes = _axes(place)
    code = place.code(place.arguments[0], _inside(axes))
    sizes: SizeTexts = place.writer.memory["sizes"]
    ends = place.arguments[1:]
    pending: list[Axis] = []
    for number, (axis, scope) in zip(range(len(axes)), reversed(axes), strict=True):
        start, stop = (place.argument(end) for end in ends[2 * number : 2 * number + 2])
        if (start, stop) != (axis.start, axis.stop):
            code, pending = _along(code, pending, is_sum), []
            code = _masked(place, code, axis, scope, ends[2 * number : 2 * number + 2], "0" if is_sum else "1")
        if code.axes & 1 << axis.position:
            pending.append(axis)
            continue
        code, pending = _along(code, pending, is_sum), []
        code = _repeated(code, axis, sizes, is_sum)
    return _along(code, pending, is_sum)


def _masked(place: Place, code: Code, axis: Axis, scope: Scope, ends: Sequence[int], neutral: str) -> Code:
    """Keep of the largest range what lies between limits that depend on outer indices."""
    index = axis.write(place.writer)
    axes = code.axes | index.axes
    relations = []
    for end, extreme, symbol in zip(ends, (axis.start, axis.stop), (">=", "<"), strict=True):
        if place.argument(end) != extreme:
            limit = place.code(end, scope)
            relations.append(f"{index.text} {symbol} {limit.within(COMPARE + 1)}")
            axes |= limit.axes
    condition = relations[0] if len(relations) == 1 else " and ".join(f"({relation})" for relation in relations)
    return Code(f"where({condition}, {code.text}, {neutral})", axes=axes)


def _along(code: Code, axes: Sequence[Axis], is_sum: bool) -> Code:
    """Reduce along axes, the first of `code`."""
    if not axes:
        return code
    word = "sum" if is_sum else "prod"
    rank = code.axes.bit_length()
    rest = code.axes
    for axis in axes:
        rest &= ~(1 << axis.position)
    if not rest:
        return Code(f"{word}({code.text})")
    along = sorted(rank - 1 - axis.position for axis in axes)
    return Code(f"{word}({code.text}, axis={along[0] if len(along) == 1 else tuple(along)})", axes=rest)


def _repeated(code: Code, axis: Axis, sizes: SizeTexts, is_sum: bool) -> Code:
    """Write a sum of equal terms as a multiple, a product of equal factors as a power."""
    count = sympy.expand(axis.stop - axis.start)
    if count.is_Integer and count < 0:
        raise UnsupportedError(
            f"the range of index {axis.symbol} from {axis.start} to {axis.stop - 1} runs backwards; exchange its ends"
        )
    times = sizes.text(count)
    repeated = codes.product([times, code], [], False) if is_sum else codes.power(code, times)
    return repeated._replace(axes=code.axes)


# --- entries of arrays ------------------------------------------------------------------------------------------------


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
    array = place.code(base)
    slices = _slices(place, indices)
    if slices is None:
        scope = _whole(place)
        parts = [place.code(index, scope) for index in indices]
        axes = 0
        for part in parts:
            axes |= part.axes
        return Code(f"{array.within(codes.ATOM)}[{', '.join(part.text for part in parts)}]", axes=axes)
    sizes: SizeTexts = place.writer.memory["sizes"]
    shape = sizes.shape(place.argument(base))
    parts_text = [
        _slice(sizes, axis.start + offset, axis.stop + offset, None if shape is None else shape[number])
        for number, (offset, axis) in enumerate(slices)
    ]
    text = array.within(codes.ATOM)
    positions = [axis.position for _, axis in slices]
    order = sorted(range(len(positions)), key=lambda number: -positions[number])
    in_order = order == list(range(len(order)))
    spread = "".join(", :" if position in positions else ", None" for position in reversed(range(max(positions) + 1)))[
        2:
    ]
    gaps = "None" in spread
    if not in_order:
        if any(part != ":" for part in parts_text):
            text += f"[{', '.join(parts_text)}]"
        text = f"{text}.T" if len(order) == 2 else f"transpose({text}, ({', '.join(map(str, order))}))"
        text += f"[{spread}]" if gaps else ""
    elif gaps:
        rest = iter(parts_text)
        text += f"[{', '.join(next(rest) if part == ':' else part for part in spread.split(', '))}]"
    elif any(part != ":" for part in parts_text):
        text += f"[{', '.join(parts_text)}]"
    axes = 0
    for position in positions:
        axes |= 1 << position
    return Code(text, axes=axes)


def _slice(sizes: SizeTexts, start: Any, stop: Any, size: Any) -> str:
    """Return ``start:stop``, with what is the whole left out."""
    begin = "" if start == 0 else sizes.text(start).within(SUM)
    end = "" if size is not None and sympy.expand(stop - size) == 0 else sizes.text(stop).within(SUM)
    return f"{begin}:{end}"


# --- substitutions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Alias(Binding):
    """A variable that stands for something else that is written already."""

    code: Code

    def write(self, writer: Writer) -> Code:
        """Write what it stands for."""
        return self.code


def _substituted_needs(place: Place) -> Sequence[tuple[int, Scope]]:
    """Ask for the points from the outermost on, each where the variables further out are replaced, then for the body.

    SymPy merges nested substitutions into one, innermost first, and carries them out one after the other.
    """
    scopes = _substituted_scopes(place)
    return list(zip(reversed(place.arguments), scopes, strict=False))


def _substituted_scopes(place: Place) -> list[Scope]:
    """Return the scope of each point from the last on, then that of the body, as far as the points are written."""
    kept = place.writer.memory.setdefault("aliases", {})
    scopes: list[Scope] = kept.setdefault((place.number, *map(id, place.scope.values())), [place.scope])
    points = place.arguments[1:]
    variables = bound_symbols(place.node)
    while len(scopes) <= len(points):
        number = len(points) - len(scopes)
        if place.writer.is_missing(points[number], scopes[-1]):
            break
        code = place.code(points[number], scopes[-1])
        alias = Alias(code if code.text.isidentifier() else place.writer.statement(code))
        scopes.append({**scopes[-1], variables[number]: alias})
    return scopes


def _substituted(place: Place) -> Code:
    return place.code(place.arguments[0], _substituted_scopes(place)[-1])


RULES: dict[str, Rule] = {
    "Sum": Rule(_reduced, _needs, spreads=False),
    "Product": Rule(_reduced, _needs, spreads=False),
    "Indexed": Rule(_entry, _entry_needs, spreads=False),
    "MatrixElement": Rule(_entry, _entry_needs, spreads=False),
    "Subs": Rule(_substituted, _substituted_needs, spreads=False),
    "ElementwiseApplyFunction": Rule(_substituted, _substituted_needs, spreads=False),
}
