"""`optimize="fast"`: arrays in buffers that are used again, with the same results as the code that is read."""

from __future__ import annotations

import pickle
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

import symbackprop as sb
from symbackprop.api import check_saved
from symbackprop.emit.calls import calls_of
from symbackprop.errors import ArgumentError, UnsupportedError
from symbackprop.ir.signature import leaves_of

FORMULAS = [
    "X[n,d] w[d] y[n] -> sum((X @ w - y)**2)*where(sum(w) > 0, 1, 2)",
    "x[n] y[n] -> v = sin(x)*exp(-x*y)\nsum(where(v > 0.1, v**2, sqrt(1 + v**2))*v**3 - v/(1 + abs(v)))",
    "A[n,n] b[n] -> t = tanh(A @ A.T @ A + b)\nsum(t**2, axis=0) @ b[::-1] + sum(t*t.T)",
    "Q[h,n,d] K[h,n,d] V[h,n,d] -> sum(softmax(Q @ swapaxes(K, 1, 2), axis=2) @ V)",
]


def compiled(formula: str, **options: object) -> tuple[sb.CompiledFunction, sb.CompiledFunction]:
    fast, readable = (sb.compile_value_and_grad(formula, optimize=o, **options) for o in ("fast", "readable"))
    return fast, readable


def cut(function: sb.CompiledFunction, block: int = 12) -> sb.CompiledFunction:
    """Make a function take its buffers whatever the sizes, and cut loops into blocks of so many numbers."""
    function._function.__globals__.update({"SMALL": -1, "BLOCK": block})
    return function


def points(function: sb.CompiledFunction, size: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(size,) * len(spec.shape)).astype(spec.dtype) for spec in function.signature]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_results_are_the_same(formula: str, dtype: str) -> None:
    fast, readable = compiled(formula, dtype=dtype)
    assert "out=" in fast.source
    cut(fast, 40)
    for size in (1, 5) if "softmax" in formula else (0, 1, 5):  # of nothing there is no softmax
        given = points(fast, size)
        for found, expected in zip(leaves_of(fast(*given)), leaves_of(readable(*given)), strict=True):
            assert np.asarray(found).dtype == np.asarray(expected).dtype == dtype
            np.testing.assert_allclose(found, expected, rtol=1e-13 if dtype == "float64" else 1e-5)


@pytest.mark.parametrize("formula", FORMULAS)
def test_it_is_verified(formula: str) -> None:
    assert sb.compile_value_and_grad(formula, optimize="fast").verify(points=1, seconds=0.5)


def test_results_share_memory_with_nothing() -> None:
    fast, _ = compiled(FORMULAS[2])
    cut(fast)
    given = points(fast, 4)
    given = [np.asfortranarray(given[0])[::-1], given[1][::-1]]  # no matter how they lie in memory
    before = [x.copy() for x in given]
    (_, first), (_, second) = fast(*given), fast(*given)
    arrays = [*given, *first, *second]
    assert all(x.flags.writeable for x in (*first, *second))
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])
    assert all(np.array_equal(x, y) for x, y in zip(given, before, strict=True))
    assert all(np.array_equal(x, y) for x, y in zip(first, second, strict=True))


def test_it_pickles_and_saves(tmp_path: Path) -> None:
    fast, _ = compiled(FORMULAS[0])
    assert pickle.loads(pickle.dumps(fast)).source == fast.source
    fast.save(tmp_path / "fast.py")
    check_saved(tmp_path / "fast.py")


def test_dead_buffers_serve_again() -> None:
    chain = "x" + "".join(f"*cos(x + {i})" for i in range(20))
    source = sb.compile_value(f"x[n] -> sum({chain})", optimize="fast").source
    buffers = re.findall(r"\bb\d+\b", source.partition("_workspace")[2].partition("return")[0])
    assert len(set(buffers)) <= 3


def test_templates_become_calls() -> None:
    found = calls_of("{0} / (1.0 + np.abs({0}))", frozenset({0}))
    assert [call.function for call in found or ()] == ["np.abs", "np.add", "np.divide"]
    assert calls_of("np.linalg.solve({0}, {1})", frozenset({0, 1})) is None
    assert calls_of("{0}[{1}]", frozenset({0, 1})) is None


def test_blocks_of_any_length() -> None:
    fast, readable = compiled("X[n,3] w[3] -> r = X @ w\nt = tanh(r[:, None]*X)\nmean(t**2) + log(sum(exp(r)))*sum(t)")
    assert fast.source.count("for start") >= 1
    given = [points(fast, 3)[0].repeat(4, axis=0)[:11] + np.arange(11)[:, None] / 7, np.array([0.3, -0.5, 0.2])]
    expected = [*leaves_of(readable(*given))]
    for block in (0, 20, 40, 100, 1000):
        for found, wanted in zip(leaves_of(cut(fast, block)(*given)), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-14)


def test_powers_of_a_block_stay_in_the_cache() -> None:
    fast, readable = compiled("c[4] x[n] y[n] -> sum((polyval(c[::-1], x) - y)**2)", wrt="c")
    assert fast.source.index("for start") < fast.source.index("order='F'", fast.source.index("_workspace"))
    given = [np.array([0.3, -0.5, 0.2, 1.0]), *np.random.default_rng(0).normal(size=(2, 11))]
    for found, wanted in zip(leaves_of(cut(fast, 9)(*given)), leaves_of(readable(*given)), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-13)


PIECES = [
    "sin({0})",
    "{0}*{1}",
    "{0} + y",
    "{0} - x",
    "{0}/(1 + x**2)",
    "where({0} > 0.2, {1}, x)",
    "{0}*sum({1})",
    "exp(-{0}**2)",
]


@settings(max_examples=25, deadline=None, derandomize=True)
@for_all(st.lists(st.tuples(st.sampled_from(PIECES), st.integers(0, 3)), min_size=3, max_size=9))
def test_random_graphs(steps: list[tuple[str, int]]) -> None:
    lines, values = [], ["x", "y"]
    for piece, back in steps:
        lines.append(f"v{len(lines)} = {piece.format(values[-1], values[max(len(values) - 1 - back, 0)])}")
        values.append(f"v{len(lines) - 1}")
    fast, readable = compiled("x[n] y[n] -> " + "\n".join([*lines, f"sum({values[-1]}*{values[len(values) // 2]})"]))
    given = points(fast, 7)
    for found, expected in zip(leaves_of(cut(fast, 24)(*given)), leaves_of(readable(*given)), strict=True):
        scale = np.max(np.abs(expected), initial=1e-300)
        np.testing.assert_allclose(found / scale, expected / scale, rtol=1e-12, atol=1e-12)


def test_a_workspace_allocates_nothing() -> None:
    fast, readable = compiled(FORMULAS[1])
    work = fast.workspace(n=50_000)
    given = points(fast, 50_000)
    first = [*leaves_of(work(*given))]
    peaks = []
    for _ in range(3):  # what else goes on in the process may allocate in one of them
        tracemalloc.start()
        second = [*leaves_of(work(*given))]
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert min(peaks) < 20_000  # views and numbers, of 400,000 bytes for an array
    assert all(a is b for a, b in zip(first[1:], second[1:], strict=True))
    for found, expected in zip(second, leaves_of(readable(*given)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert work.nbytes >= 8 * 2 * 50_000


def test_workspaces_are_for_their_sizes() -> None:
    fast, readable = compiled(FORMULAS[1])
    work = fast.workspace(n=5)
    with pytest.raises(ValueError, match="other sizes than n=1"):
        work(np.ones(1), np.ones(1))
    with pytest.raises(ArgumentError, match="depends on n"):
        fast.workspace()
    with pytest.raises(ArgumentError, match="no size 'm'"):
        fast.workspace(n=5, m=3)
    with pytest.raises(ArgumentError, match="n is -1"):
        fast.workspace(n=-1)
    with pytest.raises(UnsupportedError, match="optimize"):
        readable.workspace(n=5)


def test_what_only_the_way_back_needs_is_computed_there() -> None:
    g = sb.compile_value_and_grad(
        "X[m,a] W[a,h] V[h,k] -> A = tanh(X @ W)\nsum(tanh(A @ V)**2)", wrt=["W", "V"], optimize="fast"
    )
    forward, backward = g.source.rpartition("# forward")[2].split("# backward")
    assert forward.count("np.subtract(1.0") == 1  # of the last layer, in the loop that needs it
    assert backward.count("np.subtract(1.0") == 1 and "A_part = A[start" in backward


def test_memory_of_the_caller_does_not_count_as_what_buffers_save() -> None:
    g = sb.compile_value_and_grad("X[n,d] w[d] -> sum(log(1 + exp(X @ w)))", wrt="w", optimize="fast")
    (threshold,) = [line for line in g.source.splitlines() if "<= SMALL" in line]
    assert "d*n" not in threshold


def test_arrays_end_where_nobody_needs_them() -> None:
    layers = 12
    formula = "\n".join(
        [
            "X[m,h] " + " ".join(f"W{i}[h,h]" for i in range(layers)) + " -> A0 = X",
            *(f"A{i + 1} = tanh(A{i} @ W{i})" for i in range(layers)),
            f"sum(A{layers}**2)",
        ]
    )
    g = sb.compile_grad(formula, wrt=[f"W{i}" for i in range(layers)], optimize="fast")
    of_activations = g.workspace(m=5000, h=10).nbytes / (5000 * 10 * 8)
    assert of_activations < layers + 4  # each one kept until it is needed, and no adjoint beside the last ones


def test_rows_of_few_numbers_lie_component_by_component() -> None:
    formula = "x[n,3] A[n,2,3] -> r = cross(x, tanh(A[:, 0]))\nsum(sin(r)**2 * A[:, 1])"
    fast, readable = compiled(formula)
    assert ").transpose(0, 2, 1)" in fast.source and "np.copyto(b" in fast.source
    assert "[...] = 0.0" not in fast.source  # as both parts of the derivatives are written
    rng = np.random.default_rng(0)
    given = [rng.normal(size=(11, 3)), rng.normal(size=(11, 2, 3))]
    for found, wanted in zip(leaves_of(cut(fast, 40)(*given)), leaves_of(readable(*given)), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-15)
        assert np.ndim(found) == 0 or found.flags.c_contiguous
    assert fast.verify(points=1, seconds=0.5)


def test_blocks_of_many_arrays_are_long_enough_to_be_worth_their_calls() -> None:
    chain = "x" + "".join(f" + cos(x + {i})*sin(x*{i + 2})*exp(-x*y)" for i in range(12))
    rows = re.search(r"BLOCK // (\d+)", sb.compile_grad(f"x[n] y[n] -> sum({chain})", optimize="fast").source)
    assert rows is not None and int(rows[1]) <= 8


@pytest.mark.parametrize(
    "formula",
    [
        "x[n] -> sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)",
        "x[n] w[n] -> d = x[2:] - 2*x[1:-1] + x[:-2]\nsum(sqrt(1 + d**2)*w[1:-1])",
        "x[n,2] -> d = x[3:] - x[:-3]\nsum(tanh(d)*exp(-d**2))",
        "x[n] -> p = concatenate([zeros(1), sin(x)*x])\nsum(exp(-p[1:]*p[:-1]) + cos(p[1:]))",
        "x[n] -> sum(sin(x[4:])*x[4:]) + sum(cos(x[:2])) + sum(x[-3:]**2*exp(x[-3:]))",
    ],
)
def test_what_neighbours_give_is_added_up_within_blocks(formula: str) -> None:
    fast, readable = compiled(formula)
    x = np.random.default_rng(0).normal(size=(11, 2))
    given = [x if "n,2" in formula else column for column in x.T[: len(fast.signature)]]
    for block in (0, 12, 40, 1000):
        for found, wanted in zip(leaves_of(cut(fast, block)(*given)), leaves_of(readable(*given)), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-14)


def test_derivatives_of_neighbours_need_no_array_of_their_own() -> None:
    source = sb.compile_grad("x[n] -> d = x[1:] - x[:-1]\nsum(sqrt(1 + d**2))", optimize="fast").source
    assert "x_bar[start:stop] -= " in source and "x_bar[start + 1:stop + 1] += " in source
    assert source.count("np.empty(n)") == 1


def test_numbers_that_are_computed_stay_numbers_in_blocks() -> None:
    formula = "D[d,k] -> z = sum(D*D, axis=0) - pi\nu = exp(z)/(1 + z*z)\nsum(u*sin(u)) + sum(sqrt(2)*D)"
    fast, readable = (sb.compile_value_and_grad(formula, optimize=form) for form in ("fast", "readable"))
    given = 0.3 * np.ones((3, 40_000))
    for found, expected in zip(leaves_of(fast(given)), leaves_of(readable(given)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11)
    assert fast.verify(points=1, seconds=0.5)
