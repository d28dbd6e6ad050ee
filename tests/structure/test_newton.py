"""k-means by Newton's method, whose Hessian is diagonal: on the measurements of irises, against Lloyd's algorithm."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_iris

import symbackprop as sb


def lloyd(X: np.ndarray, C: np.ndarray) -> np.ndarray:
    """Return the means of the points that are nearest to each centre."""
    nearest = np.argmin(np.sum((X[:, None, :] - C) ** 2, axis=2), axis=1)
    return np.stack([X[nearest == k].mean(axis=0) for k in range(len(C))])


def test_a_newton_step_of_k_means_moves_centres_to_means() -> None:
    step = sb.compile_hessian(
        "X[n,d] C[k,d] -> sum(min(sum((X[:, None, :] - C)**2, axis=2), axis=1))",
        wrt="C", with_value_and_grad=True, structure=True,
    )  # fmt: skip
    assert [form.kind for form in step.structure.values()] == ["diagonal"]
    X = load_iris(return_X_y=True)[0]
    C = X[[0, 52, 118]]
    values = []
    for _ in range(30):
        value, gradient, (counts,) = step(X, C)
        np.testing.assert_allclose(C - gradient / counts, lloyd(X, C), rtol=1e-12)
        C = C - gradient / counts
        values.append(value)
        if np.abs(gradient).max() < 1e-10:
            break
    assert len(values) < 30
    assert values == sorted(values, reverse=True)
    assert abs(values[-1] - 78.85144142614601) < 1e-9  # the least sum of squares that is known for three centres
    assert sorted(counts[:, 0] / 2) == [38, 50, 62]
