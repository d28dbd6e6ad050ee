"""Whether the mean of many independent estimates is a given number, told with a stated confidence."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

CONFIDENCE = 0.9999
QUANTILE = float(norm.ppf(0.5 + CONFIDENCE / 2))


def standard_errors(estimates: np.ndarray, mean: float) -> float:
    """Return by how many standard errors the mean of estimates is off."""
    error = estimates.std(ddof=1) / np.sqrt(len(estimates))
    return float((estimates.mean() - mean) / error)


def assert_mean(estimates: np.ndarray, mean: float) -> None:
    """Fail where an estimator with this mean would be as far off with probability ``1 - CONFIDENCE`` at most."""
    assert estimates.std() > 0, "estimates that are all the same need no test of their mean"
    z = standard_errors(estimates, mean)
    assert abs(z) < QUANTILE, f"the mean {estimates.mean():.5g} is {z:.1f} standard errors from {mean:.5g}"


def assert_mean_differs(estimates: np.ndarray, mean: float) -> None:
    """Fail unless the mean of estimates is certainly another one: with the same confidence."""
    z = standard_errors(estimates, mean)
    assert abs(z) > QUANTILE, f"the mean {estimates.mean():.5g} is within {z:.1f} standard errors of {mean:.5g}"
