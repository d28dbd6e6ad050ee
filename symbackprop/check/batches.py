"""Batches are verified example by example: the reference is that of one, and a batch is the stack of what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.ir.signature import leaves_of

__all__ = ["examples", "one_by_one", "stacked"]


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
