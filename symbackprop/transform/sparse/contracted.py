"""Contractions: which entries of an operand a result depends on, where others are zero in every call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbackprop.ir.node import Apply, Node
from symbackprop.ops.contraction import index_sizes
from symbackprop.transform.sparse.known import Flags, Known, uniform
from symbackprop.transform.sparse.relations import check_sparse, relation_of, sizes_of

__all__ = ["contraction_varies", "contractions"]

_Table = Mapping[int, NDArray[np.intp]]  # combinations of indices, by the names of these


def _named(node: Apply) -> tuple[Sequence[Sequence[int]], Sequence[int], dict[int, Any]]:
    """Return the indices of the operands and of the output, and the size of each."""
    operands: Any = node.param("operands")
    output: Any = node.param("output")
    return operands, output, index_sizes(node.args, operands)


def contractions(node: Apply, known: Known) -> list[Any]:
    """Return the relation of a contraction to each operand.

    An entry depends on those that share its indices, wherever entries of all other operands do that are not zeros. Such
    combinations of indices are found operand by operand, as a database joins tables.
    """
    operands, output, sizes = _named(node)
    found: list[Any] = []
    for position, own in enumerate(operands):
        varies = known.varies(node.args[position])
        others = [(known.zeros(arg), arg, at) for arg, at in zip(node.args, operands, strict=True)]
        del others[position]
        if varies is False or any(zero is True for zero, _, _ in others):
            found.append(None)
            continue
        table = _entries(node.args[position], own, varies)
        waiting = [(at, _entries(arg, at, ~zero)) for zero, arg, at in others if isinstance(zero, np.ndarray)]
        while waiting:
            beside = next((i for i, (at, _) in enumerate(waiting) if not table.keys().isdisjoint(at)), 0)
            table = _joined(table, waiting.pop(beside)[1], sizes)
        missing = [name for name in output if name not in table]
        if missing:
            table = _joined(table, _every(missing, [sizes[name] for name in missing]), sizes)
        rows, columns = (_raveled(table, names, sizes) for names in (output, own))
        found.append(relation_of(rows, columns, (_count(output, sizes), _count(own, sizes))))
    return found


def contraction_varies(node: Apply, known: Known) -> Flags:
    """Return which entries of a contraction vary: those with a product of which some factor does, and none is zero."""
    operands, output, _ = _named(node)
    nonzero = [np.logical_not(known.zeros(arg)) for arg in node.args]
    fixed = [np.logical_and(some, np.logical_not(known.varies(x))) for some, x in zip(nonzero, node.args, strict=True)]
    counts = []
    for flags in (nonzero, fixed):
        arrays = (_shaped(own, arg) for own, arg in zip(flags, node.args, strict=True))
        pairs: list[Any] = [part for pair in zip(arrays, map(list, operands), strict=True) for part in pair]
        counts.append(np.einsum(*pairs, list(output), optimize=True))
    return uniform(counts[0] > counts[1])


def _shaped(flags: Any, arg: Node) -> NDArray[np.float64]:
    """Return ones where flags are set, in the shape of an operand."""
    sizes = sizes_of(arg)
    return np.broadcast_to(np.reshape(flags, sizes if np.ndim(flags) else ()), sizes).astype(float)


def _entries(arg: Node, names: Sequence[int], flags: Flags) -> _Table:
    """Return the indices of the entries of an operand that are set."""
    if flags is True:
        return _every(names, sizes_of(arg))
    return dict(zip(names, np.nonzero(np.reshape(flags, sizes_of(arg))), strict=True))


def _every(names: Sequence[int], sizes: Sequence[int]) -> _Table:
    return dict(zip(names, np.indices(tuple(sizes)).reshape(len(names), -1), strict=True))


def _joined(table: _Table, other: _Table, sizes: Mapping[int, int]) -> _Table:
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


def _raveled(table: _Table, names: Sequence[int], sizes: Mapping[int, int]) -> NDArray[np.intp]:
    """Return the combinations of some names as one number each."""
    numbers = np.zeros(len(next(iter(table.values()), ())), dtype=np.intp)
    for name in names:
        numbers = numbers * sizes[name] + table[name]
    return numbers


def _count(names: Sequence[int], sizes: Mapping[int, int]) -> int:
    return int(np.prod([sizes[name] for name in names], dtype=np.int64))
