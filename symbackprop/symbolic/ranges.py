"""Sums and products over indices, as reductions of arrays.

The index of a sum becomes an axis, and what the sum adds up is computed for all values of the index at once. Limits
that depend on outer indices become masks over the largest range. A range with symbols that runs backwards is empty, as
a loop has it (SymPy's `doit` takes it for the negative of what lies between); one of plain numbers is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from symbackprop.errors import UnsupportedError
from symbackprop.symbolic import code as codes
from symbackprop.symbolic.axes import Axis, condition_of, set_condition
from symbackprop.symbolic.code import COMPARE, LOGIC, Code
from symbackprop.symbolic.sizes import SizeTexts
from symbackprop.symbolic.writer import Place, Rule, Scope

__all__ = ["RULES"]


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
    """Ask for limits that depend on outer indices, from the outermost on, and when they are known for the body."""
    ends = place.arguments[1:]
    axes = _axes(place)
    for number, (axis, scope) in zip(reversed(range(len(axes))), axes, strict=True):
        own = ends[2 * number : 2 * number + 2]
        moving = [
            end for end, extreme in zip(own, (axis.start, axis.stop), strict=True) if place.argument(end) != extreme
        ]
        if any(place.writer.is_missing(end, scope) for end in moving):
            return [(end, scope) for end in moving]
        if moving and condition_of(place.writer, axis) is None:
            set_condition(place.writer, axis, _between(place, axis, scope, own))
    return [(place.arguments[0], _inside(axes))]


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
    pending: list[Axis] = []
    for axis, _ in reversed(axes):
        condition = condition_of(place.writer, axis)
        if condition is not None:
            code, pending = _along(code, pending, is_sum), []
            text = f"where({condition.text}, {code.text}, {0 if is_sum else 1})"
            code = Code(text, axes=code.axes | condition.axes)
        if code.axes & 1 << axis.position:
            pending.append(axis)
            continue
        code, pending = _along(code, pending, is_sum), []
        code = _repeated(code, axis, sizes, is_sum)
    return _along(code, pending, is_sum)


def _between(place: Place, axis: Axis, scope: Scope, ends: Sequence[int]) -> Code:
    """Return where an index, of its largest range, lies between limits that depend on outer indices."""
    index = axis.write(place.writer)
    axes = index.axes
    relations = []
    for end, extreme, symbol in zip(ends, (axis.start, axis.stop), (">=", "<"), strict=True):
        if place.argument(end) != extreme:
            limit = place.code(end, scope)
            relations.append(f"{index.text} {symbol} {limit.within(COMPARE + 1)}")
            axes |= limit.axes
    text = relations[0] if len(relations) == 1 else " and ".join(f"({relation})" for relation in relations)
    return Code(text, COMPARE if len(relations) == 1 else LOGIC, axes)


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
    """Write a sum of equal terms as a multiple, a product of equal factors as a power; an empty range has none."""
    times = sizes.text(axis.stop - axis.start)
    if not sizes.is_nonnegative(axis.stop - axis.start):
        times = Code(f"maximum({times.text}, 0)")
    repeated = codes.product([times, code], [], False) if is_sum else codes.power(code, times)
    return repeated._replace(axes=code.axes)


RULES: dict[str, Rule] = {
    "Sum": Rule(_reduced, _needs, spreads=False),
    "Product": Rule(_reduced, _needs, spreads=False),
}
