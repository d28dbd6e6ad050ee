"""Bounds of the rounding errors of functions of numbers: those of the accuracy table, and those of scipy.special."""

from __future__ import annotations

import math
import random

import mpmath
import numpy as np
import pytest

import symbackprop as sb
from benchmarks.accuracy.functions import FUNCTIONS
from benchmarks.accuracy.programs import formula_text
from benchmarks.accuracy.reference import NAMES
from symbackprop.check.functions import SMOOTH
from symbackprop.ops.declare import primitives

SMALLEST = 1e-290  # below which values underflow, or derivatives on the way to them
POINTS = 8
DIGITS = 700  # of which as many are right as cancel at the hard points


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_error_of_the_accuracy_table_is_above_and_few_are_far_below(name):
    function = FUNCTIONS[name]
    formula, inputs = formula_text(function)
    value = sb.compile_value(formula, inputs=inputs)
    with np.errstate(all="ignore"):
        found = [_called(value.function, point) for point in function.points(POINTS)]
        most = [_called(value.error_bound.function, point) for point in function.points(POINTS)]
    far = []
    for point, number, bound in zip(function.points(POINTS), found, most, strict=True):
        with mpmath.workdps(DIGITS):
            expected = mpmath.re(function.written(NAMES, *map(mpmath.mpf, point)))
        error = abs(mpmath.mpf(number) - expected)
        if not math.isfinite(number):
            assert not bound < math.inf
        elif abs(expected) >= SMALLEST and not math.isnan(bound):
            assert error <= bound
            far.append(bound / float(max(error, math.ulp(number))))
    assert len(far) >= POINTS // 2
    assert sorted(far)[len(far) // 2] <= 300


def _called(function, point):
    try:
        return float(function(*point))
    except (ArithmeticError, ValueError):  # of `math`, where NumPy has inf or nan
        return math.nan


SPECIAL = [
    "airyai", "airyaiprime", "airybi", "airybiprime", "beta", "betaln", "binom", "digamma", "ellipe", "ellipeinc",
    "ellipk", "ellipkinc", "ellipkm1", "erf", "erfc", "erfcinv", "erfcx", "erfi", "erfinv", "exp1", "expi", "expit",
    "fresnelc", "fresnels", "gamma", "gammainc", "gammaincc", "gammaln", "iv", "ive", "jv", "kv", "kve", "log_ndtr",
    "ndtr", "ndtri", "poch", "spence", "yv", "zeta", "betainc", "Si", "Ci", "Shi", "Chi",
]  # fmt: skip


@pytest.mark.parametrize("name", SPECIAL)
def test_no_error_of_a_special_function_is_above(name):
    exact = SMOOTH[name][1]
    names = [f"x{position}" for position in range(primitives()[name].arity)]
    value = sb.compile_value(f"{name}({', '.join(names)})", inputs=dict.fromkeys(names, ""))
    chosen = random.Random(name)
    judged = 0
    for attempt in range(30):
        highest = (1.0, 15.0)[attempt % 2]
        point = [chosen.uniform(1e-3, highest) for _ in names]
        with np.errstate(all="ignore"):
            found, most = _called(value.function, point), _called(value.error_bound.function, point)
        if not math.isfinite(found) or abs(found) < SMALLEST or not math.isfinite(most):
            continue
        with mpmath.workdps(90):
            error = abs(mpmath.mpf(found) - exact(*map(mpmath.mpf, point)))
        assert error <= most, point
        judged += 1
    assert judged >= 10
