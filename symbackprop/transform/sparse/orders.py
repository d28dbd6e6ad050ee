"""The orders in which a greedy colouring takes vertices: natural, largest first, smallest last, incidence degree.

Each is a sequence of vertices, of a graph given by the lists of neighbours. No order is best for all graphs, so that
whoever colours tries them in turn and keeps the fewest colours.

Sources: Welsh and Powell 1967 (largest first); Matula and Beck 1983 (smallest last); Coleman and More 1983 (incidence
degree, and all of them for Jacobians).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

__all__ = ["Neighbours", "orders"]

Neighbours = Sequence[Sequence[int]]  # of each vertex, without itself


def orders(count: int, neighbours: Callable[[], Neighbours | None]) -> Iterator[Sequence[int]]:
    """Yield the orders of `count` vertices; those that need the `neighbours` only where these are given."""
    yield range(count)
    known = neighbours()
    if known is None:
        return
    largest = sorted(range(count), key=lambda vertex: -len(known[vertex]))
    yield largest
    yield smallest_last(known)
    yield incidence_degree(known, largest)


def smallest_last(neighbours: Neighbours) -> Sequence[int]:
    """Return the order whose last vertex has the fewest neighbours, the one before the fewest but for it, and so on."""
    return _least_first(neighbours, [len(near) for near in neighbours], range(len(neighbours)))[::-1]


def incidence_degree(neighbours: Neighbours, largest: Sequence[int]) -> Sequence[int]:
    """Return the order in which each vertex has the most neighbours before it; of equals the first in `largest`."""
    return _least_first(neighbours, [0] * len(neighbours), largest[::-1])


def _least_first(neighbours: Neighbours, keys: list[int], pushed: Sequence[int]) -> list[int]:
    """Return the vertices by their least key, where each that is taken lowers the keys of its neighbours by one.

    The vertices wait in a bucket for each key; one whose key was lowered is in several, and is good in the last.
    """
    lowest = -max(map(len, neighbours), default=0)  # no key falls below
    buckets: list[list[int]] = [[] for _ in range(max(keys, default=0) - lowest + 1)]
    keys = [key - lowest for key in keys]
    for vertex in pushed:
        buckets[keys[vertex]].append(vertex)
    taken: list[int] = []
    waiting = [True] * len(keys)
    at = 0
    while len(taken) < len(keys):
        while not buckets[at]:
            at += 1
        vertex = buckets[at].pop()
        if not waiting[vertex] or keys[vertex] != at:
            continue
        waiting[vertex] = False
        taken.append(vertex)
        for near in neighbours[vertex]:
            if waiting[near]:
                keys[near] -= 1
                buckets[keys[near]].append(near)
        at = max(0, at - 1)
    return taken
