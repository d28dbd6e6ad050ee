"""Where a forward part is cut into segments: behind the values that are named, or where few bytes cross.

About sqrt(n) segments of a chain of n values keep of the order of sqrt(n) values at any time, for one forward pass
more. (Chen, T., Xu, B., Zhang, C. and Guestrin, C. (2016), Training deep nets with sublinear memory cost.)
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NoReturn

from symbackprop.errors import UnknownNameError, UnsupportedError, nearest_names
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Node
from symbackprop.ops.bodies import nodes_within
from symbackprop.transform.forward_part import ForwardPart

__all__ = ["cuts_behind", "cuts_by_bytes", "named_values", "tapering_cuts"]


def named_values(graph: Graph, wanted: Sequence[str]) -> list[Node]:
    """Return the values of the formula that bear the `wanted` names; of a name that is assigned again, all of them.

    Raises
    ------
    UnknownNameError
        If no value has the name, with the nearest names.
    UnsupportedError
        If the value is inside of a loop or a branch, or is not computed.
    """
    inputs = {spec.name for spec in graph.arguments}
    computed = set(graph.primal_nodes)
    by_name: dict[str, list[Node]] = {}
    for node, name in graph.names.items():
        if node in computed:
            by_name.setdefault(name, []).append(node)
    for name in wanted:
        if name not in by_name and name not in inputs:
            _refuse(name, graph, by_name)
    return [node for name in dict.fromkeys(wanted) for node in by_name.get(name, ())]


def _refuse(name: str, graph: Graph, known: Mapping[str, object]) -> NoReturn:
    """Raise the error that says why a name cannot be kept."""
    if name in {graph.names.get(node) for node in nodes_within(graph.primal_nodes)}:
        raise UnsupportedError(
            f"checkpoint names {name!r}, a value inside of a loop or a branch; name a result of the whole of it"
        )
    if name in graph.names.values():
        raise UnsupportedError(
            f"checkpoint names {name!r}, which is not computed: nothing needs it, or something simpler has taken its "
            "place; name another value"
        )
    listed = ", ".join([*known][:20]) + (", ..." if len(known) > 20 else "")
    there_are = f"there are {listed}" if known else "none has a name: write statements, as in a1 = tanh(z1)"
    raise UnknownNameError(
        f"checkpoint names {name!r}, which is no value of the formula; {there_are}.{nearest_names(name, known)}"
    )


def cuts_behind(values: Sequence[Node], part: ForwardPart) -> list[int]:
    """Return the places of `values`, each the last one of its segment."""
    return sorted({part.place[value] for value in values})


def cuts_by_bytes(part: ForwardPart) -> list[int]:
    """Return about ``sqrt(n) - 1`` places, for `n` values that the way back reads.

    Near each of those that would cut the bytes that are read evenly it is the one at which fewest bytes cross: in a
    chain of layers behind an activation. The last segment, which is not computed again, is as long as two others.
    """
    count = round(math.sqrt(len(part.read)))
    return _cuts_near(part, [1] * (count + 1), count - 1)


def tapering_cuts(part: ForwardPart, segments: int) -> list[int]:
    """Return the places that cut a forward part in segments each of which is shorter than the one before.

    While the first one is computed again nothing but itself is kept; while the last one is, what begins all of them. So
    the bytes that live at once are about the same in each turn, and less than with even segments.
    """
    return _cuts_near(part, range(segments, 0, -1), segments - 1)


def _cuts_near(part: ForwardPart, weights: Sequence[int], cuts: int) -> list[int]:
    """Return the places behind the first `cuts` pieces of a forward part whose bytes that are read are as `weights`."""
    read = part.read
    scale, total = sum(weights), sum(map(part.bytes_of, read))
    marks = [0, *(mark * total for mark in accumulate(weights))]
    halves = [(low + high) / 2 for low, high in pairwise(marks)]
    crossing = _Crossing(part)
    best: dict[int, tuple[tuple[int, int, int], int]] = {}
    passed = 0
    for place, node in enumerate(part.nodes):
        crossing.go_behind(place)
        passed += part.bytes_of(node) * scale if node in read else 0
        nearest = bisect_right(halves, passed) if total else 0
        if part.base[node] is not node or part.is_given(node) or not 0 < nearest <= cuts:
            continue
        rank = (crossing.bytes, crossing.unread, abs(passed - marks[nearest])), place
        best[nearest] = min(best.get(nearest, rank), rank)
    return sorted(place for _, place in best.values())


class _Crossing:
    """What of the values before a place is used behind it, while the place moves on."""

    def __init__(self, part: ForwardPart) -> None:
        self.bytes = 0
        self.unread = 0  # how many of them the way back does not read for itself
        self._part = part
        self._begins: list[list[Node]] = [[] for _ in part.nodes]
        self._ends: list[list[Node]] = [[] for _ in part.nodes]
        for node, last in part.last_use.items():
            if not part.is_given(node) and last > part.place[node]:
                self._begins[part.place[node]].append(node)
                self._ends[last].append(node)

    def go_behind(self, place: int) -> None:
        """Take in what is computed at `place`, and leave out what is used there last."""
        for nodes, sign in ((self._begins[place], 1), (self._ends[place], -1)):
            for node in nodes:
                self.bytes += sign * self._part.bytes_of(node)
                self.unread += sign * (node not in self._part.read)
