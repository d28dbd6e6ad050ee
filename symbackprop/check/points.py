"""Points to verify at: small sizes for the names, numbers of few bits in the domain of the formula."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import sympy
from mpmath.libmp import NoConvergence

from symbackprop.check.elements import Digits, Element, Symbolic
from symbackprop.check.vocabulary import Vocabulary, vocabulary
from symbackprop.errors import ArgumentError, SymbackpropError, UnknownNameError, UnsupportedError, nearest_names
from symbackprop.ir.signature import ArgumentSpec, leaves_of
from symbackprop.ir.size import evaluate, names

__all__ = ["Ranges", "checked_ranges", "elements_at", "numbers_at", "sample_point", "sizes_for"]

Ranges = Mapping[str, Any]  # (low, high); or an array, the one value of an input
_Ranges = tuple[tuple[float, float], ...]

_RANGES: _Ranges = ((-1.5, 1.5), (0.2, 2.0), (0.1, 0.9), (1.2, 3.0), (-0.9, 0.9))
_FAR: _Ranges = ((3.0, 12.0), (-6.0, -2.0), (12.0, 100.0), (0.01, 0.1))  # where the others are outside of the domain
_WIDER: _Ranges = (
    (-6.0, 6.0),
    (-1.5, 1.5),
    (0.0, 20.0),
    (-6.0, 6.0),
    (0.1, 0.9),
    (-6.0, 6.0),
    (-0.01, 0.01),
    (1.2, 3.0),
)
_ROUNDS = 4
_OUTSIDE = (  # what evaluation raises outside of the domain, and mpmath far out in it
    ArithmeticError, ValueError, TypeError, IndexError, NoConvergence, RecursionError, SymbackpropError,
)  # fmt: skip
_BITS = 12  # of a number from the user's range: exact in all kinds, and short as a fraction
_WIDE = 16  # a positive range whose ends differ by more than this factor is drawn from evenly in the logarithm


def sizes_for(arguments: Sequence[ArgumentSpec], longer: int = 0) -> dict[str, int]:
    """Return small distinct sizes for the names, all of them `longer` by so much."""
    found: dict[str, int] = {}
    for spec in arguments:
        for size in spec.shape or ():
            for name in names(size):
                found.setdefault(name, (4, 3, 2, 5, 3, 2)[len(found) % 6] + longer)
    return found


def checked_ranges(ranges: Mapping[str, Any], arguments: Sequence[ArgumentSpec]) -> dict[str, tuple[float, float]]:
    """Return the ranges that the user gave, each of a real input or an integer, with ends in order.

    Raises
    ------
    UnknownNameError, ArgumentError
        On a name that is no input, and on what is no range.
    """
    specs = {spec.name: spec for spec in arguments}
    found: dict[str, tuple[float, float]] = {}
    for name, given in ranges.items():
        if name not in specs:
            raise UnknownNameError(
                f"ranges names {name!r}, which is not an input; the inputs are {', '.join(specs) or 'none'}."
                f"{nearest_names(str(name), specs)}"
            )
        try:
            low, high = map(float, given)
        except (TypeError, ValueError):
            low, high = math.nan, math.nan
        if not (math.isfinite(low) and math.isfinite(high) and low <= high) or specs[name].dtype == "bool":
            raise ArgumentError(f"the range of {name!r} is {given!r}; give (low, high), two numbers in order")
        found[name] = (low, high)
    return found


def sample_point(
    arguments: Sequence[ArgumentSpec],
    reference: Callable[[Mapping[str, Any], Vocabulary], Any],
    sizes: Mapping[str, int],
    rng: random.Random,
    ranges: Ranges,
    wider: int | None = None,
) -> dict[str, Any] | None:
    """Return a point at which the formula is finite: doubles for real inputs, small integers, truth values.

    With `wider`, the search begins at that one of ranges that differ much, so that branches show.
    """
    found = _searched(arguments, reference, sizes, rng, ranges, wider, completed=False)
    if found is not None or not any(_is_square(spec, sizes) for spec in arguments):
        return found
    return _searched(arguments, reference, sizes, rng, ranges, wider, completed=True)


def _searched(
    arguments: Sequence[ArgumentSpec],
    reference: Callable[[Mapping[str, Any], Vocabulary], Any],
    sizes: Mapping[str, int],
    rng: random.Random,
    ranges: Ranges,
    wider: int | None,
    *,
    completed: bool,
) -> dict[str, Any] | None:
    """Return the first point of the domain that turns up; with `completed` some square matrices are symmetric."""
    usual = _RANGES * _ROUNDS + _FAR * 2 if wider is None else (_WIDER * 2)[wider % len(_WIDER) :][: len(_WIDER)]
    for attempt, span in enumerate(usual):
        failures = attempt // len(_RANGES)
        values = {spec.name: _drawn(spec, sizes, rng, span, ranges.get(spec.name), failures) for spec in arguments}
        if completed:
            values |= {
                spec.name: _symmetric(values[spec.name], spec.name not in ranges)
                for spec in arguments
                if _is_square(spec, sizes) and rng.random() < 0.7
            }
        try:
            results = leaves_of(reference(elements_at(values, arguments, Digits), vocabulary(Digits)))
            entries = [x for result in results for x in np.ravel(np.asarray(result, object))]
            if all(map(_is_finite, entries)):
                return values
        except UnsupportedError:  # wherever the point is
            raise
        except _OUTSIDE:
            continue
    return None


def _is_square(spec: ArgumentSpec, sizes: Mapping[str, int]) -> bool:
    shape = [evaluate(size, dict(sizes)) for size in spec.shape or ()]
    return len(shape) > 1 and shape[-1] == shape[-2] and spec.dtype.startswith("float")


def _symmetric(x: Any, definite: bool) -> Any:
    """Return symmetric matrices made of the entries of `x`: positive definite ones, or such as lie in its range."""
    if definite:
        return x @ np.swapaxes(x, -2, -1) + np.eye(x.shape[-1], dtype=x.dtype)
    return np.tril(x) + np.swapaxes(np.tril(x, -1), -2, -1)


def _is_finite(x: Any) -> bool:
    if isinstance(x, (bool, int, np.bool_, np.integer)):
        return True
    return bool(mpmath.isfinite(x.value if isinstance(x, Element) else x))


def _drawn(
    spec: ArgumentSpec,
    sizes: Mapping[str, int],
    rng: random.Random,
    usual: tuple[float, float],
    given: Any,
    failures: int,
) -> Any:
    """Return values for one input; integers come closer to 0 with each round of failures, for they may be positions."""
    if isinstance(given, np.ndarray):
        return given
    shape = tuple(evaluate(size, dict(sizes)) for size in spec.shape or ())
    count = int(np.prod(shape))
    if spec.dtype == "int64":
        first, last = (0, min(sizes.values(), default=2) - 1 - failures) if given is None else map(math.ceil, given)
        drawn: list[Any] = [rng.randint(first, max(first, last)) for _ in range(count)]
    elif spec.dtype == "bool":
        drawn = [rng.random() < 0.5 for _ in range(count)]
    elif given is not None:
        drawn = [_from_range(rng, *given) for _ in range(count)]
    else:
        low, high = usual
        drawn = [
            rng.randrange(int(low * 512), int(high * 512)) / 512 for _ in range(count)
        ]  # few bits: exact in all kinds
    return np.array(drawn, dtype={"int64": int, "bool": bool}.get(spec.dtype, spec.dtype)).reshape(shape)


def _from_range(rng: random.Random, low: float, high: float) -> float:
    """Return a number between the ends, of few bits where one lies there."""
    if low > 0 and high > _WIDE * low:
        drawn = low * (high / low) ** rng.random()
    else:
        drawn = low + (high - low) * rng.random()
    fraction, exponent = math.frexp(drawn)
    short = math.ldexp(round(math.ldexp(fraction, _BITS)), exponent - _BITS)
    return short if low <= short <= high else min(max(drawn, low), high)


def elements_at(values: Mapping[str, Any], arguments: Sequence[ArgumentSpec], kind: type[Element]) -> dict[str, Any]:
    """Return a point as arrays of elements; integers and masks stay as they are."""
    elements: dict[str, Any] = {}
    for spec in arguments:
        array = values[spec.name]
        if spec.dtype in ("int64", "bool"):
            elements[spec.name] = array if array.shape else array.item()
            continue
        filled = np.empty(array.shape, dtype=object)
        for index in np.ndindex(array.shape):
            filled[index] = _element(spec.name, index, array[index], kind)
        elements[spec.name] = filled if array.shape else filled[()]
    return elements


def numbers_at(values: Mapping[str, Any], arguments: Sequence[ArgumentSpec]) -> dict[str, Any]:
    """Return a point as the arrays and numbers that a call passes on."""
    single = any(spec.dtype == "float32" for spec in arguments)
    return {
        spec.name: array if array.shape else array[()] if single else array.item()
        for spec in arguments
        for array in (values[spec.name],)
    }


def _element(name: str, index: tuple[int, ...], number: Any, kind: type[Element]) -> Element:
    exact = Fraction(float(number))
    value = mpmath.mpf(exact.numerator) / exact.denominator
    if kind is Symbolic:
        return Symbolic(sympy.Symbol(name + "".join(f"_{i}" for i in index), real=True), value)
    return Digits(value)
