"""Products of a carry and rows leave loops back: one product behind the loop, of the trajectory of the carry."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb
from tests.differences import agrees_with_differences, second_order_agrees

DECAY = "a[d] x[n,d] s[n,d] ->\ndef step(c, row): return (c + row[0])*row[1], 0.0\nsum(scan(step, a, (x, s))[0]**2)"
RATIO = "a[d] x[n,d] s[n,d] ->\ndef step(c, row): return c*row[0]/row[1], 0.0\nsum(scan(step, a, (x, s))[0]**2)"
SCALED = (
    "a[d] x[n,d] s[n] w[d] ->\n"
    "def step(c, row): return tanh(c*w + row[0])*3/row[1], c*row[0]\n"
    "sum(scan(step, a, (x, s))[0]**2) + sum(scan(step, a, (x, s))[1])"
)


def way_back(function: sb.CompiledFunction) -> str:
    return function.source.rpartition("# backward")[2]


def test_a_step_back_does_nothing_for_a_row_alone():
    g = sb.compile_grad(DECAY)
    loop, behind = way_back(g).partition("for t in reversed(range(n)):\n")[2].split("        c_bars[t] = ")
    assert loop.count("\n") == 1
    assert "c_bars[1:]" in behind
    assert g.verify(points=1, seconds=0.5)


def test_quotients_are_made_before_the_loop():
    g = sb.compile_grad(RATIO, wrt="a")
    before, _, loop = way_back(g).partition("for t in reversed(range(n)):\n")
    assert "x / s" in before
    assert "/" not in loop
    assert g.verify(points=1, seconds=0.5)


@pytest.mark.parametrize(("n", "d"), [(0, 2), (1, 1), (4, 3)])
def test_sizes(n, d):
    rng = np.random.default_rng(0)
    a, x, s, w = (rng.normal(size=shape) for shape in (d, (n, d), (n, d), d))
    agrees_with_differences(DECAY, a, x, s)
    agrees_with_differences(SCALED, a, x, 2.0 + s[:, 0] ** 2, w)


def test_second_derivatives():
    rng = np.random.default_rng(1)
    second_order_agrees(DECAY, *(rng.normal(size=shape) for shape in (2, (3, 2), (3, 2))))
