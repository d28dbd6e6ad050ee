"""Sparse derivatives for SciPy's solvers: the same numbers as dense ones, and methods that take them or do not."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import symbackprop as sb
from symbackprop.errors import UnsupportedError

RNG = np.random.default_rng(8)
CAMERA, POINT = RNG.integers(0, 4, size=60), RNG.integers(0, 6, size=60)
CAMERAS, POINTS = RNG.normal(size=(4, 3)), RNG.normal(size=(6, 2))


def seen(cameras: Any, points: Any, camera: Any, point: Any) -> Any:
    return np.sin(cameras[camera][:, :2] * points[point]) + cameras[camera][:, 2:]


def errors(cameras: Any, points: Any, camera: Any, point: Any, observed: Any) -> Any:
    return np.sin(cameras[camera][:, :2] * points[point]) + cameras[camera][:, 2:] - observed


def adjustment(**options: Any) -> sb.ScipyProblem:
    """Return a problem of observations, each of which depends on one camera and one point."""
    return sb.compile_scipy(
        errors,
        {"cameras": CAMERAS + 0.1, "points": POINTS + 0.05},
        {"camera": CAMERA, "point": POINT, "observed": seen(CAMERAS, POINTS, CAMERA, POINT)},
        fixed={"cameras": [[True] * 3] + [[False] * 3] * 3},
        **options,
    )


@pytest.fixture(scope="module")
def sparse() -> sb.ScipyProblem:
    return adjustment(sparse=True)


@pytest.fixture(scope="module")
def dense() -> sb.ScipyProblem:
    return adjustment()


def test_the_pattern_is_that_of_the_integers_in_data(sparse: sb.ScipyProblem, dense: sb.ScipyProblem) -> None:
    x = sparse.x0
    found = sparse.jac(x)
    assert isinstance(found, scipy.sparse.csr_array)
    np.testing.assert_allclose(found.toarray(), dense.jac(x), rtol=1e-14)
    assert found.nnz == np.count_nonzero(dense.jac(x))  # each entry that is, and no other
    moved = {"camera": POINT % 4, "point": CAMERA}
    np.testing.assert_allclose(
        sparse.replace(data=moved).jac(x).toarray(), dense.replace(data=moved).jac(x), rtol=1e-14
    )
    assert pickle.loads(pickle.dumps(sparse)).jac(x).toarray().tolist() == found.toarray().tolist()


@pytest.mark.parametrize("options", [{}, {"method": "dogbox"}, {"tr_solver": "lsmr"}], ids=str)
def test_least_squares(sparse: sb.ScipyProblem, dense: sb.ScipyProblem, options: Any) -> None:
    fit = sparse.least_squares(max_nfev=20, **options)
    assert fit.cost == pytest.approx(dense.least_squares(max_nfev=20).cost, rel=0.05)
    assert scipy.sparse.issparse(fit.jac)


def test_least_squares_by_a_method_for_dense_ones(sparse: sb.ScipyProblem) -> None:
    with pytest.raises(UnsupportedError, match="method 'lm' takes no sparse Jacobian"):
        sparse.least_squares(method="lm")


def test_hessians_of_bands() -> None:
    chain = sb.compile_scipy("sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", {"x": np.full(100, 1.2)}, sparse=True)
    hessian = chain.hess(chain.x0)
    assert isinstance(hessian, scipy.sparse.csr_array)
    assert hessian.nnz == 100 + 2 * 99
    p = RNG.normal(size=100)
    np.testing.assert_allclose(hessian @ p, chain.hessp(chain.x0, p), rtol=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for method in ("trust-constr", "trust-exact", "Newton-CG"):
            assert chain.minimize(method).fun < 1e-6


def test_constraints() -> None:
    problem = sb.compile_scipy(
        "sum(x**2)", {"x": np.ones(6), "y": 2.0}, constraints={"x[1:]*x[:-1]": (1, None), "sum(x) + y": (None, 30)},
        sparse=True,
    )  # fmt: skip
    products, total = problem.constraints
    assert products.jac(problem.x0).nnz == 10
    assert products.hess(problem.x0, np.arange(5.0)).toarray()[3, 2] == 2.0
    assert scipy.sparse.issparse(total.A)
    for method in ("trust-constr", "SLSQP"):
        assert problem.minimize(method).fun == pytest.approx(6, abs=1e-4)


def test_equations_and_differential_equations() -> None:
    line = "concatenate((x[:1] - 1, x[1:]**2 - x[:-1]))"
    assert sb.compile_scipy(line, {"x": np.full(5, 1.5)}, sparse=True).root().params["x"] == pytest.approx(np.ones(5))
    heat = "A*(concatenate((u[1:], zeros(1))) - 2*u + concatenate((zeros(1), u[:-1]))) - u**3"
    start = {"u": np.sin(np.linspace(0, 3, 30))}
    thin, full = (sb.compile_ivp(heat, start, {"A": 50.0}, sparse=kind) for kind in (True, False))
    assert thin.jac(0.0, thin.y0).nnz == 30 + 2 * 29
    for method in ("BDF", "LSODA"):
        found, wanted = (problem.solve_ivp((0, 0.5), method, rtol=1e-6) for problem in (thin, full))
        np.testing.assert_allclose(found.y[:, -1], wanted.y[:, -1], rtol=1e-4, atol=1e-8)
