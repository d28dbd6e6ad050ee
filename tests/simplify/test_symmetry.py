"""Symmetric matrices are known by what they are made of, and nothing is computed of both of their halves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.simplify.symmetry import is_symmetric

INPUTS = "X[n,d] x[n] y[n] A[n,n] B[n,n] w[d]"
SYMMETRIC = [
    "X @ X.T",
    "X @ (w[:, None] * X.T) + (X * w) @ X.T",
    "exp(-(x[:, None] - x)**2) + 3*eye(A.shape[0])",
    "abs(x[:, None] - x) * cos(x - x[:, None])",
    "sin(x[:, None] - x) * sinh(x[:, None] - x) / (1 + outer(x, x))",
    "sum((X[:, None, :] - X)**2, axis=2)",
    "mean(abs(X[:, None, :] - X), axis=2) ** 1.5",
    "A + A.T",
    "abs((x[:, None] - x) / 3) + cos((A - A.T) / w[0])",
    "A * A.T - outer(x, y) - outer(y, x)",
    "y[0]*outer(x, y) + A @ A.T + y[0]*outer(y, x)",
    "linalg.inv(X @ X.T + eye(A.shape[0]))",
    "where(x[:, None] == x, 2, x[:, None] * x)",
    "x[:, None] + x - 2*X @ X.T",
]
ANTISYMMETRIC = [
    "x[:, None] - x",
    "A - A.T",
    "tanh(x - x[:, None]) * (X @ X.T)",
    "outer(x, y) - outer(y, x)",
    "(A - A.T)**3",
    "y[0]*outer(x, y) - y[0]*outer(y, x)",
]
NEITHER = [
    "abs((x[:, None] - x) / A)",
    "((x[:, None] - x) / (1 + outer(x, y)))**2",
    "cos((A - A.T) / (2 + cos(A)))",
    "A",
    "A @ B",
    "A @ A",
    "x[:, None] - y",
    "x[:, None] * y",
    "A + B.T",
    "outer(x, y) + outer(x, x)",
    "(x[:, None] - x) * A",
    "(A - A.T) * (x[:, None] - y)",
    "exp(x[:, None] - x)",
    "x[:, None] - x + X @ X.T",
    "x[0]*outer(x, y) + y[0]*outer(y, x)",
    "X @ X[::-1].T",
]


def matrix_of(formula: str) -> tuple[Any, Any]:
    """Return the node that the formula became, in normal form, and its value."""
    compiled = sb.compile_value(f"{INPUTS} -> {formula}")
    rng = np.random.default_rng(0)
    sizes = {"n": 3, "d": 2}
    shapes = [[sizes[name] for name in part.split("[")[1].rstrip("]").split(",")] for part in INPUTS.split()]
    return compiled.graph.outputs[0], compiled(*(rng.normal(size=shape) for shape in shapes))


@pytest.mark.parametrize("formula", SYMMETRIC)
def test_symmetric(formula: str) -> None:
    node, value = matrix_of(formula)
    np.testing.assert_allclose(value, value.T, rtol=1e-13)
    assert is_symmetric(node, 0, 1) and not is_symmetric(node, 0, 1, negative=True)


@pytest.mark.parametrize("formula", ANTISYMMETRIC)
def test_antisymmetric(formula: str) -> None:
    node, value = matrix_of(formula)
    np.testing.assert_allclose(value, -value.T, rtol=1e-13)
    assert is_symmetric(node, 0, 1, negative=True) and not is_symmetric(node, 0, 1)


@pytest.mark.parametrize("formula", NEITHER)
def test_neither(formula: str) -> None:
    node, value = matrix_of(formula)
    assert not np.allclose(value, value.T) and not np.allclose(value, -value.T)
    assert not is_symmetric(node, 0, 1) and not is_symmetric(node, 0, 1, negative=True)


@pytest.mark.parametrize(
    ("formula", "printed", "absent"),
    [
        ("X[n,d] -> sum(exp(X @ X.T))", "2.0 * (t1 @ X)", ".T @"),
        ("X[n,d] -> sum(sum(exp(X @ X.T), axis=0)**2)", ".sum(axis=1)", "axis=0"),
        ("x[n] -> sum(exp(-(x[:, None] - x)**2))", "np.vecdot(", "axis=0"),
        ("x[n] c[n,n] -> sum(c * exp(-(x[:, None] - x)**2))", ".sum(axis=0)", "@"),
        ("A[n,n] B[n,n] -> sum((A + A.T).T * B)", "np.vdot(", "(A + A.T).T"),
    ],
)
def test_what_is_printed(formula: str, printed: str, absent: str) -> None:
    compiled = sb.compile_value_and_grad(formula)
    body = compiled.source[compiled.source.rindex('"""') :]
    assert printed in body and absent not in body, body
    assert compiled.verify(points=1, seconds=0.5)
