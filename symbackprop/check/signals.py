"""What the words of signals and polynomials mean on elements: the definitions, entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["SIGNALS"]


def _objects(x: Any) -> Any:
    return np.asarray(x, dtype=object)


def _over(x: Any, function: Callable[[Any], Any], dtype: Any = object) -> Any:
    """Return a function of each entry of `x`."""
    entries = _objects(x)
    found = np.empty(entries.shape, dtype=dtype)
    for index in np.ndindex(entries.shape):
        found[index] = function(entries[index])
    return found[()]


def _polyval(p: Any, x: Any) -> Any:
    total = 0 * _objects(x)
    for coefficient in p:
        total = total * x + coefficient
    return total[()] if isinstance(total, np.ndarray) else total


def _vander(x: Any, N: int) -> Any:
    found = np.empty((len(x), N), dtype=object)
    for row, entry in zip(found, x, strict=True):
        power: Any = entry - entry + 1
        for column in reversed(range(N)):
            row[column] = power
            power = power * entry
    return found


def _searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    ordered = _objects(a) if sorter is None else _objects(a)[np.asarray(sorter, dtype=np.int64)]
    if side == "left":
        return _over(v, lambda entry: sum(1 for other in ordered if other < entry), np.int64)
    return _over(v, lambda entry: sum(1 for other in ordered if other <= entry), np.int64)


def _digitize(x: Any, bins: Any, right: bool = False) -> Any:
    ends, side = _objects(bins), "left" if right else "right"
    if all(a <= b for a, b in pairwise(ends)):
        return _searchsorted(ends, x, side)
    return len(ends) - _searchsorted(ends[::-1], x, side)


def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    knots, values = _objects(xp), _objects(fp)
    if period is not None:
        length = abs(period)
        x, knots = _objects(x) % length, knots % length
        order = sorted(range(len(knots)), key=lambda i: knots[i])
        knots, values = knots[order], values[order]
        knots = np.concatenate([knots[-1:] - length, knots, knots[:1] + length])
        values = np.concatenate([values[-1:], values, values[:1]])

    def at(entry: Any) -> Any:
        if entry < knots[0]:
            return values[0] if left is None else left
        if entry > knots[-1]:
            return values[-1] if right is None else right
        for i in range(len(knots) - 1):
            if entry < knots[i + 1]:
                share = (entry - knots[i]) / (knots[i + 1] - knots[i])
                return values[i] + share * (values[i + 1] - values[i])
        return values[-1]

    return _over(x, at)


def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = _objects(f)
    axes = range(f.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    spacings = varargs or (1,)
    spacings = tuple(spacings) * len(axes) if len(spacings) == 1 and not np.ndim(spacings[0]) else spacings
    found = tuple(
        np.moveaxis(_slopes(np.moveaxis(f, i, 0), spacing, edge_order), 0, i)
        for i, spacing in zip(axes, spacings, strict=True)
    )
    return found[0] if len(found) == 1 else found


def _slopes(f: Any, spacing: Any, edge_order: int) -> Any:
    """Return the slopes of polynomials through neighbouring points along the first axis."""
    count = len(f)
    x = _objects(spacing) if np.ndim(spacing) else _objects([spacing * i for i in range(count)])
    found = np.empty(f.shape, dtype=object)
    for i in range(count):
        inside = 0 < i < count - 1
        width = 3 if inside or edge_order == 2 else 2
        first = min(max(i - 1, 0), count - width)
        found[i] = sum(
            _weight(x[first : first + width], k, x[i]) * f[first + k] for k in range(width)
        )  # the derivative of Lagrange's polynomial
    return found


def _weight(x: Any, k: int, at: Any) -> Any:
    """Return the derivative at a point of the polynomial that is 1 at ``x[k]`` and 0 at the others."""
    others = [j for j in range(len(x)) if j != k]
    total: Any = 0
    for left_out in others:
        term: Any = 1
        for j in others:
            term = term * ((1 if j == left_out else at - x[j]) / (x[k] - x[j]))
        total = total + term
    return total


SIGNALS: Mapping[str, Callable[..., Any]] = {
    "polyval": _polyval,
    "vander": _vander,
    "searchsorted": _searchsorted,
    "digitize": _digitize,
    "interp": _interp,
    "gradient": _gradient,
}
