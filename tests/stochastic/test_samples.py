"""Reparameterised samples and dropout masks, unbiased; straight-through and Gumbel-softmax, whose bias is measured."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax

import symbackprop as sb
from tests.stochastic.means import assert_mean, assert_mean_differs

DRAWS = 200_000


# --- noise as an input ------------------------------------------------------------------------------------------------


def test_reparameterised_normal_is_unbiased() -> None:
    mu, log_sigma = 0.4, -0.3
    each = sb.compile_grad("mu s e -> (mu + exp(s)*e)**3", wrt=("mu", "s"))
    dmu, ds = each(mu, log_sigma, np.random.default_rng(3).normal(size=DRAWS))
    variance = np.exp(2 * log_sigma)  # the mean of x**3 is mu**3 + 3*mu*variance
    assert_mean(dmu, 3 * mu**2 + 3 * variance)
    assert_mean(ds, 6 * mu * variance)


def test_reparameterised_normal_of_many_variables_is_unbiased() -> None:
    rng = np.random.default_rng(4)
    L = np.array([[1.2, 0.0], [0.5, 0.8]])
    each = sb.compile_grad("L[d,d] e[d] -> prod(L @ e)", wrt="L")
    estimates = np.array([each(L, e) for e in rng.normal(size=(20_000, 2))])
    assert_mean(estimates[:, 0, 0], L[1, 0])  # the mean of the product is L[0,0]*L[1,0]
    assert_mean(estimates[:, 1, 0], L[0, 0])
    assert_mean(estimates[:, 1, 1], 0.0)


def test_both_estimators_have_one_mean_and_the_reparameterised_one_varies_less() -> None:
    noise = np.random.default_rng(6).normal(size=DRAWS)
    by_path = sb.compile_grad("m e -> sin(m + e)", wrt="m")(0.5, noise)
    by_score = sb.compile_grad("m x -> score_function(-(x - m)**2/2, sin(x))", wrt="m")(0.5, 0.5 + noise)
    assert_mean(by_path - by_score, 0.0)
    assert by_path.var() < by_score.var()


# --- straight-through -------------------------------------------------------------------------------------------------

BINARY = "a u -> (straight_through(u < expit(a), expit(a)) - 0.45)**2"


def test_straight_through_is_biased_by_what_the_slope_at_the_sample_says() -> None:
    a = 0.3
    estimates = sb.compile_grad(BINARY, wrt="a")(a, np.random.default_rng(7).random(DRAWS))
    p = expit(a)
    true = p * (1 - p) * (0.55**2 - 0.45**2)
    expected = p * (1 - p) * 2 * (p - 0.45)  # the mean of 2*(b - 0.45) over b, times dp/da
    assert_mean(estimates, expected)
    assert_mean_differs(estimates, true)


def test_straight_through_is_unbiased_where_the_sample_enters_linearly() -> None:
    a = 0.3
    each = sb.compile_grad("a u c -> c*straight_through(u < expit(a), expit(a))", wrt="a")
    rng = np.random.default_rng(8)
    p = expit(a)
    assert_mean(each(a, rng.random(DRAWS), 1.5 + rng.normal(size=DRAWS)), 1.5 * p * (1 - p))


# --- Gumbel-softmax ---------------------------------------------------------------------------------------------------

# The gradient with respect to a row of z is the estimate of one draw.
GUMBEL = "z[n,k] g[n,k] T c[k] -> sum((softmax((z + g) / T, axis=1) @ c)**2)"
Z, C = np.array([0.2, -0.4, 0.7]), np.array([1.0, -2.0, 0.5])


def _gumbel(draws: int) -> np.ndarray:
    return np.random.default_rng(9).gumbel(size=(draws, 3))


def test_gumbel_noise_draws_from_the_softmax() -> None:
    chosen = np.argmax(Z + _gumbel(DRAWS), axis=1)
    for k, probability in enumerate(softmax(Z)):
        assert_mean((chosen == k).astype(float), probability)


def _by_temperature(temperature: float) -> np.ndarray:
    """Return gradient estimates of the mean of ``c[chosen]**2`` with respect to the first logit."""
    each = sb.compile_grad(GUMBEL, wrt="z")
    return each(np.tile(Z, (DRAWS, 1)), _gumbel(DRAWS), temperature, C)[:, 0]


def test_the_bias_of_gumbel_softmax_falls_with_the_temperature_and_its_variance_rises() -> None:
    p = softmax(Z)
    true = p[0] * (C[0] ** 2 - p @ C**2)
    estimates = [_by_temperature(temperature) for temperature in (1.0, 0.25, 0.1)]
    for found in estimates:
        assert_mean_differs(found, true)
    biases = [abs(found.mean() - true) for found in estimates]
    assert biases[0] > 1.5 * biases[1] > 1.5 * 1.5 * biases[2]
    assert estimates[0].var() < estimates[1].var() < estimates[2].var()
    assert_mean(_by_temperature(0.02), true)  # what bias is left is below what so many draws can see


def test_straight_through_gumbel_chooses_one() -> None:
    found = sb.compile_value_and_grad(
        "z[k] g[k] T c[k] -> s = softmax((z + g) / T); c @ straight_through(s == max(s), s)", wrt="z"
    )
    value, slope = found(Z, np.array([0.0, 3.0, 0.0]), 1.0, C)
    soft = softmax(Z + np.array([0.0, 3.0, 0.0]))
    assert value == C[1]
    np.testing.assert_allclose(slope, soft * (C - soft @ C), rtol=1e-14)


# --- dropout ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_dropout_of_a_linear_function_keeps_value_and_gradient_in_the_mean(keep: float) -> None:
    w, x = np.array([0.5, -1.0, 2.0]), np.array([1.0, 2.0, -0.3])
    each = sb.compile_value_and_grad("w[d] x[d] m[d] p -> (m * x / p) @ w", wrt=("w", "x"))
    masks = np.random.default_rng(10).random((20_000, 3)) < keep
    values, slopes = zip(*(each(w, x, m, keep) for m in masks.astype(float)), strict=True)
    assert_mean(np.array(values), w @ x)
    by_w, by_x = (np.array(column) for column in zip(*slopes, strict=True))
    for i in range(3):
        assert_mean(by_w[:, i], x[i])
        assert_mean(by_x[:, i], w[i])


def test_dropout_before_a_curve_shifts_its_mean() -> None:
    each = sb.compile_value("x m -> exp(2 * m * x)")
    masks = np.random.default_rng(12).random(DRAWS) < 0.5
    assert_mean_differs(np.asarray(each(0.7, masks.astype(float))), np.exp(0.7))


def test_random_numbers_inside_a_function_are_refused() -> None:
    with pytest.raises(sb.UnsupportedError, match="draw them outside and pass them in as an input"):
        sb.compile_grad(lambda x: x * np.random.normal())
