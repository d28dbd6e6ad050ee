"""Contractions of two arrays without a batch are one product of BLAS, whatever the order of their axes."""

from itertools import permutations

import numpy as np
import pytest

import symbackprop as sb

SIZES = {"i": 2, "j": 3, "k": 4, "l": 5, "n": 6}
FORMS = [
    *(f"ijk,lk->{''.join(order)}" for order in permutations("ijl")),
    *(f"ikj,kln->{''.join(order)}" for order in permutations("ijln")),
    *(f"kij,lkj->{''.join(order)}" for order in permutations("il")),
    "ijkl,lk->ji",
    "lk,ijkl->ji",
]


@pytest.mark.parametrize("subscripts", FORMS)
def test_it_is_what_einsum_gives_and_not_written_so(subscripts: str) -> None:
    left, right = subscripts.split("->")[0].split(",")
    rng = np.random.default_rng(0)
    A, B = (rng.normal(size=[SIZES[letter] for letter in own]) for own in (left, right))
    declared = f"A[{','.join(left)}] B[{','.join(right)}]"
    value = sb.compile_value(f"{declared} -> einsum('{subscripts}', A, B)")
    assert "einsum(" not in value.source.split('"""')[-1]
    np.testing.assert_allclose(value(A, B), np.einsum(subscripts, A, B), rtol=1e-12, atol=1e-14)
    g = sb.compile_grad(f"{declared} -> sum(einsum('{subscripts}', A, B)**2)", wrt="A")
    if not set(right) <= set(left):  # else nothing is summed on the way back
        assert "einsum(" not in g.source.split('"""')[-1]
    back = f"{subscripts.split('->')[1]},{right}->{left}"
    np.testing.assert_allclose(g(A, B), 2 * np.einsum(back, np.einsum(subscripts, A, B), B), rtol=1e-12, atol=1e-13)


def test_an_operand_is_moved_so_that_the_result_lies_in_order() -> None:
    value = sb.compile_value("x[m,t,d] W[k,d] -> einsum('mtd,kd->tmk', x, W)")
    assert "np.tensordot(np.swapaxes(x, 0, 1), W, axes=([2], [1]))" in value.source
    assert value(np.ones((2, 3, 4)), np.ones((5, 4))).flags.c_contiguous


@pytest.mark.parametrize(
    ("subscripts", "printed"),
    [("kij,nkj->nki", "np.einsum('ijk,ijk->ij', Z, Z)"), ("kij,knj->kni", "np.vecdot(Z, Z)")],
)
def test_dot_products_go_along_memory(subscripts: str, printed: str) -> None:
    X = "X[n,k,j]" if "nkj" in subscripts else "X[k,n,j]"
    value = sb.compile_value(f"Q[k,i,j] {X} ->\nZ = einsum('{subscripts}', Q, X)\nsum(Z**2, axis=2)")
    assert printed in value.source
    rng = np.random.default_rng(0)
    Q, X_given = rng.normal(size=(3, 4, 5)), rng.normal(size=(6, 3, 5) if "nkj" in subscripts else (3, 6, 5))
    np.testing.assert_allclose(value(Q, X_given), (np.einsum(subscripts, Q, X_given) ** 2).sum(axis=2), rtol=1e-13)


def test_fast_code_has_no_blocks_of_rows_that_lie_apart() -> None:
    value = sb.compile_value(
        "Q[k,i,j] X[n,k,j] ->\nZ = einsum('kij,nkj->nki', Q, X)\nsum(exp(-sum(Z**2, axis=2)))", optimize="fast"
    )
    assert "np.einsum('ijk,ijk->ij', Z, Z, out=" in value.source and "Z_part" not in value.source
    rng = np.random.default_rng(0)
    Q, X = 0.1 * rng.normal(size=(3, 4, 5)), rng.normal(size=(10_000, 3, 5))
    Z = np.einsum("kij,nkj->nki", Q, X)
    np.testing.assert_allclose(value(Q, X), np.exp(-(Z**2).sum(axis=2)).sum(), rtol=1e-12)


def test_transposes_stay_in_the_step_that_uses_them() -> None:
    text = sb.compile_grad("""
U[k,k] z[t,m,k] h0[m,k] ->
def step(h, row):
    return tanh(row + h @ U.T), None
h, _ = scan(step, h0, z)
sum(h)
""", wrt="U").source  # fmt: skip
    assert "h @ U.T" in text and "= U.T" not in text
