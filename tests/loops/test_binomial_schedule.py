"""Loops that store few of their states: how often steps run, what is measured of memory, and that results are the same."""

from __future__ import annotations

import copy
import functools
import math
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.api import check_saved
from symbackprop.ops.revolve import Schedule, fewest_steps, slots_for
from symbackprop.ops.verify import verify_graph


@functools.lru_cache(None)
def least(steps: int, slots: int) -> int:
    """Return the least count of steps forwards by trying every state that could be stored next."""
    if steps <= 1 or slots == 1:
        return steps * (steps - 1) // 2
    return min(j + least(steps - j, slots - 1) + least(j, slots) for j in range(1, steps))


def test_the_count_of_steps_is_the_least_there_is() -> None:
    assert all(fewest_steps(n, c) == least(n, c) for n in range(50) for c in range(1, 8))
    for n in (1, 2, 3, 100, 12345):
        assert Schedule(n, "sqrt").steps_again < max(n, 2)  # each at most once


# --- programs, by what is carried -------------------------------------------------------------------------------------


def recurrent(W: Any, U: Any, x: Any) -> Any:
    def step(carry: Any, row: Any) -> Any:
        h, total = carry
        h = np.tanh(W @ h + U @ row)
        return (h, total + h @ h), None

    (last, total), _ = sb.scan(step, (np.zeros(len(W)), 0.0), x)
    return total + np.sum(last**3)


def two_states_stacked(W: Any, U: Any, x: Any) -> Any:
    def step(carry: Any, row: Any) -> Any:
        h, c, age = carry
        gate = np.tanh(W @ h + U @ row)
        c = 0.9 * c + gate / (1.0 + age)
        h = gate * np.sin(c)
        return (h, c, age + 1), (h, np.exp(c[0]))

    (_, c, _), (hs, first) = sb.scan(step, (W[0], W[1], 0), x, reverse=True)
    return np.sum(np.sin(hs) ** 2) + np.sum(first) + np.sum(c)


def truncated(W: Any, U: Any, x: Any) -> Any:
    def step(carry: Any, row: Any) -> Any:
        h, t = carry
        kept = np.where(t % 5 == 0, sb.stop_gradient(h), h)
        h = np.tanh(W @ kept + U @ row)
        return (h, t + 1), np.sum(h)

    (last, _), sums = sb.scan(step, (np.ones(len(W)), 0), x)
    return np.sum(last**2) + np.sum(sums)


def of_loops(W: Any, U: Any, x: Any) -> Any:
    def inner(c: Any, _: Any) -> Any:
        return np.tanh(W @ c), None

    def step(h: Any, row: Any) -> Any:
        h, _ = sb.scan(inner, h + U @ row, length=3)
        return h, None

    return np.sum(sb.scan(step, np.ones(len(W)), x)[0] ** 2)


INPUTS = {"W": "k k", "U": "k d", "x": "n d"}


def arguments(n: int) -> list[Any]:
    rng = np.random.default_rng(n)
    return [0.5 * rng.normal(size=shape) for shape in ((4, 4), (4, 3), (n, 3))]


def close(found: Any, expected: Any) -> None:
    """Check that gradients differ by no more than the order of sums over the steps."""
    for one, two in zip((found[0], *found[1]), (expected[0], *expected[1]), strict=True):
        assert np.shape(one) == np.shape(two)
        assert np.max(np.abs(one - two), initial=0) <= 2e-15 * max(np.max(np.abs(two), initial=0), 1)


@pytest.mark.parametrize("program", [recurrent, two_states_stacked, truncated, of_loops])
def test_gradients_are_the_same(program: Any) -> None:
    plain = sb.compile_value_and_grad(program, inputs=INPUTS)
    for checkpoint in (("binomial", 1), ("binomial", 3), "sqrt"):
        again = sb.compile_value_and_grad(program, inputs=INPUTS, checkpoint=checkpoint)
        verify_graph(again.graph)
        assert "# again: the state before each step" in again.source
        for n in (0, 1, 2, 3, 23):
            close(again(*arguments(n)), plain(*arguments(n)))


# --- counts -----------------------------------------------------------------------------------------------------------


def autonomous(w: Any, h: Any, steps: Any) -> Any:
    return np.sum(sb.scan(lambda h: (np.tanh(w * h), None), h, length=steps.shape[0])[0])


AUTONOMOUS = {"w": "k", "h": "k", "steps": "n"}


@pytest.fixture
def evaluations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which every call of np.tanh adds."""
    calls: list[int] = []
    tanh = np.tanh
    monkeypatch.setattr(np, "tanh", lambda x: calls.append(1) or tanh(x))
    return calls


@pytest.mark.parametrize("checkpoint", [("binomial", 1), ("binomial", 2), ("binomial", 5), ("binomial", 32), "sqrt"])
def test_steps_run_as_often_as_the_schedule_says_and_bits_stay(checkpoint: Any, evaluations: list[int]) -> None:
    plain = sb.compile_grad(autonomous, inputs=AUTONOMOUS, wrt=("w", "h"))
    again = sb.compile_grad(autonomous, inputs=AUTONOMOUS, wrt=("w", "h"), checkpoint=checkpoint)
    slots = "sqrt" if checkpoint == "sqrt" else checkpoint[1]
    w, h = np.array([0.9, -1.2]), np.array([0.3, 0.4])
    for n in (0, 1, 2, 7, 33, 34, 100):
        expected = plain(w, h, np.zeros(n))
        evaluations.clear()
        found = again(w, h, np.zeros(n))
        more = fewest_steps(n, slots_for(slots, n)) - max(n - 1, 0)
        assert len(evaluations) == n + more
        assert again.cost().again_at({"n": n, "k": 2}) == more * 2 * 11
        assert all(map(np.array_equal, found, expected))


def peak(f: sb.CompiledFunction, *args: Any) -> int:
    f.function(*args)
    tracemalloc.start()
    f.function(*args)
    _, found = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return found


def test_a_thousand_steps_with_32_slots(evaluations: list[int]) -> None:
    w, h, steps = np.full(1000, 0.9), np.linspace(0, 1, 1000), np.zeros(1000)
    plain = sb.compile_grad(autonomous, inputs=AUTONOMOUS, wrt=("w", "h"))
    again = sb.compile_grad(autonomous, inputs=AUTONOMOUS, wrt=("w", "h"), checkpoint=("binomial", 32))
    whole, few = peak(plain, w, h, steps), peak(again, w, h, steps)
    assert whole > 8 * 1000 * 1000
    assert few <= 0.05 * whole
    counted = again.cost().peak_bytes({"n": 1000, "k": 1000})
    assert counted <= few <= counted + 13 * 8 * 1000  # what a step computes with is not counted
    evaluations.clear()
    again.function(w, h, steps)
    assert len(evaluations) == 2405 + 1 == least_by_formula(1000, 32) + 1
    assert len(evaluations) - 1000 <= 3 * 1000


def least_by_formula(steps: int, slots: int) -> int:
    """Return the figure of Griewank and Walther (2000): r*l - beta(c + 1, r - 1)."""
    runs = next(r for r in range(steps) if math.comb(slots + r, r) >= steps)
    return runs * steps - math.comb(slots + runs, runs - 1)


# --- what is printed --------------------------------------------------------------------------------------------------


def test_the_printed_loops() -> None:
    formula = "W[k,k] h0[k] x[n,k] -> def step(h, x):\n    h = tanh(W @ h + x)\n    return h, None\nh, _ = scan(step, h0, x)\nsum(h**2)"
    f = sb.compile_grad(formula, wrt="W", checkpoint=("binomial", 4))
    assert f.source.split('"""')[-1] == (
        """
    k = W.shape[0]
    n = x.shape[0]
    # forward
    h = h0
    stored, stop = [], 0
    for t in range(n):
        if t == stop:
            stored.append((stop, h))
            stop = next_stored(stop, n, 5 - len(stored))
        h = np.tanh(W @ h + x[t])
    # backward
    h_bar = 2.0 * h
    W_bar = np.zeros((k, k))
    # again: the state before each step, from the nearest that is stored
    h_t = h
    for t in reversed(range(n)):
        h_next = h_t
        start, h_t = stored[-1]
        while start < t:
            stop = next_stored(start, t + 1, 5 - len(stored))
            for step in range(start, stop):
                h_t = np.tanh(W @ h_t + x[step])
            stored.append((stop, h_t))
            start = stop
        stored.pop()
        t1 = h_bar * (1.0 - h_next * h_next)  # h = np.tanh(W @ h + x[t])
        h_bar = W.T @ t1
        W_bar += np.outer(t1, h_t)
    return W_bar
"""
    )
    assert f.source.count("def next_stored(begin, end, slots):") == 1
    assert "again(n, 4)" in str(f.cost())


def test_it_is_verified_saved_pickled_and_single(tmp_path: Path) -> None:
    f = sb.compile_value_and_grad(two_states_stacked, inputs=INPUTS, checkpoint="binomial 2", dtype="float32")
    assert f.recipe.checkpoint == "binomial 2"
    f.save(tmp_path / "grad.py")
    check_saved(tmp_path / "grad.py")
    assert pickle.loads(pickle.dumps(f)).source == f.source == copy.copy(f).source
    value, gradient = f(*arguments(9))
    assert {value.dtype, *(x.dtype for x in gradient)} == {np.dtype(np.float32)}
    formula = "w x0 ->\ndef step(x):\n    return w*x*x, None\nscan(step, x0, length=4)[0]"
    assert sb.compile_value_and_grad(formula, checkpoint="binomial 2").verify(points=1, seconds=0.5)


def test_batches_and_networks() -> None:
    one = sb.compile_grad(recurrent, inputs=INPUTS, wrt="W", batch={"x": 0})
    again = sb.compile_grad(recurrent, inputs=INPUTS, wrt="W", batch={"x": 0}, checkpoint=("binomial", 2))
    W, U, x = arguments(12)
    xs = np.stack([x, 0.5 * x])
    assert np.allclose(one(W, U, xs), again(W, U, xs), rtol=1e-14, atol=1e-15)
    net = sb.read_layers("input t 2\nlstm 3 output=last\ndense 1\nloss squared_error")
    params, rng = net.init(seed=0), np.random.default_rng(0)
    data = {"x": rng.normal(size=(5, 17, 2)), "y": rng.normal(size=(5, 1))}
    plain, few = sb.compile_grad(net)(params, **data), sb.compile_grad(net, checkpoint="binomial 3")(params, **data)
    assert all(np.allclose(plain[name], few[name], rtol=1e-13, atol=1e-15) for name in plain)


def test_what_is_stored_anyway_does_not_come_again() -> None:
    formula = "W[k,k] h0[k] x[n,k] -> def step(h, x):\n    h = tanh(W @ h + x)\n    return h, h\n_, hs = scan(step, h0, x)\nsum(hs**2)"
    assert "again" not in sb.compile_grad(formula, checkpoint=("binomial", 4)).source.split('"""')[-1]


def test_each_way_back_over_the_same_steps_has_its_states() -> None:
    formula = "W[k,k] h0[k] x[n,k] -> def step(h, x):\n    h = tanh(W @ h + x)\n    return h, None\nh, _ = scan(step, h0, x)\nsum(h), sum(h**2)"
    W, h0, x = np.full((2, 2), 0.3), np.ones(2), np.linspace(0, 1, 22).reshape(11, 2)
    plain, again = (sb.compile_grad(formula, wrt="h0", checkpoint=asked) for asked in (None, ("binomial", 3)))
    assert all(np.allclose(one, two, rtol=1e-14) for one, two in zip(plain(W, h0, x), again(W, h0, x), strict=True))


@pytest.mark.parametrize("slots", [0, -1, 2.0, True, None])
def test_slots_that_are_no_number(slots: Any) -> None:
    with pytest.raises(sb.ArgumentError, match="whole number of at least 1"):
        sb.compile_grad("x[n] -> sum(sin(x))", checkpoint=("binomial", slots))


@pytest.mark.parametrize(
    "formula",
    [
        "x[n] -> sum(sin(x))",
        "a -> def far(u):\n    return u > 1\ndef step(u):\n    return u/a\nwhile_loop(far, step, a**3, max_steps=50)",
    ],
)
def test_formulas_without_a_scan_are_refused(formula: str) -> None:
    with pytest.raises(sb.UnsupportedError, match="schedule for the steps of scan, and the formula has none"):
        sb.compile_grad(formula, checkpoint=("binomial", 3))
