"""Constraints by formula: their derivatives, SciPy's methods, known optima, what is refused."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import sympy

import symbackprop as sb
from symbackprop.errors import ArgumentError, ShapeError, UnknownNameError, UnsupportedError

HOCK_SCHITTKOWSKI_71 = np.array([1.0, 4.74299963, 3.82114998, 1.37940829])  # Hock and Schittkowski (1981), 17.0140173


@pytest.fixture(scope="module")
def problem_71() -> sb.ScipyProblem:
    return sb.compile_scipy(
        "x[0]*x[3]*(x[0] + x[1] + x[2]) + x[2]",
        {"x": [1.0, 5.0, 5.0, 1.0]},
        bounds={"x": (1, 5)},
        constraints={"prod(x)": (25, None), "sum(x**2)": 40},
    )


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("trust-constr", {"gtol": 1e-10, "xtol": 1e-12}),
        ("SLSQP", {"ftol": 1e-12}),
        (None, {"ftol": 1e-12}),
        ("COBYQA", {}),
    ],
)
def test_hock_schittkowski_71(problem_71: sb.ScipyProblem, method: Any, options: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # SciPy warns of derivatives that a method has no use for
        fit = problem_71.minimize(method, options=options)
    assert fit.fun == pytest.approx(17.0140173, abs=2e-5)
    np.testing.assert_allclose(fit.params["x"], HOCK_SCHITTKOWSKI_71, atol=2e-5)


def test_derivatives_of_constraints(problem_71: sb.ScipyProblem) -> None:
    product, squares = problem_71.constraints
    x = np.array([1.0, 2.0, 3.0, 4.0])
    assert product.fun(x).tolist() == [24.0]
    np.testing.assert_allclose(product.jac(x), [24 / x], rtol=1e-14)
    np.testing.assert_allclose(product.hess(x, [2.0]), 2 * 24 * (1 - np.eye(4)) / np.outer(x, x), rtol=1e-14)
    assert squares.hess(x, [3.0]).tolist() == (6 * np.eye(4)).tolist()
    assert (squares.lb.tolist(), squares.ub.tolist()) == ([40.0], [40.0])


def test_only_what_a_constraint_takes() -> None:
    """Parameters that it does not take have zeros; fixed ones no columns."""
    start = {"a": 2.0, "v": [1.0, 2.0, 3.0], "b": 0.5}
    problem = sb.compile_scipy(
        "a*b*sum(v**2)", start, {"k": 10.0}, fixed={"v": [False, True, False]}, constraints={"k*v*b, b**2": (None, 7)}
    )
    (g,) = problem.constraints
    x = problem.x0  # a, v[0], v[2], b
    assert g.fun(x).tolist() == [5.0, 10.0, 15.0, 0.25]
    assert g.jac(x).tolist() == [[0, 5, 0, 10], [0, 0, 0, 20], [0, 0, 5, 30], [0, 0, 0, 1]]
    hessian = np.zeros((4, 4))
    hessian[1, 3] = hessian[3, 1] = 10.0
    hessian[2, 3] = hessian[3, 2] = 30.0
    hessian[3, 3] = 2 * 4.0
    assert g.hess(x, [1.0, 2.0, 3.0, 4.0]).tolist() == hessian.tolist()


def nested(p: Any) -> Any:
    return np.sum((p["u"] - 2.0) ** 2) + p["c"] ** 2


def rows(A: Any, p: Any) -> Any:
    return {"rows": A @ p["u"] - 1.0, "last": p["c"]}


def test_linear_ones_of_functions_and_structures() -> None:
    start = {"p": {"u": np.zeros(2), "c": 1.0}}
    problem = sb.compile_scipy(
        nested,
        start,
        {"A": [[1.0, 1.0], [1.0, -1.0]]},
        constraints={rows: ([-2.0, -np.inf, 0.5], [0.0, np.inf, np.inf])},
    )
    (g,) = problem.constraints
    assert isinstance(g, scipy.optimize.LinearConstraint)
    assert g.A.tolist() == [[1.0, 1.0, 0.0], [1.0, -1.0, 0.0], [0.0, 0.0, 1.0]]
    assert (g.lb.tolist(), g.ub.tolist()) == ([-1.0, -np.inf, 0.5], [1.0, np.inf, np.inf])
    for method in ("SLSQP", "trust-constr"):
        fit = problem.minimize(method)
        np.testing.assert_allclose(fit.params["p"]["u"], [0.5, 0.5], atol=1e-3)
        assert fit.params["p"]["c"] == pytest.approx(0.5, abs=1e-3)
    moved = pickle.loads(pickle.dumps(problem)).replace(data={"A": [[2.0, 2.0], [1.0, -1.0]]})
    np.testing.assert_allclose(moved.minimize("SLSQP").params["p"]["u"], [0.25, 0.25], atol=1e-5)


def test_a_parameter_of_constraints_alone() -> None:
    """The largest of several values is the least bound on all of them."""
    problem = sb.compile_scipy(
        "t", {"t": 9.0, "x": 1.0}, constraints={"t - array([(x - 3)**2, (x + 1)**2])": (0, None)}
    )
    fit = problem.minimize("SLSQP")
    assert fit.params == pytest.approx({"t": 4.0, "x": 1.0}, abs=1e-6)


def test_symbols() -> None:
    x, y, r = sympy.symbols("x y r")
    problem = sb.compile_scipy(x + y, {x: 0.5, y: 0.0}, {r: 2.0}, constraints={x**2 + y**2 - r: (None, 0), x - y: 0})
    for method in ("SLSQP", "trust-constr"):
        fit = problem.minimize(method)
        assert (fit.params[x], fit.params[y]) == pytest.approx((-1, -1), abs=1e-3)


@pytest.mark.parametrize(
    ("constraints", "error", "message"),
    [
        ([("x", 1)], ArgumentError, "constraints is a list; give a mapping"),
        ({"x**2": "1"}, ArgumentError, "the lower bound of 'x"),
        ({"x**2": (1, 0)}, ArgumentError, "is bounded by 1 and 0, of which none is between"),
        ({"x**2": (0, np.nan)}, ArgumentError, "is bounded by 0 and nan"),
        ({"x**2": (0, 1, 2)}, ArgumentError, r"give \(low, high\)"),
        ({"x**2": ([0, 0, 0], None)}, ArgumentError, "does not broadcast"),
        ({"x*z": 1}, UnknownNameError, "'z' is neither declared nor assigned"),
        ({"c**2": 1}, UnsupportedError, "nothing is free"),
        ({"x @ ones(3)": 1}, ShapeError, "sizes 2 and 3|2.*3"),
        ({"x > 0": 1}, UnsupportedError, "is bool, not real"),
    ],
)
def test_refused(constraints: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        sb.compile_scipy("sum(x**2)*c", {"x": [1.0, 2.0]}, {"c": 1.0}, constraints=constraints)
    assert isinstance(constraints, list) or "in the constraint" in caught.value.__notes__[-1]


def test_a_method_of_the_users_own(problem_71: sb.ScipyProblem) -> None:
    def method(fun: Any, x0: Any, **given: Any) -> Any:
        return scipy.optimize.OptimizeResult(x=x0, kinds=[type(g).__name__ for g in given["constraints"]])

    assert problem_71.minimize(method).kinds == ["NonlinearConstraint", "NonlinearConstraint"]


def test_solvers_without_constraints(problem_71: sb.ScipyProblem) -> None:
    with pytest.raises(UnsupportedError, match="'BFGS' has no constraints; take 'SLSQP' or 'trust-constr'"):
        problem_71.replace(bounds={}).minimize("BFGS")
    residuals = sb.compile_scipy("x - 1", {"x": 2.0}, constraints={"x": 1})
    for solver in (residuals.least_squares, residuals.root):
        with pytest.raises(UnsupportedError, match="has no constraints"):
            solver()
