"""Loops over time on real data: they reach published figures, and agree with independent implementations."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb
from examples.loops import ctc, earthquakes, equilibrium_layer, lstm, nile, ridge_penalty


def test_the_nile_has_its_published_variances() -> None:
    assert len(nile.FLOWS) == 100
    figures = nile.main()
    assert figures["noise"] == pytest.approx(15099, abs=1)
    assert figures["drift"] == pytest.approx(1469.1, abs=0.2)
    assert figures["log_likelihood"] == pytest.approx(-632.54, abs=0.01)
    assert figures["difference"] < 1e-9
    assert figures["slope_error"] < 1e-8


def test_earthquakes_have_their_published_rates() -> None:
    assert len(earthquakes.COUNTS) == 107
    figures = earthquakes.main()
    assert figures["negative_log_likelihood"] == pytest.approx(342.3183, abs=1e-4)
    assert figures["low"] == pytest.approx(15.472, abs=1e-3)
    assert figures["high"] == pytest.approx(26.125, abs=1e-3)
    assert figures["difference"] < 1e-10
    assert figures["slope_error"] < 1e-8


def test_long_short_term_memory_agrees_with_backpropagation_by_hand() -> None:
    figures = lstm.main(batch=8, hidden=16)
    assert figures["difference"] < 1e-13
    assert figures["slope_error"] < 1e-8
    assert figures["lines"] <= 150


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_long_short_term_memory_of_any_length(steps: int) -> None:
    params, data = lstm.arguments(steps=steps, batch=3, inputs=2, hidden=4)
    value, gradient = sb.compile_value_and_grad(lstm.loss, inputs=lstm.INPUTS, wrt="params")(params, *data)
    expected, by_rule = lstm.by_hand(params, *data)
    assert value == pytest.approx(expected, rel=1e-13)
    for name in by_rule:
        np.testing.assert_allclose(gradient[name], by_rule[name], rtol=1e-11, atol=1e-14)


def test_temporal_classification_agrees_with_all_alignments() -> None:
    figures = ctc.main()
    assert figures["difference"] < 1e-12
    assert figures["slope_error"] < 1e-8


@pytest.mark.parametrize(
    ("letters", "frames"), [([1], 1), ([1], 3), ([1, 2], 2), ([2, 2], 3), ([1, 1, 2], 5), ([3, 1, 3], 6)]
)
def test_texts_and_frames_of_any_length(letters: list[int], frames: int) -> None:
    logits = np.random.default_rng(frames).normal(size=(frames, 4))
    compiled = sb.compile_value_and_grad(ctc.loss, inputs=ctc.inputs(len(letters)), wrt="params")
    value, gradient = compiled({"logits": logits}, *ctc.extended(letters))
    expected, by_paths = ctc.by_enumeration(logits, letters)
    assert value == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient["logits"], by_paths, rtol=0, atol=1e-12)


def test_an_equilibrium_agrees_with_the_iteration_written_out() -> None:
    figures = equilibrium_layer.main()
    assert figures["value_error"] < 1e-9
    assert figures["difference"] < 1e-9
    assert figures["solves"] == 1
    assert figures["fell"] > 0.5


def test_the_penalty_of_ridge_regression_agrees_with_the_closed_form_and_scikit_learn() -> None:
    figures = ridge_penalty.main()
    assert figures["value_error"] < 1e-12
    assert figures["slope_error"] < 1e-12
    assert figures["ridge_error"] < 1e-10
    assert figures["steepest"] < 1e-7
    assert figures["solves"] == 1


def test_data_is_not_written_to() -> None:
    params, data = lstm.arguments(steps=4, batch=3, inputs=2, hidden=4)
    before = [np.copy(item) for item in (*params.values(), *data)]
    sb.compile_value_and_grad(lstm.loss, inputs=lstm.INPUTS, wrt="params")(params, *data)
    for one, other in zip(before, (*params.values(), *data), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("module", "shapes"),
    [(nile, nile.INPUTS), (earthquakes, earthquakes.INPUTS), (lstm, lstm.INPUTS), (ctc, ctc.inputs(2))],
)
def test_loops_verify(module: object, shapes: dict) -> None:
    assert sb.compile_value_and_grad(module.loss, inputs=shapes, wrt="params").verify(points=1, seconds=1)
