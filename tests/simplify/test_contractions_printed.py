"""Contractions in the order that takes least, in values and gradients, printed as a person would write them."""

from __future__ import annotations

import time

import numpy as np
import pytest
from differences import body_of

import symbackprop as sb


@pytest.mark.parametrize(
    ("formula", "texts"),
    [
        ("A[n,m] B[m,k] x[k] -> (A @ B) @ x", ["A @ (B @ x)"]),
        ("A[n,n] B[n,n] C[n,n] x[n] -> A @ B @ C @ x", ["A @ (B @ (C @ x))"]),
        ("A[n,n] B[n,n] x[n] -> x @ A @ B", ["B.T @ (A.T @ x)"]),
        ("A[n,m] B[m,k] x[m] -> (A @ B).T @ (A @ x)", ["B.T @ (A.T @ (A @ x))"]),
        ("A[10,1000] B[1000,5] C[5,1000] D[1000,20] -> A @ B @ C @ D", ["(A @ B) @ (C @ D)"]),
        ("A[a,b] B[b,c] C[c,d] -> A @ B @ C", ["(A @ B) @ C"]),
        ("U[n,3] V[m,3] x[m] -> U @ V.T @ x", ["U @ (V.T @ x)"]),
        ("u[n] v[m] x[m] -> outer(u, v) @ x", ["v @ x", "* u"]),
        ("A[n,m] B[m,k] x[k] -> C = A @ B\nC @ x", ["C = A @ B", "C @ x"]),
        ("A[n,m] B[m,k] C[k,n] -> einsum('ij,jk,ki->', A, B, C)", ["np.vdot(A @ B, C.T)"]),
        ("A[n,m] x[n] y[m] -> einsum('ij,i,j->', A, x, y)", ["(A.T @ x) @ y"]),
        (
            "X[b,n,d] W[d,e] Y[b,n,e] -> einsum('bnd,de,bne->bn', X, W, Y)",
            ["(X.reshape(b*n, d) @ W).reshape(b, n, e)", "np.vecdot("],
        ),
        ("w[n] X[n,d] v[d] -> X.T @ diag(w) @ X @ v", ["w * (X @ v)", "X.T @"]),
        ("U[n,d] s[d] V[m,d] -> U @ diag(s) @ V.T", ["U * s", "@ V.T"]),
        ("A[b,i,j] B[b,j,k] x[b,k] -> einsum('bij,bjk,bk->bi', A, B, x)", ["B @ x[..., None]", "A @ "]),
    ],
)
def test_printed_values(formula: str, texts: list[str]) -> None:
    body = body_of(sb.compile_value(formula))
    assert "optimize=True" not in body
    assert "np.diag(" not in body
    assert all(text in body for text in texts), body


def code_of(compiled: sb.CompiledFunction) -> str:
    """Return the statements of a printed function without comments."""
    return "\n".join(line.partition("#")[0] for line in body_of(compiled).splitlines())


def test_a_gradient_multiplies_no_matrices_where_none_are_needed() -> None:
    """All of ((A @ B) @ x)**2 takes products of matrices with vectors, and outer products of vectors."""
    loose = sb.compile_value_and_grad("A[n,m] B[m,k] x[k] -> sum(((A @ B) @ x)**2)")
    assert loose.rewrites["order of contractions"] == 1
    size = {"n": 1000, "m": 1000, "k": 1000}
    assert loose.cost().at(size)[1] < 2e7 < 1e9
    named = sb.compile_value_and_grad("A[n,m] B[m,k] x[k] -> C = A @ B\nsum((C @ x)**2)")
    body = body_of(named)  # the user's matrix stays; its adjoint is never made
    assert "C = A @ B" in body
    assert "np.outer(t1_bar, B @ x), np.outer(A.T @ t1_bar, x)" in body
    rng = np.random.default_rng(0)
    A, B, x = rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng.normal(size=2)
    for one, other in zip(loose(A, B, x)[1], named(A, B, x)[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13)


def test_what_others_need_is_multiplied_once() -> None:
    body = body_of(sb.compile_value("A[n,n] B[n,n] x[n] -> sum(exp(A @ B)) + sum(sin(A @ B @ x))"))
    assert body.count("A @ B") == 1
    assert "t1 @ x" in body


def test_products_of_several_operands_share_what_the_way_back_needs() -> None:
    """A canonical polyadic decomposition takes three products with the size of the tensor, not nine."""
    compiled = sb.compile_value_and_grad(
        "U[n,r] V[m,r] W[k,r] T[n,m,k] -> sum((einsum('ir,jr,kr->ijk', U, V, W) - T)**2)", wrt=("U", "V", "W")
    )
    assert code_of(compiled).count(" @ ") == 3
    size = dict.fromkeys(("n", "m", "k", "r"), 100)
    assert compiled.cost().at(size)[1] < 6.5e8  # three products of 100**4 multiplications and as many additions
    assert compiled.verify(points=1, seconds=0.5)


def test_tucker_decomposition_turns_no_axes() -> None:
    compiled = sb.compile_grad(
        "G[p,q,r] A[n,p] B[m,q] C[k,r] T[n,m,k] -> sum((einsum('pqr,ip,jq,kr->ijk', G, A, B, C) - T)**2)",
        wrt=("G", "A", "B", "C"),
    )
    body = code_of(compiled)
    assert "swapaxes" not in body and "np.transpose" not in body and "np.einsum" not in body
    assert "np.tensordot" not in body
    assert body.count(" @ ") == 9


def test_halves_and_integers_stay_as_they_are_written() -> None:
    half = sb.compile_value("A[n,m] B[m,k] x[k] -> (astype(A, float16) @ astype(B, float16)) @ astype(x, float16)")
    assert "order of contractions" not in half.rewrites
    whole = sb.compile_value("A[n,m]:int x[m]:int -> (A @ A.T) @ (A @ x)")
    assert "order of contractions" not in whole.rewrites


def test_long_chains_compile_in_linear_time() -> None:
    seconds = []
    for count in (200, 800):
        formula = "A[n,n] x[n] -> sum(" + " @ ".join(["A"] * count) + " @ x)"
        before = time.process_time()
        compiled = sb.compile_value(formula)
        seconds.append(time.process_time() - before)
    assert seconds[1] < 8 * seconds[0]
    assert "A @ A" not in body_of(compiled)
    A = 0.1 * np.random.default_rng(0).normal(size=(3, 3))
    x = np.ones(3)
    for _ in range(800):
        x = A @ x
    np.testing.assert_allclose(compiled(A, np.ones(3)), x.sum(), rtol=1e-10, atol=1e-300)


@pytest.mark.parametrize("sizes", [(0, 2, 3), (2, 0, 1), (1, 1, 1)])
def test_empty_and_single(sizes: tuple[int, int, int]) -> None:
    compiled = sb.compile_value_and_grad("A[n,m] B[m,k] w[m] x[k] -> sum(sin(einsum('ij,jk,j,k->i', A, B, w, x)))")
    n, m, k = sizes
    rng = np.random.default_rng(0)
    A, B, w, x = (rng.normal(size=shape) for shape in ((n, m), (m, k), (m,), (k,)))
    value, slopes = compiled(A, B, w, x)
    inner = A @ (w * (B @ x))
    assert value == pytest.approx(np.sin(inner).sum())
    np.testing.assert_allclose(slopes[0], np.outer(np.cos(inner), w * (B @ x)), rtol=1e-13)
    np.testing.assert_allclose(slopes[3], B.T @ (w * (A.T @ np.cos(inner))), rtol=1e-13)


@pytest.mark.parametrize(
    ("formula", "texts"),
    [
        ("A[n,m] B[m,k] C[m,k] -> A @ B + A @ C", ["A @ (B + C)"]),
        ("A[n,m] x[m] y[m] z[m] -> A @ x + A @ y - A @ z", ["A @ (x + y - z)"]),
        ("A[n,m] B[m,k] C[k,m] D[n,k] -> A @ B + D - A @ C.T", ["D + A @ (B - C.T)"]),
        ("A[n,m] B[m,k] C[n,m] -> A @ B + C @ B", ["(A + C) @ B"]),
        ("u[n] v[m] w[m] -> outer(u, v) + outer(u, w)", ["np.outer(u, v + w)"]),
        ("A[n,n] B[n,n] x[n] -> A @ x + B @ x", ["A @ x + B @ x"]),  # adding up the matrices takes no less
        ("A[n,m] x[m] y[n] -> A * x + A * y[:, None]", ["A * x + A * y[:, None]"]),
        ("A[n,m] B[m,k] C[m,k] -> P = A @ B\nP + A @ C", ["P = A @ B", "P + A @ C"]),
    ],
)
def test_common_operands(formula: str, texts: list[str]) -> None:
    body = body_of(sb.compile_value(formula))
    assert all(text in body for text in texts), body


def test_an_operand_that_an_adjoint_meets_from_both_sides_is_met_once() -> None:
    compiled = sb.compile_value_and_grad("A[n,d] B[n,n] -> sum(exp(A @ A.T + B))", wrt="A")
    assert "(t1 + t1.T) @ A" in body_of(compiled)
    A, B = np.random.default_rng(0).normal(size=(3, 2)), np.arange(9.0).reshape(3, 3)
    E = np.exp(A @ A.T + B)
    np.testing.assert_allclose(compiled(A, B)[1], (E + E.T) @ A, rtol=1e-13)
