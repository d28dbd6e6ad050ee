"""Sparse derivatives for sizes that have names: bands, blocks, diagonals and read positions, against dense ones."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.errors import UnsupportedError

RNG = np.random.default_rng(0)
FORMS = [
    ("x[n] -> sin(x)", "x"),
    ("x[n] -> x[1:]*x[:-1]", "x"),
    ("x[n] -> sin(x)[1:-1]*x[2:] - x[:-2]**2", "x"),
    ("x[n] s -> s*x[3:] - x[:-3]", ("x", "s")),
    ("X[n,3] w[3] -> tanh(X @ w)", ("X", "w")),
    ("X[n,3] -> softmax(X, axis=1)", "X"),
    ("X[n,3] Y[n,2] -> concatenate((X**2, Y*X[:, :1]), axis=1)", ("X", "Y")),
    ("X[n,m] -> X[1:-1, 1:-1]*4 - X[2:, 1:-1]**2 - X[:-2, 1:-1] - X[1:-1, 2:] - X[1:-1, :-2]", "X"),
    ("X[n,m] -> (X**2).T", "X"),
    ("x[n] -> x[:-1]*x[1:], x[:1]**2", "x"),
    ("c[m,4] p[n,3] i[k]:int j[k]:int -> exp(c[i])[:, :2]*p[j][:, :2] + sum(p[j]**2, axis=1)[:, None]", ("c", "p")),
    ("x[n] i[k]:int -> x[i]*x[0]", "x"),
    ("X[n,m] -> X[:, 1]**2 - X[0, -1]", "X"),
    ("x[n] i[k]:int j[k]:int -> x[i]*x[j]", "x"),
    ("X[n,3] i[k]:int -> stack((X[:, 0]*X[:, 1], cos(X[:, 2])), axis=1)[i] * X.T[:, i].T[:, :1]", "X"),
    ("X[n,3] A[3,2] i[k]:int -> (sin(X) @ A)[i]*2 + sum(X[:, 1:]**2, axis=1)[i][:, None]", "X"),
]
SIZES = {"n": 5, "m": 4, "k": 6}


def point(compiled: sb.CompiledFunction, sizes: dict[str, int]) -> list[Any]:
    found: list[Any] = []
    for spec in compiled.signature:
        shape = tuple(sizes.get(str(size), size) for size in spec.shape or ())
        found.append(RNG.integers(-2, 3, shape) if spec.dtype == "int64" else RNG.uniform(0.1, 0.9, shape))
    return found


def blocks(result: Any) -> list[Any]:
    return [leaf for item in result for leaf in blocks(item)] if isinstance(result, tuple) else [result]


@pytest.mark.parametrize(("text", "wrt"), FORMS)
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_jacobians(text: str, wrt: Any, mode: str) -> None:
    J = sb.compile_jacobian(text, wrt=wrt, sparse=True, mode=mode)
    assert not J.constants
    dense = sb.compile_jacobian(text, wrt=wrt)
    for n in (5, 3):
        arguments = point(J, {**SIZES, "n": n})
        for found, wanted in zip(blocks(J(*arguments)), blocks(dense(*arguments)), strict=True):
            assert found.has_canonical_format
            np.testing.assert_allclose(found.toarray(), np.reshape(wanted, found.shape), atol=1e-14)


STEPS = [
    "sin({0}) * {1}", "{0} * {1}[:, ::-1]", "{0} + sum({1}, axis=1)[:, None]", "stack(({0}[:, 1], {1}[:, 0]), axis=1)",
    "softmax({0}, axis=1) - {1}", "{0} * s[0]", "concatenate(({0}[:, :1], {1}[:, :1]**2), axis=1)", "{0} @ A + {1}",
    "where({0} > 0.5, {1}, {0}**2)", "{0} * {1}[:, 1:]",
    "{0} - mean({1}**2, axis=1)[:, None] * A[0]",
]  # fmt: skip
ENDS = ["{0}", "{0}[1:] * {0}[:-1]", "{0}[i] * {0}[i][:, :1]", "sum({0}[2:] - {0}[:-2]**2, axis=1)"]


@pytest.mark.parametrize("seed", range(12))
def test_random_programs(seed: int) -> None:
    rng = random.Random(seed)
    names = ["X", "X[i]" if seed % 3 else "(X**2)", "Y"]
    lines = []
    for number in range(3):
        step = rng.choice(STEPS).format(*(rng.choice(names) for _ in range(2)))
        lines.append(f"t{number} = {step}")
        names.append(f"t{number}")
    text = "X[n,2] Y[n,2] s[3] A[2,2] i[n]:int -> " + "\n".join([*lines, rng.choice(ENDS).format("t2")])
    try:
        J = sb.compile_jacobian(text, wrt=("X", "Y"), sparse=True)
    except UnsupportedError as error:
        if "whatever the sizes are" not in str(error):
            raise
        return
    arguments = point(J, SIZES)
    dense = sb.compile_jacobian(text, wrt=("X", "Y"))(*arguments)
    for found, wanted in zip(J(*arguments), dense, strict=True):
        np.testing.assert_allclose(found.toarray(), wanted.reshape(found.shape), atol=1e-14)


@pytest.mark.parametrize(
    ("text", "wrt"),
    [
        ("x[n] -> sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", "x"),
        ("X[n,2] s -> s*sum(X[:, 0]**2*X[:, 1])", ("X", "s")),
        ("x[n] i[k]:int j[k]:int -> sum(exp(x[i]*x[j])) + sum(x**4)", "x"),
        ("X[n,2] i[k]:int j[k]:int -> sum(sum((X[i] - X[j])**2, axis=1)**2)", "X"),
    ],
)
def test_hessians(text: str, wrt: Any) -> None:
    H = sb.compile_hessian(text, wrt=wrt, sparse=True)
    assert not H.constants
    arguments = point(H, SIZES)
    for found, wanted in zip(blocks(H(*arguments)), blocks(sb.compile_hessian(text, wrt=wrt)(*arguments)), strict=True):
        np.testing.assert_allclose(found.toarray(), np.reshape(wanted, found.shape), atol=1e-13)


@pytest.mark.parametrize("size", [0, 1, 2])
def test_a_band_of_an_array_that_is_short(size: int) -> None:
    J = sb.compile_jacobian("x[n] -> x[1:]*x[:-1]", wrt="x", sparse=True)(np.ones(size))
    assert (J.shape, J.nnz) == ((max(size - 1, 0), size), 2 * max(size - 1, 0))


def test_a_band_takes_as_many_products_as_it_is_wide() -> None:
    assert "np.eye(3)" in sb.compile_jacobian("x[n] -> x[2:] - x[1:-1]*x[:-2]", wrt="x", sparse=True).source
    assert "np.eye" not in sb.compile_jacobian("x[n] -> sin(x)", wrt="x", sparse=True).source


def test_positions_that_come_with_a_call_make_blocks_for_sizes_that_are_numbers_too() -> None:
    J = sb.compile_jacobian("x[50,3] i[200]:int -> sin(x[i])*x[i][:, :1]", wrt="x", sparse=True)
    assert J(np.ones((50, 3)), np.arange(200) % 50).nnz == 200 * 5


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (
            "X[n,3] i[k]:int -> X[i][:, :2]*X[i][:, 2:] + sum(X[i][:, 1:], axis=1)[:, None]",
            5,
        ),  # all but x0 of the second
        ("X[n,3] -> concatenate((X[:, :1]**2, X[:, 1:]*X[:, 2:]), axis=1)", 4),
        ("X[n,3] -> stack((X[:, 0]*X[:, 2], X[:, 1]), axis=1)", 3),
    ],
)
def test_blocks_have_the_entries_that_there_are(text: str, count: int) -> None:
    J = sb.compile_jacobian(text, sparse=True)
    arguments = point(J, SIZES)
    found, dense = J(*arguments)[0], sb.compile_jacobian(text)(*arguments)[0]
    assert found.nnz == count * (6 if "int" in text else 5)
    np.testing.assert_allclose(found.toarray(), dense.reshape(found.shape))


def test_what_is_dense_for_all_sizes_is_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"all of its m\*n entries.*give sizes that are numbers"):
        sb.compile_jacobian("A[m,n] x[n] -> A @ x", wrt="x", sparse=True)
    with pytest.raises(UnsupportedError, match="whatever the sizes are"):
        sb.compile_hessian("x[n] -> sum(x)**2", wrt="x", sparse=True)


def test_it_is_verified() -> None:
    J = sb.compile_jacobian("p[n,2] i[k]:int -> p[i][:, 0]**2", wrt="p", sparse=True, dtype="float32")
    report = J.verify(points=1, seconds=0.5)
    assert report
    assert "remainder" not in str(report)
    assert J(np.ones((3, 2)), [0, 2]).dtype == np.float32
