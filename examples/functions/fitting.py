"""What the scripts share: SciPy's optimiser on parameters in a dict, and a check of slopes by differences."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize

__all__ = ["fit", "slope_error", "unpacked"]

Parameters = Mapping[str, Any]


def packed(parameters: Parameters) -> np.ndarray:
    """Return all parameters in one vector, the only thing that SciPy's optimisers move."""
    return np.concatenate([np.ravel(value) for value in parameters.values()])


def unpacked(vector: np.ndarray, like: Parameters) -> dict[str, np.ndarray]:
    """Return a vector as parameters of the shapes that `like` has."""
    ends = np.cumsum([np.size(value) for value in like.values()])[:-1]
    parts = np.split(vector, ends)
    return {name: part.reshape(np.shape(value)) for (name, value), part in zip(like.items(), parts, strict=True)}


def fit(loss: Callable[..., Any], start: Parameters, *data: Any, **options: Any) -> tuple[dict, OptimizeResult]:
    """Minimise ``loss(parameters, *data)``, which returns value and gradient, from `start` on."""

    def objective(vector: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = loss(unpacked(vector, start), *data)
        return value, packed(gradient)

    limits = {"maxiter": 2000, "maxfun": 4000, "gtol": 1e-8, "ftol": 1e-14}
    found = minimize(objective, packed(start), jac=True, **{"method": "L-BFGS-B", "options": limits, **options})
    return unpacked(found.x, start), found


def slope_error(loss: Callable[..., Any], parameters: Parameters, *data: Any) -> float:
    """Return by how much the slope along a random direction differs from central differences, relative to it."""
    direction = np.random.default_rng(0).normal(size=packed(parameters).size)

    def along(step: float) -> float:
        return loss(unpacked(packed(parameters) + step * direction, parameters), *data)[0]

    slope = packed(loss(parameters, *data)[1]) @ direction
    h = 1e-3 / np.linalg.norm(direction)  # of the five-point formula, whose error is of the order of h**4
    differences = (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h)
    return float(abs(slope - differences) / abs(slope))
