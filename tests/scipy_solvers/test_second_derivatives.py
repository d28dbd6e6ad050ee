"""Hessians of `compile_scipy`: what they are, what they cost, and Newton's methods with them on real data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

import symbackprop as sb
from symbackprop.errors import UnsupportedError

RNG = np.random.default_rng(5)
LOGISTIC = "sum(logaddexp(0, -y*(X @ w + b))) + 0.5*sum(w**2)"


@pytest.fixture(scope="module")
def tumours() -> sb.ScipyProblem:
    """Return logistic regression on the breast-cancer data."""
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return sb.compile_scipy(LOGISTIC, {"w": np.zeros(30), "b": 0.0}, {"X": X, "y": 2.0 * y - 1.0})


@pytest.fixture(scope="module")
def peer() -> LogisticRegression:
    X, y = load_breast_cancer(return_X_y=True)
    return LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit((X - X.mean(axis=0)) / X.std(axis=0), y)


def differences(problem: sb.ScipyProblem, x: np.ndarray) -> np.ndarray:
    """Return the Hessian by central differences of the gradient."""
    step = 1e-6
    return np.stack(
        [(problem.jac(x + step * e) - problem.jac(x - step * e)) / (2 * step) for e in np.eye(x.size)], axis=1
    )


def nested(params: Any, c: Any) -> Any:
    return np.sum(np.sin(params["W"] @ params["v"]) * c) + c**2 * np.sum(params["v"] ** 3)


MOSTLY = {"params": {"W": [[True, True], [True, False]], "v": [True, False]}}


@pytest.mark.parametrize(
    "held", [(), {"params": {"W": [[True, False], [False, False]]}, "c": True}, MOSTLY], ids=["free", "some", "most"]
)
def test_hessians_and_their_products(held: Any) -> None:
    start = {"params": {"W": RNG.normal(size=(2, 2)), "v": RNG.normal(size=2)}, "c": 0.7}
    problem = sb.compile_scipy(nested, start, fixed=held)
    x = problem.x0
    hessian = problem.hess(x)
    assert hessian.shape == (x.size, x.size)
    np.testing.assert_allclose(hessian, differences(problem, x), atol=1e-7)
    products = np.stack([problem.hessp(x, e) for e in np.eye(x.size)], axis=1)
    np.testing.assert_allclose(products, hessian, rtol=1e-13, atol=1e-14)
    hessian[:] = 7.0  # what was returned belongs to the caller
    assert not np.any(problem.hess(x) == 7.0)


def test_one_entry() -> None:
    problem = sb.compile_scipy("x**3", {"x": 2.0})
    assert problem.hess([2.0]).tolist() == [[12.0]]
    assert problem.hessp([2.0], [3.0]).tolist() == [36.0]
    assert sb.compile_scipy("3*x", {"x": 2.0}).hess([1.0]).tolist() == [[0.0]]


def test_what_was_asked_for_at_the_last_point_is_computed_at_once() -> None:
    problem = sb.compile_scipy("sum(x**4)", {"x": [1.0, 2.0]})
    calls: list[str] = []
    evaluated: Any = problem._evaluated
    pair, triple = evaluated._function, evaluated._jointly

    def counted(name: str, function: Any) -> Any:
        return lambda *args: (calls.append(name), function(*args))[1]

    evaluated._function, evaluated.__dict__["_jointly"] = counted("two", pair), counted("three", triple)
    for point in ([1.0, 2.0], [2.0, 3.0], [3.0, 4.0]):
        value, slope = problem.fun(point), problem.jac(point)
        if point != [2.0, 3.0]:  # a step that a solver takes back
            np.testing.assert_allclose(problem.hess(point), np.diag(12 * np.square(point)))
        assert (value, slope.tolist()) == (problem.fun(point), problem.jac(point).tolist())
    assert calls == ["two", "three", "three", "two", "three"]


METHODS = ["dogleg", "trust-exact", "trust-ncg", "trust-krylov", "Newton-CG", "trust-constr"]


@pytest.mark.parametrize("method", METHODS)
def test_newton_methods_fit_tumours_in_a_few_steps(tumours: sb.ScipyProblem, peer: Any, method: str) -> None:
    fit = tumours.minimize(method, options={"gtol": 1e-8} if method != "Newton-CG" else {"xtol": 1e-10})
    assert fit.success
    assert fit.nit <= 30
    assert fit.njev <= 31  # no differences of gradients
    np.testing.assert_allclose(fit.params["w"], peer.coef_[0], atol=2e-5)
    np.testing.assert_allclose(fit.params["b"], peer.intercept_[0], atol=2e-5)


def test_the_hessian_of_tumours_is_the_textbooks(tumours: sb.ScipyProblem) -> None:
    x = RNG.normal(size=31) * 0.1
    X = np.column_stack([tumours._parameters._given[1]["X"], np.ones(569)])
    s = 1 / (1 + np.exp(-X @ x))
    expected = X.T @ ((s * (1 - s))[:, None] * X) + np.diag([1.0] * 30 + [0.0])
    np.testing.assert_allclose(tumours.hess(x), expected, rtol=1e-10, atol=1e-12)
    v = RNG.normal(size=31)
    np.testing.assert_allclose(tumours.hessp(x, v), expected @ v, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("method", ["trust-exact", "trust-ncg", "Newton-CG"])
def test_rosenbrock(method: str) -> None:
    problem = sb.compile_scipy("sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", {"x": [1.3, 0.7, 0.8, 1.9, 1.2]})
    x = problem.x0
    np.testing.assert_allclose(problem.hess(x), scipy.optimize.rosen_hess(x), rtol=1e-13)
    peer = scipy.optimize.minimize(
        scipy.optimize.rosen, x, jac=scipy.optimize.rosen_der, hess=scipy.optimize.rosen_hess, method="trust-exact"
    )
    fit = problem.minimize(method)
    np.testing.assert_allclose(fit.x, peer.x, atol=5e-4)
    assert method != "trust-exact" or (fit.nit, fit.nhev) == (peer.nit, peer.nhev)


def test_another_hessian_may_be_given() -> None:
    problem = sb.compile_scipy("sum(x**4)", {"x": [1.0, 2.0]})
    fit = problem.minimize("trust-constr", hess=scipy.optimize.BFGS())
    assert abs(fit.fun) < 1e-6
    assert "_jointly" not in problem._evaluated.__dict__


def test_a_hessian_that_is_large_and_dense_is_multiplied() -> None:
    problem = sb.compile_scipy("sum(x**2) + sum(x)**2", {"x": np.ones(1001)})
    assert problem.minimize("trust-constr").fun < 1e-8
    assert "_jointly" not in problem._evaluated.__dict__


def test_a_gradient_without_a_rule_has_no_hessian() -> None:
    slope = sb.custom_rule(lambda x: np.tanh(x))
    log_cosh = sb.custom_rule(lambda x: np.log(np.cosh(x)), vjp=lambda g, out, x: g * slope(x))
    problem = sb.compile_scipy(lambda x: np.sum(log_cosh(x - 1)), {"x": np.zeros(2)})
    with pytest.raises(UnsupportedError) as caught:
        problem.minimize("trust-constr")
    assert caught.value.__notes__[-1] == "minimize('trust-constr', hess=scipy.optimize.BFGS()) does without a Hessian"
    fit = problem.minimize("trust-constr", hess=scipy.optimize.BFGS())
    np.testing.assert_allclose(fit.x, [1.0, 1.0], atol=1e-4)


def test_residuals_have_no_hessian() -> None:
    problem = sb.compile_scipy("x - 1, x**2", {"x": 2.0})
    for call in (problem.hess, lambda x: problem.hessp(x, x)):
        with pytest.raises(UnsupportedError, match="is for a scalar, and the formula gives residuals"):
            call([2.0])
