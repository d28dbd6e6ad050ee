"""What outputs should be that are derivatives and no gradients of scalars: from the reference alone.

All of them are made of derivatives along directions, one or several. Over expressions these are SymPy's derivatives;
over long numbers central difference quotients, whose steps are such that what they leave is far below what counts.
"""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import islice
from math import comb
from typing import Any

import mpmath
import numpy as np
import sympy

from symbackprop.check.curvature import information_times, placed
from symbackprop.check.elements import Digits, Symbolic
from symbackprop.check.exact import is_large
from symbackprop.check.held import has_chosen, recalling, released, remembering
from symbackprop.check.numbers import expression_of, number_of
from symbackprop.check.parting import Derivatives, Direction, Parted, Parting, mapped
from symbackprop.check.trees import TooLargeError
from symbackprop.check.vocabulary import vocabulary
from symbackprop.ir.signature import ArgumentSpec, Label, leaves_of

__all__ = ["Expressions", "OutOfTimeError", "Quotients", "wanted_of"]

_COLUMNS = 120  # unit vectors of an input that get a quotient each
_CHOSEN = 24  # of more so many do
_DIGITS = 22  # of a step, at least: what a quotient leaves is of its square

Index = tuple[int, ...]


def wanted_of(
    label: Label, arguments: Sequence[ArgumentSpec], elements: Mapping[str, Any], at: Derivatives, limit: bool
) -> Any:
    """Return what an output should be, as an array; with a `limit`, entries that are too many stay None."""
    if label.sparse:  # a matrix, with the axes of the value as one and those of the input as one
        whole = wanted_of(label._replace(sparse=False), arguments, elements, at, limit)
        return whole.reshape(_rows(label, elements, at), _entries(elements[str(label.second or label.wrt)]).size)
    directions = _directions(arguments, elements)
    if label.form == "tangent":
        return at.along(label.value, *directions)
    if label.form == "derivative":
        if label.wrt is not None:
            directions = [{label.wrt: np.asarray(1, dtype=object)}]
        each = directions if len(directions) > 1 else [*directions] * label.order
        return at.along(label.value, *each)
    if label.over:
        return _trace(label, elements, at)
    if label.wrt is None:
        return at.values[label.value]
    x = _entries(elements[label.wrt])
    bars = [np.asarray(elements[spec.name], dtype=object) for spec in arguments if spec.role == "cotangent"]
    if label.form == "cotangent":
        return _filled(label.wrt, x, (), lambda e: _paired(bars, [at.along(i, e) for i in range(len(bars))]), limit)
    if label.form == "curvature":
        return _filled(label.wrt, x, (), lambda e: _curvature(label, at, e, *directions), limit)
    if label.form == "product":
        return _filled(label.wrt, x, (), lambda e: at.along(label.value, e, *directions), limit)
    if label.form == "hessian":
        second = str(label.second)
        y = _entries(elements[second])

        def curvature(e: Direction, other: Direction) -> Any:
            if not bars:
                return at.along(label.value, e, other)
            return _paired(bars, [at.along(i, e, other) for i in range(len(bars))])

        def row(e: Direction) -> Any:
            return _filled(second, y, (), lambda other: curvature(e, other), limit)

        return _filled(label.wrt, x, y.shape, row, limit, leading=True)
    return _filled(label.wrt, x, at.values[label.value].shape, lambda e: at.along(label.value, e), limit)


def _curvature(label: Label, at: Derivatives, e: Direction, v: Direction) -> Any:
    """Return ``(J e)^T G (J v)``."""
    if label.metric == "outputs":
        return at.parted.twice(e, v)
    total: Any = 0
    for i, value in enumerate(at.differentiated):
        z = mapped(_held_by, value) if any(isinstance(entry, Digits) for entry in np.ravel(value)) else value
        curved = information_times(label.metric, z, at.along(i, v))
        total = total + sum(a * b for a, b in zip(np.ravel(at.along(i, e)), np.ravel(curved), strict=True))
    return total


def _trace(label: Label, elements: Mapping[str, Any], at: Derivatives) -> Any:
    """Return the sum over unit vectors of second derivatives, or of that entry of the first one that moves itself."""
    total: Any = 0
    for number, name in enumerate(label.over):
        shape = _entries(elements[name]).shape
        for index in np.ndindex(shape):
            unit = np.zeros(shape, dtype=object)
            unit[index] = 1
            moved = {name: unit}
            if label.form == "laplacian":
                total = total + at.along(label.value, moved, moved)
            else:
                total = total + at.along(number, moved)[index]
    return _entries(total)


def _directions(arguments: Sequence[ArgumentSpec], elements: Mapping[str, Any]) -> Sequence[Direction]:
    """Return the directions that are given, each a tangent for some inputs."""
    found: list[dict[str, Any]] = []
    for spec in arguments:
        if spec.role == "tangent":
            direction = next((known for known in found if spec.of not in known), None)
            if direction is None:
                direction = {}
                found.append(direction)
            direction[spec.of] = _entries(elements[spec.name])
    return found


def _rows(label: Label, elements: Mapping[str, Any], at: Derivatives) -> int:
    of = elements[str(label.wrt)] if label.form == "hessian" else at.values[label.value]
    return int(_entries(of).size)


def _entries(x: Any) -> Any:
    return np.asarray(x, dtype=object)


def _filled(
    name: str, x: Any, beside: Index, derivative: Callable[[Direction], Any], limit: bool, *, leading: bool = False
) -> Any:
    """Return the derivatives along all unit vectors of an input, whose axes come last, or first if they are `leading`."""
    found = np.full((*x.shape, *beside) if leading else (*beside, *x.shape), None, dtype=object)
    for index in _chosen(x.shape, limit):
        unit = np.zeros(x.shape, dtype=object)
        unit[index] = 1
        made = derivative({name: unit})
        place: Any = (*index, ...) if leading else (..., *index)
        found[place] = made[()] if isinstance(made, np.ndarray) else made
    return found


def _chosen(shape: Index, limit: bool) -> Iterator[Index]:
    indices = [*np.ndindex(shape)]
    if limit and len(indices) > _COLUMNS:
        return iter(random.Random(len(indices)).sample(indices, _CHOSEN))
    return iter(indices)


def _paired(bars: Sequence[Any], derivatives: Sequence[Any]) -> Any:
    """Return the inner product of cotangents and derivatives of all values."""
    pairs = zip(bars, derivatives, strict=True)
    return sum((a * b for bar, d in pairs for a, b in zip(_plain(bar), np.ravel(d), strict=True)), start=0)


def _plain(array: Any) -> list[Any]:
    """Return the entries of an array as expressions or numbers."""
    return [_held_by(entry) for entry in np.ravel(array)]


def _held_by(entry: Any) -> Any:
    """Return what an element holds."""
    return number_of(entry) if isinstance(entry, Digits) else expression_of(entry)


class OutOfTimeError(Exception):
    """SymPy has taken longer than it may."""


class Expressions:
    """Derivatives by SymPy, until a deadline."""

    def __init__(
        self,
        values: Sequence[Any],
        elements: Mapping[str, Any],
        deadline: float,
        parting: Parting | None = None,
        auxiliary: int = 0,
    ) -> None:
        self._deadline = deadline
        self._parting = parting
        self.values = [mapped(expression_of, value) for value in values]
        self.differentiated = self.values[: len(values) - auxiliary]
        self._elements = elements

    def along(self, value: int, *directions: Direction) -> Any:
        """Return the derivative of a value along directions."""
        found = self.values[value]
        for direction in directions:
            if any(map(is_large, np.ravel(found))):
                raise TooLargeError("derivatives of higher order")
            found = self._along(found, direction)
        return mapped(released, found)

    @cached_property
    def parted(self) -> Parted:
        """The loss as a function of some values."""
        assert self._parting is not None
        reference, names = self._parting
        words = vocabulary(Symbolic)
        values = [_entries(x) for x in leaves_of(reference(self._elements, words))]
        symbols = placed(names, values[1:], Symbolic)
        elements = {**self._elements, **symbols}
        loss = next(leaves_of(reference(elements, words)))
        meant = {
            symbol.expr: expression_of(x)
            for name, value in zip(names, values[1:], strict=True)
            for symbol, x in zip(np.ravel(_entries(symbols[name])), np.ravel(value), strict=True)
        }
        outer, inner = (
            Expressions(values, self._elements, self._deadline),
            Expressions([loss], elements, self._deadline),
        )
        return Parted(names, outer, inner, partial(mapped, lambda x: x.xreplace(meant)), _symbolic)

    def _along(self, value: Any, direction: Direction) -> Any:
        total = mapped(lambda entry: sympy.Integer(0), value)
        for name, weights in direction.items():
            symbols = np.ravel(_entries(self._elements[name]))
            for symbol, weight in zip(symbols, _plain(weights), strict=True):
                if time.monotonic() > self._deadline:
                    raise OutOfTimeError
                if weight != 0:
                    slope = mapped(partial(_slope, x=symbol.expr), value)
                    total = total + slope * weight
        return total


def _symbolic(expression: Any) -> Symbolic:
    """Return an element that is an expression; nobody asks for its number."""
    return Symbolic(expression, mpmath.nan)


def _slope(expression: Any, x: Any) -> Any:
    return sympy.diff(expression, x)


class Quotients:
    """Derivatives by difference quotients of long numbers."""

    def __init__(
        self,
        reference: Callable[..., Any],
        elements: Mapping[str, Any],
        parting: Parting | None = None,
        auxiliary: int = 0,
    ) -> None:
        self._reference = reference
        self._parting = parting
        self._elements = elements
        self._words = vocabulary(Digits)
        with remembering() as held:
            self.values = [_entries(x) for x in leaves_of(reference(elements, self._words))]
        self.differentiated = self.values[: len(self.values) - auxiliary]
        self._held = held
        self._known: dict[Any, list[Any]] = {}

    def along(self, value: int, *directions: Direction) -> Any:
        """Return the derivative of a value along directions."""
        return self._quotients(directions)[value]

    @cached_property
    def parted(self) -> Parted:
        """The loss as a function of some values."""
        assert self._parting is not None
        reference, names = self._parting
        outer = Quotients(reference, self._elements)
        inner = Quotients(reference, {**self._elements, **placed(names, outer.values[1:], Digits)})
        return Parted(names, outer, inner, _entries, Digits)

    def _quotients(self, directions: Sequence[Direction]) -> list[Any]:
        """Return the derivatives of all values along directions; those of equal directions are known."""
        key = tuple(
            (name, tuple(map(str, _plain(weights)))) for direction in directions for name, weights in direction.items()
        )
        if key not in self._known:
            self._known[key] = self._computed(directions)
        return self._known[key]

    def _computed(self, directions: Sequence[Direction]) -> list[Any]:
        """Return central differences: of order k along a direction that comes k times, those of k + 1 points."""
        order = len(directions)
        with mpmath.workdps(max(mpmath.mp.dps, _DIGITS * (order + 2))):
            small = mpmath.mpf(10) ** -(mpmath.mp.dps // (order + 2))
            if order > 1 and has_chosen(self._held):
                return self._one_by_one(directions, small, [], self._held)
            times = Counter(map(id, directions))
            distinct = {id(direction): direction for direction in directions}
            steps = {key: small * self._reach(direction) for key, direction in distinct.items()}
            total: list[Any] = []
            for ends in itertools.product(*(range(times[key] + 1) for key in distinct)):
                weight, moves = 1, []
                for (key, direction), end in zip(distinct.items(), ends, strict=True):
                    weight *= (-1) ** end * comb(times[key], end)
                    moves.append((direction, (times[key] - 2 * end) * steps[key]))
                values = self._moved(moves)
                total = [t + weight * x for t, x in zip(total or [0] * len(values), values, strict=True)]
            whole = mpmath.fprod((2 * steps[key]) ** times[key] for key in distinct)
            return [_entries(x / whole) for x in total]

    def _one_by_one(
        self, directions: Sequence[Direction], small: Any, moves: Sequence[tuple[Direction, Any]], held: list[Any]
    ) -> list[Any]:
        """Return a quotient of quotients, each with the slopes that are chosen where it is taken."""
        *inner, direction = directions
        step = small * self._reach(direction)
        ends = []
        for sign in (1, -1):
            at = [*moves, (direction, sign * step)]
            if inner:
                with recalling(held), remembering() as own:
                    self._evaluated(at)
                ends.append(self._one_by_one(inner, small, at, own))
            else:
                ends.append(self._moved(at, held))
        return [_entries((above - below) / (2 * step)) for above, below in zip(*ends, strict=True)]

    def _reach(self, direction: Direction) -> Any:
        """Return how far the inputs may go along a direction until they are as large again as they are."""
        found = []
        for name, weights in direction.items():
            size, pace = _largest(self._elements[name]), _largest(weights)
            if size and pace:
                found.append(size / pace)
        return min(found, default=mpmath.mpf(1))

    def _moved(self, moves: Sequence[tuple[Direction, Any]], held: list[Any] | None = None) -> list[Any]:
        """Return the values where the inputs have moved, and what is held is as it was."""
        with recalling(self._held if held is None else held):
            return self._evaluated(moves)

    def _evaluated(self, moves: Sequence[tuple[Direction, Any]]) -> list[Any]:
        moved = {name: mapped(number_of, _entries(self._elements[name])) for d, _ in moves for name in d}
        for direction, step in moves:
            for name, weights in direction.items():
                moved[name] = moved[name] + mapped(number_of, _entries(weights)) * step
        elements = {name: mapped(Digits, array) for name, array in moved.items()}
        given = {name: array if array.shape else array[()] for name, array in elements.items()}
        values = self._reference({**self._elements, **given}, self._words)
        count = len(self.differentiated)
        return [mapped(number_of, _entries(x)) for x in islice(leaves_of(values), count)]


def _largest(x: Any) -> Any:
    return max((abs(number_of(entry)) for entry in np.ravel(_entries(x))), default=mpmath.mpf(0))
