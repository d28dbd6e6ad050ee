"""Lagrangian mechanics from SymPy: a chain of pendulums below a cart, against physics written by hand and SymPy's own."""

from __future__ import annotations

from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy

import symbackprop as sb
from examples.pendulum import Pendulum, pendulum

build = cache(pendulum)
ALL = range(1, 11)


@cache
def compiled_energy(links: int) -> sb.CompiledFunction:
    system = build(links)
    return sb.compile_value_and_grad(system.energy, wrt=rates(system), inputs=[*rates(system), *system.parameters])


@cache
def compiled_equations(links: int) -> tuple[sb.CompiledFunction, sb.CompiledFunction]:
    system = build(links)
    inputs = [*system.coordinates, *system.speeds, *system.parameters]
    return sb.compile_value(system.mass_matrix, inputs=inputs), sb.compile_value(system.forcing, inputs=inputs)


def rates(system: Pendulum) -> list[Any]:
    return [*system.coordinates, *(place.diff() for place in system.coordinates)]


def random_point(links: int, seed: int = 0) -> list[float]:
    """Return coordinates, speeds, masses, lengths and gravity."""
    rng = np.random.default_rng(100 * links + seed)
    state = rng.uniform(-3, 3, 2 * links + 2)
    return [*state, *rng.uniform(0.5, 2, links + 1), *rng.uniform(0.5, 2, links), 9.81]


def parts(links: int, point: list[Any]) -> tuple[np.ndarray, ...]:
    array = np.array(point)
    q, u, masses, lengths, gravity = np.split(array, np.cumsum([links + 1, links + 1, links + 1, links]))
    return q, u, masses, lengths, gravity[0]


def energy_by_hand(links: int, point: list[Any]) -> Any:
    """Return the energy from places and velocities; of complex numbers too."""
    q, u, masses, lengths, gravity = parts(links, point)
    along = np.append(0, np.cumsum(lengths * np.cos(q[1:]) * u[1:]))
    up = np.append(0, np.cumsum(lengths * np.sin(q[1:]) * u[1:]))
    height = np.append(0, -np.cumsum(lengths * np.cos(q[1:])))
    return np.sum(masses * (((u[0] + along) ** 2 + up**2) / 2 + gravity * height))


def gradient_by_complex_step(links: int, point: list[float]) -> list[float]:
    found = []
    for i in range(2 * links + 2):
        shifted: list[Any] = list(point)
        shifted[i] += 1e-30j
        found.append(energy_by_hand(links, shifted).imag / 1e-30)
    return found


def equations_by_hand(links: int, point: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return mass matrix and forcing vector of Lagrange's equations, worked out on paper."""
    q, u, masses, lengths, gravity = parts(links, point)
    carried = np.cumsum(masses[::-1])[::-1]  # by each rod: its bob and those below
    shared = carried[np.maximum.outer(np.arange(1, links + 1), np.arange(1, links + 1))]
    between = q[1:, None] - q[1:]
    outer = shared * np.outer(lengths, lengths)
    first = carried[1:] * lengths
    mass = np.block(
        [
            [carried[:1, None], (first * np.cos(q[1:]))[None]],
            [(first * np.cos(q[1:]))[:, None], outer * np.cos(between)],
        ]
    )
    rods = -(outer * np.sin(between)) @ u[1:] ** 2 - gravity * first * np.sin(q[1:])
    return mass, np.append(np.sum(first * np.sin(q[1:]) * u[1:] ** 2), rods)


@pytest.mark.parametrize("links", ALL)
def test_energy_and_gradient_by_hand(links: int) -> None:
    for seed in range(3):
        point = random_point(links, seed)
        value, gradient = compiled_energy(links)(*point)
        scale = np.max(np.abs(gradient))
        assert value == pytest.approx(energy_by_hand(links, point), rel=1e-13, abs=1e-13 * scale)
        assert gradient == pytest.approx(gradient_by_complex_step(links, point), rel=1e-12, abs=1e-14 * scale)


@pytest.mark.parametrize("links", ALL)
def test_mass_matrix_and_forcing_by_hand(links: int) -> None:
    for seed in range(3):
        point = random_point(links, seed)
        mass, forcing = equations_by_hand(links, point)
        mass_matrix, forcing_vector = compiled_equations(links)
        np.testing.assert_allclose(mass_matrix(*point), mass, rtol=1e-12, atol=1e-13 * np.max(mass))
        found = forcing_vector(*point)
        assert found.shape == (links + 1, 1)
        np.testing.assert_allclose(found[:, 0], forcing, rtol=1e-12, atol=1e-12 * np.max(np.abs(forcing)))


@pytest.mark.parametrize("links", [1, 2, 3])
def test_against_sympy_lambdify(links: int) -> None:
    system = build(links)
    state = rates(system)
    gradient = [system.energy.diff(x) for x in state]
    peer = sympy.lambdify([*state, *system.parameters], [system.energy, *gradient], "math", cse=True)
    speeds = [*system.coordinates, *system.speeds, *system.parameters]
    mass_matrix, forcing = (sympy.lambdify(speeds, m, "numpy") for m in (system.mass_matrix, system.forcing))
    for seed in range(3, 6):
        point = random_point(links, seed)
        value, found = compiled_energy(links)(*point)
        assert [value, *found] == pytest.approx(peer(*point), rel=1e-12, abs=1e-12)
        ours, theirs = compiled_equations(links), (mass_matrix(*point), forcing(*point))
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one(*point), other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("links", [1, 2, 4])
def test_against_fifty_digits(links: int) -> None:
    system = build(links)
    state = rates(system)
    point = random_point(links, 7)
    exact = sympy.lambdify(
        [*state, *system.parameters], [system.energy, *(system.energy.diff(x) for x in state)], "mpmath"
    )
    with mpmath.workdps(50):
        expected = [float(entry) for entry in exact(*map(mpmath.mpf, point))]
    value, gradient = compiled_energy(links)(*point)
    scale = max(map(abs, expected))
    assert [value, *gradient] == pytest.approx(expected, rel=4e-15, abs=4e-16 * scale)


@pytest.mark.parametrize("links", [1, 3, 10])
def test_motion_keeps_the_energy(links: int) -> None:
    """The gradient times the motion that mass matrix and forcing give is the power, which is zero."""
    point = random_point(links, 8)
    mass, forcing = (function(*point) for function in compiled_equations(links))
    motion = np.append(point[links + 1 : 2 * links + 2], np.linalg.solve(mass, np.ravel(forcing)))
    _, gradient = compiled_energy(links)(*point)
    assert abs(np.dot(gradient, motion)) < 1e-11 * np.sum(np.abs(np.array(gradient) * motion))


def test_momentum_of_the_whole() -> None:
    """The derivative by the cart's speed is the horizontal momentum, and the cart's place does not matter."""
    links = 4
    point = random_point(links, 9)
    q, u, masses, lengths, _ = parts(links, point)
    along = u[0] + np.append(0, np.cumsum(lengths * np.cos(q[1:]) * u[1:]))
    _, gradient = compiled_energy(links)(*point)
    assert gradient[links + 1] == pytest.approx(np.sum(masses * along), rel=1e-13)
    assert gradient[0] == 0.0


def test_names_of_functions_of_time_and_their_derivatives() -> None:
    compiled = compiled_energy(2)
    assert [spec.name for spec in compiled.signature][:6] == ["q0", "q1", "q2", "q0_dot", "q1_dot", "q2_dot"]
    assert "Derivative(q1(t), t)" in compiled.source
    point = random_point(2)
    names = [spec.name for spec in compiled.signature]
    assert compiled(**dict(zip(names, point, strict=True))) == compiled(*point)


def test_arrays_of_states_map() -> None:
    compiled = compiled_energy(2)
    points = [random_point(2, seed) for seed in range(5)]
    values, gradients = compiled(*np.array(points).T)
    for i, point in enumerate(points):
        value, gradient = compiled(*point)
        assert values[i] == pytest.approx(value, rel=1e-14, abs=1e-14)
        assert [g[i] for g in gradients] == pytest.approx(gradient, rel=1e-13, abs=1e-13)


def test_verified() -> None:
    assert compiled_energy(2).verify(points=1, seconds=2)


def test_operations_grow_with_the_links() -> None:
    """SymPy's expression grows with the square of the links."""
    six, eight, ten = (compiled_energy(links).cost().at()[1] for links in (6, 8, 10))
    assert ten - eight == eight - six < 110


def test_equations_take_a_fraction_of_the_operations_of_sympy_s_text() -> None:
    """SymPy's cse leaves 710 operations in the mass matrix and 443 in the forcing vector of ten links."""
    mass_matrix, forcing = (function.cost().at()[0] for function in compiled_equations(10))
    assert mass_matrix - 200 < 330  # sines and cosines count ten each
    assert forcing - 200 < 220
