"""What stands between the brackets of an index: entries, one an axis, and which parts of an array they mean."""

from __future__ import annotations

from typing import Any, NamedTuple

from symbackprop.errors import ArgumentError, ShapeError, UnsupportedError
from symbackprop.ir.node import Const, Node, constant
from symbackprop.ir.size import Size, SizeExpression, is_nonnegative, shape_text
from symbackprop.ir.slices import counts_from_end
from symbackprop.ops.indexing import Bounds
from symbackprop.read.vocabulary.arguments import node_of, require, static_int

__all__ = ["Placed", "Slice", "basic_part", "entry_of", "expanded_entries", "is_array", "placed_arrays"]


class Slice:
    """``start:stop:step`` inside an index."""

    __slots__ = ("start", "step", "stop")

    def __init__(self, start: object, stop: object, step: object) -> None:
        self.start, self.stop, self.step = start, stop, step


def is_array(entry: object) -> bool:
    """Tell whether an entry of an index is an array of positions or a mask, and not a fixed number."""
    return isinstance(entry, Node) and not _is_fixed(entry)


def _is_fixed(entry: object) -> bool:
    return isinstance(entry, Const) and not entry.shape


def _axes_taken(entry: object) -> int:
    """Return how many axes an entry of an index speaks of: a mask has one for each of its own."""
    if entry is None or entry is Ellipsis:
        return 0
    return entry.rank if isinstance(entry, Node) and entry.dtype == "bool" else 1


def expanded_entries(x: Node, index: tuple[object, ...]) -> list[object]:
    """Return one entry an axis (and a None for each new axis), the ellipsis and what is left out filled in."""
    entries = [entry_of(entry) for entry in index]
    used = sum(map(_axes_taken, entries))
    if sum(1 for entry in entries if entry is Ellipsis) > 1:
        raise ShapeError("an index has at most one `...`")
    if used > x.rank:
        if not x.rank:
            raise ShapeError("a number has no entries; declare the shape of what is indexed, inputs={..., 'x': 'n'}")
        raise ShapeError(f"{used} indices for an array of shape {shape_text(x.shape)}, which has {x.rank} axes")
    fill: list[object] = [Slice(None, None, None)] * (x.rank - used)
    if Ellipsis in [entry if entry is Ellipsis else None for entry in entries]:
        place = next(i for i, entry in enumerate(entries) if entry is Ellipsis)
        return [*entries[:place], *fill, *entries[place + 1 :]]
    return [*entries, *fill]


def entry_of(entry: object) -> object:
    """Return an entry of an index with its arrays as nodes; a mask that is written out as positions."""
    if entry is None or entry is Ellipsis or isinstance(entry, Slice):
        return entry
    if isinstance(entry, tuple) and entry and all(isinstance(flag, bool) for flag in entry):
        entry = tuple(constant(i) for i, flag in enumerate(entry) if flag)  # a mask that is written out
        if not entry:
            return Slice(None, constant(0), None)
    node = node_of(entry)
    if node.dtype == "bool":
        if not node.rank or isinstance(node, Const):
            raise UnsupportedError("an index that is one truth value is not supported; use where(condition, x, 0)")
        return node
    if node.dtype != "int64":
        raise ShapeError(f"an index is an integer, not {node.dtype}; declare index arrays with ':int', idx[k]:int")
    return node


def basic_part(x: Node, entries: list[object]) -> tuple[Bounds, tuple[int, ...]]:
    """Return the bounds that slices and fixed integers give, and the new axes; arrays leave their axis whole."""
    bounds: list[Any] = []
    dropped = 0
    added: list[int] = []
    axis = 0
    for entry in entries:
        if entry is None:
            added.append(axis - dropped + len(added))
            continue
        if isinstance(entry, Slice):
            bounds.append(_slice_bounds(entry))
        elif isinstance(entry, Const) and not entry.shape:
            bounds.append(_position(entry, x.shape[axis]))
            dropped += 1
        else:
            bounds.extend([None] * _axes_taken(entry))
        axis += _axes_taken(entry)
    return tuple(bounds), tuple(added)


def _slice_bounds(entry: Slice) -> tuple[Size | None, Size | None, int] | None:
    step = 1 if entry.step is None else static_int(entry.step, "a slice's step")
    if step == 0:
        raise ShapeError("a slice's step is not 0")
    start, stop = (_bound(part) for part in (entry.start, entry.stop))
    return None if start is None and stop is None and step == 1 else (start, stop, step)


def _bound(part: object) -> Size | None:
    if part is None:
        return None
    if isinstance(part, Const) and isinstance(part.value, (int, SizeExpression)) and not isinstance(part.value, bool):
        bound = part.value
        if counts_from_end(bound):  # the sign decides where a bound counts from, so it has to be known
            if not is_nonnegative(-bound - 1):
                require(bound, "<", 0, "a slice's bound")
        elif not is_nonnegative(bound):
            require(0, "<=", bound, "a slice's bound")
        return bound
    raise ArgumentError("a slice's bounds are fixed integers or sizes such as x.shape[0] - 1")


def _position(entry: Const, size: Size) -> Size:
    """Return a fixed index, which has to lie in the axis: known now, or checked on every call."""
    value = entry.value
    if not isinstance(value, (int, SizeExpression)) or isinstance(value, bool) or entry.shape:
        raise ShapeError("an index is a fixed integer, a size, or an integer array")
    if isinstance(value, int) and isinstance(size, int):
        if not -size <= value < size:
            raise ShapeError(f"index {value} is out of range for an axis of size {size}")
    elif isinstance(value, int):
        require(value if value >= 0 else -value - 1, "<", size, f"index {value} needs a larger axis", numpy_checks=True)
    else:
        require(value, "<", size, f"index {value} needs a larger axis", numpy_checks=True)
    return value


class Placed(NamedTuple):
    """Arrays of positions or a mask, and where they stand: axes of the basic part, and their first place in the result."""

    arrays: list[Node]
    axes: list[int]
    first: int

    def order(self, rank: int) -> tuple[int, ...]:
        """Return the axes of the basic part with those that the arrays speak of side by side, at their first place."""
        others = [axis for axis in range(rank) if axis not in self.axes]
        return (*others[: self.first], *self.axes, *others[self.first :])


def placed_arrays(entries: list[object]) -> Placed:
    """Return the arrays of an index.

    What is chosen stands where their axes stood; where a slice or a new axis stands between them (or between them and
    a fixed number), it stands first.
    """
    axes: list[int] = []
    arrays: list[Node] = []
    axis = 0
    for entry in entries:
        if is_array(entry):
            axes.extend(range(axis, axis + _axes_taken(entry)))
            arrays.append(node_of(entry))
        axis += 0 if _is_fixed(entry) else max(_axes_taken(entry), 1)
    places = [i for i, entry in enumerate(entries) if isinstance(entry, Node)]
    contiguous = places == list(range(places[0], places[0] + len(places)))
    return Placed(arrays, axes, places[0] if contiguous else 0)
