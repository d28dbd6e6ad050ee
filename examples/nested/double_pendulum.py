"""A double pendulum from its Lagrangian alone: the equations of motion are derivatives of it, taken where they stand.

    d/dt (dL/dv) = dL/dq    =>    (d2L/dv2) a = dL/dq - (d2L/dv dq) v

The accelerations are compared with the equations by hand. Then the angles after a while are differentiated by all
parameters, through every step of the motion, and thereby through the derivatives in it.
Landau, L. D. and Lifshitz, E. M. (1976), Mechanics, section 2 and problem 1 of section 5.
"""

from typing import Any

import numpy as np

import symbackprop as sb


def lagrangian(q: Any, v: Any, m: Any, l: Any, g: Any) -> Any:
    """Return the kinetic less the potential energy, of angles from the vertical and angular velocities."""
    first = (l[0] * v[0]) ** 2
    second = first + (l[1] * v[1]) ** 2 + 2 * l[0] * l[1] * v[0] * v[1] * np.cos(q[0] - q[1])
    height = -(m[0] + m[1]) * l[0] * np.cos(q[0]) - m[1] * l[1] * np.cos(q[1])
    return (m[0] * first + m[1] * second) / 2 - g * height


def accelerations(q: Any, v: Any, m: Any, l: Any, g: Any) -> Any:
    """Return what the Euler-Lagrange equations say of d2q/dt2."""
    mass = sb.hessian(lagrangian, wrt="v")(q, v, m, l, g)
    mixed = sb.jacobian(sb.grad(lagrangian, wrt="v"))(q, v, m, l, g)
    return np.linalg.solve(mass, sb.grad(lagrangian)(q, v, m, l, g) - mixed @ v)


def by_hand(q: np.ndarray, v: np.ndarray, m: np.ndarray, l: np.ndarray, g: float) -> np.ndarray:
    """Return the same from the equations as they stand in textbooks."""
    d = q[0] - q[1]
    total, below = m[0] + m[1], 2 * m[0] + m[1] - m[1] * np.cos(2 * d)
    pull = g * (2 * m[0] + m[1]) * np.sin(q[0]) + m[1] * g * np.sin(q[0] - 2 * q[1])
    swing = 2 * np.sin(d) * m[1] * (v[1] ** 2 * l[1] + v[0] ** 2 * l[0] * np.cos(d))
    inner = v[0] ** 2 * l[0] * total + g * total * np.cos(q[0]) + v[1] ** 2 * l[1] * m[1] * np.cos(d)
    return np.array([-(pull + swing) / (l[0] * below), 2 * np.sin(d) * inner / (l[1] * below)])


def final_angles(q: Any, v: Any, m: Any, l: Any, g: Any, steps: Any) -> Any:
    """Return the angles after some steps of the midpoint rule, and the energy there."""

    def step(state: Any, dt: Any) -> Any:
        q, v = state
        a = accelerations(q, v, m, l, g)
        middle_q, middle_v = q + dt / 2 * v, v + dt / 2 * a
        a = accelerations(middle_q, middle_v, m, l, g)
        return (q + dt * middle_v, v + dt * a), None

    (q, v), _ = sb.scan(step, (q, v), steps)
    energy = v @ sb.grad(lagrangian, wrt="v")(q, v, m, l, g) - lagrangian(q, v, m, l, g)
    return np.sum(q), energy


def main(seconds: float = 1.0, steps: int = 400) -> dict[str, float]:
    shapes = {"q": "2", "v": "2", "m": "2", "l": "2", "g": ""}
    motion = sb.compile_value(accelerations, inputs=shapes)
    print(motion.source)

    numbers = {"m": np.array([1.0, 2.0]), "l": np.array([1.5, 0.8]), "g": 9.81}
    rng = np.random.default_rng(0)
    states = rng.normal(size=(20, 2, 2))
    pairs = [(motion(q, v, **numbers), by_hand(q, v, *numbers.values())) for q, v in states]  # type: ignore[arg-type]
    error = max(np.max(np.abs(found - wanted)) / np.max(np.abs(wanted)) for found, wanted in pairs)

    given = {"q": np.array([0.5, -0.3]), "v": np.zeros(2), **numbers, "steps": np.full(steps, seconds / steps)}
    ends = sb.compile_grad(final_angles, inputs={**shapes, "steps": "k"}, wrt=("q", "m", "l", "g"), has_aux=True)
    slopes, energy = ends(**given)
    drift = abs(energy - ends.value(**{**given, "steps": np.zeros(1)})[1]) / abs(energy)
    h = 1e-6
    longer, shorter = ({**given, "l": given["l"] + sign * np.array([h, 0.0])} for sign in (1, -1))
    difference = (ends.value(**longer)[0] - ends.value(**shorter)[0]) / (2 * h)
    slope_error = abs(slopes[2][0] - difference) / abs(difference)
    print(
        f"accelerations differ by {error:.1e}; the energy drifts by {drift:.1e}; d(angles)/dl differs by {slope_error:.1e}"
    )
    return {"error": float(error), "drift": float(drift), "slope_error": float(slope_error)}


if __name__ == "__main__":
    main()
