"""Memory of loops of 10,000 steps: what the rules of a step need, once for each step, and nothing afterwards."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import numpy as np
import pytest

import symbackprop as sb

STEPS, WIDTH = 10_000, 16
STACK = 8 * STEPS * WIDTH  # bytes of one state for every step


def recurrent(W: Any, U: Any, X: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        return np.tanh(x @ W + h @ U), None

    return np.sum(sb.scan(step, np.zeros(U.shape[0]), X)[0] ** 2)


def autonomous(w: Any, h: Any) -> Any:
    return np.sum(sb.scan(lambda h: (np.tanh(w * h), None), h, length=STEPS)[0])


RECURRENT = {"W": "d k", "U": "k k", "X": "n d"}
AUTONOMOUS = {"w": "", "h": "k"}


def stacks(f: sb.CompiledFunction, *arguments: Any) -> float:
    """Return the peak of a call, in stacks, and check that it leaves nothing behind once its results are gone."""
    f(*arguments)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    results = f(*arguments)
    _, peak = tracemalloc.get_traced_memory()
    del results
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 0.001 * STACK
    return (peak - before) / STACK


@pytest.fixture
def arguments() -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    return tuple(0.3 * rng.normal(size=shape) for shape in ((4, WIDTH), (WIDTH, WIDTH), (STEPS, 4)))


def test_a_value_stores_no_state(arguments: tuple[np.ndarray, ...]) -> None:
    value = sb.compile_value(recurrent, inputs=RECURRENT)
    assert stacks(value, *arguments) == pytest.approx(1, rel=0.02)  # the products X @ W of all steps
    assert stacks(sb.compile_value(autonomous, inputs=AUTONOMOUS), 0.9, np.ones(WIDTH)) < 0.01


def test_a_gradient_stores_the_states_and_what_a_shared_weight_needs(arguments: tuple[np.ndarray, ...]) -> None:
    products, states, cotangents = 1, 1, 1
    gradient = sb.compile_grad(recurrent, inputs=RECURRENT, wrt=("W", "U"))
    assert stacks(gradient, *arguments) == pytest.approx(products + states + cotangents, rel=0.02)


def test_a_gradient_of_a_weight_that_is_a_number_stores_the_states_alone() -> None:
    gradient = sb.compile_grad(autonomous, inputs=AUTONOMOUS)
    assert stacks(gradient, 0.9, np.ones(WIDTH)) == pytest.approx(1, rel=0.02)


def test_a_linear_step_stores_nothing_for_its_state() -> None:
    def decayed(h: Any, x: Any) -> Any:
        return np.sum(sb.scan(lambda h, x: (0.9 * h + x, None), h, x)[0])

    gradient = sb.compile_grad(decayed, inputs={"h": "k", "x": "n k"}, wrt="h")
    assert stacks(gradient, np.ones(WIDTH), np.ones((STEPS, WIDTH))) < 0.01
