"""What is expected of clipped gradients, given unclipped ones by the reference and what the source returned.

A gradient is clipped as it should be exactly if it is either within its bound and what the reference gives, or on the
bound and what the reference gives, made smaller: for an entry the bound with its sign, for a norm a multiple of all
entries by one factor of at most 1. So the norm itself, of entries that may be too many for quotients, is never needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import mpmath
import numpy as np
import sympy

from symbackprop.check.elements import Symbolic, long_number, symbolic_number
from symbackprop.check.expected import Expected, Slope
from symbackprop.check.numbers import number_of
from symbackprop.ir.signature import Label

__all__ = ["clipped_expected", "clipped_expressions"]

_CLOSE = 1e-5  # relative to the bound: what is closer to it lies on it, in float32 too

Clip = tuple[str, float]


def clipped_expected(clip: Clip, labels: Sequence[Label], outputs: Sequence[Any], expected: Expected) -> Expected:
    """Return what clipping makes of the gradients expected at a point, where the source gave `outputs`."""
    wanted, slopes = list(expected.outputs), list(expected.slopes)
    bound = long_number(clip[1])
    for value, found in _gradients(labels, outputs).items():
        if not _reaches(_size(clip, labels, found), bound):
            continue
        if clip[0] == "value":  # directions in which all entries move say nothing of those that are clipped
            slopes = [Slope(s.weights, {v: x for v, x in s.numbers.items() if v != value}) for s in slopes]
            changes: Callable[[Any], Any] = lambda x: min(max(x, -bound), bound)  # noqa: E731
        else:
            factor = _factor(bound, labels, value, found, wanted, slopes)
            slopes = [Slope(s.weights, {**s.numbers, value: factor * s.numbers[value]}) for s in slopes]
            changes = factor.__mul__
        for position in found:
            wanted[position] = _mapped(lambda x: None if x is None else changes(x), wanted[position])  # noqa: B023
    return Expected(wanted, expected.units, slopes)


def _factor(
    bound: Any,
    labels: Sequence[Label],
    value: int,
    found: Mapping[int, Any],
    wanted: Sequence[Any],
    slopes: Sequence[Slope],
) -> Any:
    """Return by what the expected gradient is made smaller: what fits best to what was found.

    If what was found is longer than the bound, the factor is smaller by as much, so that this shows.
    """
    pairs = [
        (number, x)
        for position, array in found.items()
        for number, x in zip(wanted[position].ravel(), array.ravel(), strict=True)
        if number is not None
    ]
    for slope in slopes:
        along = [
            slope.weights[str(labels[position].wrt)].ravel() @ found[position].ravel()
            for position in _once(labels, found)
        ]
        pairs.append((slope.numbers[value], sum(along)))
    squares = sum(number**2 for number, _ in pairs)
    best = sum(number * x for number, x in pairs) / squares if squares else mpmath.mpf(0)
    return min(best, mpmath.mpf(1)) * bound / _size(("norm", bound), labels, found)


def clipped_expressions(
    clip: Clip, labels: Sequence[Label], outputs: Sequence[Any], wanted: Sequence[Any]
) -> list[Any]:
    """Return what clipping makes of derivatives as expressions, on the path that the source took at its point."""
    result = list(wanted)
    exact = symbolic_number(clip[1])
    for found in _gradients(labels, outputs).values():
        if not _reaches(_size(clip, labels, found), exact.value):
            continue
        if clip[0] == "value":
            for position, numbers in found.items():
                on_bound = _mapped(lambda x: _reaches(abs(x), exact.value), numbers)
                limits = _mapped(lambda x: sympy.sign(x) * exact.expr, numbers)
                result[position] = np.where(on_bound.astype(bool), limits, wanted[position])
            continue
        derivatives = [x for position in _once(labels, found) for x in wanted[position].ravel()]
        scale = exact.expr / sympy.sqrt(sympy.Add(*(x**2 for x in derivatives)))
        for position in found:
            result[position] = _mapped(scale.__mul__, wanted[position])
    return result


def _gradients(labels: Sequence[Label], outputs: Sequence[Any]) -> dict[int, dict[int, Any]]:
    """Return for each value its derivatives as long numbers, by their positions."""
    found: dict[int, dict[int, Any]] = {}
    for position, (label, output) in enumerate(zip(labels, outputs, strict=True)):
        if label.wrt is not None:
            found.setdefault(label.value, {})[position] = _mapped(_long, np.asarray(output, dtype=object))
    return found


def _once(labels: Sequence[Label], positions: Iterable[int]) -> list[int]:
    """Return the positions of derivatives, one for each input."""
    return list({labels[position].wrt: position for position in positions}.values())


def _size(clip: Clip, labels: Sequence[Label], found: Mapping[int, Any]) -> Any:
    """Return the largest entry of a gradient, or its norm."""
    entries = [abs(x) for position in _once(labels, found) for x in found[position].ravel()]
    if clip[0] == "value":
        return max(entries, default=mpmath.mpf(0))
    return mpmath.sqrt(sum(x**2 for x in entries))


def _reaches(size: Any, bound: Any) -> bool:
    return bool(size >= bound * (1 - _CLOSE))


def _long(x: Any) -> Any:
    return x.value if isinstance(x, Symbolic) else number_of(x)


def _mapped(function: Callable[[Any], Any], array: Any) -> Any:
    """Return an array of objects, of what a function makes of the entries of another."""
    result = np.empty(np.shape(array), dtype=object)
    result.ravel()[:] = [function(x) for x in array.ravel()]
    return result
