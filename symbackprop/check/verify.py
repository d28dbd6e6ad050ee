"""Verification: the emitted source against the user's formula, over symbols, long numbers and floats.

The reference is the formula read again (`reference`), differentiated by SymPy entry by entry for the exact stage, and
by a difference quotient of `_WORKING` digits for the other two. The emitted source runs unchanged in all of them.
"""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import sympy

from symbackprop.check.elements import DIGITS, Digits, Symbolic
from symbackprop.check.exact import is_zero
from symbackprop.check.report import OutputReport, Report, Stage
from symbackprop.check.run import run_source
from symbackprop.check.vocabulary import Vocabulary
from symbackprop.errors import SymbackpropError
from symbackprop.ir.signature import ArgumentSpec, Label, label_texts, leaves_of
from symbackprop.ir.size import evaluate, names

__all__ = ["Subject", "verify"]

_WORKING = 90  # digits of the reference's difference quotients
_LONG_TOLERANCE = 1e-13  # constants in the source are doubles; anything worse than their rounding is a fault
_FLOAT_TOLERANCE = {"float64": 1e-8, "float32": 1e-3}
_RANGES = ((-1.5, 1.5), (0.2, 2.0), (0.1, 0.9), (1.2, 3.0), (-0.9, 0.9))
_MAX_ENTRIES = 60  # scalars of the inputs together that the exact stage takes on

Reference = Callable[[Mapping[str, Any], Vocabulary], Any]


@dataclass(frozen=True)
class Subject:
    """What is verified.

    Parameters
    ----------
    source, name
        The emitted module and its function.
    arguments
        The declared inputs.
    labels
        What the function returns, flattened: values, and derivatives of values.
    reference
        The user's formula over a vocabulary; several results are nested as the function nests them.
    kinks, guards
        What the report is to mention.
    array_source
        For scalar inputs, the module that is used when they are arrays.
    """

    source: str
    name: str
    arguments: tuple[ArgumentSpec, ...]
    labels: tuple[Label, ...]
    reference: Reference
    kinks: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    array_source: str | None = None


def verify(subject: Subject, *, points: int = 2, seconds: float = 20.0, seed: int = 0) -> Report:
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
    """
    deadline = time.monotonic() + seconds
    sizes = _sizes(subject.arguments)
    rng = random.Random(seed)
    with mpmath.workdps(_WORKING), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        samples = [sample for _ in range(points) if (sample := _sample(subject, sizes, rng)) is not None]
        if not samples:
            return Report((), sizes, 0, subject.kinks, subject.guards, "no point of the domain was found")
        stages: dict[int, list[Stage]] = {i: [] for i in range(len(subject.labels))}
        mapped = (_mapped_stage,) if subject.array_source is not None else ()
        for stage in (_exact_stage, _long_stage, _float_stage, *mapped):
            for position, outcome in enumerate(stage(subject, samples, deadline)):
                stages[position].append(outcome)
    outputs = tuple(OutputReport(text, tuple(stages[i])) for i, text in enumerate(label_texts(subject.labels)))
    return Report(outputs, sizes, len(samples), subject.kinks, subject.guards)


# --- points -----------------------------------------------------------------------------------------------------------


def _sizes(arguments: Sequence[ArgumentSpec]) -> dict[str, int]:
    """Return small distinct sizes for the names."""
    found: dict[str, int] = {}
    for spec in arguments:
        for size in spec.shape or ():
            for name in names(size):
                found.setdefault(name, (4, 3, 2, 5, 3, 2)[len(found) % 6])
    return found


def _sample(subject: Subject, sizes: Mapping[str, int], rng: random.Random) -> dict[str, Any] | None:
    """Return a point at which the formula is finite: doubles for real inputs, small integers, truth values."""
    for attempt in range(4 * len(_RANGES)):
        low, high = _RANGES[attempt % len(_RANGES)]
        values = {spec.name: _drawn(spec, sizes, rng, low, high) for spec in subject.arguments}
        try:
            results = leaves_of(subject.reference(_elements(values, subject, Digits), Vocabulary(Digits)))
            entries = [x for result in results for x in np.ravel(np.asarray(result, object))]
            if all(mpmath.isfinite(x.value if isinstance(x, Digits) else x) for x in entries):
                return values
        except (ArithmeticError, ValueError, TypeError, SymbackpropError):
            continue
    return None


def _drawn(spec: ArgumentSpec, sizes: Mapping[str, int], rng: random.Random, low: float, high: float) -> Any:
    shape = tuple(evaluate(size, dict(sizes)) for size in spec.shape or ())
    count = int(np.prod(shape))
    if spec.dtype == "int64":
        limit = min(sizes.values(), default=2)
        drawn: list[Any] = [rng.randrange(limit) for _ in range(count)]
    elif spec.dtype == "bool":
        drawn = [rng.random() < 0.5 for _ in range(count)]
    else:
        drawn = [
            rng.randrange(int(low * 512), int(high * 512)) / 512 for _ in range(count)
        ]  # few bits: exact in all kinds
    return np.array(drawn, dtype={"int64": int, "bool": bool}.get(spec.dtype, spec.dtype)).reshape(shape)


def _elements(values: Mapping[str, Any], subject: Subject, kind: type) -> dict[str, Any]:
    """Return a point as arrays of elements; integers and masks stay as they are."""
    elements: dict[str, Any] = {}
    for spec in subject.arguments:
        array = values[spec.name]
        if spec.dtype in ("int64", "bool"):
            elements[spec.name] = array if array.shape else array.item()
            continue
        filled = np.empty(array.shape, dtype=object)
        for index in np.ndindex(array.shape):
            filled[index] = _element(spec.name, index, array[index], kind)
        elements[spec.name] = filled if array.shape else filled[()]
    return elements


def _element(name: str, index: tuple[int, ...], number: Any, kind: type) -> Any:
    exact = Fraction(float(number))
    value = mpmath.mpf(exact.numerator) / exact.denominator
    if kind is Symbolic:
        return Symbolic(sympy.Symbol(name + "".join(f"_{i}" for i in index), real=True), value)
    return Digits(value)


# --- stages -----------------------------------------------------------------------------------------------------------


def _emitted(subject: Subject, words: Any, arguments: Mapping[str, Any]) -> list[Any]:
    """Run the source and return its outputs, flattened."""
    function = run_source(subject.source, subject.name, words)
    return list(leaves_of(function(*(arguments[spec.name] for spec in subject.arguments))))


def _exact_stage(subject: Subject, samples: Sequence[Mapping[str, Any]], deadline: float) -> list[Stage]:
    sample = samples[0]
    scalars = sum(sample[spec.name].size for spec in subject.arguments)
    if scalars > _MAX_ENTRIES:
        return [Stage("exact", "skipped", f"{scalars} scalars, more than {_MAX_ENTRIES}")] * len(subject.labels)
    if subject.source.count("\n") > 400:
        return [Stage("exact", "skipped", "the source is too long to expand")] * len(subject.labels)
    elements = _elements(sample, subject, Symbolic)
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


def _long_stage(subject: Subject, samples: Sequence[Mapping[str, Any]], deadline: float) -> list[Stage]:
    worst = [0.0] * len(subject.labels)
    for sample in samples:
        expected = _derivatives(subject, sample)
        outputs = _emitted(subject, Vocabulary(Digits), _elements(sample, subject, Digits))
        for position, (output, wanted) in enumerate(zip(outputs, expected, strict=True)):
            worst[position] = max(worst[position], _error(output, wanted))
    return [_judged(f"{DIGITS} digits", error, _LONG_TOLERANCE) for error in worst]


def _float_stage(subject: Subject, samples: Sequence[Mapping[str, Any]], deadline: float) -> list[Stage]:
    worst = [0.0] * len(subject.labels)
    single = any(spec.dtype == "float32" for spec in subject.arguments)
    for sample in samples:
        arguments = {
            spec.name: array if array.shape else array[()] if single else array.item()
            for spec in subject.arguments
            for array in (sample[spec.name],)
        }
        outputs = _emitted(subject, None, arguments)
        for position, (output, wanted) in enumerate(zip(outputs, _derivatives(subject, sample), strict=True)):
            worst[position] = max(worst[position], _error(output, wanted))
    return [_judged("float", error, _FLOAT_TOLERANCE["float32" if single else "float64"]) for error in worst]


def _mapped_stage(subject: Subject, samples: Sequence[Mapping[str, Any]], deadline: float) -> list[Stage]:
    """Run the array source over all points at once."""
    assert subject.array_source is not None
    stacked = {spec.name: np.stack([sample[spec.name] for sample in samples]) for spec in subject.arguments}
    outputs = _emitted(replace(subject, source=subject.array_source), None, stacked)
    worst = [0.0] * len(subject.labels)
    for number, sample in enumerate(samples):
        for position, wanted in enumerate(_derivatives(subject, sample)):
            found = np.broadcast_to(outputs[position], (len(samples),))[number]
            worst[position] = max(worst[position], _error(found, wanted))
    return [_judged("float arrays", error, _FLOAT_TOLERANCE["float64"]) for error in worst]


def _judged(name: str, error: float, tolerance: float) -> Stage:
    status = "passed" if error <= tolerance else "failed"
    return Stage(name, status, f"largest error {error:.1e}, allowed {tolerance:.0e}")


def _derivatives(subject: Subject, sample: Mapping[str, Any]) -> list[Any]:
    """Return what each output should be: the reference's value, or its difference quotient, with long numbers."""
    elements = _elements(sample, subject, Digits)
    quotients = {name: _quotients(subject, elements, name) for _, name in subject.labels if name is not None}
    values: list[Any] = []
    if any(label.wrt is None for label in subject.labels):
        values = list(leaves_of(subject.reference(elements, Vocabulary(Digits))))
    return [
        np.asarray(values[label.value], dtype=object) if label.wrt is None else quotients[label.wrt][label.value]
        for label in subject.labels
    ]


def _quotients(subject: Subject, elements: Mapping[str, Any], name: str) -> list[Any]:
    """Return for every value its derivatives with respect to the entries of an input, by central differences."""
    words = Vocabulary(Digits)
    step = mpmath.mpf(10) ** (-_WORKING // 3)
    base: Any = np.asarray(elements[name], dtype=object)
    count = 1 + max(label.value for label in subject.labels)
    found = [np.empty(base.shape, dtype=object) for _ in range(count)]
    for index in np.ndindex(base.shape):
        ends = []
        for sign in (1, -1):
            moved = base.copy()
            moved[index] = Digits(base[index].value + sign * step)
            values = subject.reference({**elements, name: moved if base.shape else moved[()]}, words)
            ends.append([_number(value) for value in leaves_of(values)])
        for quotient, above, below in zip(found, *ends, strict=True):
            quotient[index] = (above - below) / (2 * step)
    return found


def _number(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        x = x[()]
    return x.value if isinstance(x, Digits) else Digits(mpmath.mpf(0))._from(x).value


def _error(output: Any, wanted: Any) -> float:
    """Return the largest error, relative to the largest entry wanted, or to 1 if that is less."""
    found = np.asarray(output, dtype=object)
    if found.shape != wanted.shape:
        return float("inf")
    if not found.size:
        return 0.0
    scale = max([abs(_number(x)) for x in wanted.ravel()] + [mpmath.mpf(1)])
    errors = [abs(_number(a) - _number(b)) / scale for a, b in zip(found.ravel(), wanted.ravel(), strict=True)]
    return float("inf") if any(not mpmath.isfinite(error) for error in errors) else float(max(errors))
