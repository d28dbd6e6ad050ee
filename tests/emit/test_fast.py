"""`optimize="fast"`: arrays in buffers that are used again, with the same results as the code that is read."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.api import check_saved
from symbackprop.emit.calls import calls_of
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


def points(function: sb.CompiledFunction, size: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(size,) * len(spec.shape)).astype(spec.dtype) for spec in function.signature]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_results_are_the_same(formula: str, dtype: str) -> None:
    fast, readable = compiled(formula, dtype=dtype)
    assert "out=" in fast.source
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
    assert source.count("np.empty") <= 4


def test_templates_become_calls() -> None:
    found = calls_of("{0} / (1.0 + np.abs({0}))", frozenset({0}))
    assert [call.function for call in found or ()] == ["np.abs", "np.add", "np.divide"]
    assert calls_of("np.linalg.solve({0}, {1})", frozenset({0, 1})) is None
    assert calls_of("{0}[{1}]", frozenset({0, 1})) is None
