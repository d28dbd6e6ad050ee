"""Which sizes and points to verify at: small sizes that the guards allow, points that take every branch.

The points asked for come first. Where they leave a comparison, in the formula or in the emitted source, that went one
way only, further points are tried, and those that go another way are added.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from symbackprop.check.elements import Digits
from symbackprop.check.expected import Subject
from symbackprop.check.paths import Ways, watched
from symbackprop.check.points import Ranges, elements_at, numbers_at, sample_point, sizes_for
from symbackprop.check.vocabulary import vocabulary
from symbackprop.errors import ShapeError
from symbackprop.ir.graph import Guard
from symbackprop.ir.size import names

__all__ = ["Choice", "choose"]

_LONGER = (0, 4, 12, 40)  # by how much sizes grow until all indices fit
_LARGEST = 13  # a size that guards may ask for
_COMBINATIONS = 3000
_TRIES = 12  # further points
_MORE = 4  # of which at most so many are added
_SECONDS = 2.0  # for trying them


class Choice(NamedTuple):
    """Sizes, points, and which way comparisons went there."""

    sizes: dict[str, int]
    points: list[Mapping[str, Any]]
    ways: Ways


def choose(subject: Subject, rng: random.Random, ranges: Ranges, count: int) -> Choice:
    """Return sizes and `count` points, or some more where branches need them; none if no domain was found."""
    points: list[Mapping[str, Any]] = []
    for longer in _LONGER:
        sizes = _allowed(subject, sizes_for(subject.arguments, longer))
        drawn = [sample_point(subject.arguments, subject.reference, sizes, rng, ranges) for _ in range(count)]
        points += [point for point in drawn if point is not None]
        if points or not sizes:
            break
    ways = Ways()
    for point in points:
        ways.join(_ways_at(subject, point))
    _add_points(subject, Choice(sizes, points, ways), rng, ranges)
    return Choice(sizes, points, ways)


def _allowed(subject: Subject, sizes: dict[str, int]) -> dict[str, int]:
    """Return the sizes nearest to `sizes` that the guards allow, or `sizes` if none are near."""
    if all(_holds(guard, sizes) for guard in subject.guards):
        return sizes
    asked = dict.fromkeys(
        name for guard in subject.guards for size in (guard.left, guard.right) for name in names(size) if name in sizes
    )
    best, least = sizes, None
    for number, values in enumerate(product(range(1, _LARGEST + 1), repeat=len(asked))):
        if number > _COMBINATIONS:
            break
        tried = {**sizes, **dict(zip(asked, values, strict=True))}
        distance = sum(abs(tried[name] - sizes[name]) for name in asked)
        if (least is None or distance < least) and all(_holds(guard, tried) for guard in subject.guards):
            best, least = tried, distance
    return best


def _holds(guard: Guard, sizes: Mapping[str, int]) -> bool:
    try:
        return guard.holds(sizes)
    except ShapeError:  # a division by 0
        return False


def _add_points(subject: Subject, choice: Choice, rng: random.Random, ranges: Ranges) -> None:
    """Add points at which comparisons go ways that they have not gone yet."""
    deadline = time.monotonic() + _SECONDS
    added = 0
    for attempt in range(_TRIES):
        if not choice.points or choice.ways.is_complete() or added == _MORE or time.monotonic() > deadline:
            return
        point = sample_point(subject.arguments, subject.reference, choice.sizes, rng, ranges, wider=attempt)
        if point is None or not _is_finite_at(subject, point):
            continue  # far out, where what the formula computes on the way may overflow
        if choice.ways.join(_ways_at(subject, point)):
            choice.points.append(point)
            added += 1


def _is_finite_at(subject: Subject, point: Mapping[str, Any]) -> bool:
    try:
        values = numbers_at(point, subject.arguments)
        outputs = subject.run(values)
        return all(bool(np.all(np.isfinite(output))) for output in outputs)
    except Exception:  # whatever the source does there
        return False


def _ways_at(subject: Subject, point: Mapping[str, Any]) -> Ways:
    """Return which way comparisons go at a point, in the formula and in the emitted source."""
    ways = Ways()
    elements = elements_at(point, subject.arguments, Digits)
    with watched(ways):
        subject.reference(elements, vocabulary(Digits))
        try:
            subject.run(elements, vocabulary(Digits))
        except Exception:  # whatever wrong source does; the stages say it
            return ways
    return ways
