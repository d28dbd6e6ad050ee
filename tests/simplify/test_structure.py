"""Masks of positions are seen as identities, triangles and diagonals; what is added at positions goes into one buffer."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import symbackprop as sb

A = np.random.default_rng(0).normal(size=(4, 4))
B = np.random.default_rng(1).normal(size=(4, 4))
V = np.random.default_rng(2).normal(size=4)


def body(formula: str, **options: object) -> str:
    """Return the printed statements, without the docstring."""
    return sb.compile_value_and_grad(formula, **options).source.split('"""')[-1]


@pytest.mark.parametrize("word", ["tril", "triu"])
@pytest.mark.parametrize("offset", [-2, -1, 0, 1, 2])
def test_triangles(word: str, offset: int) -> None:
    formula = f"A[n,n] B[n,n] -> sum(B * sin({word}(A, {offset})))"
    text = body(formula, wrt="A")
    assert f"np.{word}(" in text
    assert "arange" not in text
    value, gradient = sb.compile_value_and_grad(formula, wrt="A")(A, B)
    part = getattr(np, word)(A, offset)
    assert_allclose(value, np.sum(B * np.sin(part)))
    assert_allclose(gradient, getattr(np, word)(B * np.cos(part), offset))


@pytest.mark.parametrize(("inner", "outer"), [(0, -1), (-1, 0), (1, -2), (-1, -1)])
@pytest.mark.parametrize("words", [("tril", "tril"), ("triu", "triu"), ("tril", "triu")])
def test_triangles_of_triangles(words: tuple[str, str], inner: int, outer: int) -> None:
    first, second = words
    compiled = sb.compile_value(f"A[n,n] -> 2*{second}(-{first}(A, {inner}), {outer})")
    assert_allclose(compiled(A), -2 * getattr(np, second)(getattr(np, first)(A, inner), outer))
    if first == second:
        assert compiled.source.count(f"np.{first}(") == 1


def test_masked_branches_of_triangles_do_not_poison() -> None:
    """Where a triangle leaves a logarithm out, its gradient is 0 there, though the logarithm is not finite."""
    gradient = sb.compile_grad("A[n,n] -> sum(tril(log(A)))", wrt="A")(np.tril(np.abs(A)))
    assert_allclose(gradient, np.tril(1 / np.where(A == 0, 1, np.abs(A))))


def test_diagonal_matrices_guard_nothing() -> None:
    """Every entry of v is on the diagonal, so that none of them is under a mask."""
    text = body("v[n] B[n,n] -> sum((B + diag(exp(v)))**2)", wrt="v")
    assert "np.diag(exp_v)" in text
    assert "np.where" not in text
    assert ".any(" not in text
    _, gradient = sb.compile_value_and_grad("v[n] B[n,n] -> sum((B + diag(exp(v)))**2)", wrt="v")(V, B)
    assert_allclose(gradient, 2 * np.diag(B + np.diag(np.exp(V))) * np.exp(V))


def test_batches_of_diagonals() -> None:
    formula = "v[k,n] L[k,n,n] x[n] -> sum(exp((tril(L, -1) + einsum('ki,ij->kij', v, eye(L.shape[1]))) @ x))"
    compiled = sb.compile_value_and_grad(formula, wrt=("v", "L"))
    assert "np.eye(" in compiled.source
    assert compiled.verify(points=1, seconds=1)


@pytest.mark.parametrize(
    ("formula", "expected", "text"),
    [
        ("sum(A * eye(A.shape[0]))", np.trace(A), "np.trace(A)"),
        ("sum(eye(A.shape[0]) * A, axis=1) @ V", np.diag(A) @ V, "np.diagonal(A) @ V"),
        ("V @ (A @ eye(A.shape[0])) @ V", V @ A @ V, "A"),
        ("trace(tril(A) @ eye(A.shape[0]))", np.trace(A), "np.trace(A)"),
        ("sum(tril(A, -1) * eye(A.shape[0]))", 0.0, "np.tril(A, -1)"),
        ("sum(triu(A, 1) * eye(A.shape[0])) + sum(triu(A, -1) * eye(A.shape[0]))", np.trace(A), "np.trace(A)"),
    ],
)
def test_identities(formula: str, expected: float, text: str) -> None:
    compiled = sb.compile_value(f"A[n,n] V[n] -> {formula}")
    assert_allclose(compiled(A, V), expected, atol=1e-14)
    assert text in compiled.source.split('"""')[-1]


def test_identities_of_other_shapes_stay() -> None:
    compiled = sb.compile_value("A[n,m] -> A * eye(A.shape[0], A.shape[1]) + A * eye(A.shape[0], A.shape[1], 1)")
    assert_allclose(compiled(A[:3]), A[:3] * (np.eye(3, 4) + np.eye(3, 4, 1)))


def test_float32() -> None:
    compiled = sb.compile_grad("A[n,n] -> sum(tril(A) ** 2) + sum(A * eye(A.shape[0]))", wrt="A", dtype="float32")
    gradient = compiled(A.astype(np.float32))
    assert gradient.dtype == np.float32
    assert_allclose(gradient, 2 * np.tril(A) + np.eye(4), rtol=1e-6)


# --- writes -----------------------------------------------------------------------------------------------------------

CHOSEN = "S[n,k] y[n]:int -> sum(logsumexp(S, axis=1) - S[arange(S.shape[0]), y])"


def test_the_gradient_of_a_choice_a_row_is_subtracted_in_place() -> None:
    assert "[t4, y] -= 1.0" in body(CHOSEN, wrt="S")
    y = np.array([3, 0, 0, 2])
    S = A.copy()
    _, gradient = sb.compile_value_and_grad(CHOSEN, wrt="S")(S, y)
    assert_allclose(gradient, np.exp(A) / np.exp(A).sum(axis=1, keepdims=True) - np.eye(4)[y])
    assert_allclose(S, A)


def test_positions_that_may_repeat_add_up() -> None:
    formula = "x[n] i[k]:int -> sum(x**2) + 3*sum(x[i])"
    assert "np.add.at" in body(formula, wrt="x")
    assert_allclose(sb.compile_grad(formula, wrt="x")(V, np.array([1, 1, 3])), 2 * V + [0, 6, 0, 3])


def test_what_is_added_to_an_input_is_added_to_a_copy() -> None:
    formula = "x[n] c[n] i[k]:int -> sum(x * c) + sum(x[i]**2)"
    c = np.ones(4)
    gradient = sb.compile_grad(formula, wrt="x")(V, c, np.array([1, 1]))
    assert_allclose(gradient, [1, 1 + 4 * V[1], 1, 1])
    assert_allclose(c, 1.0)


def test_an_array_that_others_need_too_is_copied() -> None:
    formula = "x[n] i[k]:int -> r = sin(x); sum(r**2) + sum(r[i]) + sum(exp(r))"
    compiled = sb.compile_grad(formula, wrt="x")
    i = np.array([0, 2, 2])
    expected = np.cos(V) * (2 * np.sin(V) + np.exp(np.sin(V)) + [1, 0, 2, 0])
    assert_allclose(compiled(V, i), expected)
    assert compiled.verify(points=1, seconds=1)


# --- sums and parts ---------------------------------------------------------------------------------------------------


def test_sums_of_transposes_and_parts_of_one_entry() -> None:
    text = body("A[m,n,k] -> sum(sin(sum(transpose(A, (2, 0, 1)), axis=2)))")
    assert "A.sum(axis=1)" in text
    C = np.random.default_rng(3).normal(size=(2, 3, 4))
    assert_allclose(sb.compile_value("A[m,n,k] -> sum(transpose(A, (2, 0, 1)), axis=2)")(C), C.sum(axis=1).T)
    assert_allclose(sb.compile_value("A[m,n,k] -> sum(transpose(A, (2, 0, 1)), axis=(0, 1))")(C), C.sum(axis=(0, 2)))
    stacked = body("a[n] b[n] w[n] -> S = stack([a, b], axis=1); sum(exp(S) * w[:, None])", wrt=("a", "b"))
    assert "reshape" not in stacked
    assert "[:, 1]" in stacked
