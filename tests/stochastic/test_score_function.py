"""The score function estimator: its value, its gradient draw by draw, and that its mean is the gradient of the mean.

Tests of means draw 200,000 times with a fixed seed. An unbiased estimator fails one with probability 1e-4 (a normal
quantile of 3.89); one whose mean is off by a fiftieth of its standard deviation is caught almost surely.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

import symbackprop as sb
from tests.stochastic.means import assert_mean, assert_mean_differs

DRAWS = 200_000
NORMAL = "theta x[n] c -> score_function(-(x - theta)**2/2, x**2 + theta*x, c)"


def test_value_is_the_reward() -> None:
    value, slope = sb.compile_value_and_grad("p r -> score_function(log(p), r, 0.5)", wrt="p")(0.25, 3.0)
    assert (value, slope) == (3.0, 10.0)


def test_the_baseline_has_no_derivative() -> None:
    dr, db = sb.compile_grad("p r b -> score_function(log(p), r, b)", wrt=("r", "b"))(0.25, 3.0, 0.5)
    assert (dr, db) == (1.0, 0.0)


def test_a_reward_that_is_a_mask_or_a_count() -> None:
    found = sb.compile_value_and_grad("p[n] k[n]:int -> sum(score_function(log(p), k)) + sum(score_function(p, k > 1))")
    value, (slope,) = found(np.array([0.5, 0.25]), [1, 2])
    assert value == 4
    assert slope.tolist() == [2.0, 9.0]


def test_shapes_broadcast() -> None:
    found = sb.compile_value("p[n] r -> score_function(p, r)")(np.ones(3), 2.0)
    assert found.tolist() == [2, 2, 2]
    assert sb.score_function(np.ones(3), 2.0).tolist() == [2, 2, 2]


def test_outside_of_a_trace_it_is_the_reward() -> None:
    assert sb.score_function(-1.0, 5.0, baseline=2.0) == 5.0


def test_functions_and_text_give_the_same_code() -> None:
    def surrogate(theta, x, c):  # type: ignore[no-untyped-def]
        return np.mean(sb.score_function(-((x - theta) ** 2) / 2, x**2, baseline=c))

    traced = sb.compile_grad(surrogate, inputs="theta x[n] c", wrt="theta")
    text = sb.compile_grad("theta x[n] c -> mean(score_function(-(x - theta)**2/2, x**2, c))", wrt="theta")
    body = [compiled.source.split('"""')[-1] for compiled in (traced, text)]
    assert body[0].replace("surrogate", "grad") == body[1]
    assert "score" not in body[1]
    assert traced.verify(points=1)


def _samples(formula: str, *given: float) -> np.ndarray:
    """Return the gradient estimates of single draws, of x around theta."""
    theta = given[0]
    x = theta + np.random.default_rng(11).normal(size=DRAWS)
    each = sb.compile_grad(formula.replace("x[n]", "x"), wrt="theta")
    return np.asarray(each(theta, x, *given[1:]))


@pytest.mark.parametrize("baseline", [0.0, 1.0, -20.0])
def test_unbiased_with_any_baseline(baseline: float) -> None:
    theta = 0.7
    estimates = _samples(NORMAL, theta, baseline)  # the mean of x**2 + theta*x is 1 + 2*theta**2
    assert_mean(estimates, 4 * theta)


def test_a_good_baseline_lowers_the_variance() -> None:
    theta = 0.7
    without, near = (_samples(NORMAL, theta, baseline).var() for baseline in (0.0, 1 + 2 * theta**2))
    assert near < 0.7 * without


def test_a_baseline_that_depends_on_the_draw_is_biased() -> None:
    estimates = _samples("theta x[n] c -> score_function(-(x - theta)**2/2, x**2 + theta*x, c*x)", 0.7, 1.0)
    assert_mean_differs(estimates, 4 * 0.7)


def test_unbiased_for_choices() -> None:
    logit = 0.3
    b = np.random.default_rng(5).random(DRAWS) < expit(logit)
    each = sb.compile_grad("a b -> score_function(b*a - log(1 + exp(a)), (b - 0.45)**2)", wrt="a")
    p = expit(logit)
    assert_mean(np.asarray(each(logit, b.astype(float))), p * (1 - p) * (0.55**2 - 0.45**2))
