"""Loops and branches of formulas over elements: Python's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symbackprop.read.from_numpy.plain import plain_scan

__all__ = ["CONTROL"]


def _stacked(values: Sequence[Any]) -> Any:
    """Return arrays of elements, or elements, as the rows of one array."""
    first = np.asarray(values[0])
    kind = first.dtype if first.dtype.kind in "biu" else object
    result = np.empty((len(values), *first.shape), dtype=kind)
    for position, value in enumerate(values):
        result[position] = value
    return result


def _scan(step: Any, init: Any, xs: Any = None, length: Any = None, reverse: Any = False) -> Any:
    return plain_scan(step, init, xs, length, bool(reverse), stack=_stacked)


CONTROL = {"scan": _scan}
