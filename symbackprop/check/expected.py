"""What each output should be at a point, by the reference alone: values, and central difference quotients.

Inputs of many entries get quotients for some of the entries, chosen at random, and along random directions in which
all entries move at once: a wrong entry of a gradient shows in every one of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import mpmath
import numpy as np

from symbackprop.check.assembled import assembled_outputs
from symbackprop.check.batches import blocks, examples, stacked
from symbackprop.check.derived import Quotients, wanted_of
from symbackprop.check.elements import Digits
from symbackprop.check.held import recalling, remembering
from symbackprop.check.numbers import number_of
from symbackprop.check.parting import Parting
from symbackprop.check.points import elements_at
from symbackprop.check.run import run_emitted
from symbackprop.check.vocabulary import Vocabulary, vocabulary
from symbackprop.ir.factored import Factored
from symbackprop.ir.graph import Guard
from symbackprop.ir.packing import Packing
from symbackprop.ir.signature import ArgumentSpec, Label, leaves_of

__all__ = ["WORKING", "Expected", "Reference", "Slope", "Subject", "expected_at", "together"]

WORKING = 90  # digits of the reference's difference quotients
_ENTRIES = 240  # of all inputs together that get a quotient each
_CHOSEN = 24  # of more entries so many do
_DIRECTIONS = 4

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
        What the report is to mention; sizes are chosen as the guards allow.
    array_source
        For scalar inputs, the module that is used when they are arrays.
    packing
        How the inputs are packed in the function's arguments, if they are.
    fixed
        Inputs that have one value only, large constants of the formula.
    own
        The user's own function of floats by the names of inputs, where the formula was traced from one.
    solves
        Whether it solves equations, which it does to a tolerance.
    has_rules
        Whether the formula has custom rules, each of which is then looked at.
    is_opaque
        Whether the source calls functions that run over floats alone.
    clip
        What gradients are kept within: ``("value", c)``, each entry; ``("norm", c)``, those of a value together.
    parting
        The formula with other values in the place of some, where derivatives by these are asked for.
    batch
        The inputs that are batches, and the axis of the examples in each.
    of_example
        What is verified of one example, where there are batches.
    factored
        How outputs that are returned in factors are made of these.
    """

    source: str
    name: str
    arguments: tuple[ArgumentSpec, ...]
    labels: tuple[Label, ...]
    reference: Reference
    kinks: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    array_source: str | None = None
    packing: Packing | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    own: Callable[[Mapping[str, Any]], Any] | None = None
    solves: bool = False
    has_rules: bool = False
    is_opaque: bool = False
    clip: tuple[str, float] | None = None
    parting: Parting | None = None
    batch: Mapping[str, int] = field(default_factory=dict)
    of_example: Subject | None = None
    factored: Mapping[Label, Factored] = field(default_factory=dict)

    @property
    def auxiliary(self) -> int:
        """How many values are returned beside those that are differentiated, behind which they come."""
        return sum(label.auxiliary for label in self.labels)

    @property
    def is_of_family(self) -> bool:
        """Whether some output is a derivative that is no gradient of a scalar."""
        return any(label.form for label in self.labels)

    def run(self, values: Mapping[str, Any], words: Any | None = None) -> list[Any]:
        """Return the outputs of the emitted function for values by name, flattened, and dense."""
        outputs = run_emitted(self.source, self.name, self.arguments, values, words, self.packing)
        if self.batch:
            parted = partial(self._of_examples, len(self.cases(values)))
            outputs = [*map(parted, outputs, self.labels)]
        return (
            assembled_outputs(outputs, self.labels, self.factored, self.arguments, values) if self.factored else outputs
        )

    def _of_examples(self, count: int, output: Any, label: Label) -> Any:
        """Return an output with the axis of the examples in front, which a sparse one has not."""
        return blocks(output, count, (label.second or label.wrt) in self.batch) if label.sparse else output

    def cases(self, values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return the values of every example; the values themselves where there are no batches."""
        return [*examples(values, self.batch)] if self.batch else [values]

    def whole(self, parts: Sequence[Any]) -> Any:
        """Return what there is of every case as one result."""
        return stacked(parts) if self.batch else parts[0]


class Slope(NamedTuple):
    """How values change along a direction: weights for every input's entries, and a number for each value that is differentiated."""

    weights: Mapping[str, Any]
    numbers: Mapping[int, Any]


class Expected(NamedTuple):
    """The outputs at a point, and for each the size by which an error counts, where the output itself is smaller.

    A value is measured by itself and by what its inputs make of it, ``|x * df/dx|``; a derivative by the value over
    the input, as its unit of measurement is. Beyond 1 nothing is measured by these, so that no error becomes
    acceptable because the value is large. Entries of outputs that got no quotient are None. What is expected of a batch
    keeps what is expected of its examples.
    """

    outputs: list[Any]
    units: list[Any]
    slopes: list[Slope]
    examples: Sequence[Expected] = ()


def expected_at(subject: Subject, point: Mapping[str, Any]) -> Expected:
    """Return what the outputs should be at a point."""
    if subject.of_example is not None:
        return together([expected_at(subject.of_example, case) for case in subject.cases(point)])
    elements = elements_at(point, subject.arguments, Digits)
    if subject.is_of_family:
        return _expected_of_family(subject, elements)
    with remembering() as held:
        values = [np.asarray(x, dtype=object) for x in leaves_of(subject.reference(elements, vocabulary(Digits)))]
    moves = _Moves(subject, elements, held)
    quotients, slopes = moves.quotients(), moves.slopes()
    sizes = {name: _largest(elements[name]) for name in quotients}
    units = [
        max([_largest(value), *(_reach(x[i], elements[name]) for name, x in quotients.items() if i in x)])
        for i, value in enumerate(values)
    ]
    told = np.asarray(True, dtype=object)  # points are those at which all is finite

    def wanted(label: Label) -> Any:
        return told if label.tells else values[label.value] if label.wrt is None else quotients[label.wrt][label.value]

    return Expected(
        [wanted(label) for label in subject.labels],
        [_unit(label, units, sizes) for label in subject.labels],
        slopes,
    )


def together(every: Sequence[Expected]) -> Expected:
    """Return what the outputs should be of a batch."""
    outputs = [stacked(parts) for parts in zip(*(expected.outputs for expected in every), strict=True)]
    units = [max(parts) for parts in zip(*(expected.units for expected in every), strict=True)]
    return Expected(outputs, units, [], every)


def _expected_of_family(subject: Subject, elements: Mapping[str, Any]) -> Expected:
    """Return what the outputs should be that `derived` tells of, each measured by its value."""
    at = Quotients(subject.reference, elements, subject.parting, subject.auxiliary)
    outputs = [wanted_of(label, subject.arguments, elements, at, limit=True) for label in subject.labels]
    largest = [_largest(value) or mpmath.mpf(1) for value in at.values]
    units = [
        max(largest[: len(largest) - subject.auxiliary])
        if label.form in ("cotangent", "curvature")
        else largest[label.value]
        for label in subject.labels
    ]
    return Expected(outputs, [min(unit, mpmath.mpf(1)) for unit in units], [])


def _unit(label: Label, units: list[Any], sizes: Mapping[str, Any]) -> Any:
    unit = units[label.value]
    if label.wrt is not None and sizes[label.wrt]:
        unit /= sizes[label.wrt]
    return min(unit, mpmath.mpf(1))


class _Moves:
    """Moves the inputs of a subject that derivatives are taken with respect to."""

    def __init__(self, subject: Subject, elements: Mapping[str, Any], held: list[Any]) -> None:
        self._subject = subject
        self._held = held
        self._elements = elements
        self._words = vocabulary(Digits)
        wanted = dict.fromkeys(label.wrt for label in subject.labels if label.wrt is not None)
        self._bases = {name: np.asarray(elements[name], dtype=object) for name in wanted}
        self._differentiated = sorted({label.value for label in subject.labels if label.wrt is not None})
        self._total = sum(base.size for base in self._bases.values())
        self._rng = random.Random(self._total)

    def quotients(self) -> dict[str, dict[int, Any]]:
        """Return for every input, for every value its derivatives with respect to entries of the input."""
        found = {
            name: {value: np.full(base.shape, None) for value in self._differentiated}
            for name, base in self._bases.items()
        }
        steps = {name: self._step(name) for name in self._bases}
        for name, index in self._entries():
            weights = np.zeros(self._bases[name].shape, dtype=object)
            weights[index] = 1
            for value, number in self._slope({name: weights}, steps[name]).items():
                found[name][value][index] = number
        return found

    def slopes(self) -> list[Slope]:
        """Return how the values change along random directions, where not every entry has a quotient."""
        if self._total <= _ENTRIES:
            return []
        slopes = []
        for _ in range(_DIRECTIONS):
            weights = {name: self._direction(base) for name, base in self._bases.items()}
            slopes.append(Slope(weights, self._slope(weights, mpmath.mpf(10) ** (-WORKING // 3))))
        return slopes

    def _entries(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        entries = ((name, index) for name, base in self._bases.items() for index in np.ndindex(base.shape))
        if self._total <= _ENTRIES:
            yield from entries
            return
        chosen = set(self._rng.sample(range(self._total), _CHOSEN))
        yield from (entry for number, entry in enumerate(entries) if number in chosen)

    def _step(self, name: str) -> Any:
        return mpmath.mpf(10) ** (-WORKING // 3) * (_largest(self._bases[name]) or 1)

    def _direction(self, base: Any) -> Any:
        weights = np.empty(base.shape, dtype=object)
        size = _largest(base) or mpmath.mpf(1)
        for index in np.ndindex(base.shape):
            weights[index] = self._rng.choice((-1, 1)) * self._rng.randint(64, 128) * size / 64
        return weights

    def _slope(self, weights: Mapping[str, Any], step: Any) -> dict[int, Any]:
        """Return how fast every value that is differentiated changes as the inputs move by `weights`."""
        ends = []
        for sign in (1, -1):
            moved = {name: self._moved(self._bases[name], array, sign * step) for name, array in weights.items()}
            with recalling(self._held):
                values = self._subject.reference({**self._elements, **moved}, self._words)
            leaves = list(leaves_of(values))
            ends.append([number_of(leaves[value]) for value in self._differentiated])
        slopes = ((above - below) / (2 * step) for above, below in zip(*ends, strict=True))
        return dict(zip(self._differentiated, slopes, strict=True))

    @staticmethod
    def _moved(base: Any, weights: Any, step: Any) -> Any:
        moved = base.copy()
        for index in np.ndindex(base.shape):
            if weights[index]:
                moved[index] = Digits(base[index].value + step * weights[index])
        return moved if base.shape else moved[()]


def _reach(quotients: Any, base: Any) -> Any:
    """Return the largest of what the entries of an input make of a value, ``|x * df/dx|``."""
    pairs = zip(quotients.ravel(), np.ravel(np.asarray(base, dtype=object)), strict=True)
    return max((abs(q * number_of(x)) for q, x in pairs if q is not None), default=mpmath.mpf(0))


def _largest(x: Any) -> Any:
    return max((abs(number_of(entry)) for entry in np.ravel(np.asarray(x, dtype=object))), default=mpmath.mpf(0))
