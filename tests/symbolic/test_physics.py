"""Formulas of physics: value and gradient against 50 digits at points of their ranges, verified, and over arrays."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from physics import LAWS, Law

import symbackprop as sb

# The worst of all, 3e-13, is in the phase shift of a square well: tan(x) near its pole takes up the rounding of x.
# An error is relative to the output, or, where that passes zero, to its unit: value / input.
TOLERANCE = 1e-12
POINTS = 3
_WORDS = {
    "DiracDelta": lambda x: mpmath.mpf(0),  # the derivative of a step, away from it
    "airyaiprime": lambda x: mpmath.airyai(x, derivative=1),
}


@functools.cache
def compiled(index: int) -> Any:
    law = LAWS[index]
    return sb.compile_value_and_grad(law.formula, wrt=list(law.ranges))


def points(law: Law) -> list[list[float]]:
    """Return points of the ranges; positive ranges that are wide are drawn from evenly in the logarithm."""
    rng = random.Random(law.name)
    return [
        [
            low * (high / low) ** rng.random() if low > 0 and high > 16 * low else rng.uniform(low, high)
            for low, high in law.ranges.values()
        ]
        for _ in range(POINTS)
    ]


def exact(formula: Any) -> Any:
    """Return a formula with the doubles in it as the fractions that they are, so that `diff` rounds nothing."""
    return formula.xreplace({number: sympy.Rational(number) for number in formula.atoms(sympy.Float)})


def with_mpmath(symbols: list[Any], expressions: list[Any]) -> Callable[..., list[Any]]:
    function: Callable[..., list[Any]] = sympy.lambdify(symbols, expressions, [_WORDS, "mpmath"])
    return function


def difference_quotient(value: Callable[..., list[Any]], point: list[Any], position: int) -> Any:
    """Return the central quotient with 100 digits, of which 50 are right."""
    with mpmath.workdps(100):
        step = mpmath.mpf(10) ** -25 * (abs(point[position]) or 1)
        ends = [[*point[:position], point[position] + sign * step, *point[position + 1 :]] for sign in (1, -1)]
        return (value(*ends[0])[0] - value(*ends[1])[0]) / (2 * step)


def errors(found: Any, wanted: list[Any], point: list[Any]) -> list[float]:
    """Return the errors of the value and of each derivative."""
    value, gradient = found
    size = max([abs(wanted[0]), *(abs(x * slope) for x, slope in zip(point, wanted[1:], strict=True))])
    units = [size, *(size / abs(x) if x else mpmath.mpf(1) for x in point)]
    return [
        float(abs(mpmath.mpf(float(a)) - b) / max(abs(b), unit) if unit else abs(a))
        for a, b, unit in zip((value, *gradient), wanted, units, strict=True)
    ]


@pytest.mark.parametrize("index", range(len(LAWS)), ids=[law.name for law in LAWS])
def test_value_and_gradient_agree_with_fifty_digits(index: int) -> None:
    law, function = LAWS[index], compiled(index)
    symbols = list(law.ranges)
    assert law.formula.free_symbols == set(symbols)
    formula = exact(law.formula)
    value = with_mpmath(symbols, [formula])
    derivatives = with_mpmath(symbols, [sympy.diff(formula, symbol) for symbol in symbols])
    found = []
    for numbers in points(law):
        found.append(function(*numbers))
        with mpmath.workdps(50):
            point = [mpmath.mpf(x) for x in numbers]
            wanted = [*value(*point), *derivatives(*point)]
            for position, slope in enumerate(wanted[1:]):
                quotient = difference_quotient(value, point, position)
                assert abs(slope - quotient) <= 1e-38 * max(abs(slope), abs(wanted[0] / (point[position] or 1)))
            worst = errors(found[-1], wanted, point)
            assert max(worst) < TOLERANCE, (law.name, numbers, worst)
    over_arrays = function(*np.transpose(points(law)))
    for number, one in enumerate(found):
        for scalar, array in zip((one[0], *one[1]), (over_arrays[0], *over_arrays[1]), strict=True):
            np.testing.assert_allclose(array[number], scalar, rtol=1e-11, atol=1e-13 * np.max(np.abs(array)))


@pytest.mark.parametrize("index", range(len(LAWS)), ids=[law.name for law in LAWS])
def test_verified(index: int) -> None:
    report = compiled(index).verify(points=1, seconds=0.01, ranges=LAWS[index].ranges)
    assert report, f"{LAWS[index].name}\n{report}"


def test_there_are_a_hundred_and_no_two_alike() -> None:
    assert len(LAWS) >= 100
    assert len({law.name for law in LAWS}) == len({law.formula for law in LAWS}) == len(LAWS)
