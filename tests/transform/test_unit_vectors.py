"""Loops over the rows of an identity, which the user may write too: array code, also of steps that are not linear."""

from __future__ import annotations

import numpy as np
from differences import body_of

import symbackprop as sb

STEPS = """x[n] -> A = eye(x.shape[0])
def one():
    return 1.0
def two():
    return 2.0
def step(c, row):
    return c, sort(row*x) + cumsum(row) + tanh(row)[::-1] + {}
scan(step, 0.0, A)[1]"""
X = np.array([0.1, -0.2, 0.3])


def by_hand(row: np.ndarray, last: float = 0.0) -> np.ndarray:
    return np.sort(row * X) + np.cumsum(row) + np.tanh(row)[::-1] + last  # type: ignore[no-any-return]


def test_a_loop_of_the_users_becomes_array_code() -> None:
    f = sb.compile_value(STEPS.format("0"))
    assert "for " not in body_of(f)
    np.testing.assert_allclose(f(X), [by_hand(row) for row in np.eye(3)], rtol=1e-14)


def test_a_loop_that_chooses_stays_a_loop() -> None:
    f = sb.compile_value(STEPS.format("cond(row[0] > 0.5, one, two)"))
    assert "for " in body_of(f)
    np.testing.assert_allclose(f(X), [by_hand(row, 2.0 - row[0]) for row in np.eye(3)], rtol=1e-14)
