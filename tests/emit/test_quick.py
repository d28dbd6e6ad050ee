"""Fast code calls what takes small arrays least time; the results are those of readable code."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb

CHAIN = (
    "P[k,k] x[n,k] a[k] ->\n"
    "def step(s, row): return (P @ s + s @ P)*row/max(s*s) + sum(s), P.sum() + (P*s).min(axis=0)\n"
    "end = scan(step, a, x)\nsum(end[0]) + sum(end[1])"
)


def test_calls_in_loops():
    f = sb.compile_value(CHAIN, optimize="fast")
    steps = [line for line in f.source.rpartition('"""')[2].split("\n") if line.startswith("        ")]
    text = "\n".join(steps)
    assert "P.dot(s)" in text
    assert "s.dot(P)" in text
    assert "np.maximum.reduce(" in text
    assert "np.minimum.reduce(" in text
    assert "np.add.reduce(s)" in text
    assert "@" not in text


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_results_are_those_of_readable_code(dtype):
    rng = np.random.default_rng(0)
    given = [rng.normal(size=shape).astype(dtype) for shape in ((3, 3), (4, 3), 3)]
    fast, plain = (sb.compile_value_and_grad(CHAIN, optimize=way, dtype=dtype) for way in ("fast", "readable"))
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    for one, other in zip((fast(*given)[0], *fast(*given)[1]), (plain(*given)[0], *plain(*given)[1]), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * np.abs(other).max())


def test_of_few_numbers():
    f = sb.compile_grad("X[n,d] w[d] y[n] -> sum((X @ w - y)**2) + sum(X, axis=0) @ w + max(X)", optimize="fast")
    few = f.source.partition("def grad_of_few")[2].partition("\ndef ")[0]
    assert "X.dot(w)" in few
    assert "np.add.reduce(X, axis=0)" in few
    assert f.verify(points=1, seconds=0.5)
