"""The order of contractions: that it is the cheapest, that values stay, and what of the user's writing stays."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

import symbackprop as sb

SIZES = {"i": 4, "j": 5, "k": 3, "l": 6, "m": 2, "n": 4}


def code(formula: str, **options: object) -> str:
    return sb.compile_value(formula, **options).source.rpartition('"""')[2].strip()


def arrays(function: sb.CompiledFunction, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=tuple(SIZES.get(str(s), s) for s in spec.shape)) for spec in function.signature]


@pytest.mark.parametrize(
    ("formula", "line"),
    [
        ("A[i,j] B[j,k] x[k] -> (A @ B) @ x", "return A @ (B @ x)"),
        ("A[n,n] x[n] -> A @ A @ A @ x", "A @ (A @ (A @ x))"),
        ("A[i,j] x[i] -> x @ A @ A.T @ x", "(A @ (A.T @ x)) @ x"),
        ("x[i] A[i,j] B[j,k] -> x @ A @ B", "return B.T @ (A.T @ x)"),
        ("A[i,j] B[j,k] C[k,l] -> A @ B @ C", "return A @ B @ C"),  # nothing decides
        ("A[i,j] B[j,k] C[k,2] -> A @ B @ C", "return A @ (B @ C)"),
        ("A[2,j] B[j,k] C[k,l] -> A @ (B @ C)", "return (A @ B) @ C"),
        ("A[i,j] B[j,k] -> einsum('ij,jk->', A, B)", "return A.sum(axis=0) @ B.sum(axis=1)"),
        ("A[i,j] B[j,k] C[k,i] -> trace(A @ B @ C)", "np.vdot("),
        ("X[n,j] w[n] Y[n,k] -> einsum('nj,n,nk->jk', X, w, Y)", "w[:, None]"),
    ],
)
def test_cheapest_order(formula, line):
    found = code(formula)
    assert line in found.replace("(A @ B) @ C", "A @ B @ C") or line in found, found
    assert "np.einsum" not in found


def test_what_has_a_name_or_other_uses_stays():
    assert "T @ x" in code("A[i,j] B[j,k] x[k] -> T = A @ B\nT @ x")
    shared = code("A[n,n] B[n,n] x[n] -> sum((A @ B) @ x) + sum(exp(A @ B))")
    assert shared.count("A @ B") == 1


def test_the_order_is_taken_before_differentiation():
    g = sb.compile_grad("A[i,j] B[j,k] x[k] -> sum(tanh((A @ B) @ x))", wrt=["A", "B"])
    body = g.source.rpartition('"""')[2]
    assert body.count("np.outer") == 2 and "A @ B" not in body  # no product of matrices is left
    assert g.rewrites["order of contractions"] >= 1
    _, cost = g.cost().numbers(SIZES)
    assert cost.operations < 1000


@pytest.mark.parametrize("count", [3, 4, 6, 9])
def test_random_networks(count):
    chosen = random.Random(count)
    for _ in range(12):
        letters = "ijklmn"[: chosen.randint(2, 5)]
        operands = ["".join(chosen.sample(letters, min(chosen.randint(1, 3), len(letters)))) for _ in range(count)]
        present = sorted(set("".join(operands)))
        output = "".join(chosen.sample(present, chosen.randint(0, min(3, len(present)))))
        subscripts = f"{','.join(operands)}->{output}"
        names = [f"T{p}" for p in range(count)]
        declared = " ".join(f"{name}[{','.join(own)}]" for name, own in zip(names, operands, strict=True))
        f = sb.compile_value_and_grad(f"{declared} -> sum(einsum('{subscripts}', {', '.join(names)}))")
        given = arrays(f)
        total = np.einsum(subscripts, *given).sum()
        value, slopes = f(*given)
        np.testing.assert_allclose(value, total, rtol=1e-9, atol=1e-9)
        for position, slope in enumerate(slopes):
            direction = np.random.default_rng(position).normal(size=slope.shape)
            moved = [x + direction if p == position else x for p, x in enumerate(given)]  # linear in each
            change = np.einsum(subscripts, *moved).sum() - total
            np.testing.assert_allclose(np.vdot(slope, direction), change, rtol=1e-7, atol=1e-7 * (1 + abs(total)))


def test_orders_cost_no_more_than_any_other():
    for shape in itertools.product((2, 30), repeat=4):
        names = dict(zip("abcd", shape, strict=True))
        f = sb.compile_value("A[{a},{b}] B[{b},{c}] C[{c},{d}] -> A @ B @ C".format(**names))
        left = names["a"] * names["c"] * (names["b"] + names["d"])
        right = names["b"] * names["d"] * (names["c"] + names["a"])
        assert f.cost().of_function.operations <= 2 * min(left, right) * 1.02


def test_a_long_chain_takes_linear_time():
    lines = "\n".join(["y = x", *["y = A @ y"] * 5, "sum(" + " @ ".join(["A"] * 60) + " @ y)"])
    f = sb.compile_value(f"A[4,4] x[4] -> {lines}")
    A, x = 0.5 * np.ones((4, 4)), np.arange(4.0)
    np.testing.assert_allclose(f(A, x), np.sum(np.linalg.matrix_power(A, 65) @ x))
