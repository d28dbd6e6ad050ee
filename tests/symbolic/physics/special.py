"""Laws that need the special functions, of all fields."""

from __future__ import annotations

import sympy as sp
from sympy import LambertW, Rational, airyai, besseli, besselj, besselk, exp, gamma, log, pi, sin, sqrt, zeta

from physics.law import Law

a, b, d, r, L, T, t, Q, S = sp.symbols("a b d r L T t Q S", positive=True)
R, V, n, s = sp.symbols("R V n I_s", positive=True)
wavelength, aperture, distance = sp.symbols("λ D z", positive=True)
theta, x, z = sp.symbols("theta x z", real=True)
rate, K_m, S_0, k, scale, rho = sp.symbols("v K_m S_0 k c rho", positive=True)
mass, number, l, g, v = sp.symbols("m N l g v_0", positive=True)
MU_0 = sp.Float(1.25663706127e-6)
HBAR = sp.Float(1.054571817e-34)
BOLTZMANN = sp.Float(1.380649e-23)
THERMAL = sp.Float(0.025852)  # volts at 300 K

_argument = pi * aperture * sin(theta) / wavelength
_modulus = 4 * a * b / ((a + b) ** 2 + d**2)
_knife = x * sqrt(2 / (wavelength * distance))

SPECIAL = [
    Law(
        "diffraction by a round hole",
        (2 * besselj(1, _argument) / _argument) ** 2,
        "Born, Wolf, Principles of Optics, section 8.5, Airy",
        {aperture: (1e-3, 2e-3), theta: (1e-4, 2e-3), wavelength: (4e-7, 7e-7)},
    ),
    Law(
        "light behind an edge",
        ((sp.fresnelc(_knife) + Rational(1, 2)) ** 2 + (sp.fresnels(_knife) + Rational(1, 2)) ** 2) / 2,
        "Born, Wolf, Principles of Optics, section 8.7, Fresnel",
        {x: (-1e-3, 1e-3), wavelength: (4e-7, 7e-7), distance: (0.5, 2)},
    ),
    Law(
        "inductance of two coaxial loops",
        MU_0
        * sqrt(a * b)
        * (
            (2 / sqrt(_modulus) - sqrt(_modulus)) * sp.elliptic_k(_modulus)
            - 2 / sqrt(_modulus) * sp.elliptic_e(_modulus)
        ),
        "Maxwell, A Treatise on Electricity and Magnetism, article 701",
        {a: (0.05, 0.2), b: (0.05, 0.2), d: (0.05, 0.3)},
    ),
    Law(
        "period of a pendulum at any amplitude",
        4 * sqrt(l / g) * sp.elliptic_k(sin(theta / 2) ** 2),
        "Landau, Lifshitz, Mechanics, section 11, problem 1",
        {l: (0.1, 10), g: (9.7, 9.9), theta: (0.1, 3)},
    ),
    Law(
        "reaction in a porous cylinder",
        2 * besseli(1, r) / (r * besseli(0, r)),
        "Thiele's effectiveness factor: Aris, The Mathematical Theory of Diffusion and Reaction",
        {r: (0.1, 20)},
    ),
    Law(
        "repulsion of two vortices in a superconductor",
        Q**2 / (2 * pi * MU_0 * L**2) * besselk(0, r / L),
        "Tinkham, Introduction to Superconductivity, section 5.1",
        {Q: (2e-15, 2.1e-15), L: (5e-8, 2e-7), r: (2e-8, 5e-7)},
    ),
    Law(
        "correlation of turbulent velocities",
        2 ** Rational(2, 3) / gamma(Rational(1, 3)) * (r / L) ** Rational(1, 3) * besselk(Rational(1, 3), r / L),
        "von Karman's spectrum: Pope, Turbulent Flows, section 6.5",
        {r: (0.01, 3), L: (0.5, 2)},
    ),
    Law(
        "fall of the water table at a well",
        Q / (4 * pi * T) * sp.expint(1, r**2 * S / (4 * T * t)),
        "Theis 1935: Bear, Hydraulics of Groundwater",
        {Q: (1e-3, 0.1), T: (1e-4, 1e-2), r: (1, 100), S: (1e-4, 1e-2), t: (1e3, 1e6)},
    ),
    Law(
        "current of a diode behind a resistor",
        n * THERMAL / R * LambertW(s * R / (n * THERMAL) * exp((V + s * R) / (n * THERMAL))) - s,
        "Banwell, IEEE Transactions on Circuits and Systems I 47 (2000)",
        {n: (1, 2), R: (10, 1000), s: (1e-14, 1e-9), V: (0.2, 1)},
    ),
    Law(
        "substrate left by an enzyme",
        K_m * LambertW(S_0 / K_m * exp((S_0 - rate * t) / K_m)),
        "Schnell, Mendoza, Journal of Theoretical Biology 187 (1997)",
        {K_m: (0.2, 5), S_0: (0.5, 5), rate: (0.05, 1), t: (0.1, 10)},
    ),
    Law(
        "power of the wind",
        rho / 2 * scale**3 * gamma(1 + 3 / k),
        "Weibull's distribution of speeds: Manwell, McGowan, Rogers, Wind Energy Explained, section 2.4",
        {rho: (1.1, 1.3), scale: (3, 12), k: (1.4, 3.5)},
    ),
    Law(
        "temperature of condensation",
        2 * pi * HBAR**2 / (mass * BOLTZMANN) * (number / zeta(Rational(3, 2))) ** Rational(2, 3),
        "Pathria, Beale, Statistical Mechanics, section 7.1",
        {mass: (1e-26, 2e-25), number: (1e18, 1e21)},
    ),
    Law(
        "neutron that bounces on a mirror",
        airyai(z / l - Rational(2338107, 10**6)) ** 2 / l,
        "Griffiths, Schroeter, Introduction to Quantum Mechanics, the bouncing ball",
        {z: (1e-7, 4e-5), l: (5e-6, 6e-6)},
    ),
    Law(
        "potential of the flattened Earth",
        -a / r * (1 - b * sp.legendre(2, sin(theta)) / r**2 - d * sp.legendre(4, sin(theta)) / r**4),
        "Kaula, Theory of Satellite Geodesy, in radii",
        {a: (0.9, 1.1), r: (1, 5), b: (1e-3, 1.1e-3), d: (-2e-6, -1e-6), theta: (-1.5, 1.5)},
    ),
    Law(
        "galaxies brighter than a luminosity",
        number * sp.uppergamma(Rational(3, 4), L / S),
        "Schechter's function: Binney, Merrifield, Galactic Astronomy, section 4.1",
        {number: (1e-3, 1e-2), L: (0.1, 5), S: (0.5, 2)},
    ),
    Law(
        "likelihood of a share",
        (a - 1) * log(x) + (b - 1) * log(1 - x) - log(sp.beta(a, b)),
        "beta distribution: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions",
        {a: (0.5, 8), b: (0.5, 8), x: (0.05, 0.95)},
    ),
]
