"""Which entries of an argument an entry of a result depends on, as a boolean matrix with a row for each of the latter."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import prod
from typing import Any, Final

import numpy as np

from symbackprop.errors import UnsupportedError
from symbackprop.ir.node import Node
from symbackprop.ir.size import shape_text
from symbackprop.lazily import scipy_sparse

__all__ = ["EVERY", "LARGEST", "check_sparse", "chosen", "not_sparse", "numbered", "related", "relation_of", "sizes_of"]

EVERY: Final = "every entry"  # in the place of a relation: all entries depend on all
LARGEST = 20_000_000  # entries of a pattern: beyond, it is no longer sparse


def sizes_of(node: Node) -> tuple[int, ...]:
    """Return the shape of a node, whose sizes are numbers.

    Raises
    ------
    UnsupportedError
        If a size is not, such as the number of entries that a mask chooses.
    """
    sizes = tuple(size for size in node.shape if isinstance(size, int))
    if len(sizes) < node.rank:
        raise UnsupportedError(
            f"shape {shape_text(node.shape)} is known only when the code runs, so the entries of the sparse derivative are "
            "not known before; leave out sparse=True"
        )
    return sizes


def not_sparse(count: int) -> str:
    """Return what to say of a step whose pattern has `count` entries."""
    return f"its pattern has {count} entries, so its derivative is not sparse; leave out sparse=True"


def check_sparse(count: int) -> None:
    """Refuse a step whose pattern has `count` entries, if these are too many."""
    if count > LARGEST:
        raise UnsupportedError(not_sparse(count))


def numbered(shape: Sequence[int], first: int = 0) -> Any:
    """Return an array of `shape` whose entries are their own positions, from `first` on."""
    return np.arange(first, first + prod(shape)).reshape(tuple(shape))


def chosen(positions: Any, count: int) -> Any:
    """Return the relation of a result whose entries are those of `positions`, among `count`; none where that is -1."""
    flat = np.ravel(positions)
    rows = np.flatnonzero(flat >= 0)
    return relation_of(rows, flat[rows], (flat.size, count))


def relation_of(rows: Any, columns: Any, shape: tuple[int, int]) -> Any:
    """Return a relation by the pairs that are related."""
    return scipy_sparse().coo_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=shape).tocsr()


def related(result: Sequence[Hashable], argument: Sequence[Hashable], sizes: dict[Any, int], within: Any = None) -> Any:
    """Return the relation of entries that agree in the indices that result and argument share.

    Parameters
    ----------
    result, argument
        The index of each axis.
    sizes
        The size of every index.
    within : (indices, mask), optional
        Combinations of further indices of which some do not occur.
    """
    names = [*dict.fromkeys((*result, *argument, *(within[0] if within else ())))]
    shape = tuple(sizes[name] for name in names)
    check_sparse(prod(shape))
    grid = dict(zip(names, np.indices(shape).reshape(len(names), -1), strict=True))
    if within:
        kept = within[1][tuple(grid[name] for name in within[0])]
        grid = {name: places[kept] for name, places in grid.items()}
    count = prod(shape) if not within else int(np.count_nonzero(kept))
    rows, columns = (
        _raveled([grid[name] for name in own], [sizes[name] for name in own], count) for own in (result, argument)
    )
    return relation_of(rows, columns, (prod(sizes[name] for name in result), prod(sizes[name] for name in argument)))


def _raveled(indices: Sequence[Any], sizes: Sequence[int], count: int) -> Any:
    if not indices:
        return np.zeros(count, dtype=np.intp)
    return np.ravel_multi_index(tuple(indices), tuple(sizes))
