"""What is known of arrays of positions: whether one of them is sure to stand there only once."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.ir.node import Apply, Const, Node

__all__ = ["are_distinct"]


def are_distinct(indices: Sequence[Node]) -> bool:
    """Tell whether no place that `indices` name together, an array an axis, is sure to be named twice."""
    if not indices[0].rank:
        return True
    return any(_is_distinct(index) for index in indices)


def _is_distinct(index: Node) -> bool:
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
