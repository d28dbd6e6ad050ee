"""Batches are verified example by example: the reference is that of one, and a batch is the stack of what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.ir.signature import leaves_of

__all__ = ["blocks", "examples", "one_by_one", "stacked"]


def examples(values: Mapping[str, Any], batch: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Yield the values of every example, given the axes along which examples lie."""
    count = min(values[name].shape[axis] for name, axis in batch.items())
    for number in range(count):
        yield {name: x[(slice(None),) * batch[name] + (number,)] if name in batch else x for name, x in values.items()}


def one_by_one(function: Callable[..., Any], batch: Mapping[str, int]) -> Callable[..., Any]:
    """Return the function of batches that is called with the values of one example after the other."""

    def whole(values: Mapping[str, Any], *rest: Any) -> list[Any]:
        every = [list(leaves_of(function(example, *rest))) for example in examples(values, batch)]
        return [stacked(parts) for parts in zip(*every, strict=True)]

    return whole


def stacked(parts: Sequence[Any]) -> Any:
    """Return the results of all examples in one array."""
    return np.stack([np.asarray(part, dtype=object) for part in parts])


def blocks(matrix: Any, count: int, diagonal: bool) -> Any:
    """Return the matrices of all examples, which are below each other in one, or on its diagonal.

    Raises
    ------
    ValueError
        If there is more than zeros beside the diagonal.
    """
    rows, columns = matrix.shape
    if not diagonal:
        return matrix.reshape(count, rows // count, columns)
    parted = matrix.reshape(count, rows // count, count, columns // count)
    own = np.arange(count)
    beside = parted.transpose(0, 2, 1, 3)[own[:, None] != own]
    if any(entry != 0 for entry in beside.ravel()):
        raise ValueError("the matrix has entries of one example in the columns of another")
    return parted[own, :, own]
