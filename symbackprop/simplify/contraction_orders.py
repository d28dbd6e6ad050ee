"""In which order the operands of a contraction are multiplied, two at a time.

The order with the fewest operations is found exactly for a few operands, by dynamic programming over their subsets
(Lam, C., Sadayappan, P. and Wenger, R. (1997), On optimizing a class of multi-dimensional loops with reductions for
parallel execution). For more of them the pair whose product takes the least memory goes first, again and again.

Not in here: graphs. Operands are tuples of indices, sizes are numbers.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Network", "Steps"]

Indices = tuple[int, ...]
Steps = list[tuple[int, int]]  # which two are multiplied; operands count from 0, products go on behind them
_Offer = tuple[float, float, int, int]  # by how much memory grows, what it takes, which two

_EXACTLY = 10  # operands, the subsets of which are all looked at


class Network:
    """Operands that are multiplied and summed over all indices that the output does not have."""

    def __init__(self, operands: Sequence[Indices], output: Indices, sizes: Mapping[int, int]) -> None:
        self._operands = [frozenset(own) for own in operands]
        self._output = frozenset(output)
        self._sizes = sizes
        self._volumes: dict[frozenset[int], float] = {}

    def kept(self, steps: Steps) -> Iterator[tuple[frozenset[int], frozenset[int], frozenset[int]]]:
        """Return for each step the indices of the two that are multiplied, and those of their product."""
        live = [*self._operands]
        uses: dict[int, int] = dict.fromkeys(self._output, 1)
        for own in live:
            for index in own:
                uses[index] = uses.get(index, 0) + 1
        for first, second in steps:
            a, b = live[first], live[second]
            for index in a & b:
                uses[index] -= 1
            product = frozenset(index for index in a | b if uses[index] > 1)
            live.append(product)
            yield a, b, product

    def cost(self, steps: Steps) -> float:
        """Return the operations of some steps, and the entries that they read and write."""
        return math.fsum(self._cost(*own) for own in self.kept(steps))

    def best(self) -> Steps:
        """Return the steps with the least cost that is found."""
        return self._exactly() if len(self._operands) <= _EXACTLY else self._greedily()

    def _volume(self, indices: frozenset[int]) -> float:
        found = self._volumes.get(indices)
        if found is None:
            found = self._volumes[indices] = math.prod(float(self._sizes[index]) for index in indices)
        return found

    def _cost(self, a: frozenset[int], b: frozenset[int], product: frozenset[int]) -> float:
        return self._volume(a | b) + self._volume(a) + self._volume(b) + self._volume(product)

    # --- few operands -------------------------------------------------------------------------------------------------

    def _exactly(self) -> Steps:
        count = len(self._operands)
        whole = (1 << count) - 1
        left: dict[int, frozenset[int]] = {}  # indices of the product of each subset, written as its bits
        costs: dict[int, float] = {}
        splits: dict[int, int] = {}
        for subset in range(1, whole + 1):
            left[subset] = self._left(subset)
            if subset & (subset - 1) == 0:
                costs[subset] = 0.0
                continue
            costs[subset] = math.inf
            for part in _parts(subset):
                rest = subset ^ part
                before = costs[part] + costs[rest]
                if before < costs[subset]:
                    total = before + self._cost(left[part], left[rest], left[subset])
                    if total < costs[subset]:
                        costs[subset], splits[subset] = total, part
        return _steps(splits, whole, count)

    def _left(self, subset: int) -> frozenset[int]:
        """Return the indices of a subset that others have too."""
        inside: set[int] = set()
        outside = set(self._output)
        for position, own in enumerate(self._operands):
            (inside if subset >> position & 1 else outside).update(own)
        return frozenset(inside & outside)

    # --- many operands ------------------------------------------------------------------------------------------------

    def _greedily(self) -> Steps:
        live: dict[int, frozenset[int]] = dict(enumerate(self._operands))
        holders: dict[int, list[int]] = {}
        for position, own in live.items():
            for index in own:
                holders.setdefault(index, []).append(position)
        heap: list[_Offer] = []

        def offer(position: int, before: bool) -> None:
            """Line up a product with its neighbours among those that share an index with it."""
            for index in live[position]:
                own = holders[index]
                place = bisect_left(own, position)
                near = own[place + 1 : place + 2] + (own[place - 1 : place] if before and place else [])
                for other in near:
                    pair = (min(position, other), max(position, other))
                    product = self._product(live, holders, *pair)
                    a, b = live[pair[0]], live[pair[1]]
                    grown = self._volume(product) - self._volume(a) - self._volume(b)
                    heapq.heappush(heap, (grown, self._cost(a, b, product), *pair))

        for position in range(len(live)):
            offer(position, before=False)
        steps: Steps = []
        new = len(live)
        while len(live) > 1:
            pair = _next(heap, live)
            product = self._product(live, holders, *pair)
            for position in pair:
                for index in live.pop(position):
                    holders[index].remove(position)
            live[new] = product
            for index in product:
                insort(holders[index], new)
            steps.append(pair)
            offer(new, before=True)
            new += 1
        return steps

    def _product(
        self, live: Mapping[int, frozenset[int]], holders: Mapping[int, list[int]], first: int, second: int
    ) -> frozenset[int]:
        a, b = live[first], live[second]
        return frozenset(i for i in a | b if i in self._output or len(holders[i]) > (i in a) + (i in b))


def _next(heap: list[_Offer], live: Mapping[int, frozenset[int]]) -> tuple[int, int]:
    """Return the next two to be multiplied: those at the front of the line, or any two that share nothing."""
    while heap:
        _, _, first, second = heapq.heappop(heap)
        if first in live and second in live:
            return first, second
    first, second, *_ = live
    return first, second


def _parts(subset: int) -> Iterator[int]:
    """Return all parts of a set that have its first member, but for the whole."""
    first = subset & -subset
    rest = others = subset ^ first
    while rest:
        rest = (rest - 1) & others
        yield rest | first


def _steps(splits: Mapping[int, int], whole: int, count: int) -> Steps:
    """Return the steps that a tree of splits is, parts first."""
    order: list[int] = []
    stack = [whole]
    while stack:
        subset = stack.pop()
        if subset in splits:
            order.append(subset)
            stack += (splits[subset], subset ^ splits[subset])
    numbers = {1 << position: position for position in range(count)}
    steps: Steps = []
    for subset in reversed(order):
        part = splits[subset]
        steps.append((numbers[part], numbers[subset ^ part]))
        numbers[subset] = count + len(steps) - 1
    return steps
