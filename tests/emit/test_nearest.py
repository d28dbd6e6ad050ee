"""The least of all squared distances by a product of matrices: the values, ties and derivatives of the plain form."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.ir.signature import leaves_of

K_MEANS = "C[K,d] X[n,d] -> sum(min(sum((X[:, None, :] - C)**2, axis=2), axis=1))"
FORMULAS = [
    K_MEANS,
    "C[K,d] X[n,d] w[n] -> sum(w*min(linalg.norm(C - X[:, None], axis=2), axis=1))",
    "C[K,d] X[n,d] w[K] -> sum(w*min(sum((X[:, None] - C)**2, axis=-1), axis=0))",
    "C[n,d] -> mean(sqrt(1 + min(sum((C[:, None] - tanh(C))**2, axis=2), axis=1)))",
]


def compiled(formula: str, **options: object) -> tuple[sb.CompiledFunction, sb.CompiledFunction]:
    fast, plain = (sb.compile_value_and_grad(formula, optimize=o, **options) for o in ("fast", "readable"))
    fast._function.__globals__.update({"SMALL": -1, "BLOCK": 40})  # as if everything were large
    return fast, plain


@pytest.fixture(scope="module")
def k_means() -> tuple[sb.CompiledFunction, sb.CompiledFunction]:
    return compiled(K_MEANS)


def given(function: sb.CompiledFunction, make: object, **sizes: int) -> list[np.ndarray]:
    shapes = [tuple(sizes[str(size)] for size in spec.shape) for spec in function.signature]
    return [make(shape).astype(spec.dtype) for shape, spec in zip(shapes, function.signature, strict=True)]  # type: ignore[operator]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_it_gives_what_the_plain_form_gives(formula: str, dtype: str) -> None:
    fast, plain = compiled(formula, dtype=dtype)
    assert "flatnonzero" in fast.source
    rng = np.random.default_rng(0)
    tiny, huge = (1e-170, 1e90) if dtype == "float64" else (1e-22, 1e11)
    makes = [
        lambda shape: rng.normal(size=shape),
        lambda shape: rng.integers(-1, 2, size=shape),  # ties
        lambda shape: 1e6 + 1e-2 * rng.normal(size=shape),  # where the product of matrices has lost all
        lambda shape: tiny * rng.normal(size=shape),
        lambda shape: huge * rng.normal(size=shape),
    ]
    for make in makes:
        for n, K, d in ((7, 4, 3), (1, 5, 2), (6, 1, 1)):
            arguments = given(plain, make, n=n, K=K, d=d)
            with np.errstate(under="ignore"):
                found, expected = leaves_of(fast(*arguments)), leaves_of(plain(*arguments))
            for one, other in zip(found, expected, strict=True):
                assert np.asarray(one).dtype == np.asarray(other).dtype == dtype
                scale = np.max(np.abs(other), initial=0)
                assert np.max(np.abs(one - other), initial=0) <= (4e-15 if dtype == "float64" else 2e-6) * scale


def test_ties_share_and_nothing_is_ruled_out_by_what_is_no_number(k_means: tuple[sb.CompiledFunction, ...]) -> None:
    fast, plain = k_means
    square = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 3.0]])
    value, (by_C, by_X) = fast(square, np.zeros((1, 2)))
    assert value == 1.0 and np.array_equal(by_C, [[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0]]) and not by_X.any()
    for bad in (np.nan, np.inf, 1e200):
        X = np.array([[0.5, bad], [2.0, 1.0]])
        with np.errstate(all="ignore"):
            found, expected = fast(square, X), plain(square, X)
        assert np.array_equal(found[0], expected[0], equal_nan=True)
    assert fast(square, np.zeros((0, 2)))[0] == 0.0


def test_pairs_are_listed_only_where_several_may_be_the_nearest(k_means: tuple[sb.CompiledFunction, ...]) -> None:
    fast, plain = k_means
    called = []
    space = fast._function.__globals__
    name = "value_and_grad_of_pairs"
    of_pairs = space[name]
    space[name] = lambda *args: called.append(args) or of_pairs(*args)
    try:
        C, X = np.array([[0.0, 0.0], [2.0, 0.0], [5.0, 5.0]]), np.array([[0.4, 1.0], [1.5, -1.0], [4.0, 4.0]])
        for more, expected in (([], 0), ([[1.0, 3.0]], 1), ([[1.0 + 1e-14, 3.0]], 1), ([[1.001, 3.0]], 0)):
            called.clear()
            given = np.array([*X, *more])
            for one, other in zip(leaves_of(fast(C, given)), leaves_of(plain(C, given)), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-14)
            assert len(called) == expected
        with np.errstate(all="ignore"):
            found, expected = fast(C[:1], [[np.nan, 1.0]]), plain(C[:1], [[np.nan, 1.0]])
        assert np.array_equal(found[1][0], expected[1][0], equal_nan=True)
    finally:
        space[name] = of_pairs


def test_several_minima_have_their_own_pairs() -> None:
    fast, plain = compiled(
        "A[n,d] B[m,d] C[k,d] -> sum(min(sum((A[:, None] - C)**2, axis=2), axis=1)) "
        "+ sum(min(sum((B[:, None] - C)**2, axis=2), axis=1)**2)"
    )
    assert fast.source.count("np.count_nonzero(") == 2
    rng = np.random.default_rng(1)
    for make in (lambda shape: rng.normal(size=shape), lambda shape: rng.integers(-1, 2, size=shape)):
        arguments = given(plain, make, n=6, m=5, k=3, d=2)
        for one, other in zip(leaves_of(fast(*arguments)), leaves_of(plain(*arguments)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-13)


def test_what_needs_all_distances_has_all() -> None:
    both = "A[n,d] B[m,d] -> D = sum((A[:, None] - B)**2, axis=-1)\nsum(min(D, axis=1)) + "
    for formula in (both + "mean(D)", both + "sum(min(D, axis=0))", both + "max(exp(-D))"):
        assert "flatnonzero" not in sb.compile_value_and_grad(formula, optimize="fast").source


def test_it_is_verified_and_keeps_no_array_of_differences(k_means: tuple[sb.CompiledFunction, ...]) -> None:
    fast, _ = k_means
    assert "= X[:, None, :] -" not in fast.source.partition("_workspace(")[2]
    assert fast.verify(points=1, seconds=0.5)


def test_what_is_the_nearest_may_choose() -> None:
    fast, plain = compiled(
        "C[K,d] X[n,d] v[K] -> D = sum((X[:, None] - C)**2, axis=2)\nsum(where(D == min(D, axis=1)[:, None], v, 0))"
    )
    assert "np.bincount(" in fast.source and fast.verify(points=1, seconds=0.5)
    rng = np.random.default_rng(0)
    arguments = given(plain, lambda shape: rng.normal(size=shape), n=5, K=3, d=2)
    for one, other in zip(leaves_of(fast(*arguments)), leaves_of(plain(*arguments)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14)
