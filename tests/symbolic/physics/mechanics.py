"""Mechanics of points, bodies and materials, and relativity."""

from __future__ import annotations

import sympy as sp
from sympy import Max, Min, Piecewise, Rational, acos, atan2, atanh, cos, cosh, exp, log, pi, sin, sqrt, tan

from physics.law import Law

v, g, t, m, k, r, a, L, M, R = sp.symbols("v g t m k r a L M R", positive=True)
E, I, d, l, F, h = sp.symbols("E I d l F h", positive=True)
theta, x, y, delta, u = sp.symbols("theta x y delta u", real=True)
mu, gamma, omega, omega_0, beta = sp.symbols("mu gamma omega omega_0 beta", positive=True)
m_1, m_2, l_1, l_2 = sp.symbols("m_1 m_2 l_1 l_2", positive=True)
theta_1, theta_2, rate_1, rate_2 = sp.symbols(r"\theta_1 \theta_2 \dot{\theta}_1 \dot{\theta}_2", real=True)
p_phi, p_psi, I_1, I_3 = sp.symbols("p_phi p_psi I_1 I_3", positive=True)
G = sp.Float(6.6743e-11)
C = sp.Integer(299792458)
EARTH = (9.7, 9.9)

GOLDSTEIN = "Goldstein, Poole, Safko, Classical Mechanics, 3rd ed."
TAYLOR = "J. R. Taylor, Classical Mechanics"
LANDAU = "Landau, Lifshitz, Mechanics, 3rd ed."
TAYLOR_WHEELER = "Taylor, Wheeler, Spacetime Physics, 2nd ed."
GERE = "Gere, Timoshenko, Mechanics of Materials"

_cross = l_1 * l_2 * rate_1 * rate_2 * cos(theta_1 - theta_2)
_double_pendulum = (
    (m_1 + m_2) * l_1**2 * rate_1**2 / 2
    + m_2 * l_2**2 * rate_2**2 / 2
    + m_2 * _cross
    + (m_1 + m_2) * g * l_1 * cos(theta_1)
    + m_2 * g * l_2 * cos(theta_2)
)
_lorentz = 1 / sqrt(1 - v**2 / C**2)
_slenderness, _yield = sp.symbols("lambda sigma_y", positive=True)
_critical = sqrt(2 * pi**2 * E / _yield)

MECHANICS = [
    Law(
        "height of a throw with quadratic drag",
        m / (2 * k) * log(1 + k * v**2 / (m * g)),
        f"{TAYLOR}, chapter 2",
        {m: (0.05, 1), k: (1e-4, 1e-2), v: (1, 50), g: EARTH},
    ),
    Law(
        "fall with quadratic drag",
        v**2 / g * log(cosh(g * t / v)),
        f"{TAYLOR}, equation 2.58",
        {v: (5, 60), g: EARTH, t: (0.1, 20)},
    ),
    Law(
        "damped oscillation",
        a * exp(-gamma * t) * cos(sqrt(omega_0**2 - gamma**2) * t - delta),
        f"{LANDAU}, section 25",
        {a: (0.1, 2), gamma: (0.05, 0.5), omega_0: (1, 5), t: (0, 8), delta: (-3, 3)},
    ),
    Law(
        "oscillation at any damping",
        a
        * exp(-gamma * t)
        * Piecewise(
            (cos(sqrt(omega_0**2 - gamma**2) * t), gamma < omega_0),
            (cosh(sqrt(gamma**2 - omega_0**2) * t), gamma > omega_0),
            (1, True),
        ),
        f"{LANDAU}, section 25",
        {a: (0.1, 2), gamma: (0.2, 3), omega_0: (0.5, 2.5), t: (0.1, 4)},
    ),
    Law(
        "amplitude of a driven oscillator",
        F / (m * sqrt((omega_0**2 - omega**2) ** 2 + 4 * gamma**2 * omega**2)),
        f"{LANDAU}, section 26",
        {F: (0.1, 5), m: (0.1, 5), omega_0: (1, 10), omega: (1, 10), gamma: (0.01, 1)},
    ),
    Law(
        "speed of a rocket in a uniform field",
        u + v * log(M / (M - k * t)) - g * t,
        f"{GOLDSTEIN}, chapter 1",
        {u: (-10, 100), v: (2000, 4500), M: (1e4, 3e6), k: (10, 90), t: (1, 100), g: EARTH},
    ),
    Law(
        "effective potential of Kepler's problem",
        L**2 / (2 * m * r**2) - G * M * m / r,
        f"{LANDAU}, section 15",
        {L: (2e15, 4e15), m: (0.9, 1.1), M: (1.9e30, 2.1e30), r: (5e10, 5e12)},
    ),
    Law(
        "scattering by a Coulomb field",
        (k / (4 * E)) ** 2 / sin(theta / 2) ** 4,
        f"{GOLDSTEIN}, Rutherford's cross section",
        {k: (1e-28, 1e-25), E: (1e-13, 1e-12), theta: (0.1, 3.1)},
    ),
    Law(
        "Lagrangian of a double pendulum",
        _double_pendulum,
        f"{LANDAU}, section 5, problem 1",
        {
            m_1: (0.1, 3),
            m_2: (0.1, 3),
            l_1: (0.2, 2),
            l_2: (0.2, 2),
            g: EARTH,
            theta_1: (-3, 3),
            theta_2: (-3, 3),
            rate_1: (-5, 5),
            rate_2: (-5, 5),
        },
    ),
    Law(
        "effective potential of a heavy symmetric top",
        (p_phi - p_psi * cos(theta)) ** 2 / (2 * I_1 * sin(theta) ** 2) + p_psi**2 / (2 * I_3) + m * g * l * cos(theta),
        f"{LANDAU}, section 35, problem 1",
        {
            p_phi: (0.1, 2),
            p_psi: (0.1, 2),
            theta: (0.2, 2.9),
            I_1: (0.01, 0.1),
            I_3: (0.01, 0.1),
            m: (0.1, 2),
            g: EARTH,
            l: (0.05, 0.3),
        },
    ),
    Law(
        "block that may stick on a slope",
        Max(g * (sin(theta) - mu * cos(theta)), 0),
        "Coulomb's law of friction",
        {g: EARTH, theta: (0.1, 1.4), mu: (0.1, 1)},
    ),
    Law(
        "contact of elastic spheres",
        Rational(4, 3) * E * sqrt(R) * Max(d - h, 0) ** Rational(3, 2),
        "Hertz's contact: Landau, Lifshitz, Theory of Elasticity, section 9",
        {E: (1e9, 2e11), R: (1e-3, 0.1), d: (1e-6, 1e-3), h: (1e-7, 1e-4)},
    ),
    Law(
        "strength of a column",
        Piecewise(
            (pi**2 * E / _slenderness**2, _slenderness >= _critical),
            (_yield * (1 - _slenderness**2 / (2 * _critical**2)), True),
        ),
        f"{GERE}, Euler's and Johnson's columns",
        {E: (7e10, 2.1e11), _slenderness: (20, 200), _yield: (1e8, 5e8)},
    ),
    Law(
        "deflection of a beam under a load at a distance",
        Piecewise(
            (F * (l - a) * x * (l**2 - (l - a) ** 2 - x**2) / (6 * l * E * I), x <= a),
            (F * a * (l - x) * (l**2 - a**2 - (l - x) ** 2) / (6 * l * E * I), True),
        ),
        f"{GERE}, simple beams",
        {F: (10, 1e4), l: (3, 5), a: (0.5, 2.5), x: (0.2, 2.8), E: (7e10, 2.1e11), I: (1e-8, 1e-5)},
    ),
    Law(
        "equivalent stress",
        sqrt(((x - y) ** 2 + (y - u) ** 2 + (u - x) ** 2) / 2 + 3 * delta**2),
        "von Mises's criterion",
        {x: (-3e8, 3e8), y: (-3e8, 3e8), u: (-3e8, 3e8), delta: (-1e8, 1e8)},
    ),
    Law(
        "largest shear stress",
        (Max(x, y, u) - Min(x, y, u)) / 2,
        "Tresca's criterion",
        {x: (-3e8, 3e8), y: (-3e8, 3e8), u: (-3e8, 3e8)},
    ),
    Law(
        "energy of stretched rubber",
        -mu * k / 2 * log(1 - (a**2 + 2 / a - 3) / k),
        "Gent's model of 1996: Holzapfel, Nonlinear Solid Mechanics",
        {mu: (1e5, 1e6), k: (30, 100), a: (1.1, 4)},
    ),
]

RELATIVITY = [
    Law(
        "kinetic energy",
        m * C**2 * (_lorentz - 1),
        f"{TAYLOR_WHEELER}, chapter 7",
        {m: (1e-30, 1e-26), v: (3e7, 2.9e8)},
    ),
    Law(
        "Doppler shift in any direction",
        omega * sqrt(1 - beta**2) / (1 - beta * cos(theta)),
        "Jackson, Classical Electrodynamics, section 11.3",
        {omega: (1e14, 1e15), beta: (0.05, 0.95), theta: (-3, 3)},
    ),
    Law(
        "aberration of light",
        2 * sp.atan(sqrt((1 - beta) / (1 + beta)) * tan(theta / 2)),
        "Jackson, Classical Electrodynamics, section 11.3",
        {beta: (0.01, 0.95), theta: (-2.9, 2.9)},
    ),
    Law(
        "direction after a boost",
        atan2(sin(theta) * sqrt(1 - beta**2), cos(theta) + beta),
        "Jackson, Classical Electrodynamics, section 11.4",
        {beta: (0.05, 0.95), theta: (-2.9, 2.9)},
    ),
    Law(
        "relative rapidity",
        atanh(sqrt(1 - (1 - beta**2) * (1 - gamma**2) / (1 - beta * gamma * cos(theta)) ** 2)),
        "Landau, Lifshitz, The Classical Theory of Fields, section 12",
        {beta: (0.1, 0.9), gamma: (0.1, 0.9), theta: (0.3, 3)},
    ),
    Law(
        "invariant mass of two particles",
        sqrt(m_1**2 + m_2**2 + 2 * (sqrt(m_1**2 + l_1**2) * sqrt(m_2**2 + l_2**2) - l_1 * l_2 * cos(theta))),
        "Particle Data Group, Review of Particle Physics, Kinematics",
        {m_1: (0.1, 5), m_2: (0.1, 5), l_1: (0.1, 50), l_2: (0.1, 50), theta: (0.1, 3.1)},
    ),
    Law(
        "angle from the perihelion at a distance",
        acos((a * (1 - beta**2) / r - 1) / beta),
        f"{GOLDSTEIN}, section 3.7",
        {a: (0.95, 1.05), beta: (0.3, 0.6), r: (0.8, 1.2)},
    ),
]
