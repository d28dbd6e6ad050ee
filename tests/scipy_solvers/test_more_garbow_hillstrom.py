"""All problems of Moré, Garbow and Hillstrom (1981), from their standard starts to the published minima."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy_solvers.more_garbow_hillstrom import PROBLEMS, Problem

import symbackprop as sb

PUBLISHED_DIGITS = 1e-5  # minima are published with six digits
ZERO = 1e-12  # of sums of squares

every_problem = pytest.mark.parametrize("problem", PROBLEMS, ids=str)


@cache
def residuals_of(problem: Problem) -> sb.ScipyProblem:
    return sb.compile_scipy(problem.residuals, problem.start, problem.data, static=problem.static)


@cache
def objective_of(problem: Problem) -> sb.ScipyProblem:
    return sb.compile_scipy(problem.objective, problem.start, problem.data, static=problem.static)


def reaches(value: float, problem: Problem) -> bool:
    published = [problem.minimum] if problem.other is None else [problem.minimum, problem.other]
    return any(
        value == pytest.approx(minimum, rel=PUBLISHED_DIGITS, abs=ZERO * (minimum == 0)) for minimum in published
    )


def test_all_problems_are_there() -> None:
    assert {problem.number for problem in PROBLEMS} == {*range(1, 36)}


@every_problem
def test_least_squares_reaches_the_published_minimum(problem: Problem) -> None:
    with np.errstate(over="ignore"):  # trial steps of Meyer's and Jennrich's problems
        fit = residuals_of(problem).least_squares(xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=2000)
    assert reaches(2 * fit.cost, problem)
    assert fit.params.keys() == problem.start.keys()


@every_problem
@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")  # line searches of SciPy's try steps that overflow
def test_minimize_reaches_the_published_minimum(problem: Problem) -> None:
    options = {"ftol": 1e-20} if problem.method == "SLSQP" else {"gtol": 1e-10}
    fit = objective_of(problem).minimize(problem.method, options={**options, "maxiter": 5000})
    assert reaches(fit.fun, problem)


@every_problem
def test_jacobians_at_the_standard_start(problem: Problem) -> None:
    found = residuals_of(problem)
    at = found.x0 if problem.number not in (3, 4, 20) else found.x0 + 0.25  # away from the zeros that hide mistakes
    jacobian = found.jac(at)
    if isinstance(problem.residuals, str):
        expected, tolerance = central_differences(found, at), 1e-7
        rounding = 1e-9 * np.abs(found.fun(at))[:, None]  # of differences at a distance of 1e-6
    else:
        expected, tolerance, rounding = complex_step(problem, at), 1e-13, 0.0
    assert np.all(np.abs(jacobian - expected) <= tolerance * np.abs(expected).max() + rounding)


def central_differences(found: sb.ScipyProblem, at: np.ndarray) -> np.ndarray:
    steps = np.diag(1e-6 * np.maximum(1, np.abs(at)))
    columns = [(found.fun(at + step) - found.fun(at - step)) / (2 * step.sum()) for step in steps]
    return np.stack(columns, axis=-1)


def complex_step(problem: Problem, at: np.ndarray) -> np.ndarray:
    """Return the Jacobian of a function in NumPy, which runs as it is on complex numbers."""
    assert callable(problem.residuals)
    steps = at + 1e-30j * np.eye(at.size)
    columns = [np.stack(problem.residuals(step, **problem.data)).imag for step in steps]
    return np.stack(columns, axis=-1) / 1e-30


@every_problem
def test_the_gradient_is_that_of_the_residuals(problem: Problem) -> None:
    residuals, objective = residuals_of(problem), objective_of(problem)
    at = residuals.x0 + 0.01
    expected = 2 * residuals.jac(at).T @ residuals.fun(at)
    assert objective.fun(at) == pytest.approx(np.sum(residuals.fun(at) ** 2), rel=1e-12)
    np.testing.assert_allclose(objective.jac(at), expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("number", [1, 7, 13, 26, 27, 28, 29, 30, 31])
def test_root_solves_the_square_systems(number: int) -> None:
    (problem,) = [problem for problem in PROBLEMS if problem.number == number]
    fit = residuals_of(problem).root(method="lm")
    assert np.sum(fit.fun**2) < ZERO
