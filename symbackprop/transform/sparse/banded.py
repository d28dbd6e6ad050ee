"""Derivatives of links: few products for a band, a block or a diagonal of any size, and the places of their entries.

Along an axis that goes with one of the other side at up to p offsets, every p-th unit vector is in one product; along
free axes each has its own. Entries are read from the products diagonal by diagonal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from symbackprop.diff.forward import push_forward
from symbackprop.diff.reverse import pull_back
from symbackprop.ir.graph import topological
from symbackprop.ir.node import Input, Node, constant, make_input
from symbackprop.ir.size import Size, maximum, minimum, product
from symbackprop.ops.bodies import nodes_within
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.creation import arange
from symbackprop.ops.indexing import gather, slice_
from symbackprop.ops.layout import transpose
from symbackprop.ops.rounding import remainder
from symbackprop.transform.jacobians import at_typical_sizes
from symbackprop.transform.sparse.inside import inner_axes
from symbackprop.transform.sparse.links import Link
from symbackprop.transform.unit_vectors import for_all

__all__ = ["Piece", "pieces_by_columns", "pieces_by_fewest", "pieces_by_rows"]

Axis = tuple[str, int]  # "value" or "source", and a number


@dataclass(frozen=True, slots=True)
class Piece:
    """The entries at one offset of a link, with the axes of the value first and behind them those of the source that are free.

    Parameters
    ----------
    link : Link
    entries : Node
    rows, columns : sequence of Node
        The index along each axis of the value, and along each axis of the source.
    places : sequence of int
        The axis of `entries` that each axis of the source is on.
    is_whole : bool
        Whether there are entries in each row.
    kept : tuple of int, or None
        Which entries there are of a block, whose axes come last; None for all.
    inside : int
        How many axes those are.
    """

    link: Link
    entries: Node
    rows: Sequence[Node]
    columns: Sequence[Node]
    places: Sequence[int]
    is_whole: bool
    kept: tuple[int, ...] | None = None
    inside: int = 0


def pieces_by_columns(values: Sequence[Node], links: Sequence[Link]) -> Iterator[Piece]:
    """Yield the pieces of links, from products with unit vectors of the sources."""
    for link in links:
        value, x, widths = values[link.number], link.source.node, link.widths()

        def pushed(tangent: Node, value: Node = value, x: Input = x) -> Sequence[Node | None]:
            return push_forward([value], {x: tangent})

        axes, (columns,) = _products([value, x], x, widths, pushed)
        names: list[Axis] = [("source", axis) for axis in axes]
        names += [("value", axis) for axis in range(value.rank)]
        if columns is not None:
            yield from _pieces(value, link, columns, names, {link.axes[axis]: p for axis, p in widths.items()})


def pieces_by_rows(values: Sequence[Node], links: Sequence[Link]) -> Iterator[Piece]:
    """Yield the pieces of links, from products with unit vectors of the values, for all sources that allow the same."""
    groups: dict[tuple[int, frozenset[int]], list[Link]] = {}
    for link in links:
        groups.setdefault((link.number, frozenset(link.axes.values())), []).append(link)
    for (number, aligned), group in groups.items():
        value, sources = values[number], [link.source.node for link in group]
        every = [{link.axes[axis]: p for axis, p in link.widths().items()} for link in group]
        widths = {axis: max(own[axis] for own in every) for axis in sorted(aligned)}

        def pulled(cotangent: Node, value: Node = value, sources: Sequence[Input] = sources) -> Sequence[Node | None]:
            adjoints = pull_back([value], [cotangent], sources)
            return [adjoints.get(x) for x in sources]

        axes, found = _products([value, *sources], value, widths, pulled)
        for link, rows in zip(group, found, strict=True):
            names: list[Axis] = [("value", axis) for axis in axes]
            names += [("source", axis) for axis in range(link.source.node.rank)]
            if rows is not None:
                yield from _pieces(value, link, rows, names, widths)


def pieces_by_fewest(values: Sequence[Node], links: Sequence[Link]) -> Iterator[Piece]:
    """Yield the pieces of links, each from products with unit vectors of that side which has fewer of them."""
    by_rows = [link for link in links if _is_cheaper_by_rows(values[link.number], link)]
    yield from pieces_by_rows(values, by_rows)
    yield from pieces_by_columns(values, [link for link in links if link not in by_rows])


def _is_cheaper_by_rows(value: Node, link: Link) -> bool:
    columns = link.widths()
    rows = {link.axes[axis]: width for axis, width in columns.items()}
    counts = (
        product(widths.get(axis, size) for axis, size in enumerate(shape))
        for shape, widths in ((value.shape, rows), (link.source.node.shape, columns))
    )
    first, second = (at_typical_sizes(count) for count in counts)
    return first <= second


# --- products ---------------------------------------------------------------------------------------------------------


def _products(
    graph: Sequence[Node],
    moved: Node,
    widths: Mapping[int, int],
    linear: Callable[[Node], Sequence[Node | None]],
) -> tuple[list[int], list[Node | None]]:
    """Return the axes of `moved` that products are along, and the products, whose axes are these and those of a result."""
    axes = [axis for axis in range(moved.rank) if widths.get(axis) != 1]
    basis = tuple(widths.get(axis, moved.shape[axis]) for axis in axes)
    if not basis:
        return axes, [*linear(constant(1, moved.shape, moved.dtype))]
    level = 1 + max((node.level for node in nodes_within(topological(graph)) if isinstance(node, Input)), default=0)
    first = make_input(0, basis, moved.dtype, level)
    unit: Node = first
    for place, axis in enumerate(axes):
        if axis in widths:
            colours = remainder(arange(size=moved.shape[axis]), widths[axis])
            unit = gather(unit, colours, axis=place)
    if len(axes) < moved.rank:
        unit = broadcast(unit, shape=moved.shape, axes=tuple(axes))
    made = linear(unit)
    every = iter(for_all([y for y in made if y is not None], first))
    return axes, [None if y is None else next(every) for y in made]


# --- entries ----------------------------------------------------------------------------------------------------------


def _pieces(
    value: Node, link: Link, products: Node, names: Sequence[Axis], widths: Mapping[int, int]
) -> Iterator[Piece]:
    """Yield the entries of a link offset by offset; `widths` say how far apart along an axis of the value colours repeat."""
    inner = inner_axes(value.shape, link.source.node.shape, link.axes)
    inside = 0 if inner is None else len(inner[0]) + len(inner[1])
    for offsets, kept in zip(link.offsets, link.kept, strict=True):
        part, axes = products, [*names]
        spans: dict[int, tuple[Size, Size]] = {}
        shifts = dict(zip(link.axes.items(), offsets, strict=True))
        for (axis, own), shift in shifts.items():
            spans[own] = _span(value.shape[own], link.source.node.shape[axis], shift)
            part = _read(part, axes, axis, own, shift, spans[own], widths[own])
        free = [axis for axis in range(link.source.node.rank) if axis not in link.axes]
        order = [*(("value", axis) for axis in range(value.rank)), *(("source", axis) for axis in free)]
        turned = tuple(axes.index(axis) for axis in order)
        part = part if turned == tuple(range(part.rank)) else transpose(part, axes=turned)
        rows = [_positions(0, part.shape[axis], spans.get(axis)) for axis in range(value.rank)]
        columns = [_positions(0, size, None) for size in link.source.node.shape]
        for (axis, own), shift in shifts.items():
            columns[axis] = _positions(shift, part.shape[own], spans[own])
        places = [link.axes.get(axis, value.rank) for axis in range(link.source.node.rank)]
        for number, axis in enumerate(free):
            places[axis] = value.rank + number
        whole = all(span == (0, value.shape[axis]) for axis, span in spans.items())
        yield Piece(link, part, rows, columns, places, whole, kept, inside)


def _span(size: Size, other: Size, shift: int) -> tuple[Size, Size]:
    """Return from where to where along an axis there are entries at `shift`: where the other side has that index."""
    start, room = max(0, -shift), maximum(other - shift, 0)
    larger = maximum(size, room)
    if larger == room:
        return start, size
    return start, room if larger == size else minimum(size, room)


def _read(part: Node, axes: list[Axis], axis: int, own: int, shift: int, span: tuple[Size, Size], width: int) -> Node:
    """Return products of which two axes that go along with each other have become one; changes the list of `axes`."""
    start, stop = span
    first, last = ("value", own), ("source", axis)
    if axes.index(first) > axes.index(last) if last in axes and first in axes else first in axes:
        first, last = last, first  # the second is that of the results
    along, begin = (shift, 0) if last == ("value", own) else (0, shift)
    if width == 1:
        at = axes.index(last)
        if (start, stop) != (0, part.shape[at]) or begin:
            bounds = [None] * part.rank
            bounds[at] = (start + begin, stop + begin, 1)  # type: ignore[call-overload]
            part = slice_(part, bounds=tuple(bounds))
    else:
        there, here = axes.index(first), axes.index(last)
        order = [place for place in range(part.rank) if place != there]
        order.insert(order.index(here), there)
        if order != [*range(part.rank)]:
            part = transpose(part, axes=tuple(order))
            axes[:] = [axes[place] for place in order]
        length = maximum(stop - start, 0)
        colours = remainder(_positions(along, length, span), width)
        part = gather(part, colours, _positions(begin, length, span), axis=axes.index(first))
        axes.remove(first)
    axes[axes.index(last)] = ("value", own)
    return part


def _positions(shift: int, size: Size, span: tuple[Size, Size] | None) -> Node:
    """Return the index along an axis, from where a span begins on, shifted."""
    first = shift + (0 if span is None else span[0])
    steps: Node = arange(size=size)
    return steps if first == 0 else first + steps
