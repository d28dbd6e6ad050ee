"""Sparse derivatives of what is read at positions: by a call's, by numbers, by an order, read again and against each other."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import symbackprop as sb

X = np.array([0.3, 0.9, 0.6])
P = np.array([[0.2, 0.7, 0.4], [0.9, 0.1, 0.6], [0.5, 0.8, 0.3], [0.6, 0.4, 0.9]])

OF_VECTORS = [
    "v - v[0]", "v[:1] * v", "v[-1] + v", "v[:, None] - v", "outer(v, v)", "diag(v) * v", "v[0] * x", "v * u[::-1]",
    "concatenate((v[:1], v, v[-1:]))", "v[0]**2 * u", "v[array([1, 0])] * u[:1]", "v[1:] * u[:-1]", "(v @ u) * v",
    "diff(v) * u[0]", "cumsum(v) - u[1]", "x[:, None] * v[:1]",
]  # fmt: skip
OF_POINTS = [
    "v @ v.T", "v.T @ u", "sum((v[:, None, :] - u)**2, axis=2)", "norm(v[1:] - u[0] + 2.0, axis=1)", "v[0] * u",
    "v[:, 1:2] - u", "v[:, 0] * v[0, 1]", "v[:, ::-1] * v - u[-1]",
]  # fmt: skip
POSITIONS = ["i", "i[::-1]", "array([2, 0])", "array([-1, 1])", "[k, 0]"]


def entries(found: Any, wanted: Any) -> tuple[Any, Any]:
    """Return what a sparse and a dense derivative have, in the shape of the former."""
    assert found.has_canonical_format
    return found.toarray(), np.reshape(wanted, found.shape)


def assert_same(compiled: Callable[..., Any], text: str, wrt: str, args: Sequence[Any], **options: Any) -> None:
    found = compiled(text, wrt=wrt, sparse=True, **options)(*args)
    np.testing.assert_allclose(*entries(found, compiled(text, wrt=wrt)(*args)), atol=1e-13, err_msg=text)


@pytest.mark.parametrize("number", range(len(OF_VECTORS)))
def test_entries_of_a_vector_that_are_read(number: int) -> None:
    rng = random.Random(number)
    first, second = rng.choice([*POSITIONS, "argsort(x)[:2]"]), rng.choice(POSITIONS)
    declared = f"x[{'3n'[number % 2]}] i[2]:int k:int"
    text = f"{declared} -> v = x[{first}]; u = sin(x)[{second}]; {OF_VECTORS[number]}"
    assert_same(sb.compile_jacobian, text, "x", (X, [2, -3], -1), mode=rng.choice(["forward", "reverse", "auto"]))
    *before, last = text.split("; ")
    assert_same(sb.compile_hessian, "; ".join([*before, f"sum(({last})**3)"]), "x", (X, [2, 2], 1))


@pytest.mark.parametrize("number", range(len(OF_POINTS)))
def test_rows_of_a_matrix_that_are_read(number: int) -> None:
    first, second = random.Random(number).sample(POSITIONS, 2)
    text = f"P[{'4n'[number % 2]},3] i[2]:int k:int -> v = P[{first}]; u = P[{second}]; {OF_POINTS[number]}"
    assert_same(sb.compile_jacobian, text, "P", (P, [2, -3], -1))


@pytest.mark.parametrize("text", ["v.T @ v", "v @ v.T", "v[:, :1] - v"])
@pytest.mark.parametrize("positions", POSITIONS)
def test_columns_of_a_matrix_that_are_read(text: str, positions: str) -> None:
    assert_same(sb.compile_jacobian, f"P[4,3] i[2]:int k:int -> v = P[:, {positions}]; {text}", "P", (P, [2, -3], -1))


@pytest.mark.parametrize(
    ("text", "positions", "wanted"),
    [
        ("v[0]**2 * v[1]", [2, 1], [[0, 0, 0], [0, 0, 6], [0, 6, 4]]),
        ("v[0]**2 * v[1]", [2, -1], [[0, 0, 0], [0, 0, 0], [0, 0, 18]]),
        ("v[0] * v[1] * v[2]", [2, 1, 0], [[0, 3, 2], [3, 0, 1], [2, 1, 0]]),
    ],
)
def test_the_hessian_is_that_at_the_positions(text: str, positions: list[int], wanted: Any) -> None:
    H = sb.compile_hessian(f"x[3] i[{len(positions)}]:int -> v = x[i]; {text}", wrt="x", sparse=True)
    np.testing.assert_array_equal(H([1.0, 2.0, 3.0], positions).toarray(), wanted)


def test_weighted_hessians_and_two_reads_of_a_matrix() -> None:
    weighted = {
        sparse: sb.compile_hessian(
            "x[3] i[2]:int -> v = x[i]; v[0] * v", wrt="x", weighted=True, **({"sparse": True} if sparse else {})
        )(X, [2, 0], [2.0, 5.0])
        for sparse in (True, False)
    }
    np.testing.assert_allclose(*entries(weighted[True], weighted[False]), atol=1e-14)
    text = "P[4,3] R[3,3] i[2]:int j[2]:int -> sum((P[j][:, 1:2] - (P @ R)[i])**3)"
    assert_same(sb.compile_hessian, text, "P", (P, P[:3], [2, 1], [3, 1]))


@pytest.mark.parametrize("text", ["2 * x[i]", "x[i] - x[i][0]", "sum(x[i]**2)", "x[i][1:] * 3", "x[i][:1] * 3"])
@pytest.mark.parametrize("size", ["3", "n"])
@pytest.mark.parametrize("position", [3, -4])
def test_positions_out_of_range_are_refused_as_they_are_when_dense(text: str, size: str, position: int) -> None:
    J = sb.compile_jacobian(f"x[{size}] i[2]:int -> {text}", wrt="x", sparse=True)
    with pytest.raises(IndexError):
        J(X, [0, position])


@pytest.mark.parametrize("size", ["3", "n"])
def test_what_depends_on_nothing_has_a_matrix_without_entries(size: str) -> None:
    for text in ("0 * x", "x - x", "ones(x.shape[0])"):
        J = sb.compile_jacobian(f"x[{size}] -> {text}", wrt="x", sparse=True)(X)
        assert (J.shape, J.nnz) == ((3, 3), 0)
    H = sb.compile_hessian(f"x[{size}] i[2]:int -> sum((x[i] - x[i])**2)", wrt="x", sparse=True)(X, [0, 1])
    assert (H.shape, H.nnz) == ((3, 3), 0)


def test_entries_that_a_mask_chooses_are_not_known_before_the_call() -> None:
    assert_same(sb.compile_hessian, "x[3] -> q = x[x > 0.5]; sum(sin(q) * q[0])", "x", (X,))


@pytest.mark.parametrize("bounds", ["-5:-1", "-5:1", "-5:", ":-5"])
def test_slices_that_begin_before_the_array(bounds: str) -> None:
    assert_same(sb.compile_jacobian, f"x[2] -> x[{bounds}]", "x", (X[:2],))
