"""1 - e*cos(x) and 1 + e*cos(x) of orbits that are nearly parabolas."""

from __future__ import annotations

import math
import random

import mpmath
import pytest

import symbackprop as sb
from benchmarks.accuracy.reference import units

ROW = "1 - e*cos"


@pytest.mark.parametrize(("formula", "turn"), [("1 - ecc*cos(x)", 0.0), ("1 + ecc*cos(x)", math.pi)])
def test_they_are_accurate_near_a_parabola_and_no_worse_elsewhere(formula: str, turn: float) -> None:
    compiled = sb.compile_value(formula)
    assert compiled.rewrites[ROW] == 1 and compiled.verify(points=1, seconds=0.5)
    choose = random.Random(3)
    mpmath.mp.dps = 40
    sign = -1 if turn == 0.0 else 1
    for _ in range(200):
        near, far = 1 - 10.0 ** choose.uniform(-15, -1), 10.0 ** choose.uniform(0.5, 10)
        for ecc, x in ((near, turn + 10.0 ** choose.uniform(-9, 0)), (far, choose.uniform(0.5, 2.6))):
            exact = 1 + sign * mpmath.mpf(ecc) * mpmath.cos(x)
            plain = units(1 + sign * ecc * math.cos(x), exact)
            assert units(compiled(ecc, x), exact) <= (4 if ecc is near else 4 + 2 * plain)


def test_the_slope_of_keplers_equation_has_it() -> None:
    kepler = sb.compile_grad("a - ecc*sin(a)", wrt="a")
    assert kepler.rewrites[ROW] == 1
    assert kepler(2.5e-4, 1 - 1e-12) == pytest.approx(1e-12 + 2 * math.sin(1.25e-4) ** 2, rel=1e-4)


@pytest.mark.parametrize("formula", ["x[n] ecc -> sum(1 - ecc*cos(x))", "1 - 0.3*cos(x)", "2 - ecc*cos(x)"])
def test_others_stay(formula: str) -> None:
    assert ROW not in sb.compile_value(formula).rewrites
