"""What each output should be at a point, by the reference alone: values, and central difference quotients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import mpmath
import numpy as np

from symbackprop.check.elements import Digits
from symbackprop.check.points import elements_at
from symbackprop.check.vocabulary import Vocabulary
from symbackprop.ir.signature import ArgumentSpec, Label, leaves_of

__all__ = ["WORKING", "Expected", "Reference", "Subject", "expected_at", "number_of"]

WORKING = 90  # digits of the reference's difference quotients

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


class Expected(NamedTuple):
    """The outputs at a point, and for each the size by which an error counts, where the output itself is smaller.

    A value is measured by itself and by what its inputs make of it, ``|x * df/dx|``; a derivative by the value over
    the input, as its unit of measurement is. Beyond 1 nothing is measured by these, so that no error becomes
    acceptable because the value is large.
    """

    outputs: list[Any]
    units: list[Any]


def expected_at(subject: Subject, point: Mapping[str, Any]) -> Expected:
    """Return what the outputs should be at a point."""
    elements = elements_at(point, subject.arguments, Digits)
    quotients = {name: _quotients(subject, elements, name) for _, name in subject.labels if name is not None}
    values = [np.asarray(x, dtype=object) for x in leaves_of(subject.reference(elements, Vocabulary(Digits)))]
    sizes = {name: _largest(elements[name]) for name in quotients}
    units = [
        max([_largest(value), *(_largest(x[i] * np.asarray(elements[name], object)) for name, x in quotients.items())])
        for i, value in enumerate(values)
    ]
    return Expected(
        [values[label.value] if label.wrt is None else quotients[label.wrt][label.value] for label in subject.labels],
        [_unit(label, units, sizes) for label in subject.labels],
    )


def _unit(label: Label, units: Sequence[Any], sizes: Mapping[str, Any]) -> Any:
    unit = units[label.value]
    if label.wrt is not None and sizes[label.wrt]:
        unit /= sizes[label.wrt]
    return min(unit, mpmath.mpf(1))


def _quotients(subject: Subject, elements: Mapping[str, Any], name: str) -> list[Any]:
    """Return for every value its derivatives with respect to the entries of an input, by central differences."""
    words = Vocabulary(Digits)
    base: Any = np.asarray(elements[name], dtype=object)
    step = mpmath.mpf(10) ** (-WORKING // 3) * (_largest(base) or 1)
    count = 1 + max(label.value for label in subject.labels)
    found = [np.empty(base.shape, dtype=object) for _ in range(count)]
    for index in np.ndindex(base.shape):
        ends = []
        for sign in (1, -1):
            moved = base.copy()
            moved[index] = Digits(base[index].value + sign * step)
            values = subject.reference({**elements, name: moved if base.shape else moved[()]}, words)
            ends.append([number_of(value) for value in leaves_of(values)])
        for quotient, above, below in zip(found, *ends, strict=True):
            quotient[index] = (above - below) / (2 * step)
    return found


def _largest(x: Any) -> Any:
    return max((abs(number_of(entry)) for entry in np.ravel(np.asarray(x, dtype=object))), default=mpmath.mpf(0))


def number_of(x: Any) -> Any:
    """Return a long number."""
    if isinstance(x, np.ndarray):
        x = x[()]
    return x.value if isinstance(x, Digits) else Digits(mpmath.mpf(0))._from(x).value
