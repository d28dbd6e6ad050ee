"""Sums of products: which entries of a factor a result depends on, where others are zero in every call."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symbackprop.ir.node import Apply
from symbackprop.transform.sparse.known import Flags, Known, nonzero, shaped, uniform
from symbackprop.transform.sparse.relations import EVERY, check_sparse, relation_of, sizes_of

__all__ = ["Factor", "contraction_varies", "contractions", "product_relation"]

_Table = Mapping[Hashable, NDArray[np.intp]]  # combinations of indices, by the names of these


class Factor(NamedTuple):
    """What stands in a product of entries: the index of each axis, their sizes, and which entries count."""

    names: Sequence[Hashable]
    sizes: Sequence[int]
    flags: Flags


def _named(node: Apply) -> tuple[Sequence[Sequence[int]], Sequence[int]]:
    """Return the indices of the operands and of the output."""
    operands: Any = node.param("operands")
    output: Any = node.param("output")
    return operands, output


def contractions(node: Apply, known: Known) -> list[Any]:
    """Return the relation of a contraction to each operand."""
    operands, output = _named(node)
    counting = [uniform(np.logical_not(known.zeros(arg))) for arg in node.args]
    found = []
    for position, own in enumerate(operands):
        factors = [
            Factor(names, sizes_of(arg), flags) for arg, names, flags in zip(node.args, operands, counting, strict=True)
        ]
        del factors[position]
        arg = node.args[position]
        found.append(product_relation(output, Factor(own, sizes_of(arg), known.varies(arg)), factors))
    return found


def product_relation(output: Sequence[Hashable], own: Factor, others: Sequence[Factor]) -> Any:
    """Return the relation of sums of products to one factor; None if there are none.

    An entry depends on those that share its indices, wherever entries of all other factors do that count. Such
    combinations of indices are found factor by factor, as a database joins tables.
    """
    if any(factor.flags is False for factor in (own, *others)):
        return None
    if all(factor.flags is True for factor in (own, *others)) and set(output).isdisjoint(own.names):
        return EVERY
    sizes = {name: size for factor in (own, *others) for name, size in zip(factor.names, factor.sizes, strict=True)}
    table = _entries(own)
    waiting = [factor for factor in others if factor.flags is not True]
    while waiting:
        beside = next((i for i, factor in enumerate(waiting) if not table.keys().isdisjoint(factor.names)), 0)
        table = _joined(table, _entries(waiting.pop(beside)), sizes)
    missing = [name for name in output if name not in table]
    if missing:
        table = _joined(table, _entries(Factor(missing, [sizes[name] for name in missing], True)), sizes)
    rows, columns = (_raveled(table, names, sizes) for names in (output, own.names))
    return relation_of(rows, columns, (prod(sizes[name] for name in output), prod(own.sizes)))


def contraction_varies(node: Apply, known: Known) -> Flags:
    """Return which entries of a contraction vary: those with a product of which some factor does, and none is zero."""
    operands, output = _named(node)
    some = [nonzero(x, known) for x in node.args]
    fixed = [own & ~shaped(known.varies(x), x) for own, x in zip(some, node.args, strict=True)]
    counts = []
    for flags in (some, fixed):
        pairs: list[Any] = [part for own, names in zip(flags, operands, strict=True) for part in (own * 1.0, [*names])]
        counts.append(np.einsum(*pairs, list(output), optimize=True))
    return uniform(counts[0] > counts[1])


def _entries(factor: Factor) -> _Table:
    """Return the indices of the entries that count."""
    shape = tuple(factor.sizes)
    if factor.flags is True:
        return dict(zip(factor.names, np.indices(shape).reshape(len(shape), -1), strict=True))
    return dict(zip(factor.names, np.nonzero(np.reshape(factor.flags, shape)), strict=True))


def _joined(table: _Table, other: _Table, sizes: Mapping[Hashable, int]) -> _Table:
    """Return the combinations of both that agree in the names that they share."""
    shared = [name for name in other if name in table]
    left, right = (_raveled(own, shared, sizes) for own in (table, other))
    order = np.argsort(right, kind="stable")
    first, last = (np.searchsorted(right[order], left, side) for side in ("left", "right"))
    counts = last - first
    total = int(counts.sum())
    check_sparse(total)
    rows = np.repeat(np.arange(len(left)), counts)
    at = order[np.arange(total) + np.repeat(first - np.cumsum(counts) + counts, counts)]
    return {**{name: own[rows] for name, own in table.items()}, **{name: other[name][at] for name in other}}


def _raveled(table: _Table, names: Sequence[Hashable], sizes: Mapping[Hashable, int]) -> NDArray[np.intp]:
    """Return the combinations of some names as one number each."""
    numbers = np.zeros(len(next(iter(table.values()), ())), dtype=np.intp)
    for name in names:
        numbers = numbers * sizes[name] + table[name]
    return numbers
