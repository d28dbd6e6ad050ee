"""What a function tells of its derivatives, run where they are finite and where they are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.check.expected import Subject
from symbackprop.check.points import numbers_at
from symbackprop.check.report import Stage

__all__ = ["told_stage"]

_NAME = "float, nan"


def told_stage(subject: Subject, points: Sequence[Mapping[str, Any]]) -> list[Stage]:
    """Compare what is told with the derivatives, at the points and with a nan in each real input of them in turn.

    A nan is used as a bound on entries, which makes an infinite one finite, keeps it.
    """
    outcomes: set[bool] = set()
    try:
        wrong = [message for point in _spoiled(subject, points) if (message := _mistake(subject, point, outcomes))]
    except Exception as error:  # whatever wrong source raises
        wrong = [f"the code raised {type(error).__name__}: {error}"]
    told = Stage(_NAME, "failed", wrong[0]) if wrong else Stage(_NAME, "passed", _seen(outcomes))
    return [told if label.tells else Stage(_NAME, "skipped", "see finite") for label in subject.labels]


def _spoiled(subject: Subject, points: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the points, and the first with a nan in one input."""
    found = list(points)
    for spec in subject.arguments:
        array = np.array(points[0][spec.name])
        if array.dtype.kind == "f" and array.size:
            array[(0,) * array.ndim] = np.nan
            found.append({**points[0], spec.name: array})
    return found


def _mistake(subject: Subject, point: Mapping[str, Any], outcomes: set[bool]) -> str:
    """Return in what is told differs from the derivatives at a point; nothing if they agree."""
    outputs = subject.run(numbers_at(point, subject.arguments))
    every = zip(*outputs, strict=True) if subject.batch else [outputs]
    return next((mistake for own in every if (mistake := _mistake_of_case(subject, own, outcomes))), "")


def _mistake_of_case(subject: Subject, outputs: Sequence[Any], outcomes: set[bool]) -> str:
    pairs = list(zip(subject.labels, outputs, strict=True))
    finite = all(bool(np.all(np.isfinite(output))) for label, output in pairs if label.wrt is not None)
    (told,) = (bool(output) for label, output in pairs if label.tells)
    outcomes.add(told)
    return "" if told == finite else f"it tells {told}, and the derivatives are {'not ' * (not finite)}finite"


def _seen(outcomes: set[bool]) -> str:
    return "true and false as it should be" if len(outcomes) == 2 else f"always {outcomes.pop()}, as it should be"
