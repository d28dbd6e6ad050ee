"""Electromagnetism, circuits and optics."""

from __future__ import annotations

import sympy as sp
from sympy import Abs, Piecewise, acos, acosh, asin, cos, cosh, coth, exp, log, pi, sin, sinc, sqrt

from physics.law import Law

q, r, R, a, b, L, C, V, T, d = sp.symbols("q r R a b L C V T d", positive=True)
q_1, q_2, q_3, x, y, z = sp.symbols("q_1 q_2 q_3 x y z", real=True)
current, permittivity, conductivity = sp.symbols("I ε σ", positive=True)
omega, omega_p, omega_c, n, N = sp.symbols("omega omega_p omega_c n N", positive=True)
theta = sp.Symbol("theta", real=True)
lambda_, w_0, n_1, n_2, f = sp.symbols("lambda w_0 n_1 n_2 f", positive=True)
width, spacing = sp.symbols("a' d'", positive=True)
EPSILON_0 = sp.Float(8.8541878188e-12)
MU_0 = sp.Float(1.25663706127e-6)
CHARGE = sp.Float(1.602176634e-19)
BOLTZMANN = sp.Float(1.380649e-23)
LIGHT = sp.Integer(299792458)

GRIFFITHS = "Griffiths, Introduction to Electrodynamics, 4th ed."
JACKSON = "Jackson, Classical Electrodynamics, 3rd ed."
HOROWITZ = "Horowitz, Hill, The Art of Electronics"
HECHT = "Hecht, Optics"
BORN = "Born, Wolf, Principles of Optics"
SIEGMAN = "Siegman, Lasers"

_ohm = 1 / (4 * pi * EPSILON_0)
_refracted = sqrt(n_2**2 - (n_1 * sin(theta)) ** 2)
_phase = pi * spacing * sin(theta) / lambda_
_rayleigh = pi * w_0**2 / lambda_

ELECTROMAGNETISM = [
    Law(
        "energy of three charges in a line",
        _ohm * (q_1 * q_2 / Abs(x - y) + q_2 * q_3 / Abs(y - z) + q_1 * q_3 / Abs(x - z)),
        f"{GRIFFITHS}, section 2.4",
        {q_1: (-1e-6, 1e-6), q_2: (-1e-6, 1e-6), q_3: (-1e-6, 1e-6), x: (-2, -1), y: (-0.5, 0.5), z: (1, 2)},
    ),
    Law(
        "field on the axis of a charged disc",
        conductivity / (2 * EPSILON_0) * (sp.sign(z) - z / sqrt(z**2 + R**2)),
        f"{GRIFFITHS}, section 2.1",
        {conductivity: (1e-9, 1e-6), z: (-1, 1), R: (0.1, 2)},
    ),
    Law(
        "field of a solenoid of finite length",
        MU_0
        * n
        * current
        / 2
        * ((L / 2 - z) / sqrt((L / 2 - z) ** 2 + R**2) + (L / 2 + z) / sqrt((L / 2 + z) ** 2 + R**2)),
        f"{JACKSON}, chapter 5",
        {n: (100, 5000), current: (0.1, 10), L: (0.1, 1), z: (-0.5, 0.5), R: (0.01, 0.1)},
    ),
    Law(
        "potential inside and outside a charged sphere",
        _ohm * q * Piecewise((1 / r, r > R), ((3 - r**2 / R**2) / (2 * R), True)),
        f"{GRIFFITHS}, section 2.3",
        {q: (1e-12, 1e-6), r: (0.01, 1), R: (0.05, 0.5)},
    ),
    Law(
        "capacitance of two wires",
        pi * EPSILON_0 * L / log(d / (2 * a) + sqrt(d**2 / (4 * a**2) - 1)),
        f"{JACKSON}, chapter 2",
        {L: (0.1, 10), d: (0.05, 1), a: (1e-4, 0.01)},
    ),
    Law(
        "skin depth at any frequency",
        sqrt(2 / (omega * conductivity * MU_0))
        * sqrt(sqrt(1 + (omega * permittivity / conductivity) ** 2) + omega * permittivity / conductivity),
        f"{GRIFFITHS}, section 9.4",
        {omega: (1e3, 1e12), conductivity: (1e-3, 6e7), permittivity: (8e-12, 1e-9)},
    ),
    Law(
        "polarisation of permanent dipoles",
        N * q * (coth(q * V / (BOLTZMANN * T)) - BOLTZMANN * T / (q * V)),
        "Langevin's function: Kittel, Introduction to Solid State Physics",
        {N: (1e24, 1e28), q: (3e-30, 3e-29), V: (1e9, 1e10), T: (100, 1000)},
    ),
    Law(
        "index of a plasma with collisions",
        sqrt(
            (
                sqrt(
                    (1 - omega_p**2 / (omega**2 + omega_c**2)) ** 2
                    + (omega_p**2 * omega_c / (omega * (omega**2 + omega_c**2))) ** 2
                )
                + 1
                - omega_p**2 / (omega**2 + omega_c**2)
            )
            / 2
        ),
        f"{JACKSON}, section 7.5",
        {omega: (0.5, 5), omega_p: (0.5, 4), omega_c: (0.05, 1)},
    ),
    Law(
        "wave number in a waveguide",
        Piecewise((sqrt(omega**2 - omega_c**2) / LIGHT, omega > omega_c), (-sqrt(omega_c**2 - omega**2) / LIGHT, True)),
        f"{GRIFFITHS}, section 9.5",
        {omega: (1e9, 1e11), omega_c: (5e9, 5e10)},
    ),
    Law(
        "power radiated by a moving charge",
        q**2
        * a**2
        / (6 * pi * EPSILON_0 * LIGHT**3)
        * (1 - (V * sin(theta) / LIGHT) ** 2)
        / (1 - V**2 / LIGHT**2) ** 3,
        f"{JACKSON}, equation 14.26, Liénard",
        {q: (1.6e-19, 1e-18), a: (1e10, 1e20), V: (1e6, 2.9e8), theta: (-3, 3)},
    ),
    Law(
        "gain of a resonant circuit",
        20 * log(R / sqrt(R**2 + (omega * L - 1 / (omega * C)) ** 2), 10),
        f"{HOROWITZ}, chapter 1",
        {R: (1, 1e3), omega: (1e3, 1e6), L: (1e-6, 1e-2), C: (1e-9, 1e-6)},
    ),
    Law(
        "gain of a Chebyshev filter",
        Piecewise(
            (1 / sqrt(1 + b**2 * cos(5 * acos(omega)) ** 2), omega <= 1),
            (1 / sqrt(1 + b**2 * cosh(5 * acosh(omega)) ** 2), True),
        ),
        f"{HOROWITZ}, active filters, fifth order",
        {b: (0.1, 1), omega: (0.2, 3)},
    ),
    Law(
        "current of a solar cell without shunt",
        current - C * (exp(CHARGE * (V + L * R) / (n * BOLTZMANN * T)) - 1),
        "Shockley's diode: Sze, Physics of Semiconductor Devices",
        {current: (1, 8), C: (1e-12, 1e-9), V: (0.1, 0.6), L: (1, 5), R: (1e-3, 1e-2), n: (1, 2), T: (280, 350)},
    ),
    Law(
        "current of a field-effect transistor",
        Piecewise(
            (0, a >= V),
            (C * (V - a) ** 2 / 2 * (1 + L * d), d >= V - a),
            (C * ((V - a) * d - d**2 / 2) * (1 + L * d), True),
        ),
        f"{HOROWITZ}, the square law of Shichman and Hodges",
        {V: (0.2, 3), a: (0.4, 0.8), C: (1e-5, 1e-2), L: (0.01, 0.1), d: (0.05, 3)},
    ),
]

OPTICS = [
    Law(
        "reflection of light polarised across the plane",
        Piecewise(
            (((n_1 * cos(theta) - _refracted) / (n_1 * cos(theta) + _refracted)) ** 2, n_1 * sin(theta) < n_2),
            (1, True),
        ),
        f"{BORN}, section 1.5, Fresnel",
        {n_1: (1.3, 1.7), n_2: (1, 1.5), theta: (0.1, 1.4)},
    ),
    Law(
        "reflection of light polarised in the plane",
        ((n_2**2 * cos(theta) - n_1 * _refracted) / (n_2**2 * cos(theta) + n_1 * _refracted)) ** 2,
        f"{BORN}, section 1.5, Fresnel",
        {n_1: (1, 1.3), n_2: (1.4, 1.9), theta: (0.1, 1.4)},
    ),
    Law(
        "deviation by a prism",
        theta + asin(n * sin(a - asin(sin(theta) / n))) - a,
        f"{HECHT}, section 5.5",
        {theta: (0.5, 1.2), n: (1.4, 1.6), a: (0.5, 0.9)},
    ),
    Law(
        "focal length of a thick lens",
        1 / ((n - 1) * (1 / a - 1 / b + (n - 1) * d / (n * a * b))),
        f"{HECHT}, section 6.1",
        {n: (1.3, 1.9), a: (0.05, 0.1), b: (0.2, 0.5), d: (0.001, 0.02)},
    ),
    Law(
        "diffraction by slits",
        sinc(pi * width * sin(theta) / lambda_) ** 2 * (sin(4 * _phase) / (4 * sin(_phase))) ** 2,
        f"{HECHT}, section 10.2",
        {width: (1e-6, 2e-6), spacing: (3e-6, 5e-6), theta: (0.01, 0.12), lambda_: (4e-7, 7e-7)},
    ),
    Law(
        "transmission of a Fabry-Perot interferometer",
        1 / (1 + 4 * R / (1 - R) ** 2 * sin(2 * pi * n * d * cos(theta) / lambda_) ** 2),
        f"{BORN}, section 7.6, Airy",
        {R: (0.1, 0.9), n: (1, 1.5), d: (1e-6, 2e-6), theta: (0, 0.5), lambda_: (4e-7, 7e-7)},
    ),
    Law(
        "intensity of a Gaussian beam",
        (1 / (1 + (z / _rayleigh) ** 2)) * exp(-2 * r**2 / (w_0**2 * (1 + (z / _rayleigh) ** 2))),
        f"{SIEGMAN}, chapter 17",
        {z: (-5, 5), r: (1e-4, 2e-3), w_0: (5e-4, 2e-3), lambda_: (4e-7, 1.1e-6)},
    ),
    Law(
        "index of glass",
        sqrt(
            1
            + n_1 * lambda_**2 / (lambda_**2 - a)
            + n_2 * lambda_**2 / (lambda_**2 - b)
            + f * lambda_**2 / (lambda_**2 - 100)
        ),
        f"{HECHT}, Sellmeier's equation, in micrometres",
        {n_1: (0.9, 1.1), n_2: (0.2, 0.3), f: (0.9, 1.1), lambda_: (0.4, 1.6), a: (0.005, 0.01), b: (0.015, 0.025)},
    ),
    Law(
        "reflection of a quarter-wave stack",
        ((n * n_2 ** (2 * N) - b * n_1 ** (2 * N)) / (n * n_2 ** (2 * N) + b * n_1 ** (2 * N))) ** 2,
        f"{BORN}, section 1.6",
        {n: (1, 1.1), n_1: (1.3, 1.5), n_2: (1.9, 2.4), b: (1.4, 1.6), N: (1, 4)},
    ),
    Law(
        "reflectance of a scattering layer",
        1 / (1 + a / C + sqrt(a**2 / C**2 + 2 * a / C) * coth(C * d * sqrt(a**2 / C**2 + 2 * a / C))),
        "Kubelka and Munk's theory over a black ground",
        {a: (0.1, 5), C: (1, 50), d: (0.01, 0.3)},
    ),
]
