"""Atoms, nuclei, particles and scattering."""

from __future__ import annotations

import sympy as sp
from sympy import Max, Piecewise, Rational, atan, cos, exp, log, sin, sinh, sqrt, tanh

from physics.law import Law

r, a, m, E, V, d, hbar, Z, n = sp.symbols("r a m E V d ħ Z n", positive=True)
D, r_e, x, t, theta, Delta = sp.symbols("D r_e x t theta Delta", real=True)
Omega, j, A, B = sp.symbols("Omega j A B", positive=True)
theta_13, theta_23, baseline, dm2 = sp.symbols(r"θ₁₃ θ₂₃ L \Delta{m}^2", positive=True)
alpha, beta, gap, T, T_c, k, q = sp.symbols("alpha beta Δ₀ T T_c k q", positive=True)
FINE = sp.Float(0.0072973525643)
ELECTRON = sp.Float(0.51099895069)

GRIFFITHS = "Griffiths, Schroeter, Introduction to Quantum Mechanics, 3rd ed."
LANDAU = "Landau, Lifshitz, Quantum Mechanics, 3rd ed."
KRANE = "Krane, Introductory Nuclear Physics"
PDG = "Particle Data Group, Review of Particle Physics"
BETHE = "Bethe, Salpeter, Quantum Mechanics of One- and Two-Electron Atoms"

_inside = sqrt(2 * m * (V - E)) * a / hbar
_above = sqrt(2 * m * (E - V)) * a / hbar
_ratio = 1 / (1 + E / ELECTRON * (1 - cos(theta)))
_rho = Z * r / a

QUANTUM = [
    Law(
        "levels of hydrogen by Dirac",
        1 / sqrt(1 + (Z * FINE / (n - j - Rational(1, 2) + sqrt((j + Rational(1, 2)) ** 2 - (Z * FINE) ** 2))) ** 2)
        - 1,
        f"{BETHE}, section 14",
        {Z: (30, 90), n: (2, 6), j: (0.5, 1.5)},
    ),
    Law(
        "radial density of a 3s electron",
        Rational(4, 19683) * r**2 * (Z / a) ** 3 * (27 - 18 * _rho + 2 * _rho**2) ** 2 * exp(-2 * _rho / 3),
        f"{GRIFFITHS}, table 4.7",
        {r: (0.1, 20), Z: (0.8, 3), a: (0.9, 1.1)},
    ),
    Law(
        "Morse's potential",
        D * (1 - exp(-a * (r - r_e))) ** 2 - D,
        f"{LANDAU}, section 23, problem 4",
        {D: (1, 10), a: (0.5, 3), r: (0.5, 6), r_e: (0.8, 2)},
    ),
    Law(
        "passage through a barrier",
        Piecewise(
            (1 / (1 + V**2 * sinh(_inside) ** 2 / (4 * E * (V - E))), E < V),
            (1 / (1 + V**2 * sin(_above) ** 2 / (4 * E * (E - V))), E > V),
            (1 / (1 + m * V * a**2 / (2 * hbar**2)), True),
        ),
        f"{LANDAU}, section 25, problem 2",
        {E: (0.2, 3), V: (0.5, 2), m: (0.5, 2), a: (0.2, 2), hbar: (0.9, 1.1)},
    ),
    Law(
        "exponent of alpha decay",
        2 * sqrt(2 * m * E) / hbar * (V / E) * (sp.acos(sqrt(E * d / V)) - sqrt(E * d / V * (1 - E * d / V))),
        f"{KRANE}, section 8.4, Gamow",
        {m: (0.9, 1.1), E: (4, 9), hbar: (0.19, 0.21), V: (200, 270), d: (7, 9)},
    ),
    Law(
        "Rabi's oscillation",
        Omega**2 / (Omega**2 + Delta**2) * sin(sqrt(Omega**2 + Delta**2) * t / 2) ** 2,
        f"{GRIFFITHS}, section 11.1",
        {Omega: (0.1, 3), Delta: (-3, 3), t: (0, 5)},
    ),
    Law(
        "appearance of electron neutrinos",
        sin(theta_23) ** 2 * sin(2 * theta_13) ** 2 * sin(Rational(1267, 1000) * dm2 * baseline / E) ** 2,
        f"{PDG}, neutrino mixing, in eV^2, km and GeV",
        {theta_23: (0.6, 0.9), theta_13: (0.1, 0.2), dm2: (2.3e-3, 2.6e-3), baseline: (100, 1300), E: (0.3, 5)},
    ),
    Law(
        "scattering of photons by electrons",
        _ratio**2 * (_ratio + 1 / _ratio - sin(theta) ** 2) / 2,
        f"{PDG}, Klein and Nishina, in MeV and squared electron radii",
        {E: (0.01, 10), theta: (0.05, 3.1)},
    ),
    Law(
        "stopping power",
        Rational(307075, 10**6)
        * Z
        / A
        / beta**2
        * (log(2 * ELECTRON * 10**6 * beta**2 / ((1 - beta**2) * B)) - beta**2),
        f"{PDG}, Bethe, for a heavy particle of unit charge",
        {Z: (1, 90), A: (1, 230), beta: (0.1, 0.9), B: (20, 900)},
    ),
    Law(
        "binding energy of a nucleus",
        a * A
        - d * A ** Rational(2, 3)
        - k * Z * (Z - 1) / A ** Rational(1, 3)
        - q * (A - 2 * Z) ** 2 / A
        + B * sp.sign(x) / sqrt(A),
        f"{KRANE}, equation 3.28, Weizsäcker",
        {a: (15, 16), d: (16, 19), k: (0.68, 0.72), q: (21, 25), A: (12, 240), Z: (6, 92), B: (11, 13), x: (-1, 1)},
    ),
    Law(
        "nuclear potential with a surface and spin-orbit term",
        -V / (1 + exp((r - d) / a)) + B / r * exp((r - d) / a) / (a * (1 + exp((r - d) / a)) ** 2),
        f"{KRANE}, section 5.1, Woods and Saxon",
        {V: (40, 60), r: (0.5, 12), d: (3, 7), a: (0.4, 0.7), B: (5, 20)},
    ),
    Law(
        "levels of hydrogen in a magnetic field",
        -Rational(1, 4) + a * x + sqrt(1 + x * t + x**2) / 2,
        "Breit and Rabi's formula, in units of the hyperfine splitting",
        {a: (-1e-3, 1e-3), x: (0, 5), t: (-0.95, 0.95)},
    ),
    Law(
        "gap of a superconductor",
        gap * tanh(Rational(174, 100) * sqrt(Max(T_c / T - 1, 0))),
        "the usual interpolation of Bardeen, Cooper and Schrieffer's gap: Tinkham, Superconductivity",
        {gap: (0.1, 3), T_c: (5, 10), T: (0.5, 4.5)},
    ),
    Law(
        "phase shift of a square well",
        atan(k / sqrt(k**2 + q**2) * sp.tan(sqrt(k**2 + q**2) * d)) - k * d,
        f"{LANDAU}, section 132, s waves of a well",
        {k: (0.05, 1), q: (0.1, 1), d: (0.1, 1)},
    ),
]
