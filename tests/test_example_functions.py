"""Functions of NumPy on real data: they fit, and agree with independent implementations, by hand and by differences."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import by_hand_functions
from benchmarks.functions import WORKLOADS, agree, compiled
from examples.functions import cox, gaussian_process, masked_factors, mixture, multinomial, nmf, student_t, tsne


def test_multinomial_logistic_regression_agrees_with_scikit_learn(capsys: pytest.CaptureFixture[str]) -> None:
    figures = multinomial.main(count=150)
    assert figures["difference"] < 1e-5
    assert figures["slope_error"] < 1e-8
    assert "def value_and_grad(params, X, y, penalty):" in capsys.readouterr().out


def test_cox_regression_agrees_with_the_closed_form_and_finds_the_truth() -> None:
    figures = cox.main(count=1000)
    assert figures["difference"] < 1e-12
    assert figures["distance"] < 0.15
    assert figures["slope_error"] < 1e-8


def test_student_t_regression_agrees_with_scipy_and_finds_heavy_tails() -> None:
    figures = student_t.main()
    assert figures["difference"] < 1e-13
    assert figures["slope_error"] < 1e-8
    assert figures["steepest"] < 1e-3
    assert 1 < figures["dof"] < 4


def test_tsne_agrees_with_scikit_learn() -> None:
    figures = tsne.main(every=3, iterations=30, perplexity=10)
    assert figures["difference"] < 1e-10
    assert figures["slope_error"] < 1e-8
    assert figures["divergence"] < 0.5


def test_nmf_agrees_with_scikit_learn() -> None:
    figures = nmf.main(count=60, rank=3)
    assert figures["difference"] < 1e-13
    assert figures["slope_error"] < 1e-8
    assert figures["least"] >= 0
    assert figures["ratio"] < 1.02


def test_masked_factors_agree_with_least_squares_and_predict_what_is_hidden() -> None:
    figures = masked_factors.main()
    assert figures["difference"] < 1e-4
    assert figures["slope_error"] < 1e-8
    assert figures["hidden"] < figures["spread"]


def test_gaussian_process_agrees_with_scikit_learn() -> None:
    figures = gaussian_process.main(count=60)
    assert figures["difference"] < 1e-10
    assert figures["slope_error"] < 1e-8
    assert figures["fell"] > 1


def test_mixture_agrees_with_scikit_learn_where_expectation_maximisation_ends() -> None:
    figures = mixture.main()
    assert figures["difference"] < 1e-12
    assert figures["slope_error"] < 1e-8
    assert figures["steepest"] < 1e-4
    assert figures["gain"] > -1e-8


@pytest.mark.parametrize("name", WORKLOADS)
def test_gradients_by_hand_are_right(name: str) -> None:
    _, arguments = WORKLOADS[name]
    params, data = arguments(100)
    agree(compiled(name)(params, *data), getattr(by_hand_functions, name)(params, *data))


@pytest.mark.parametrize("name", WORKLOADS)
def test_functions_verify(name: str) -> None:
    assert compiled(name).verify(points=1, seconds=1)


@pytest.mark.parametrize("name", WORKLOADS)
def test_data_is_not_written_to(name: str) -> None:
    _, arguments = WORKLOADS[name]
    params, data = arguments(30)
    before = [np.copy(item) for item in (*params.values(), *data)]
    compiled(name)(params, *data)
    for one, other in zip(before, (*params.values(), *data), strict=True):
        np.testing.assert_array_equal(one, other)
