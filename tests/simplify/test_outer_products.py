"""A matrix times a sum of outer products is a sum of outer products."""

from __future__ import annotations

import numpy as np
import pytest
from differences import body_of

import symbackprop as sb


@pytest.mark.parametrize(
    ("formula", "printed"),
    [
        ("X[m,n] a[n] b[n] -> X @ (outer(a, b) + outer(b, a))", ["np.outer(X @ a, b)", "np.outer(X @ b, a)"]),
        ("X[n,m] a[n] b[n] -> (2*outer(a, b) - outer(b, a).T) @ X", ["X.T @ b"]),
        ("X[n,m] a[n] b[k] c[k] d[n] s -> (s*outer(b, a) + outer(c, d)) @ X", ["X.T @ a", "X.T @ d"]),
        (
            "X[n,m] a[n] b[n] -> (outer(a, b) + outer(b, a) + eye(X.shape[0])) @ X",
            ["(np.outer("],
        ),  # no product of vectors
        ("a[n] b[n] -> S = outer(a, b)\nsum(S**3) + sum(diag(S))", ["a @ b"]),
    ],
)
def test_printed(formula: str, printed: list[str]) -> None:
    compiled = sb.compile_value(formula)
    body = body_of(compiled)
    assert all(text in body for text in printed), body
    assert compiled.verify(points=1, seconds=0.5)


def test_the_gradient_of_least_squares_by_normal_equations_multiplies_no_two_matrices_more() -> None:
    compiled = sb.compile_value_and_grad(
        "X[n,d] y[n] lam -> w = linalg.solve(X.T @ X + lam*eye(X.shape[1]), X.T @ y)\nsum((X @ w - y)**2)"
    )
    body = body_of(compiled)
    assert body.count("np.outer(") == 4 and "X @ (" not in body and "trace" not in body
    rng = np.random.default_rng(0)
    assert compiled.verify(points=1, seconds=0.5)
    X, y = rng.normal(size=(6, 3)), rng.normal(size=6)
    w = np.linalg.solve(X.T @ X + 2 * np.eye(3), X.T @ y)
    r = X @ w - y
    v = np.linalg.solve(X.T @ X + 2 * np.eye(3), X.T @ (2 * r))
    X_bar, y_bar, lam_bar = compiled(X, y, 2.0)[1]
    np.testing.assert_allclose(X_bar, np.outer(2 * r - X @ v, w) - np.outer(r, v), rtol=1e-10)
    np.testing.assert_allclose(y_bar, X @ v - 2 * r, rtol=1e-10)
    np.testing.assert_allclose(lam_bar, -v @ w, rtol=1e-10)
