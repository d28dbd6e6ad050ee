"""Entries that steps read at positions, and factors that no carry takes part in, are outside of the loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from tests.differences import body_of, quotients

RNG = np.random.default_rng(3)


def parts(f: sb.CompiledFunction) -> tuple[str, str]:
    """Return the lines of the printed code that are inside of loops, and those that are not."""
    lines = body_of(f).splitlines()
    inside = [line for line in lines if line.startswith(" " * 8)]
    return "\n".join(inside), "\n".join(line for line in lines if line not in inside)


def columns(E: Any, k: Any) -> Any:
    return sb.scan(lambda s, at: (np.tanh(s + E[:, at]), None), np.zeros(E.shape[0]), k)[0] @ np.ones(E.shape[0])


def entries(E: Any, k: Any) -> Any:
    return sb.scan(lambda s, at: (np.sin(s * E[at, 1]) + E[at, at], None), 0.3, k)[0]


def middle(E: Any, k: Any) -> Any:
    total = sb.scan(lambda s, at: (np.cos(s + E[:, at, :2]), None), np.zeros((3, 2)), k)[0]
    return np.sum(total * np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))


def batch(E: Any, k: Any) -> Any:
    return np.sum(sb.scan(lambda s, at: (np.tanh(s * E[at]), None), np.ones((2, E.shape[1])), k)[0])


CASES = {
    "columns": (columns, {"E": "d v", "k": "t:int"}, (3, 4), (6,)),
    "entries": (entries, {"E": "v v", "k": "t:int"}, (4, 4), (6,)),
    "middle": (middle, {"E": "3 v 5", "k": "t:int"}, (3, 4, 5), (6,)),
    "batch": (batch, {"E": "v d", "k": "t 2:int"}, (4, 3), (6, 2)),
}


@pytest.mark.parametrize("name", CASES)
def test_gradients_of_what_is_read_at_positions(name: str) -> None:
    function, inputs, shape, steps = CASES[name]
    f = sb.compile_value_and_grad(function, inputs=inputs, wrt="E")
    inside, outside = parts(f)
    assert "np.add.at" in outside  # once, of all steps
    assert "np.add.at" not in inside
    assert "zeros" not in inside
    for length in (steps[0], 0, 1):
        E, k = RNG.normal(size=shape), RNG.integers(0, 4, size=(length, *steps[1:]))
        assert f(E, k)[0] == pytest.approx(float(function(E, k)), rel=1e-14)
        np.testing.assert_allclose(f(E, k)[1], quotients(function, (E, k), 0), atol=1e-7)


def gated(W: Any, X: Any) -> Any:
    """Return the sum of the last state of a recurrence with a gate."""

    def step(h: Any, x: Any) -> Any:
        z = x + h @ W
        gate, new = 1 / (1 + np.exp(-z)), np.tanh(z)
        return h + gate * new, None

    return np.sum(sb.scan(step, np.zeros((X.shape[1], W.shape[0])), X)[0])


def test_factors_of_several_rows_are_made_before_the_loop_back() -> None:
    f = sb.compile_value_and_grad(gated, inputs={"W": "k k", "X": "n m k"})
    back = f.source.rpartition("reversed(")[2].splitlines()[1:]
    assert not any("1.0 - " in line for line in back if line.startswith(" " * 8))
    W, X = RNG.normal(size=(3, 3)), RNG.normal(size=(5, 2, 3))
    value, (W_bar, X_bar) = f(W, X)
    assert value == pytest.approx(float(gated(W, X)), rel=1e-14)
    np.testing.assert_allclose(W_bar, quotients(gated, (W, X), 0), atol=1e-7)
    np.testing.assert_allclose(X_bar, quotients(gated, (W, X), 1), atol=1e-7)
    single = sb.compile_grad(gated, inputs={"W": "k k", "X": "n m k"}, dtype="float32")
    assert {g.dtype for g in single(np.float32(W), np.float32(X))} == {np.dtype("float32")}
