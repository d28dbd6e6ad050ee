"""Poisson's equation on the unit square by a neural network, whose residual ``u_xx + u_yy - f`` is made zero at points.

The residual holds second derivatives of the network by its inputs. It is written for one point; ``batch=`` makes of its
gradient by the parameters the Jacobian of all residuals, with which least squares takes some tens of steps.
Raissi, M., Perdikaris, P. and Karniadakis, G. E. (2019), Physics-informed neural networks, J. Comput. Phys. 378.
"""

from typing import Any

import numpy as np
from scipy.optimize import least_squares

import symbackprop as sb

UNITS = 12


def solution(x: Any, y: Any) -> Any:
    """Return the exact solution for the force below."""
    return np.sin(np.pi * x) * np.sin(np.pi * y)


def network(params: Any, x: Any, y: Any) -> Any:
    """Return u(x, y), which is 0 on the boundary whatever the parameters are."""
    hidden = np.tanh(params["W"] @ np.stack([x, y]) + params["b"])
    return x * (1 - x) * y * (1 - y) * (params["v"] @ hidden)


def residual(params: Any, x: Any, y: Any) -> Any:
    """Return ``u_xx + u_yy - f`` at one point."""
    u_xx = sb.grad(sb.grad(network, wrt="x"), wrt="x")(params, x, y)
    u_yy = sb.grad(sb.grad(network, wrt="y"), wrt="y")(params, x, y)
    return u_xx + u_yy + 2 * np.pi**2 * solution(x, y)


def main(points: int = 10, seed: int = 1) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    params = {"W": rng.normal(size=(UNITS, 2)), "b": rng.normal(size=UNITS), "v": rng.normal(size=UNITS)}
    shapes = {name: array.shape for name, array in params.items()}
    fitted = sb.compile_value_and_grad(
        residual, inputs={"params": params, "x": "", "y": ""}, wrt="params", batch={"x": 0, "y": 0}
    )
    print(fitted.source)

    line = (np.arange(points) + 0.5) / points
    x, y = (grid.ravel() for grid in np.meshgrid(line, line))

    def unpacked(flat: np.ndarray) -> dict[str, np.ndarray]:
        parts = np.split(flat, np.cumsum([int(np.prod(shape)) for shape in shapes.values()])[:-1])
        return {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}

    def residuals(flat: np.ndarray) -> np.ndarray:
        return fitted.value(unpacked(flat), x, y)

    def jacobian(flat: np.ndarray) -> np.ndarray:
        _, slopes = fitted(unpacked(flat), x, y)
        return np.concatenate([slope.reshape(len(x), -1) for slope in slopes.values()], axis=1)

    start = np.concatenate([array.ravel() for array in params.values()])
    h = 1e-6 * rng.normal(size=start.size)
    difference = (residuals(start + h) - residuals(start - h)) / 2
    slope_error = np.max(np.abs(jacobian(start) @ h - difference)) / np.max(np.abs(difference))

    found = least_squares(residuals, start, jac=jacobian, method="lm", xtol=1e-12, max_nfev=60)
    u = sb.compile_value(network, inputs={"params": params, "x": "", "y": ""}, batch={"x": 0, "y": 0})
    fine = np.linspace(0, 1, 41)
    xs, ys = (grid.ravel() for grid in np.meshgrid(fine, fine))
    error = np.max(np.abs(u(unpacked(found.x), xs, ys) - solution(xs, ys)))
    print(f"{found.nfev} evaluations: u differs from the exact solution by {error:.1e} at most")
    return {"error": float(error), "slope_error": float(slope_error), "evaluations": float(found.nfev)}


if __name__ == "__main__":
    main()
