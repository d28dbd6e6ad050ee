"""Derivatives in closed form: what is printed of Hessians and Jacobians against the line that a person writes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import symbackprop as sb
from benchmarks.row import Row
from benchmarks.timing import interleaved

__all__ = ["DERIVATIVES"]

_SIZES = ((10_000, 100), (1_000, 20))
_LIMIT = 1.1


def _row(what: str, compiled: sb.CompiledFunction, by_hand: Callable[..., Any], given: list[Any], rounds: int) -> Row:
    """Time a compiled derivative against one written by hand, once they agree."""
    np.testing.assert_allclose(compiled(*given), by_hand(*given), rtol=1e-9, atol=1e-12)
    times = interleaved(
        {"compiled": partial(compiled.function, *given), "by hand": partial(by_hand, *given)}, rounds=rounds
    )
    ratio = times["compiled"] / times["by hand"]
    return Row(what, f"{ratio:.2f}", f"{_LIMIT}", ratio <= _LIMIT)


def _of_least_squares(X: Any, w: Any, y: Any) -> Any:
    return 2.0 * (X.T @ X)


def _of_logistic_regression(X: Any, w: Any, y: Any) -> Any:
    p = 1 / (1 + np.exp(-(X @ w)))
    s = p * (1 - p)
    return X.T @ (s[:, None] * X)


def hessians(quick: bool) -> list[Row]:
    """Time the Hessians of least squares and of logistic regression."""
    found = []
    formulas = [
        ("least squares", "X[n,d] w[d] y[n] -> sum((X @ w - y)**2)", _of_least_squares),
        ("logistic regression", "X[n,d] w[d] y[n] -> sum(logaddexp(0, X @ w) - y*(X @ w))", _of_logistic_regression),
    ]
    rng = np.random.default_rng(0)
    for name, formula, by_hand in formulas:
        hessian = sb.compile_hessian(formula, wrt="w")
        for n, d in _SIZES:
            given = [rng.normal(size=(n, d)), 0.1 * rng.normal(size=d), (rng.uniform(size=n) < 0.5) * 1.0]
            found.append(_row(f"Hessian of {name} {n:,} x {d}", hessian, by_hand, given, 40 if quick else 200))
    return found


def _of_sine(A: Any, x: Any) -> Any:
    return np.cos(A @ x)[:, None] * A


def _of_softmax(x: Any) -> Any:
    e = np.exp(x - x.max())
    p = e / e.sum()
    return np.diag(p) - np.outer(p, p)


def _of_product(A: Any, X: Any) -> Any:
    return np.einsum("ik,jl->ijkl", A, np.eye(X.shape[1]))


def jacobians(quick: bool) -> list[Row]:
    """Time Jacobians that are a line of NumPy."""
    rng = np.random.default_rng(0)
    cases: list[tuple[str, str, str, Callable[..., Any], list[Any]]] = [
        ("sin(A @ x)", "A[m,n] x[n] -> sin(A @ x)", "x", _of_sine, [rng.normal(size=(300, 200)), rng.normal(size=200)]),
        ("softmax(x)", "x[n] -> softmax(x)", "x", _of_softmax, [rng.normal(size=300)]),
        ("A @ X", "A[m,n] X[n,k] -> A @ X", "X", _of_product, [rng.normal(size=(30, 20)), rng.normal(size=(20, 10))]),
    ]
    rounds = 40 if quick else 200
    return [
        _row(f"Jacobian of {name}", sb.compile_jacobian(formula, wrt=wrt), by_hand, given, rounds)
        for name, formula, wrt, by_hand, given in cases
    ]


DERIVATIVES = {"hessian-closed-form": hessians, "jacobian-closed-form": jacobians}
