"""Special functions, value and gradient, from text and from SymPy, against mpmath at 50 digits.

An error counts relative to what a rounding of the input by one part in 1e16 does to the result: relative to
``|f| + |x f'|``, which near a zero of f is not smaller than the input's own rounding allows. `TIGHT` is
some 50 such units; a case that says more is bounded by SciPy's own accuracy there, or by what its formula cancels.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from special_cases import CASES
from special_cases.case import DIGITS, Case
from special_cases.edges import EDGES, VALUES, VERIFIED

import symbackprop as sb


@functools.cache
def expected_at(exact: Callable[[Any], Any], point: float) -> tuple[Any, Any, Any]:
    """Return value, derivative and second derivative of a function, by differences of twice the digits."""
    decades = round(abs(mpmath.log(abs(point), 10))) if point else 0
    with mpmath.workdps(2 * DIGITS + 10 + 2 * decades):
        t = mpmath.mpf(point)
        step = mpmath.mpf(10) ** -(DIGITS // 2) * (abs(t) if 0 < abs(t) < 1 else 1)
        below, middle, above = (mpmath.mpmathify(exact(t + shift * step)).real for shift in (-1, 0, 1))
        return middle, (above - below) / (2 * step), (above - 2 * middle + below) / step**2


def errors_of(compiled: sb.CompiledFunction, case: Case, point: float) -> tuple[float, float]:
    with np.errstate(all="raise", under="ignore"):
        value, (slope,) = compiled(point)
    middle, first, second = expected_at(case.exact, point)
    with mpmath.workdps(DIGITS):
        least = mpmath.mpf(10) ** (-300 if point else -30)  # underflow; what a quotient leaves of a 0
        scales = abs(middle) + abs(point * first) + least, abs(first) + abs(point * second) + least
        pairs = zip((value, slope), (middle, first), scales, strict=True)
        found = [float(abs(mpmath.mpf(float(a)) - b) / scale) if scale else float(a) for a, b, scale in pairs]
    return found[0], found[1]


def assert_accurate(compiled: sb.CompiledFunction, case: Case) -> None:
    for point in case.points:
        value, slope = errors_of(compiled, case, point)
        assert value <= case.value, (point, value)
        assert slope <= case.slope, (point, slope)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_text(case: Case) -> None:
    assert_accurate(sb.compile_value_and_grad(case.text), case)


@pytest.mark.parametrize("case", [case for case in CASES if case.expression is not None], ids=lambda case: case.text)
def test_expression(case: Case) -> None:
    assert_accurate(sb.compile_value_and_grad(case.expression), case)


@pytest.mark.parametrize(("text", "point", "value", "slope"), EDGES, ids=str)
def test_edge(text: str, point: float, value: float, slope: float) -> None:
    with np.errstate(all="ignore"):
        found, (derivative,) = sb.compile_value_and_grad(text)(point)
    assert found == pytest.approx(value, rel=1e-14, nan_ok=True)
    assert derivative == pytest.approx(slope, rel=1e-14, nan_ok=True)


@pytest.mark.parametrize("case", [case for case in CASES if case.text in VERIFIED], ids=lambda case: case.text)
def test_verified(case: Case) -> None:
    formula = case.text if case.expression is None else case.expression
    report = sb.compile_value_and_grad(formula).verify(points=1, seconds=0.3)
    assert report, str(report)


def test_verified_are_cases() -> None:
    assert {case.text for case in CASES} >= VERIFIED


@pytest.mark.parametrize(("text", "point", "value"), VALUES, ids=str)
def test_value_alone(text: str, point: float, value: float) -> None:
    """Functions of which there is a value and no derivative."""
    assert sb.compile_value(text)(point) == pytest.approx(value, rel=1e-13)
    with pytest.raises(sb.UnsupportedError, match="with respect to s is not supported"):
        sb.compile_grad(text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_float32(case: Case) -> None:
    """Everything is float32, and right to its digits at an ordinary point."""
    compiled = sb.compile_value_and_grad(case.text, dtype="float32")
    point = min(case.points, key=lambda t: abs(abs(t) - 0.3))
    value, (slope,) = compiled(point)
    for result in (value, slope):
        assert type(result) is float or np.asarray(result).dtype == np.float32  # a number of the formula is plain
    exact = sb.compile_value_and_grad(case.text)(float(np.float32(point)))
    assert value == pytest.approx(float(exact[0]), rel=1e-4, abs=1e-6)
    assert slope == pytest.approx(float(exact[1][0]), rel=1e-3, abs=1e-5)
