"""Running sums of products of entries are taken out of loops back, as one contraction of what the steps stack."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb
from tests.differences import agrees_with_differences, second_order_agrees

FORWARD = (
    "P[s,s] a[s] y[n,s] ->\n"
    "def step(alpha, row): return logsumexp(alpha[:, None] + P, axis=0) + row, 0.0\n"
    "logsumexp(scan(step, a, y)[0])"
)


def code(function: sb.CompiledFunction) -> str:
    return function.source.rpartition('"""')[2]


def test_the_matrix_of_a_markov_chain_has_its_adjoint_behind_the_loop():
    g = sb.compile_grad(FORWARD, wrt="P")
    way_back = code(g).partition("# backward")[2]
    loop = way_back[way_back.index("for ") :].partition("\n    t")[0]
    assert "@ alpha_bar" in loop and "+=" not in loop  # a product of the row and the adjoint, and no sum of matrices
    assert "np.einsum" in way_back
    assert g.verify(points=1, seconds=0.5)


@pytest.mark.parametrize(("n", "s"), [(0, 2), (1, 1), (5, 3)])
def test_sizes(n, s):
    rng = np.random.default_rng(0)
    given = [rng.normal(size=shape) for shape in ((s, s), s, (n, s))]
    agrees_with_differences(FORWARD, *given)


@pytest.mark.parametrize(
    "formula",
    [
        "W[d,k] x[n,k] a[d] ->\n"
        "def step(s, row): return tanh(s - sum(W*row, axis=1)*0.1), 0.0\n"
        "sum(scan(step, a, x)[0]**2)",
        "W[d,k] V[d,k] x[n,k] a[d] ->\n"
        "def step(s, row): return tanh(s[:, None]*W*row - V).sum(axis=1), s\n"
        "sum(scan(step, a, x)[1]**2)",
        "W[d,d] x[n,d] a[d] ->\n"
        "def step(s, row): return softmax(s[:, None] - W, axis=0) @ row, 0.0\n"
        "sum(scan(step, a, x)[0]**2)",
    ],
)
def test_other_steps(formula):
    rng = np.random.default_rng(1)
    sizes = {"n": 4, "d": 3, "k": 2}
    f = sb.compile_value_and_grad(formula)
    given = [rng.normal(size=tuple(sizes[str(size)] for size in spec.shape)) for spec in f.signature]
    agrees_with_differences(formula, *given)
    second_order_agrees(formula, *given)
