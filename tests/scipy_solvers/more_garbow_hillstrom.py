"""The 35 problems of Moré, Garbow and Hillstrom: residuals, standard starts and published minima.

J. J. Moré, B. S. Garbow, K. E. Hillstrom, "Testing Unconstrained Optimization Software", ACM Transactions on Mathematical
Software 7(1), 1981, 17-41. Numbers are theirs. Each problem is the sum of the squares of its residuals. Where they
publish several minima, `minimum` is one that solvers reach from the standard start.

Problems 11, Gulf, is with its exponent as the data were made, ``|y - x2|**x3``; the paper's text has a misprint there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import numpy as np
from scipy_solvers import more_garbow_hillstrom_data as data

__all__ = ["PROBLEMS", "Problem"]


@dataclass(frozen=True, eq=False)
class Problem:
    """A problem.

    Parameters
    ----------
    number : int
        Its number in the paper.
    name : str
        Its name there.
    residuals : str or callable
        Formula text, or a function in NumPy.
    start : mapping
        The standard starting point.
    minimum : float
        The published sum of squares.
    data : mapping
        What residuals take beside parameters.
    method : str
        A method of `scipy.optimize.minimize` that gets there.
    other : float, optional
        Another published sum of squares, which other methods reach.
    """

    number: int
    name: str
    residuals: str | Callable[..., Any]
    start: Mapping[str, Any]
    minimum: float
    data: Mapping[str, Any] = field(default_factory=dict)
    method: str = "BFGS"
    other: float | None = None

    def __str__(self) -> str:
        return f"{self.number}-{self.name.replace(' ', '-')}"

    @property
    def static(self) -> tuple[str, ...]:
        """Counts of entries and residuals."""
        return tuple(name for name in self.data if name in ("n", "m"))

    @property
    def objective(self) -> str | Callable[..., Any]:
        """The sum of the squares of the residuals, in the form that these have."""
        residuals = self.residuals
        if isinstance(residuals, str):
            statements, semicolon, results = residuals.rpartition("; ")
            return f"{statements}{semicolon}sum(array([{results}])**2)"

        @wraps(residuals)
        def objective(*args, **kwargs):
            found = residuals(*args, **kwargs)
            return sum(entry**2 for entry in found) if isinstance(found, list) else np.sum(found**2)

        return objective


# --- functions in NumPy, for problems whose parameters are a vector -----------------------------------------------------


def watson(x, n):
    t = np.arange(1, 30) / 29
    powers = t[:, None] ** np.arange(n)
    slopes = np.arange(1, n) * powers[:, : n - 1]
    first = slopes @ x[1:] - (powers @ x) ** 2 - 1
    return np.concatenate([first, [x[0], x[1] - x[0] ** 2 - 1]])


def helical_valley(x):
    theta = np.arctan(x[1] / x[0]) / (2 * np.pi) + np.where(x[0] < 0, 0.5, 0.0)
    return [10 * (x[2] - 10 * theta), 10 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]]


def osborne_2(x, t, y):
    decay = x[0] * np.exp(-t * x[4])
    peaks = [x[1 + k] * np.exp(-((t - x[8 + k]) ** 2) * x[5 + k]) for k in range(3)]
    return y - (decay + peaks[0] + peaks[1] + peaks[2])


def extended_rosenbrock(x):
    return np.concatenate([10 * (x[1::2] - x[::2] ** 2), 1 - x[::2]])


def extended_powell_singular(x):
    a, b, c, d = x.reshape(-1, 4).T
    return np.concatenate([a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2])


def penalty_1(x):
    return np.concatenate([np.sqrt(1e-5) * (x - 1), [np.sum(x**2) - 0.25]])


def penalty_2(x, n):
    i = np.arange(2, n + 1)
    y = np.exp(i / 10) + np.exp((i - 1) / 10)
    terms = np.exp(x / 10)
    return np.concatenate(
        [
            [x[0] - 0.2],
            np.sqrt(1e-5) * (terms[1:] + terms[:-1] - y),
            np.sqrt(1e-5) * (terms[1:] - np.exp(-0.1)),
            [np.sum(np.arange(n, 0, -1) * x**2) - 1],
        ]
    )


def variably_dimensioned(x, n):
    total = np.sum(np.arange(1, n + 1) * (x - 1))
    return np.concatenate([x - 1, [total, total**2]])


def trigonometric(x, n):
    return n - np.sum(np.cos(x)) + np.arange(1, n + 1) * (1 - np.cos(x)) - np.sin(x)


def brown_almost_linear(x, n):
    return np.concatenate([x[:-1] + np.sum(x) - (n + 1), [np.prod(x) - 1]])


def discrete_boundary_value(x, n):
    h = 1 / (n + 1)
    t = np.arange(1, n + 1) * h
    padded = np.pad(x, 1)
    return 2 * x - padded[:-2] - padded[2:] + h**2 * (x + t + 1) ** 3 / 2


def discrete_integral(x, n):
    h = 1 / (n + 1)
    t = np.arange(1, n + 1) * h
    cubes = (x + t + 1) ** 3
    below = np.cumsum(t * cubes)
    above = np.sum((1 - t) * cubes) - np.cumsum((1 - t) * cubes)
    return x + h * ((1 - t) * below + t * above) / 2


def broyden_tridiagonal(x):
    padded = np.pad(x, 1)
    return (3 - 2 * x) * x - padded[:-2] - 2 * padded[2:] + 1


def broyden_banded(x, n):
    i, j = np.arange(n)[:, None], np.arange(n)
    band = ((j >= i - 5) & (j <= i + 1) & (j != i)).astype(float)
    return x * (2 + 5 * x**2) + 1 - band @ (x * (1 + x))


def linear_full_rank(x, n, m):
    return np.concatenate([x, np.zeros(m - n)]) - 2 / m * np.sum(x) - 1


def linear_rank_1(x, n, m):
    return np.arange(1, m + 1) * np.sum(np.arange(1, n + 1) * x) - 1


def linear_rank_1_with_zeros(x, n, m):
    total = np.sum(np.arange(2, n) * x[1:-1])
    return np.concatenate([[-1.0], np.arange(1, m - 1) * total - 1, [-1.0]])


def chebyquad(x, n, m):
    shifted = 2 * x - 1
    previous, current = np.ones(n), shifted
    means = []
    for i in range(1, m + 1):
        means.append(np.mean(current) - (0.0 if i % 2 else -1 / (i**2 - 1)))
        previous, current = current, 2 * shifted * current - previous
    return np.stack(means)


# --- the table ----------------------------------------------------------------------------------------------------------


def _points(n: int) -> Any:
    t = np.arange(1, n + 1) / (n + 1)
    return t * (t - 1)


PROBLEMS = (
    Problem(1, "Rosenbrock", "10*(x2 - x1**2), 1 - x1", {"x1": -1.2, "x2": 1.0}, 0.0),
    Problem(
        2, "Freudenstein and Roth", "-13 + x1 + ((5 - x2)*x2 - 2)*x2, -29 + x1 + ((x2 + 1)*x2 - 14)*x2",
        {"x1": 0.5, "x2": -2.0}, 48.9842,
    ),
    Problem(
        3, "Powell badly scaled", "1e4*x1*x2 - 1, exp(-x1) + exp(-x2) - 1.0001", {"x1": 0.0, "x2": 1.0}, 0.0,
    ),
    Problem(4, "Brown badly scaled", "x1 - 1e6, x2 - 2e-6, x1*x2 - 2", {"x1": 1.0, "x2": 1.0}, 0.0),
    Problem(
        5, "Beale", "1.5 - x1*(1 - x2), 2.25 - x1*(1 - x2**2), 2.625 - x1*(1 - x2**3)", {"x1": 1.0, "x2": 1.0}, 0.0,
    ),
    Problem(
        6, "Jennrich and Sampson", "2 + 2*i - (exp(i*x1) + exp(i*x2))", {"x1": 0.3, "x2": 0.4}, 124.362,
        {"i": np.arange(1.0, 11)},
    ),
    Problem(7, "Helical valley", helical_valley, {"x": [-1.0, 0.0, 0.0]}, 0.0),
    Problem(
        8, "Bard", "y - (x1 + u/(x2*v + x3*minimum(u, v)))", {"x1": 1.0, "x2": 1.0, "x3": 1.0}, 8.21487e-3,
        {"u": np.arange(1.0, 16), "v": 16 - np.arange(1.0, 16), "y": data.BARD},
    ),
    Problem(
        9, "Gaussian", "x1*exp(-x2*(t - x3)**2/2) - y", {"x1": 0.4, "x2": 1.0, "x3": 0.0}, 1.12793e-8,
        {"t": (8 - np.arange(1.0, 16)) / 2, "y": data.GAUSSIAN},
    ),
    Problem(
        10, "Meyer", "x1*exp(x2/(t + x3)) - y", {"x1": 0.02, "x2": 4000.0, "x3": 250.0}, 87.9458,
        {"t": 45 + 5 * np.arange(1.0, 17), "y": data.MEYER},
    ),
    Problem(
        11, "Gulf research and development", "t = i/100; y = 25 + (-50*log(t))**(2/3); exp(-abs(y - x2)**x3/x1) - t",
        {"x1": 5.0, "x2": 2.5, "x3": 0.15}, 0.0, {"i": np.arange(1.0, 100)},
    ),
    Problem(
        12, "Box three-dimensional", "t = 0.1*i; exp(-t*x1) - exp(-t*x2) - x3*(exp(-t) - exp(-10*t))",
        {"x1": 0.0, "x2": 10.0, "x3": 20.0}, 0.0, {"i": np.arange(1.0, 11)},
    ),
    Problem(
        13, "Powell singular", "x1 + 10*x2, sqrt(5)*(x3 - x4), (x2 - 2*x3)**2, sqrt(10)*(x1 - x4)**2",
        {"x1": 3.0, "x2": -1.0, "x3": 0.0, "x4": 1.0}, 0.0,
    ),
    Problem(
        14, "Wood",
        "10*(x2 - x1**2), 1 - x1, sqrt(90)*(x4 - x3**2), 1 - x3, sqrt(10)*(x2 + x4 - 2), (x2 - x4)/sqrt(10)",
        {"x1": -3.0, "x2": -1.0, "x3": -3.0, "x4": -1.0}, 0.0,
    ),
    Problem(
        15, "Kowalik and Osborne", "y - x1*(u**2 + u*x2)/(u**2 + u*x3 + x4)",
        {"x1": 0.25, "x2": 0.39, "x3": 0.415, "x4": 0.39}, 3.07505e-4, {"u": data.KOWALIK_U, "y": data.KOWALIK_Y},
    ),
    Problem(
        16, "Brown and Dennis", "t = i/5; (x1 + t*x2 - exp(t))**2 + (x3 + x4*sin(t) - cos(t))**2",
        {"x1": 25.0, "x2": 5.0, "x3": -5.0, "x4": -1.0}, 85822.2, {"i": np.arange(1.0, 21)},
    ),
    Problem(
        17, "Osborne 1", "y - (x1 + x2*exp(-t*x4) + x3*exp(-t*x5))",
        {"x1": 0.5, "x2": 1.5, "x3": -1.0, "x4": 0.01, "x5": 0.02}, 5.46489e-5,
        {"t": 10 * np.arange(33.0), "y": data.OSBORNE_1},
    ),
    Problem(
        18, "Biggs EXP6",
        "t = 0.1*i; y = exp(-t) - 5*exp(-10*t) + 3*exp(-4*t); x3*exp(-t*x1) - x4*exp(-t*x2) + x6*exp(-t*x5) - y",
        {"x1": 1.0, "x2": 2.0, "x3": 1.0, "x4": 1.0, "x5": 1.0, "x6": 1.0}, 5.65565e-3, {"i": np.arange(1.0, 14)}, other=0.0,
    ),
    Problem(
        19, "Osborne 2", osborne_2, {"x": [1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5]}, 4.01377e-2,
        {"t": np.arange(65) / 10, "y": data.OSBORNE_2},
    ),
    Problem(20, "Watson of 6", watson, {"x": np.zeros(6)}, 2.28767e-3, {"n": 6}),
    Problem(20, "Watson of 9", watson, {"x": np.zeros(9)}, 1.39976e-6, {"n": 9}),
    Problem(20, "Watson of 12", watson, {"x": np.zeros(12)}, 4.72238e-10, {"n": 12}, method="SLSQP"),
    Problem(21, "extended Rosenbrock", extended_rosenbrock, {"x": np.tile([-1.2, 1.0], 10)}, 0.0),
    Problem(22, "extended Powell singular", extended_powell_singular, {"x": np.tile([3.0, -1.0, 0.0, 1.0], 5)}, 0.0),
    Problem(23, "penalty I of 4", penalty_1, {"x": np.arange(1.0, 5)}, 2.24997e-5),
    Problem(23, "penalty I of 10", penalty_1, {"x": np.arange(1.0, 11)}, 7.08765e-5),
    Problem(24, "penalty II of 4", penalty_2, {"x": np.full(4, 0.5)}, 9.37629e-6, {"n": 4}),
    Problem(24, "penalty II of 10", penalty_2, {"x": np.full(10, 0.5)}, 2.93660e-4, {"n": 10}),
    Problem(25, "variably dimensioned", variably_dimensioned, {"x": 1 - np.arange(1, 11) / 10}, 0.0, {"n": 10}),
    Problem(26, "trigonometric", trigonometric, {"x": np.full(5, 1 / 5)}, 0.0, {"n": 5}),
    Problem(27, "Brown almost-linear", brown_almost_linear, {"x": np.full(10, 0.5)}, 0.0, {"n": 10}),
    Problem(28, "discrete boundary value", discrete_boundary_value, {"x": _points(20)}, 0.0, {"n": 20}),
    Problem(29, "discrete integral equation", discrete_integral, {"x": _points(20)}, 0.0, {"n": 20}),
    Problem(30, "Broyden tridiagonal", broyden_tridiagonal, {"x": np.full(20, -1.0)}, 0.0),
    Problem(31, "Broyden banded", broyden_banded, {"x": np.full(20, -1.0)}, 0.0, {"n": 20}),
    Problem(32, "linear of full rank", linear_full_rank, {"x": np.ones(10)}, 10.0, {"n": 10, "m": 20}),
    Problem(33, "linear of rank 1", linear_rank_1, {"x": np.ones(10)}, 20 * 19 / (2 * 41), {"n": 10, "m": 20}),
    Problem(
        34, "linear of rank 1 with zero columns and rows", linear_rank_1_with_zeros, {"x": np.ones(10)},
        (20**2 + 3 * 20 - 6) / (2 * 37), {"n": 10, "m": 20},
    ),
    Problem(35, "Chebyquad of 7", chebyquad, {"x": np.arange(1, 8) / 8}, 0.0, {"n": 7, "m": 7}),
    Problem(35, "Chebyquad of 8", chebyquad, {"x": np.arange(1, 9) / 9}, 3.51687e-3, {"n": 8, "m": 8}),
    Problem(35, "Chebyquad of 9", chebyquad, {"x": np.arange(1, 10) / 10}, 0.0, {"n": 9, "m": 9}),
    Problem(35, "Chebyquad of 10", chebyquad, {"x": np.arange(1, 11) / 11}, 6.50395e-3, {"n": 10, "m": 10}),
)  # fmt: skip
