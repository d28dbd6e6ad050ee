"""Tangents of loops run along with the values: one loop, which computes every step once."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.ops.verify import verify_graph

FORMULA = """
W[k,k] h0[k] x[n,k] ->
def step(h, r):
    h = tanh(W @ h + r)
    return h, sum(h)
h, s = scan(step, h0, x)
sum(h**2) + sum(s**2)
"""


def point() -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    return tuple(0.5 * rng.normal(size=shape) for shape in ((3, 3), (3,), (11, 3)))


@pytest.fixture
def evaluations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which every call of np.tanh adds."""
    calls: list[int] = []
    tanh = np.tanh
    monkeypatch.setattr(np, "tanh", lambda x: calls.append(1) or tanh(x))
    return calls


def test_a_tangent_and_its_value_are_one_loop(evaluations: list[int]) -> None:
    f = sb.compile_jvp(FORMULA, wrt=("W", "x"))
    verify_graph(f.graph)
    W, h0, x = point()
    W_dot, _, x_dot = point()
    value, tangent = f(W, h0, x, W_dot, x_dot)
    assert len(evaluations) == 11
    assert f.source.count("for t in range(n):") == 1 and "h_dot" in f.source
    expected, (W_bar, x_bar) = sb.compile_value_and_grad(FORMULA, wrt=("W", "x"))(W, h0, x)
    assert value == expected
    assert tangent == pytest.approx(np.sum(W_bar * W_dot) + np.sum(x_bar * x_dot), rel=1e-13)


def test_a_product_with_the_hessian_runs_every_step_once(evaluations: list[int]) -> None:
    f = sb.compile_hvp(FORMULA, wrt="h0")
    W, h0, x = point()
    v = np.array([0.3, -0.2, 0.5])
    product = f(W, h0, x, v)
    assert len(evaluations) == 11
    slope = sb.compile_grad(FORMULA, wrt="h0")
    difference = (slope(W, h0 + 1e-6 * v, x) - slope(W, h0 - 1e-6 * v, x)) / 2e-6
    assert np.allclose(product, difference, rtol=1e-7)


def test_loops_that_follow_one_another_each_run_once(evaluations: list[int]) -> None:
    formula = FORMULA.replace("sum(h**2)", "g, _ = scan(step, h, sin(x), reverse=True)\nsum(g*h)")
    f = sb.compile_jvp(formula, wrt="W")
    W, h0, x = point()
    _, tangent = f(W, h0, x, W)
    assert len(evaluations) == 22
    assert tangent == pytest.approx(np.sum(sb.compile_grad(formula, wrt="W")(W, h0, x) * W), rel=1e-13)
