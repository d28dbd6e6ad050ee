"""Functions of neighbouring slices are computed in one call in the steps of loops."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb
from tests.differences import agrees_with_differences, second_order_agrees

GATES = (
    "U[k,4*k] x[n,4*k] a[k] ->\n"
    "def step(h, row):\n"
    "    z = row + h @ U\n"
    "    i, f, g, o = split(z, 4)\n"
    "    return sigmoid(f)*h + sigmoid(i)*tanh(g)*sigmoid(o), 0.0\n"
    "sum(scan(step, a, x)[0]**2)"
)


def steps(function: sb.CompiledFunction) -> str:
    return function.source.rpartition('"""')[2].partition("for t in range(n):\n")[2]


def test_gates_side_by_side_are_one_call():
    f = sb.compile_value(GATES)
    assert f.rewrites["neighbouring slices together"] == 1
    assert steps(f).count("np.exp(") == 2
    assert "z[:2*k]" in steps(f)
    assert sb.compile_grad(GATES).verify(points=1, seconds=0.5)


def test_all_of_an_array():
    f = sb.compile_value(
        "x[n,6] a[3] -> \ndef step(h, r): return tanh(r[:3])*h + tanh(r[3:]), 0.0\nscan(step, a, x)[0]"
    )
    assert steps(f).count("np.tanh(x[t])") == 1
    x = np.random.default_rng(0).normal(size=(2, 6))
    h = np.ones(3)
    for row in x:
        h = np.tanh(row[:3]) * h + np.tanh(row[3:])
    np.testing.assert_allclose(f(x, np.ones(3)), h)


@pytest.mark.parametrize(
    "step",
    [
        "tanh(r[:2])*h + tanh(r[4:6])",  # not side by side
        "tanh(r[:2])*h + sin(r[2:4])",  # not the same function
        "tanh(r[:2])*h + tanh(r[1:3])",  # they overlap
        "tanh(r[0:4:2])*h + tanh(r[4:6])",
        "abs(r[:2])*h + abs(r[2:4])",  # cheaper than the slices of its result
    ],
)
def test_others_stay(step):
    f = sb.compile_value(f"x[n,6] a[2] -> \ndef step(h, r): return {step}, 0.0\nscan(step, a, x)[0]")
    assert "neighbouring slices together" not in f.rewrites


@pytest.mark.parametrize(("n", "k"), [(0, 2), (3, 1), (2, 3)])
def test_derivatives(n, k):
    rng = np.random.default_rng(0)
    given = [rng.normal(size=shape) for shape in ((k, 4 * k), (n, 4 * k), k)]
    agrees_with_differences(GATES, *given)


def test_second_derivatives():
    rng = np.random.default_rng(1)
    second_order_agrees(GATES, *(rng.normal(size=shape) for shape in ((2, 8), (2, 8), 2)))
