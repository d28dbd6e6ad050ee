"""Thermodynamics, heat flow and statistical physics."""

from __future__ import annotations

import sympy as sp
from sympy import Piecewise, Rational, cosh, coth, erf, erfc, exp, log, pi, sinh, sqrt, tanh

from physics.law import Law

T, V, N, P, U, n, m, d, r = sp.symbols("T V N P U n m d r", positive=True)
a, b, T_c, w = sp.symbols("a b T_c w", positive=True)
T_0, ratio, kappa = sp.symbols("T_0 gamma kappa", positive=True)
t, x, y = sp.symbols("t x y", positive=True)
mu, energy, J, B = sp.symbols("mu E J B", real=True)
einstein, epsilon, sigma, cutoff = sp.symbols("Θ_E epsilon sigma r_c", positive=True)
nu = sp.Symbol("nu", positive=True)
GAS = sp.Float(8.31446261815324)
BOLTZMANN = sp.Float(1.380649e-23)
PLANCK = sp.Float(6.62607015e-34)
LIGHT = sp.Integer(299792458)
MAGNETON = sp.Float(9.2740100657e-24)

CALLEN = "Callen, Thermodynamics and an Introduction to Thermostatistics, 2nd ed."
REIF = "Reif, Fundamentals of Statistical and Thermal Physics"
PRAUSNITZ = "Poling, Prausnitz, O'Connell, The Properties of Gases and Liquids"
CARSLAW = "Carslaw, Jaeger, Conduction of Heat in Solids"
KITTEL = "Kittel, Introduction to Solid State Physics"

_pair = 4 * epsilon * ((sigma / r) ** 12 - (sigma / r) ** 6)
_soave = (1 + (0.48 + 1.574 * w - 0.176 * w**2) * (1 - sqrt(T / T_c))) ** 2
_quantum = PLANCK * nu / (BOLTZMANN * T)
_ratio_j = (2 * J + 1) / (2 * J)

HEAT = [
    Law(
        "pressure of van der Waals's gas",
        n * GAS * T / (V - n * b) - a * n**2 / V**2,
        f"{CALLEN}, section 3-5",
        {n: (0.5, 2), T: (200, 600), V: (1e-3, 0.1), b: (3e-5, 6e-5), a: (0.1, 0.5)},
    ),
    Law(
        "pressure by Redlich, Kwong and Soave",
        GAS * T / (V - b) - a * _soave / (V * (V + b)),
        f"{PRAUSNITZ}, chapter 4",
        {T: (150, 500), V: (2e-4, 1e-2), b: (2e-5, 6e-5), a: (0.1, 0.6), T_c: (150, 500), w: (0.01, 0.4)},
    ),
    Law(
        "entropy of an ideal gas",
        N * BOLTZMANN * (log(V / N * (4 * pi * m * U / (3 * N * PLANCK**2)) ** Rational(3, 2)) + Rational(5, 2)),
        f"{CALLEN}, Sackur and Tetrode's equation",
        {N: (1e22, 1e24), V: (1e-3, 1), m: (1e-27, 1e-25), U: (1e2, 1e4)},
    ),
    Law(
        "work of an adiabatic expansion",
        P * V / (ratio - 1) * (1 - r ** (1 - ratio)),
        f"{REIF}, section 5.3",
        {P: (1e4, 1e6), V: (1e-3, 1), ratio: (1.1, 1.67), r: (1.5, 10)},
    ),
    Law(
        "vapour pressure by Antoine",
        10 ** (a - b / (T_c + T)),
        f"{PRAUSNITZ}, chapter 7",
        {a: (7.5, 8.5), b: (1500, 1800), T_c: (220, 240), T: (1, 100)},
    ),
    Law(
        "temperature in a half space with a surface that takes up heat",
        erfc(x / (2 * sqrt(kappa * t)))
        - exp(b * x + b**2 * kappa * t) * erfc(x / (2 * sqrt(kappa * t)) + b * sqrt(kappa * t)),
        f"{CARSLAW}, section 2.7",
        {x: (0.001, 0.1), kappa: (1e-6, 1e-4), t: (10, 1000), b: (1, 30)},
    ),
    Law(
        "spreading of a heated strip",
        T_0 / 2 * (erf((a - x) / (2 * sqrt(kappa * t))) + erf((a + x) / (2 * sqrt(kappa * t)))),
        f"{CARSLAW}, section 2.2",
        {T_0: (1, 100), a: (0.1, 1), x: (0.01, 1), kappa: (1e-3, 1e-2), t: (10, 50)},
    ),
    Law(
        "efficiency of a fin",
        tanh(a * sqrt(2 * b / (kappa * d))) / (a * sqrt(2 * b / (kappa * d))),
        "Incropera, DeWitt, Fundamentals of Heat and Mass Transfer, section 3.6",
        {a: (0.01, 0.1), b: (10, 200), kappa: (15, 400), d: (1e-3, 5e-3)},
    ),
]

STATISTICS = [
    Law(
        "radiance of a black body",
        2 * PLANCK * nu**3 / LIGHT**2 / (exp(_quantum) - 1),
        f"{REIF}, section 9.13, Planck",
        {nu: (1e11, 1e15), T: (200, 6000)},
    ),
    Law(
        "heat capacity of Einstein's solid",
        3 * N * BOLTZMANN * (einstein / T) ** 2 * exp(einstein / T) / (exp(einstein / T) - 1) ** 2,
        f"{REIF}, section 7.7",
        {N: (1e22, 1e24), einstein: (100, 1000), T: (50, 500)},
    ),
    Law(
        "speeds of molecules",
        4 * pi * (m / (2 * pi * BOLTZMANN * T)) ** Rational(3, 2) * x**2 * exp(-m * x**2 / (2 * BOLTZMANN * T)),
        f"{REIF}, section 7.10, Maxwell",
        {m: (3e-27, 1e-25), T: (100, 1000), x: (50, 1500)},
    ),
    Law(
        "occupation of a fermion's level",
        1 / (exp((energy - mu) / T) + 1),
        f"{REIF}, section 9.3, energies in kelvin",
        {energy: (-500, 1000), mu: (-300, 800), T: (10, 500)},
    ),
    Law(
        "free energy of a chain of spins",
        -T * log(exp(J / T) * cosh(B / T) + sqrt(exp(2 * J / T) * sinh(B / T) ** 2 + exp(-2 * J / T))),
        "Ising's model: Pathria, Beale, Statistical Mechanics, section 13.2",
        {T: (0.5, 5), J: (-1, 2), B: (-1.5, 1.5)},
    ),
    Law(
        "magnetisation of spins J",
        _ratio_j * coth(_ratio_j * y) - coth(y / (2 * J)) / (2 * J),
        f"{KITTEL}, Brillouin's function",
        {J: (0.5, 4), y: (0.3, 6)},
    ),
    Law(
        "pair energy cut off and shifted",
        Piecewise(
            (_pair - 4 * epsilon * ((sigma / cutoff) ** 12 - (sigma / cutoff) ** 6), r < cutoff),
            (0, True),
        ),
        "Allen, Tildesley, Computer Simulation of Liquids, section 5.2",
        {epsilon: (0.5, 2), sigma: (0.9, 1.1), r: (0.9, 3.5), cutoff: (2, 3)},
    ),
    Law(
        "entropy of mixing",
        -GAS * (x * log(x) + y * log(y) + (1 - x - y) * log(1 - x - y)),
        f"{CALLEN}, section 3-4",
        {x: (0.05, 0.45), y: (0.05, 0.45)},
    ),
    Law(
        "moment in a field",
        N * MAGNETON * tanh(MAGNETON * B / (BOLTZMANN * T)),
        f"{REIF}, section 6.3",
        {N: (1e20, 1e24), B: (-10, 10), T: (0.1, 300)},
    ),
]
