"""Swing a chain of pendulums that hangs from a cart: SymPy's equations of motion, compiled, and their energy.

Kane's equations are SymPy's, unsimplified. The energy comes with its gradient, whose product with the motion is zero.
Kane, T. R. and Levinson, D. A. (1985), Dynamics: Theory and Applications.
"""

from typing import Any, NamedTuple

import numpy as np
import sympy
from scipy.integrate import solve_ivp
from sympy.physics.mechanics import KanesMethod, Particle, Point, ReferenceFrame, dynamicsymbols

import symbackprop as sb


class Pendulum(NamedTuple):
    """A cart, `links` bobs on massless rods below it, and what moves them."""

    coordinates: list[Any]  # the cart's place, then each rod's angle from the vertical
    speeds: list[Any]
    parameters: list[Any]  # masses of cart and bobs, lengths of the rods, gravity
    energy: Any  # of coordinates and their derivatives
    mass_matrix: Any  # of coordinates
    forcing: Any  # of coordinates and speeds


def pendulum(links: int) -> Pendulum:
    q = dynamicsymbols(f"q:{links + 1}")
    u = dynamicsymbols(f"u:{links + 1}")
    m, l, g = sympy.symbols(f"m:{links + 1}"), sympy.symbols(f"l1:{links + 1}"), sympy.Symbol("g")
    frame, origin = ReferenceFrame("N"), Point("O")
    origin.set_vel(frame, 0)
    end = origin.locatenew("P0", q[0] * frame.x)
    end.set_vel(frame, q[0].diff() * frame.x)
    bodies = [Particle("cart", end, m[0])]
    for angle, length, mass in zip(q[1:], l, m[1:], strict=True):
        along = sympy.sin(angle) * frame.x - sympy.cos(angle) * frame.y
        across = sympy.cos(angle) * frame.x + sympy.sin(angle) * frame.y
        bob = end.locatenew(f"P{len(bodies)}", length * along)
        bob.set_vel(frame, end.vel(frame) + length * angle.diff() * across)
        bodies.append(Particle(f"bob{len(bodies)}", bob, mass))
        end = bob
    kane = KanesMethod(frame, q, u, [place.diff() - speed for place, speed in zip(q, u, strict=True)])
    kane.kanes_equations(bodies, [(body.point, -body.mass * g * frame.y) for body in bodies])
    energy = sum(
        body.kinetic_energy(frame) + body.mass * g * body.point.pos_from(origin).dot(frame.y) for body in bodies
    )
    return Pendulum(q, u, [*m, *l, g], energy, kane.mass_matrix, kane.forcing)


def main(links: int = 3, seconds: float = 2.0) -> dict[str, float]:
    q, u, parameters, *formulas = pendulum(links)
    state = [*q, *(place.diff() for place in q)]
    energy = sb.compile_value_and_grad(formulas[0], wrt=state, inputs=[*state, *parameters])
    mass_matrix, forcing = (sb.compile_value(formula, inputs=[*q, *u, *parameters]) for formula in formulas[1:])
    print(energy.source)

    numbers = [2.0, *[1.0] * links, *[0.5] * links, 9.81]

    def motion(time: float, y: np.ndarray) -> np.ndarray:
        return np.append(y[links + 1 :], np.linalg.solve(mass_matrix(*y, *numbers), forcing(*y, *numbers)))

    start = np.array([0.0, *[0.8] * links, *[0.0] * (links + 1)])
    path = solve_ivp(motion, (0.0, seconds), start, method="DOP853", rtol=1e-10, atol=1e-12).y.T
    energies, gradients = zip(*(energy(*y, *numbers) for y in path), strict=True)
    drift = np.ptp(energies) / abs(energies[0])
    power = max(abs(np.dot(gradient, motion(0.0, y))) for gradient, y in zip(gradients, path, strict=True))
    print(f"{len(path)} steps: the energy drifts by {drift:.1e} relative, the power is {power:.1e}")
    return {"drift": float(drift), "power": float(power)}


if __name__ == "__main__":
    main()
