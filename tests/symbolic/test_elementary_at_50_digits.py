"""Every elementary function of SymPy: value and gradient against 50 digits, in range, at kinks and at edges."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest
import sympy as sp

import symbackprop as sb

x, y = sp.symbols("x y", real=True)
DIGITS = 50
POINTS = [0.3, 0.7, -0.4, 1.7, -2.3, 3.5, 1e-8, 25.0, -1e5, 700.0, -800.0, 1.0000001, 0.9999999, -1.0000001, 1e17]
ULPS = 6 * 2.0**-52  # what a few roundings leave

SMOOTH = [
    *(sp.sin, sp.cos, sp.tan, sp.cot, sp.sec, sp.csc, sp.asin, sp.acos, sp.atan, sp.acot, sp.asec, sp.acsc),
    *(sp.sinh, sp.cosh, sp.tanh, sp.coth, sp.sech, sp.csch),
    *(sp.asinh, sp.acosh, sp.atanh, sp.acoth, sp.asech, sp.acsch),
    *(sp.exp, sp.log, sp.sqrt, sp.erf, sp.erfc, sp.sinc, sp.Abs, sp.sign, sp.floor, sp.ceiling, sp.frac),
]
STEPS = {sp.sign: 0, sp.floor: 0, sp.ceiling: 0, sp.frac: 1}  # their derivatives away from the steps
ABSOLUTE = {sp.tanh, sp.sinc}  # 1 - tanh(x)**2 and (cos(x) - sinc(x))/x, which cancel: measured against 1


def digits(expression: Any, values: dict[Any, float]) -> Any:
    """Return a real number of 50 digits, or None where there is none."""
    numbers = {symbol: sp.Float(value, 2 * DIGITS) for symbol, value in values.items()}
    found = sp.N(expression.subs(numbers), DIGITS)
    return found if found.is_real and found.is_finite and abs(found) < 1e300 else None


@pytest.mark.parametrize("function", SMOOTH, ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", str(value)))
def test_value_and_gradient(function: Any) -> None:
    expression = function(x)
    compiled = sb.compile_value_and_grad(expression, wrt=x)
    derivative = sp.Integer(STEPS[function]) if function in STEPS else sp.diff(expression, x)
    tried = 0
    for point in POINTS:
        value, slope = digits(expression, {x: point}), digits(derivative, {x: point})
        if value is None or slope is None:
            continue
        tried += 1
        found_value, found_slope = compiled(point)
        assert abs(found_value - value) <= ULPS * max(abs(value), 1e-300), point
        scale = max(abs(slope), 1 if function in ABSOLUTE else 1e-300)
        assert abs(found_slope - slope) <= ULPS * scale, point
    assert tried >= 2


@pytest.mark.parametrize("function", SMOOTH, ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", str(value)))
def test_arrays_agree_with_scalars(function: Any) -> None:
    compiled = sb.compile_value_and_grad(function(x), wrt=x)
    inside = [p for p in POINTS if digits(function(x), {x: p}) is not None and abs(p) < 300]
    with np.errstate(all="ignore"):
        values, slopes = compiled(np.array(inside))
    for point, value, slope in zip(inside, values, slopes, strict=True):
        expected = compiled(point)
        assert (value, slope) == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        (sp.atan2(y, x), [(1.0, 2.0), (-1.0, 2.0), (-1.0, -2.0), (1.0, -2.0), (1e-9, 1.0), (-1.0, 1e-9)]),
        (sp.log(x, 3), [(2.0, 0.0), (1e-9, 0.0), (1e9, 0.0)]),
        (x**y, [(2.0, 3.5), (0.5, -2.25), (1e-5, 0.1), (7.0, 0.0)]),
        (x ** sp.Rational(5, 3), [(2.0, 0.0), (1e-9, 0.0)]),
        (sp.cbrt(x), [(8.0, 0.0), (1e-9, 0.0)]),
        (sp.root(x, 5), [(32.0, 0.0), (0.3, 0.0)]),
        (sp.real_root(x, 3), [(8.0, 0.0), (0.3, 0.0)]),
        (sp.sqrt(x**2 + y**2), [(3.0, 4.0), (1e-9, 1e-8), (1e160, 1e160)]),
        (sp.exp(x) - 1, [(1e-9, 0.0), (-1e-12, 0.0), (2.0, 0.0)]),
        (sp.log(1 + x), [(1e-9, 0.0), (-1e-12, 0.0), (2.0, 0.0)]),
        (sp.Max(x, y, 1), [(2.0, 3.0), (0.5, 0.2), (4.0, 1.0)]),
        (sp.Min(x, y, 1), [(2.0, 3.0), (0.5, 0.2), (4.0, 1.0)]),
        (sp.Abs(x - y) ** 3, [(2.0, 3.0), (3.0, 2.0)]),
        (sp.re(x) + sp.im(x) * y + sp.conjugate(x), [(2.0, 3.0)]),
        (sp.GoldenRatio * x + sp.EulerGamma * y + sp.Catalan + sp.pi * sp.E, [(2.0, 3.0)]),
    ],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", str(value)),
)
def test_functions_of_two(expression: Any, values: list[tuple[float, float]]) -> None:
    compiled = sb.compile_value_and_grad(expression, inputs=[x, y])
    for point in values:
        at = dict(zip((x, y), point, strict=True))
        value, gradient = compiled(*point)
        assert value == pytest.approx(float(digits(expression, at)), rel=2e-15)
        for symbol, found in zip((x, y), gradient, strict=True):
            numeric = digits(sp.diff(expression, symbol).doit(), at)
            assert found == pytest.approx(float(numeric), rel=4e-15, abs=1e-300), (symbol, point)


@pytest.mark.parametrize(
    ("expression", "point", "value", "slope"),
    [
        (sp.Abs(x), 0.0, 0.0, 0.0),
        (sp.sign(x), 0.0, 0.0, 0.0),
        (sp.Max(x, 0), 0.0, 0.0, 0.5),
        (sp.Min(x, 0), 0.0, 0.0, 0.5),
        (sp.Heaviside(x), 0.0, 0.5, 0.0),
        (sp.Heaviside(x, 0), 0.0, 0.0, 0.0),
        (sp.Heaviside(x), -2.0, 0.0, 0.0),
        (sp.DiracDelta(x), 0.5, 0.0, 0.0),
        (sp.sinc(x), 0.0, 1.0, 0.0),
        (sp.acot(x), 0.0, np.pi / 2, -1.0),
        (sp.sech(x), 0.0, 1.0, 0.0),
        (sp.frac(x), 2.0, 0.0, 1.0),
        (sp.floor(x), -2.0, -2.0, 0.0),
        (x ** sp.Integer(0) + x, 0.0, 1.0, 1.0),
        (sp.Pow(x, 3), 0.0, 0.0, 0.0),
        (sp.Pow(x, sp.Rational(3, 2)), 0.0, 0.0, 0.0),
        (sp.Piecewise((sp.log(x), x > 0), (0, True)), 0.0, 0.0, 0.0),
        (sp.Piecewise((sp.sin(x) / x, sp.Ne(x, 0)), (1, True)), 0.0, 1.0, 0.0),
    ],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", str(value)),
)
def test_kinks_and_edges(expression: Any, point: float, value: float, slope: float) -> None:
    found = sb.compile_value_and_grad(expression, wrt=x)(point)
    assert found == pytest.approx((value, slope))


@pytest.mark.parametrize("point", [(5.5, 2.0), (-5.5, 2.0), (5.5, -2.0), (0.3, 1.0)])
def test_the_remainder_has_the_sign_of_the_divisor(point: tuple[float, float]) -> None:
    value, gradient = sb.compile_value_and_grad(sp.Mod(x, y), inputs=[x, y])(*point)
    whole = np.floor(point[0] / point[1])
    assert value == pytest.approx(point[0] - point[1] * whole)
    assert gradient == (1.0, -whole)


def test_a_piecewise_without_a_last_case_is_nan_outside() -> None:
    compiled = sb.compile_value(sp.Piecewise((x, x > 0), (y, y > 0)))
    assert compiled(x=-1.0, y=2.0) == 2.0
    assert np.isnan(compiled(x=-1.0, y=-2.0))


@pytest.mark.parametrize("corner", list(itertools.product((-0.5, 0.0, 0.5, 1.0, 1.5, 2.5, 3.0, 4.0), repeat=1)))
def test_sets_as_conditions(corner: tuple[float]) -> None:
    union = sp.Union(sp.Interval.Lopen(0, 1), sp.Interval.Ropen(2, 3), sp.FiniteSet(4))
    compiled = sb.compile_value(sp.Piecewise((1, sp.Contains(x, union)), (0, True)) * y, inputs=[x, y])
    assert compiled(corner[0], 1.0) == float(bool(union.contains(sp.Rational(corner[0]))))
