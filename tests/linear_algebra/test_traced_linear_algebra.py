"""Linear algebra in functions written in NumPy and SciPy: results unpack and have names, SciPy's words are SciPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from scipy.linalg import cho_factor, cho_solve, solve_triangular

import symbackprop as sb
from symbackprop.errors import UnsupportedError


def unpacked(A: Any) -> Any:
    w, V = np.linalg.eigh(A + A.T)
    sign, logdet = np.linalg.slogdet(A)
    U, s, Vh = np.linalg.svd(A, full_matrices=False)
    return np.sum(w**3) + np.sum(V**4) + sign * logdet + s[0] + np.sum((U @ Vh) ** 3)


def named(A: Any) -> Any:
    spectrum = np.linalg.eigh(A + A.T)
    return spectrum.eigenvalues[0] ** 3 + np.linalg.slogdet(A).logabsdet + np.sum(np.linalg.qr(A).R ** 3)


def of_scipy(A: Any) -> Any:
    upper = scipy.linalg.cholesky(A @ A.T)
    q, r = scipy.linalg.qr(A, mode="economic")
    return np.sum(upper**3) + np.sum(q**3) + np.sum(r**3) + np.sum(scipy.linalg.eigh(A.T @ A, eigvals_only=True) ** 2)


def factored(A: Any) -> Any:
    c = cho_factor(A @ A.T + np.eye(A.shape[0]))
    x = cho_solve(c, A[0])
    return x @ A[1] + np.sum(np.log(np.diag(c[0]))) + np.sum(solve_triangular(A, x, lower=True, trans="T") ** 2)


def of_methods(A: Any) -> Any:
    return (
        np.sum(scipy.linalg.expm(A.T)) + np.sum(scipy.linalg.sqrtm(A @ A.T)) + np.sum(np.linalg.lstsq(A, A[0])[0] ** 2)
    )


@pytest.mark.parametrize("function", [unpacked, named, of_scipy, factored, of_methods])
def test_functions(function: Callable[[Any], Any]) -> None:
    compiled = sb.compile_value_and_grad(function, inputs={"A": "n n"})
    rng = np.random.default_rng(5)
    A = rng.normal(size=(3, 3)) + np.diag([3.0, 4.0, 5.0])
    value, (found,) = compiled(A)
    assert value == pytest.approx(function(A), rel=1e-12)
    for _ in range(3):
        way = rng.normal(size=(3, 3))
        ends = [function(A + step * way) for step in (1e-5, -1e-5)]
        assert np.sum(found * way) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)


def test_what_is_refused_says_so_in_functions_too() -> None:
    with pytest.raises(UnsupportedError, match="full_matrices=False"):
        sb.compile_grad(lambda A: np.sum(np.linalg.svd(A)[0] ** 2), inputs={"A": (4, 3)})
    with pytest.raises(UnsupportedError, match="axis=0"):
        sb.compile_grad(lambda A, b: np.sum(np.linalg.lstsq(A, b)[1] * 2.0), inputs={"A": (4, 3), "b": (4,)})
