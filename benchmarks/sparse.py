"""Sparse derivatives: the Jacobian of a bundle adjustment against its residuals, a Hessian of many variables."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

import symbackprop as sb
from benchmarks.row import Row
from benchmarks.timing import interleaved

__all__ = ["SPARSE", "residuals", "scene"]

ROSENBROCK = "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"


def residuals(cameras: Any, points: Any, camera_of: Any, point_of: Any, seen: Any) -> Any:
    """Return where each camera sees its point, less where it was seen.

    A camera has a rotation vector, a translation, two focal lengths, a principal point and a radial distortion.
    """
    camera, point = cameras[camera_of], points[point_of]
    rotation, translation, focal, centre = camera[:, :3], camera[:, 3:6], camera[:, 6:8], camera[:, 8:10]
    angle = np.sqrt(np.sum(rotation**2, axis=1))[:, None]
    axis = rotation / angle
    along = np.sum(axis * point, axis=1)[:, None]
    turned = np.cos(angle) * point + np.sin(angle) * np.cross(axis, point) + (1 - np.cos(angle)) * along * axis
    moved = turned + translation
    image = moved[:, :2] / moved[:, 2:]
    distorted = image * (1 + camera[:, 10] * np.sum(image**2, axis=1))[:, None]
    return focal * distorted + centre - seen


def scene(cameras: int, points: int, observations: int) -> tuple[Any, ...]:
    """Return arguments of the residuals: cameras in front of points, each seen by some of them."""
    rng = np.random.default_rng(0)
    parts = [(0, 0.3, 3), ([0, 0, 6], 0.2, 3), (500, 5, 2), (0, 2, 2), (0, 0.01, 1)]
    poses = np.concatenate([rng.normal(mean, spread, (cameras, width)) for mean, spread, width in parts], axis=1)
    return (
        poses, rng.normal(size=(points, 3)), rng.integers(0, cameras, observations),
        np.arange(observations) % points, rng.normal(0, 100, (observations, 2)),
    )  # fmt: skip


INPUTS = "cameras[c,11] points[p,3] camera_of[n]:int point_of[n]:int seen[n,2]"


def bundle_adjustment(quick: bool) -> list[Row]:
    """Time and count the Jacobian of 10,000 observations; compare it with difference quotients along random directions."""
    arguments = scene(20, 1_000, 10_000)
    jacobian = sb.compile_jacobian(residuals, inputs=INPUTS, wrt=("cameras", "points"), sparse=True)
    blocks = jacobian(*arguments)
    rng = np.random.default_rng(1)
    steps = [1e-6 * rng.normal(size=x.shape) for x in arguments[:2]]
    ends = [
        residuals(*(x + sign * d for x, d in zip(arguments, steps, strict=False)), *arguments[2:]) for sign in (1, -1)
    ]
    along = sum(block @ step.ravel() for block, step in zip(blocks, steps, strict=True))
    np.testing.assert_allclose(along, (ends[0] - ends[1]).ravel() / 2, rtol=1e-5, atol=1e-7)
    counted = jacobian.cost().at({"n": 10_000, "c": 20, "p": 1_000})[2]
    works = {
        "residuals": partial(jacobian.value.function, *arguments),
        "jacobian": partial(jacobian.function, *arguments),
    }
    times = interleaved(works, rounds=10 if quick else 50)
    time, entries = times["jacobian"] / times["residuals"], sum(block.nnz for block in blocks)
    return [
        Row(
            "bundle adjustment, 10,000 observations: operations of J / residuals", f"{counted:.2f}", "20", counted <= 20
        ),
        Row("  time of J / residuals", f"{time:.1f}", "20", time <= 20),
        Row("  entries stored, of an observation", f"{entries / 10_000:.1f}", "24", entries == 240_000),
    ]


def rosenbrock(quick: bool) -> list[Row]:
    """Time the Hessian in 1,000 dimensions against a gradient, and against the dense Hessian."""
    x = np.linspace(-1, 1, 1_000)
    banded = sb.compile_hessian(ROSENBROCK, inputs={"x": "1000"}, wrt="x", sparse=True)
    gradient, dense = (make(ROSENBROCK, wrt="x", inputs={"x": "n"}) for make in (sb.compile_grad, sb.compile_hessian))
    found = banded(x)
    assert found.nnz == 2_998
    assert np.array_equal(found.toarray(), dense(x))
    assert isinstance(found, sparse.csr_array)
    works = {
        "sparse": partial(banded.function, x), "gradient": partial(gradient.function, x),
        "dense": partial(dense.function, x),
    }  # fmt: skip
    times = interleaved(works, rounds=10 if quick else 50)
    slower, quicker = times["sparse"] / times["gradient"], times["dense"] / times["sparse"]
    return [
        Row("Rosenbrock, 1,000 variables: time of the sparse Hessian / gradient", f"{slower:.1f}", "", True),
        Row("  time of the dense Hessian / sparse", f"{quicker:.0f}", "", True),
    ]


def sparse_derivatives(quick: bool) -> list[Row]:
    """Return the rows of both."""
    return [*bundle_adjustment(quick), *rosenbrock(quick)]


SPARSE = {"sparse": sparse_derivatives}
