"""Compressed Jacobians: products with the sums of the unit vectors of one colour, for all colours at once.

What they are multiplied with has a row for each colour, ``np.eye(count)[:, colours]``; a further column of zeros, in
``np.eye(count, count + 1)``, is for what has none, as it is read elsewhere. What makes array code of all unit
vectors makes array code of these rows too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbackprop.diff.forward import push_forward
from symbackprop.diff.reverse import pull_back
from symbackprop.ir.graph import topological
from symbackprop.ir.node import Input, Node, make_input
from symbackprop.ir.size import product
from symbackprop.ops.bodies import nodes_within
from symbackprop.ops.broadcasting import cast, reshape
from symbackprop.ops.creation import eye
from symbackprop.ops.indexing import gather, slice_
from symbackprop.transform.sparse.tables import Tables
from symbackprop.transform.unit_vectors import for_rows

__all__ = ["Seeds", "columns_summed", "rows_summed", "seeds_of"]


@dataclass(frozen=True, slots=True)
class Seeds:
    """Colours, and how many there are; and whether some entries have none, whose number is then that."""

    colours: Node
    count: int
    some_have_none: bool

    def matrix(self, dtype: str) -> Node:
        """Return the matrix with a row of each colour: that entry of a column is one, if it has a colour."""
        columns = self.count + self.some_have_none
        return gather(eye(rows=self.count, columns=columns, k=0, dtype=dtype), self.colours, axis=1)


def seeds_of(name: str, colours: Any, used: Any, tables: Tables) -> Seeds:
    """Return seeds by the colours of rows or columns, -1 for none; those that are not `used` may have any."""
    count = int(colours.max()) + 1
    lacking = (colours < 0) & used
    known = np.where(lacking, count, np.maximum(colours, 0))
    return Seeds(tables.node(name, known), count, bool(lacking.any()))


def columns_summed(values: Sequence[Node], wanted: Sequence[Input], seeds: Seeds) -> list[Node | None]:
    """Return for each value the sums of the columns of its Jacobian, of shape (number of colours, size of the value)."""

    def pushed(parts: Sequence[Node]) -> Sequence[Node | None]:
        return push_forward(values, dict(zip(wanted, parts, strict=True)))

    return _products([*values, *wanted], wanted, values, seeds, pushed)


def rows_summed(values: Sequence[Node], wanted: Sequence[Input], seeds: Seeds) -> list[Node | None]:
    """Return for each input the sums of rows of the Jacobian of all values, of shape (number of colours, its size)."""

    def pulled(parts: Sequence[Node]) -> Sequence[Node | None]:
        adjoints = pull_back(values, parts, wanted)
        return [adjoints.get(x) for x in wanted]

    return _products([*values, *wanted], values, wanted, seeds, pulled)


def _products(
    graph: Sequence[Node],
    moved: Sequence[Node],
    results: Sequence[Node],
    seeds: Seeds,
    linear: Callable[[Sequence[Node]], Sequence[Node | None]],
) -> list[Node | None]:
    """Return what `linear` makes of the rows of the seed matrix, cut into parts of the shapes of what is `moved`."""
    dtype = moved[0].dtype
    level = 1 + max((node.level for node in nodes_within(topological(graph)) if isinstance(node, Input)), default=0)
    row = make_input(0, seeds.colours.shape, dtype, level)
    matrix = seeds.matrix(dtype)
    parts = []
    start = 0
    for node in moved:
        size: int = product(node.shape)  # type: ignore[assignment]
        part = row if len(moved) == 1 else slice_(row, bounds=((start, start + size, 1),))
        part = part if part.shape == node.shape else reshape(part, shape=node.shape)
        parts.append(part if node.dtype == dtype else cast(part, dtype=node.dtype))
        start += size
    made = linear(parts)
    stacks = iter(for_rows([y for y in made if y is not None], row, matrix))
    found: list[Node | None] = []
    for node, y in zip(results, made, strict=True):
        stack = None if y is None else next(stacks)
        shape = (seeds.count, product(node.shape))
        found.append(stack if stack is None or stack.shape == shape else reshape(stack, shape=shape))
    return found
