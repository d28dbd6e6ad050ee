"""Problems whose derivatives are sparse, solved: Rosenbrock's valley, a bundle adjustment, a pendulum that swings up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import optimize, sparse
from scipy.sparse.linalg import spsolve

import symbackprop as sb
from benchmarks.sparse import INPUTS, ROSENBROCK, residuals, scene


def minimised(f: sb.CompiledFunction, x: Any, steps: int) -> tuple[Any, int]:
    """Return where a Newton method with a trust parameter ends: the Hessian and so much of the identity, solved sparsely."""
    trust = 1.0
    value, slope, bend = f(x)
    for step in range(steps):
        if np.abs(slope).max() < 1e-9:
            return x, step
        new = x - spsolve((bend + trust * sparse.eye_array(len(x))).tocsc(), slope)
        found = f(new)
        if found[0] < value:
            x, (value, slope, bend), trust = new, found, trust / 5
        else:
            trust *= 4
    return x, steps


@pytest.mark.parametrize("size", ["n", "1000"])
def test_rosenbrock_in_1000_dimensions_by_newton(size: str) -> None:
    f = sb.compile_hessian(ROSENBROCK, inputs={"x": size}, wrt="x", sparse=True, with_value_and_grad=True)
    x, steps = minimised(f, 1 + 0.2 * np.sin(np.arange(1000.0)), 60)
    np.testing.assert_allclose(x, 1.0, atol=1e-8)
    assert steps < 60
    found = f(x)[2]
    assert found.nnz == 2998
    assert "np.eye(3)" in f.source  # as many colours as the band is wide


@pytest.fixture(scope="module")
def bundle() -> sb.CompiledFunction:
    return sb.compile_jacobian(residuals, inputs=INPUTS, wrt=("cameras", "points"), sparse=True, with_value=True)


def test_the_jacobian_of_a_bundle_adjustment_has_the_entries_that_are_not_zero(bundle: sb.CompiledFunction) -> None:
    arguments = scene(4, 9, 25)
    dense = sb.compile_jacobian(residuals, inputs=INPUTS, wrt=("cameras", "points"))(*arguments)
    for found, wanted in zip(bundle(*arguments)[1], dense, strict=True):
        np.testing.assert_allclose(found.toarray(), wanted.reshape(found.shape), rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(found.toarray() != 0, wanted.reshape(found.shape) != 0)
        assert found.nnz == np.count_nonzero(wanted)
    count = bundle.cost().at({"n": 10_000, "c": 20, "p": 1_000})[2]
    assert count <= 20


def test_a_bundle_adjustment_is_solved(bundle: sb.CompiledFunction) -> None:
    cameras, points, camera_of, point_of, _ = scene(3, 30, 90)
    camera_of = np.arange(90) % 3
    point_of = np.arange(90) // 3
    seen = residuals(cameras, points, camera_of, point_of, np.zeros((90, 2)))
    held = cameras.copy()
    held[:, 6:] = cameras[:, 6:]

    def parts(z: Any) -> tuple[Any, Any]:
        return np.concatenate((z[:18].reshape(3, 6), held[:, 6:]), axis=1), z[18:].reshape(30, 3)

    free = np.flatnonzero(np.arange(33) % 11 < 6)  # of a camera, how it is turned and where it is

    def jacobian(z: Any) -> Any:
        of_cameras, of_points = bundle(*parts(z), camera_of, point_of, seen)[1]
        return sparse.hstack((of_cameras[:, free], of_points)).tocsr()

    start = np.concatenate((cameras[:, :6].ravel(), points.ravel()))
    moved = start + 0.01 * np.random.default_rng(2).normal(size=start.size)
    fit = optimize.least_squares(
        lambda z: bundle(*parts(z), camera_of, point_of, seen)[0].ravel(), moved, jacobian, x_scale="jac", max_nfev=40
    )
    assert np.abs(fit.fun).max() < 1e-4


def test_a_pendulum_swings_up_by_collocation() -> None:
    def defects(z: Any, h: Any) -> Any:
        angle, speed, torque = z[:, 0], z[:, 1], z[:, 2]
        rate = torque - np.sin(angle) - 0.1 * speed
        return np.stack(
            (np.diff(angle) - h / 2 * (speed[1:] + speed[:-1]), np.diff(speed) - h / 2 * (rate[1:] + rate[:-1])), axis=1
        )

    n = 16
    h = 4.0 / (n - 1)
    jacobian = sb.compile_jacobian(defects, inputs={"z": "n 3", "h": ""}, wrt="z", sparse=True)
    hessian = sb.compile_hessian(defects, inputs={"z": "n 3", "h": ""}, wrt="z", sparse=True, weighted=True)
    assert jacobian(np.ones((n, 3)), h).nnz == (n - 1) * 10
    ends = sparse.csr_array(np.eye(3 * n)[[0, 1, 3 * n - 3, 3 * n - 2]])
    effort = sparse.diags_array(np.tile([0.0, 0.0, 2.0], n))
    start = np.stack((np.linspace(0, np.pi, n), np.full(n, np.pi / 4), np.zeros(n)), axis=1).ravel()
    swing = optimize.minimize(
        lambda z: np.sum(z[2::3] ** 2), start, jac=lambda z: effort @ z, hess=lambda z: effort, method="trust-constr",
        constraints=[
            optimize.NonlinearConstraint(
                lambda z: defects(z.reshape(n, 3), h).ravel(), 0, 0, jac=lambda z: jacobian(z.reshape(n, 3), h),
                hess=lambda z, v: hessian(z.reshape(n, 3), h, v.reshape(n - 1, 2)),
            ),
            optimize.LinearConstraint(ends, [0, 0, np.pi, 0], [0, 0, np.pi, 0]),
        ],
        options={"maxiter": 300, "gtol": 1e-6},
    )  # fmt: skip
    path = swing.x.reshape(n, 3)
    assert swing.constr_violation < 1e-8
    np.testing.assert_allclose(path[-1, :2], [np.pi, 0], atol=1e-8)
    assert swing.optimality < 1e-4
