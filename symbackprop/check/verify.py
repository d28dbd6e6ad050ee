"""Verification: the emitted source against the user's formula, over symbols, long numbers and floats.

The reference is the formula read again (`reference`), differentiated by SymPy entry by entry for the exact stage, and
by a difference quotient of 90 digits (`expected`) for the other two. The emitted source runs unchanged in all of them.
"""

from __future__ import annotations

import random
import re
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import mpmath
import numpy as np
import sympy

from symbackprop.check.choice import choose
from symbackprop.check.clipping import clipped_expected, clipped_expressions
from symbackprop.check.derived import Expressions, OutOfTimeError, wanted_of
from symbackprop.check.elements import DIGITS, Digits, Symbolic
from symbackprop.check.exact import is_large, is_zero
from symbackprop.check.expected import WORKING, Expected, Subject, expected_at, together
from symbackprop.check.held import released
from symbackprop.check.numbers import expression_of, number_of
from symbackprop.check.paths import Ways
from symbackprop.check.points import checked_ranges, elements_at, numbers_at
from symbackprop.check.report import OutputReport, Report, Stage
from symbackprop.check.rules import RuleReport, rules_at
from symbackprop.check.run import run_emitted
from symbackprop.check.symbols import known_symbols
from symbackprop.check.telling import told_stage
from symbackprop.check.trees import TooLargeError, limited
from symbackprop.check.vocabulary import vocabulary
from symbackprop.ir.signature import Label, label_texts, leaves_of

__all__ = ["Subject", "verify"]

_LONG_TOLERANCE = 1e-13  # constants in the source are doubles; anything worse than their rounding is a fault
_FLOAT_TOLERANCE = {"float64": 1e-8, "float32": 1e-3, "float16": 0.03, "bfloat16": 0.25}
_SOLVED_TOLERANCE = 1e-6  # equations are solved to 1e-10, which their condition may enlarge
_NOISE = 1e-40  # what difference quotients of long numbers leave of a derivative that is zero is far below
_MAX_ENTRIES = 60  # scalars of the inputs together that the exact stage takes on
_TOO_LARGE = "too large for SymPy, whose derivatives are trees"
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
    guards = tuple(map(str, subject.guards))
    with mpmath.workdps(WORKING), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        sizes, drawn, ways = choose(subject, random.Random(seed), {**given, **subject.fixed}, points)
        if not drawn:
            return Report((), sizes, 0, subject.kinks, guards, _NO_POINT)
        samples = [_Sample(point, expected_at(subject, point)) for point in drawn]
        stages: dict[int, list[Stage]] = {i: [] for i in range(len(subject.labels))}
        floor = 1.0 if not given else _NOISE
        outcomes = [_exact_stage(subject, samples[0].point, deadline)]
        for stage in (_numeric_stage, _mapped_stage)[: 1 if subject.array_source is None else 2]:
            long = _not_run(subject) if subject.is_opaque else stage(subject, samples, Digits, _NOISE)
            outcomes += [long, stage(subject, samples, None, floor)]
        if any(label.tells for label in subject.labels):
            outcomes.append(told_stage(subject, [sample.point for sample in samples]))
        if subject.own is not None:
            outcomes.append(_own_stage(subject, samples))
        rules = _rules(subject, samples[0].point)
        for outcome in outcomes:
            for position, found in enumerate(outcome):
                stages[position].append(found)
    outputs = tuple(OutputReport(text, tuple(stages[i])) for i, text in enumerate(label_texts(subject.labels)))
    untaken = _untaken(subject.source, ways)
    return Report(outputs, sizes, len(samples), subject.kinks, guards, untaken=untaken, rules=rules)


def _not_run(subject: Subject) -> list[Stage]:
    return [Stage(f"{DIGITS} digits", "skipped", "opaque functions run in floats")] * len(subject.labels)


def _rules(subject: Subject, point: Mapping[str, Any]) -> tuple[RuleReport, ...]:
    if not subject.has_rules or all(label.wrt is None for label in subject.labels):
        return ()
    wrt = {label.wrt for label in subject.labels if label.wrt is not None}
    single, first = subject.of_example or subject, subject.cases(point)[0]
    return rules_at(single.reference, elements_at(first, single.arguments, Digits), wrt, vocabulary(Digits))


def _untaken(source: str, ways: Ways) -> tuple[str, ...]:
    """Return the lines whose comparisons went only one way at all points."""
    lines = source.split("\n")
    return tuple(
        f"line {line}, always {outcome}: {lines[line - 1].strip()}" for line, outcome in ways.one_way().items()
    )


# --- the exact stage --------------------------------------------------------------------------------------------------


def _exact_stage(subject: Subject, sample: Mapping[str, Any], deadline: float) -> list[Stage]:
    scalars = sum(sample[spec.name].size for spec in subject.arguments if spec.role != "table")
    if scalars > _MAX_ENTRIES:
        return [Stage("exact", "skipped", f"{scalars} scalars, more than {_MAX_ENTRIES}")] * len(subject.labels)
    if subject.source.count("\n") > 400:
        return [Stage("exact", "skipped", "the source is too long to expand")] * len(subject.labels)
    elements = elements_at(sample, subject.arguments, Symbolic)
    try:
        words = vocabulary(Symbolic)
        with limited(), known_symbols(x for own in elements.values() for x in np.ravel(_objects(own))):
            single, cases = subject.of_example or subject, subject.cases(elements)
            values = [list(leaves_of(single.reference(case, words))) for case in cases]
            outputs = subject.run(elements, words)
        if any(is_large(expression_of(x)) for part in (*values, outputs) for y in part for x in np.ravel(_objects(y))):
            return [Stage("exact", "skipped", _TOO_LARGE)] * len(subject.labels)
        every = []
        for number, case in enumerate(cases):
            own = [_objects(output)[number] for output in outputs] if subject.batch else outputs
            every.append(_wanted_of_case(single, values[number], case, own, deadline))
        wanted = [None if any(x is None for x in parts) else subject.whole(parts) for parts in zip(*every, strict=True)]
        return [_exact_output(x, output, deadline) for x, output in zip(wanted, outputs, strict=True)]
    except TooLargeError:
        return [Stage("exact", "skipped", _TOO_LARGE)] * len(subject.labels)
    except OutOfTimeError:
        return [Stage("exact", "skipped", "out of time")] * len(subject.labels)
    except RecursionError:
        return [Stage("exact", "skipped", "too deep for SymPy, which recurses")] * len(subject.labels)
    except Exception as error:  # whatever SymPy, or wrong source, raises: the other stages judge
        return [Stage("exact", "skipped", f"no symbolic form ({error})")] * len(subject.labels)


def _objects(x: Any) -> Any:
    return np.asarray(x, dtype=object)


def _wanted_of_case(
    subject: Subject, values: Sequence[Any], elements: Mapping[str, Any], outputs: Sequence[Any], deadline: float
) -> list[Any]:
    """Return the expressions that the outputs should be, clipped where they are; None for what there is no time for."""
    if subject.is_of_family:
        at = Expressions(values, elements, deadline, subject.parting, subject.auxiliary)
        return [wanted_of(label, subject.arguments, elements, at, limit=False) for label in subject.labels]
    wanted = [_wanted(label, values[label.value], elements, deadline) for label in subject.labels]
    if subject.clip is not None and not any(x is None for x in wanted):
        return list(clipped_expressions(subject.clip, subject.labels, outputs, wanted))
    return wanted


def _wanted(label: Label, value: Any, elements: Mapping[str, Any], deadline: float) -> Any:
    """Return the expressions that an output should be, in an array; None if time runs out."""
    if label.tells:
        return np.asarray(sympy.Integer(1), dtype=object)
    inputs: Any = np.asarray(value if label.wrt is None else elements[label.wrt], dtype=object)
    wanted = np.empty(inputs.shape, dtype=object)
    formula = None if label.wrt is None else expression_of(value)
    for index in np.ndindex(inputs.shape):
        if time.monotonic() > deadline:
            return None
        x = inputs[index]
        wanted[index] = released(expression_of(x) if formula is None else sympy.diff(formula, x.expr))
    return wanted


def _exact_output(wanted: Any, output: Any, deadline: float) -> Stage:
    if wanted is None:
        return Stage("exact", "skipped", "out of time")
    found = np.asarray(output, dtype=object)
    if found.shape != wanted.shape:
        return Stage("exact", "failed", f"shape {found.shape}, expected {wanted.shape}")
    for entry, derivative in zip(found.ravel(), wanted.ravel(), strict=True):
        if is_zero(expression_of(entry) - derivative, deadline) is None:
            return Stage("exact", "skipped", "SymPy did not decide within the budget")
    return Stage(
        "exact", "passed", f"{found.size} entr{'y' if found.size == 1 else 'ies'}, on the path of the first point"
    )


# --- the numeric stages -----------------------------------------------------------------------------------------------


def _numeric_stage(
    subject: Subject, samples: Sequence[_Sample], kind: type[Digits] | None, floor: float
) -> list[Stage]:
    """Run the source point by point, over long numbers or floats."""
    name = "float" if kind is None else f"{DIGITS} digits"
    errors = [0.0] * len(subject.labels)
    try:
        for point, expected in samples:
            values = (
                numbers_at(point, subject.arguments) if kind is None else elements_at(point, subject.arguments, kind)
            )
            words = None if kind is None else vocabulary(kind)
            outputs = subject.run(values, words)
            _compare(outputs, _clipped(subject, outputs, expected), subject.labels, floor, errors)
    except Exception as error:  # whatever wrong source raises
        return _raised(name, error, subject)
    return [_judged(name, error, _tolerance(subject, kind)) for error in errors]


def _mapped_stage(subject: Subject, samples: Sequence[_Sample], kind: type[Digits] | None, floor: float) -> list[Stage]:
    """Run the array source over all points at once."""
    name = "float, arrays" if kind is None else f"{DIGITS} digits, arrays"
    assert subject.array_source is not None
    stacked = {}
    for spec in subject.arguments:
        column = np.stack([point[spec.name] for point, _ in samples])
        column_spec = replace(spec, shape=(len(samples),))
        stacked[spec.name] = (
            column if kind is None else elements_at({spec.name: column}, [column_spec], kind)[spec.name]
        )
    errors = [0.0] * len(subject.labels)
    try:
        words = None if kind is None else vocabulary(kind)
        outputs = run_emitted(subject.array_source, subject.name, subject.arguments, stacked, words)
        for number, (_, expected) in enumerate(samples):
            found = [np.broadcast_to(output, (len(samples),))[number] for output in outputs]
            _compare(found, _clipped(subject, found, expected), subject.labels, floor, errors)
    except Exception as error:  # whatever wrong source raises
        return _raised(name, error, subject)
    return [_judged(name, error, _tolerance(subject, kind)) for error in errors]


def _clipped(subject: Subject, outputs: Sequence[Any], expected: Expected) -> Expected:
    if subject.clip is None:
        return expected
    if not subject.batch:
        return clipped_expected(subject.clip, subject.labels, outputs, expected)
    own = ([_objects(output)[number] for output in outputs] for number in range(len(expected.examples)))
    pairs = zip(own, expected.examples, strict=True)
    return together([clipped_expected(subject.clip, subject.labels, part, example) for part, example in pairs])


def _own_stage(subject: Subject, samples: Sequence[_Sample]) -> list[Stage]:
    """Compare the reference with the user's own function, which it was read from, in floats."""
    name = "your function"
    assert subject.own is not None
    allowed = _tolerance(subject, None)
    errors: dict[int, float] = {}
    try:
        for point, _ in samples:
            wanted = leaves_of(subject.reference(elements_at(point, subject.arguments, Digits), vocabulary(Digits)))
            found = leaves_of(subject.own(numbers_at(point, subject.arguments)))
            for position, (value, own) in enumerate(zip(wanted, found, strict=True)):
                error = _error(own, np.asarray(value, dtype=object), mpmath.mpf(1))
                errors[position] = max(errors.get(position, 0.0), error)
    except Exception as error:  # whatever the user's function raises
        return _raised(name, error, subject)
    of_all = any(spec.role == "cotangent" for spec in subject.arguments)  # so that all values count
    return [
        Stage(name, "skipped", "it does not tell")
        if label.tells
        else _judged(name, max(errors.values()) if of_all else errors[label.value], allowed)
        for label in subject.labels
    ]


def _tolerance(subject: Subject, kind: type[Digits] | None) -> float:
    if subject.solves:
        return _SOLVED_TOLERANCE
    if kind is not None:
        return _LONG_TOLERANCE
    given = {spec.dtype for spec in subject.arguments}
    dtypes = ("bfloat16", "float16", "float32")  # for which the formula itself may ask
    rounds = (name for name in dtypes if name in given or re.search(rf"(np|ml_dtypes)\.{name}\b", subject.source))
    return _FLOAT_TOLERANCE[next(rounds, "float64")]


def _judged(name: str, error: float, tolerance: float) -> Stage:
    status = "passed" if error <= tolerance else "failed"
    return Stage(name, status, f"largest error {error:.1e}, allowed {tolerance:.0e}")


def _raised(name: str, error: Exception, subject: Subject) -> list[Stage]:
    return [Stage(name, "failed", f"the code raised {type(error).__name__}: {error}")] * len(subject.labels)


def _compare(
    outputs: Sequence[Any], expected: Expected, labels: Sequence[Label], floor: float, errors: list[float]
) -> None:
    """Raise `errors` to those of `outputs`, relative to what is expected or its unit, or to `floor` if larger."""
    for position, (output, wanted, unit) in enumerate(zip(outputs, expected.outputs, expected.units, strict=True)):
        errors[position] = max(errors[position], _error(output, wanted, max(unit, mpmath.mpf(floor))))
    for slope in expected.slopes:
        for value, number in slope.numbers.items():
            parts = {
                position: slope.weights[label.wrt].ravel() * _numbers(outputs[position])
                for position, label in enumerate(labels)
                if label.value == value and label.wrt is not None and np.isfinite(errors[position])
            }
            terms = [term for part in parts.values() for term in part]
            size = max([abs(number), mpmath.mpf(floor), mpmath.sqrt(sum(term * term for term in terms))])
            error = _finite(abs(sum(terms) - number) / size)
            for position in parts:
                errors[position] = max(errors[position], error)


def _numbers(output: Any) -> Any:
    return np.array([number_of(x) for x in np.asarray(output, dtype=object).ravel()], dtype=object)


def _error(output: Any, wanted: Any, unit: Any) -> float:
    """Return the largest error, relative to the largest entry wanted, or to the unit if that is larger."""
    found = np.asarray(output, dtype=object)
    if found.shape != wanted.shape:
        return float("inf")
    pairs = [(a, number_of(b)) for a, b in zip(found.ravel(), wanted.ravel(), strict=True) if b is not None]
    scale = max([abs(b) for _, b in pairs] + [unit])
    return max((_finite(abs(number_of(a) - b) / scale) for a, b in pairs), default=0.0)


def _finite(error: Any) -> float:
    return float(error) if mpmath.isfinite(error) else float("inf")
