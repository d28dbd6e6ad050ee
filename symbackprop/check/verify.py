"""Verification: the emitted source against the user's formula, over symbols, long numbers and floats.

The reference is the formula read again (`reference`), differentiated by SymPy entry by entry for the exact stage, and
by a difference quotient of 90 digits (`expected`) for the other two. The emitted source runs unchanged in all of them.
"""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import mpmath
import numpy as np
import sympy

from symbackprop.check.elements import DIGITS, Digits, Symbolic
from symbackprop.check.exact import is_zero
from symbackprop.check.expected import WORKING, Expected, Subject, expected_at, number_of
from symbackprop.check.points import checked_ranges, elements_at, sample_point, sizes_for
from symbackprop.check.report import OutputReport, Report, Stage
from symbackprop.check.run import run_source
from symbackprop.check.vocabulary import Vocabulary
from symbackprop.ir.signature import Label, label_texts, leaves_of

__all__ = ["Subject", "verify"]

_LONG_TOLERANCE = 1e-13  # constants in the source are doubles; anything worse than their rounding is a fault
_FLOAT_TOLERANCE = {"float64": 1e-8, "float32": 1e-3}
_NOISE = 1e-40  # what difference quotients of long numbers leave of a derivative that is zero is far below
_LONGER = (0, 4, 12, 40)  # by how much sizes grow until all indices fit
_MAX_ENTRIES = 60  # scalars of the inputs together that the exact stage takes on
_NO_POINT = "no point of the domain was found; say with ranges={name: (low, high)} where the inputs lie"


class _Sample(NamedTuple):
    """A point, and what the outputs should be there."""

    point: Mapping[str, Any]
    expected: Expected


def verify(
    subject: Subject,
    *,
    points: int = 2,
    seconds: float = 20.0,
    seed: int = 0,
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> Report:
    """Return what the stages found.

    Parameters
    ----------
    subject : Subject
        What to verify.
    points : int
        At how many points of the domain the numeric stages look.
    seconds : float
        How long the exact stage may take.
    seed : int
        For the choice of points.
    ranges : mapping of name to (low, high), optional
        Where to choose each input; errors in floats are then measured by the size of the output, however small.
    """
    deadline = time.monotonic() + seconds
    given = checked_ranges(ranges or {}, subject.arguments)
    rng = random.Random(seed)
    with mpmath.workdps(WORKING), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for longer in _LONGER:
            sizes = sizes_for(subject.arguments, longer)
            drawn = [sample_point(subject.arguments, subject.reference, sizes, rng, given) for _ in range(points)]
            if not sizes or any(point is not None for point in drawn):
                break
        samples = [_Sample(point, expected_at(subject, point)) for point in drawn if point is not None]
        if not samples:
            return Report((), sizes, 0, subject.kinks, subject.guards, _NO_POINT)
        stages: dict[int, list[Stage]] = {i: [] for i in range(len(subject.labels))}
        mapped = (_mapped_stage,) if subject.array_source is not None else ()
        floor = 1.0 if not given else 0.0
        for outcomes in (
            _exact_stage(subject, samples[0].point, deadline),
            _long_stage(subject, samples),
            *(stage(subject, samples, floor) for stage in (_float_stage, *mapped)),
        ):
            for position, outcome in enumerate(outcomes):
                stages[position].append(outcome)
    outputs = tuple(OutputReport(text, tuple(stages[i])) for i, text in enumerate(label_texts(subject.labels)))
    return Report(outputs, sizes, len(samples), subject.kinks, subject.guards)


# --- stages -----------------------------------------------------------------------------------------------------------


def _emitted(subject: Subject, words: Any, arguments: Mapping[str, Any]) -> list[Any]:
    """Run the source and return its outputs, flattened."""
    function = run_source(subject.source, subject.name, words)
    return list(leaves_of(function(*(arguments[spec.name] for spec in subject.arguments))))


def _exact_stage(subject: Subject, sample: Mapping[str, Any], deadline: float) -> list[Stage]:
    scalars = sum(sample[spec.name].size for spec in subject.arguments)
    if scalars > _MAX_ENTRIES:
        return [Stage("exact", "skipped", f"{scalars} scalars, more than {_MAX_ENTRIES}")] * len(subject.labels)
    if subject.source.count("\n") > 400:
        return [Stage("exact", "skipped", "the source is too long to expand")] * len(subject.labels)
    elements = elements_at(sample, subject.arguments, Symbolic)
    try:
        words = Vocabulary(Symbolic)
        values = list(leaves_of(subject.reference(elements, words)))
        outputs = _emitted(subject, words, elements)
    except (ArithmeticError, ValueError, TypeError, AttributeError) as error:
        return [Stage("exact", "skipped", f"no symbolic form ({error})")] * len(subject.labels)
    return [
        _exact_output(label, output, values[label.value], elements, deadline)
        for label, output in zip(subject.labels, outputs, strict=True)
    ]


def _exact_output(label: Label, output: Any, value: Any, elements: Mapping[str, Any], deadline: float) -> Stage:
    found = np.asarray(output, dtype=object)
    if label.wrt is None:
        expected = np.asarray(value, dtype=object)
        wanted = [_expression(x) for x in expected.ravel()]
    else:
        expected = np.asarray(elements[label.wrt], dtype=object)
        formula = _expression(value)
        wanted = []
        for x in expected.ravel():
            if time.monotonic() > deadline:
                return Stage("exact", "skipped", "out of time")
            wanted.append(sympy.diff(formula, x.expr))
    if found.shape != expected.shape:
        return Stage("exact", "failed", f"shape {found.shape}, expected {expected.shape}")
    for entry, derivative in zip(found.ravel(), wanted, strict=True):
        if is_zero(_expression(entry) - derivative, deadline) is None:
            return Stage("exact", "skipped", "SymPy did not decide within the budget")
    return Stage(
        "exact", "passed", f"{found.size} entr{'y' if found.size == 1 else 'ies'}, on the path of the first point"
    )


def _expression(x: Any) -> Any:
    if isinstance(x, Symbolic):
        return x.expr
    if isinstance(x, (bool, np.bool_)):
        return sympy.Integer(int(x))
    return Symbolic(sympy.Integer(0), mpmath.mpf(0))._from(x).expr


def _long_stage(subject: Subject, samples: Sequence[_Sample]) -> list[Stage]:
    worst = [0.0] * len(subject.labels)
    for point, expected in samples:
        outputs = _emitted(subject, Vocabulary(Digits), elements_at(point, subject.arguments, Digits))
        _worst(outputs, expected, _NOISE, worst)
    return [_judged(f"{DIGITS} digits", error, _LONG_TOLERANCE) for error in worst]


def _float_stage(subject: Subject, samples: Sequence[_Sample], floor: float) -> list[Stage]:
    worst = [0.0] * len(subject.labels)
    single = any(spec.dtype == "float32" for spec in subject.arguments)
    for point, expected in samples:
        arguments = {
            spec.name: array if array.shape else array[()] if single else array.item()
            for spec in subject.arguments
            for array in (point[spec.name],)
        }
        _worst(_emitted(subject, None, arguments), expected, max(floor, _NOISE), worst)
    rounds = single or "np.float32" in subject.source  # the formula itself may ask for it
    return [_judged("float", error, _FLOAT_TOLERANCE["float32" if rounds else "float64"]) for error in worst]


def _mapped_stage(subject: Subject, samples: Sequence[_Sample], floor: float) -> list[Stage]:
    """Run the array source over all points at once."""
    assert subject.array_source is not None
    stacked = {spec.name: np.stack([point[spec.name] for point, _ in samples]) for spec in subject.arguments}
    outputs = _emitted(replace(subject, source=subject.array_source), None, stacked)
    worst = [0.0] * len(subject.labels)
    for number, (_, expected) in enumerate(samples):
        found = [np.broadcast_to(output, (len(samples),))[number] for output in outputs]
        _worst(found, expected, max(floor, _NOISE), worst)
    return [_judged("float arrays", error, _FLOAT_TOLERANCE["float64"]) for error in worst]


def _judged(name: str, error: float, tolerance: float) -> Stage:
    status = "passed" if error <= tolerance else "failed"
    return Stage(name, status, f"largest error {error:.1e}, allowed {tolerance:.0e}")


def _worst(outputs: Sequence[Any], expected: Expected, floor: float, worst: list[float]) -> None:
    """Raise `worst` to the errors of `outputs`, relative to what is expected or its unit, or to `floor` if larger."""
    for position, (output, wanted, unit) in enumerate(zip(outputs, expected.outputs, expected.units, strict=True)):
        worst[position] = max(worst[position], _error(output, wanted, max(unit, mpmath.mpf(floor))))


def _error(output: Any, wanted: Any, unit: Any) -> float:
    """Return the largest error, relative to the largest entry wanted, or to the unit if that is larger."""
    found = np.asarray(output, dtype=object)
    if found.shape != wanted.shape:
        return float("inf")
    if not found.size:
        return 0.0
    scale = max([abs(number_of(x)) for x in wanted.ravel()] + [unit])
    errors = [abs(number_of(a) - number_of(b)) / scale for a, b in zip(found.ravel(), wanted.ravel(), strict=True)]
    return float("inf") if any(not mpmath.isfinite(error) for error in errors) else float(max(errors))
