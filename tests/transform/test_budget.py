"""Budgets of memory: met as counted and as measured, at little recomputation, or refused with the least that can be met."""

from __future__ import annotations

import pickle
import re
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layered import arguments_of, chain, weights_of

import symbackprop as sb
from symbackprop.api import check_saved
from symbackprop.ops.verify import verify_graph
from symbackprop.transform.budget import read_budget

SIZES = {"n": 256, "d": 32}
LAYERS = 16
ACTIVATION = 8 * SIZES["n"] * SIZES["d"]


def compiled(checkpoint: Any) -> sb.CompiledFunction:
    formula, inputs = chain(LAYERS)
    return sb.compile_grad(formula, inputs=inputs, wrt=weights_of(inputs), checkpoint=checkpoint)


@pytest.fixture(scope="module")
def plain() -> sb.CompiledFunction:
    return compiled(None)


@pytest.fixture(scope="module")
def least() -> int:
    """Return the least that a budget error says can be met."""
    with pytest.raises(sb.BudgetError) as refused:
        compiled((1000, SIZES))
    (count,) = re.findall(r"the least that computing values again comes to is (\d+) bytes", str(refused.value))
    return int(count)


def measured(f: sb.CompiledFunction) -> int:
    arguments = arguments_of(chain(LAYERS)[1], **SIZES)
    tracemalloc.start()
    f.function(*arguments)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_budgets_are_met_with_little_computed_again(plain: sb.CompiledFunction, least: int) -> None:
    whole = plain.cost().peak_bytes(SIZES)
    arguments = arguments_of(chain(LAYERS)[1], **SIZES)
    expected = plain(*arguments)
    repeated = [0]
    for budget in ((0.9, SIZES), (0.3, SIZES), (least, SIZES)):
        f = compiled(budget)
        verify_graph(f.graph)
        limit = budget[0] if isinstance(budget[0], int) else budget[0] * whole
        assert f.cost().peak_bytes(SIZES) <= limit
        assert measured(f) <= limit + 2 * ACTIVATION  # what a line makes on its way is not counted
        assert all(map(np.array_equal, f(*arguments), expected))
        again, value = f.cost().again_at(SIZES), f.cost().at(SIZES)[0]
        assert repeated[-1] <= again < 0.9 * value
        repeated.append(again)
    assert repeated[1] == 0 < repeated[-1]
    with pytest.raises(sb.BudgetError):
        compiled((least - 1, SIZES))


def test_more_memory_is_used_to_compute_less_again(least: int) -> None:
    some, few = compiled((least + 300_000, SIZES)), compiled((least, SIZES))
    assert some.cost().again_at(SIZES) < few.cost().again_at(SIZES)
    assert "# again: " in some.source


def test_values_that_cost_much_for_their_bytes_are_kept_first() -> None:
    cheap = "\n".join(f"c{k} = c{k - 1} * x" for k in range(2, 9))
    formula = f"x[n] M[n,n] -> c1 = sin(x)\n{cheap}\ne1 = tanh(M @ c8)\ne2 = tanh(M @ e1)\ne3 = sin(e2)\ne4 = sin(e3 * x)\nsum(e4**2)"
    sizes = {"n": 1000}
    f = sb.compile_grad(formula, wrt="x", checkpoint=(12 * 8000, sizes))
    table = f.graph.recomputation
    assert table is not None
    names = {f.graph.names.get(original) for original in table.originals.values()} - {None}
    assert names and names <= {f"c{k}" for k in range(1, 9)}


def test_loops_store_as_many_states_as_fit() -> None:
    formula = "w[k] h0[k] x[n] -> def step(h, s):\n    return tanh(w*h + s), None\nsum(scan(step, h0, x)[0])"
    sizes = {"n": 300, "k": 100}
    for count in (10, 40):
        f = sb.compile_grad(formula, wrt="w", checkpoint=((count + 6) * 800, sizes))
        assert f.cost().peak_bytes(sizes) <= (count + 6) * 800
        (room,) = set(re.findall(r"(\d+) - len\(stored\)", f.source))
        assert count <= int(room) <= count + 6
        richer = sb.compile_grad(formula, wrt="w", checkpoint=("binomial", int(room)))
        assert richer.cost().peak_bytes(sizes) > (count + 6) * 800  # one state more does not fit
    assert "next_stored" not in sb.compile_grad(formula, wrt="w", checkpoint=("1 MB", sizes)).source
    with pytest.raises(sb.BudgetError, match=r"allows 800 bytes at k = 100, n = 300, and the least"):
        sb.compile_grad(formula, wrt="w", checkpoint=(800, sizes))


def test_ways_to_say_the_same() -> None:
    texts = {
        str(read_budget(given))
        for given in (
            (64_000_000, SIZES),
            ("64 MB", SIZES),
            "64 MB at n=256, d=32",
            "0.064GB at d=32,n=256",
            "64000000 at d=32, n=256",
        )
    }
    assert texts == {"64000000 bytes at d=32, n=256"}
    assert str(read_budget("64 MiB")) == "67108864 bytes"
    for fraction in (0.3, 1e-7):
        assert str(read_budget(str(read_budget(fraction)))) == str(read_budget(fraction)) == repr(fraction)


def test_it_is_saved_and_pickled_and_networks_have_budgets(tmp_path: Path) -> None:
    net = sb.Sequential(
        [sb.Input(16), *[sb.Dense(16, "tanh") for _ in range(12)], sb.Dense(3), sb.SoftmaxCrossEntropy()]
    )
    f = sb.compile_value_and_grad(net, checkpoint=("1 MB", {"m": 512}))
    assert f.cost().peak_bytes({"m": 512}) <= 1_000_000 < sb.compile_value_and_grad(net).cost().peak_bytes({"m": 512})
    assert f.recipe.checkpoint == "1000000 bytes at m=512"
    f.save(tmp_path / "grad.py")
    check_saved(tmp_path / "grad.py")
    assert pickle.loads(pickle.dumps(f)).source == f.source


def test_cotangents_have_checkpoints_too() -> None:
    formula = "x[n] W[n,n] -> a = tanh(W @ x)\nb = tanh(W @ a)\nc = tanh(W @ b)\nsin(c)"
    rng = np.random.default_rng(0)
    arguments = rng.normal(size=4), rng.normal(size=(4, 4)), rng.normal(size=4)
    plain, again = (sb.compile_vjp(formula, wrt="x", checkpoint=asked) for asked in (None, ("b",)))
    assert "# again: a, from the arguments" in again.source
    assert all(map(np.array_equal, plain(*arguments), again(*arguments)))


def test_a_budget_of_scalars_and_of_shapes_without_names() -> None:
    assert sb.compile_grad("sin(w*x)", checkpoint="1 kB")(0.5, 2.0) == sb.compile_grad("sin(w*x)")(0.5, 2.0)
    assert sb.compile_grad("x[3] -> sum(sin(cos(x)))", checkpoint=200)([1, 2, 3])[0].shape == (3,)


@pytest.mark.parametrize(
    ("checkpoint", "message"),
    [
        ("64 MB", r"depends on k, n; say for which sizes it is meant: checkpoint=\('64 MB', \{'k': 512, 'n': 512\}\)"),
        (("64 MB", {"n": 3}), "depends on k; say"),
        ((0.5, {"m": 3}), "number for size 'm', and the sizes of the inputs are k, n"),
        ((0.5, {"n": -3, "k": 1}), "whole numbers by name"),
        (1.5, "lies between 0 and 1"),
        (0.0, "lies between 0 and 1"),
        (float("nan"), "lies between 0 and 1"),
        (0, "give at least 1"),
        ("64 MX", "give None, 'sqrt'"),
        ("64 MB at n", "give None, 'sqrt'"),
        (True, "give None, 'sqrt'"),
    ],
)
def test_budgets_that_are_none(checkpoint: Any, message: str) -> None:
    with pytest.raises(sb.ArgumentError, match=message):
        sb.compile_grad("X[n,k] w[k] -> sum(sin(X @ w))", checkpoint=checkpoint)
