"""What is known of arrays of positions: whether one of them is sure to stand there only once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symbackprop.ir.node import Apply, Const, Node

__all__ = ["are_distinct"]


def are_distinct(indices: Sequence[Node]) -> bool:
    """Tell whether no place that `indices` name together, an array an axis, is sure to be named twice.

    They are if entries that differ in their place along any axis differ in one of the arrays:
    ``x[arange(m)[:, None], arange(t), y]`` names m*t places, whatever y is.
    """
    told = {axis for index in indices for axis in _axes_told(index)}
    return all(axis in told or size == 1 for axis, size in enumerate(indices[0].shape))


def _axes_told(index: Node) -> Iterator[int]:
    """Yield the axes along which no entry of an array is there twice, wherever it is along the others."""
    if _is_distinct(index):
        yield 0
    elif isinstance(index, Apply) and index.op.name == "broadcast" and _is_distinct(index.args[0]):
        axes: tuple[int, ...] = index.param("axes")  # type: ignore[assignment]
        if index.shape[axes[0]] == index.args[0].shape[0]:
            yield axes[0]


def _is_distinct(index: Node) -> bool:
    """Tell whether no entry of a vector is there twice."""
    if index.shape == (1,):
        return True
    if not isinstance(index, Apply) or index.rank != 1:
        return False
    if index.op.name in ("arange", "argsort"):
        return True
    if index.op.name == "literal" and all(isinstance(entry, Const) for entry in index.args):
        numbers = [entry.value for entry in index.args]  # type: ignore[attr-defined]
        return len(set(numbers)) == len(numbers) and len({number < 0 for number in numbers}) == 1
    return False
