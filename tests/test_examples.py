"""The examples run, and their figures are right."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.datasets import load_iris

import symbackprop as sb
from examples import black_scholes, gaussian_mixture, logistic_regression, pendulum


def test_logistic_regression_agrees_with_scikit_learn(capsys: pytest.CaptureFixture[str]) -> None:
    figures = logistic_regression.main()
    assert figures["difference"] < 2e-4
    assert "largest difference" in capsys.readouterr().out


def test_black_scholes_agrees_with_the_closed_forms() -> None:
    figures = black_scholes.main()
    assert figures["error"] < 1e-12
    assert figures["array_error"] < 1e-12


def test_pendulum_keeps_its_energy(capsys: pytest.CaptureFixture[str]) -> None:
    figures = pendulum.main(links=2)
    assert figures["drift"] < 1e-10
    assert figures["power"] < 1e-11
    assert "the energy drifts" in capsys.readouterr().out


def test_gaussian_mixture_gradient() -> None:
    assert gaussian_mixture.main()["difference"] < 1e-7


def test_gaussian_mixture_value_agrees_with_scipy() -> None:
    X = load_iris().data[:20]
    rng = np.random.default_rng(1)
    alpha, mu = rng.normal(size=2), rng.normal(size=(2, 4)) + 3
    q, L = 0.2 * rng.normal(size=(2, 4)), 0.3 * rng.normal(size=(2, 4, 4))
    weights = np.exp(alpha) / np.exp(alpha).sum()
    density = np.zeros(len(X))
    for k in range(2):
        Q = np.tril(L[k], -1) + np.diag(np.exp(q[k]))
        density += weights[k] * multivariate_normal(mu[k], np.linalg.inv(Q.T @ Q)).pdf(X)
    found = sb.compile_value(gaussian_mixture.FORMULA)(alpha, mu, q, L, X)
    assert found == pytest.approx(np.log(density).sum(), rel=1e-10)


@pytest.mark.parametrize("example", [black_scholes, gaussian_mixture, logistic_regression])
def test_examples_verify(example: object) -> None:
    compiled = sb.compile_value_and_grad(example.FORMULA)  # type: ignore[attr-defined]
    assert compiled.verify(points=1, seconds=1)
