"""Flow of water and air, and astronomy."""

from __future__ import annotations

import sympy as sp
from sympy import (
    Max,
    Min,
    Piecewise,
    Rational,
    acos,
    asin,
    asinh,
    atan,
    atan2,
    cos,
    cot,
    exp,
    log,
    pi,
    sin,
    sqrt,
    tan,
    tanh,
)

from physics.law import Law

Re, g, rho, h, k = sp.symbols("Re g rho h k", positive=True)
M, ratio, beta, p, r, a, z = sp.symbols("M gamma beta p r a z", positive=True)
roughness, mu, nu, t, U = sp.symbols("ε mu nu t U", positive=True)
x, y, theta, circulation = sp.symbols("x y theta Γ", real=True)
surface, rho_1, rho_2, u_1, u_2 = sp.symbols("sigma rho_1 rho_2 u_1 u_2", positive=True)
mass, rho_0, r_s, q, e, anomaly = sp.symbols("m rho_0 r_s q e M_a", positive=True)
H_0, omega_m, omega_r, omega_l = sp.symbols(r"H_0 \Omega_m \Omega_r \Omega_\Lambda", positive=True)
phi_1, phi_2, longitude = sp.symbols("phi_1 phi_2 Δλ", real=True)
altitude = sp.Symbol("h_0", positive=True)
G = sp.Float(6.6743e-11)

WHITE = "F. M. White, Fluid Mechanics"
BATCHELOR = "Batchelor, An Introduction to Fluid Dynamics"
ANDERSON = "Anderson, Modern Compressible Flow"
LANDAU = "Landau, Lifshitz, Fluid Mechanics, 2nd ed."
CARROLL = "Carroll, Ostlie, An Introduction to Modern Astrophysics, 2nd ed."
BINNEY = "Binney, Tremaine, Galactic Dynamics, 2nd ed."
MEEUS = "Meeus, Astronomical Algorithms"
WEINBERG = "Weinberg, Cosmology"

_churchill_a = (Rational(2457, 1000) * log(1 / ((7 / Re) ** Rational(9, 10) + Rational(27, 100) * roughness))) ** 16
_churchill_b = (37530 / Re) ** 16
_wide = sqrt((ratio + 1) / (ratio - 1))
_mach = sqrt(M**2 - 1)
_theta_b_m = 2 * cot(beta) * (M**2 * sin(beta) ** 2 - 1) / (M**2 * (ratio + cos(2 * beta)) + 2)
_haversine = sin((phi_2 - phi_1) / 2) ** 2 + cos(phi_1) * cos(phi_2) * sin(longitude / 2) ** 2

FLUIDS = [
    Law(
        "friction in any pipe",
        8 * ((8 / Re) ** 12 + (_churchill_a + _churchill_b) ** Rational(-3, 2)) ** Rational(1, 12),
        "Churchill's equation of 1977",
        {Re: (500, 1e6), roughness: (1e-5, 0.03)},
    ),
    Law(
        "friction, laminar or turbulent",
        Piecewise((64 / Re, Re < 2300), (Rational(3164, 10000) * Re ** Rational(-1, 4), True)),
        f"{WHITE}, Poiseuille's and Blasius's laws",
        {Re: (100, 1e5)},
    ),
    Law(
        "waves on water of any depth",
        sqrt((g * k + surface * k**3 / rho) * tanh(k * h)),
        f"{LANDAU}, section 62",
        {g: (9.7, 9.9), k: (0.1, 1000), surface: (0.05, 0.08), rho: (900, 1100), h: (0.01, 10)},
    ),
    Law(
        "growth of waves between two streams",
        sqrt(
            Max(
                rho_1 * rho_2 * (u_1 - u_2) ** 2 * k**2 / (rho_1 + rho_2) ** 2
                - g * k * (rho_1 - rho_2) / (rho_1 + rho_2),
                0,
            )
        ),
        "Kelvin and Helmholtz's instability: Chandrasekhar, Hydrodynamic and Hydromagnetic Stability, section 101",
        {rho_1: (1.1, 1.3), rho_2: (0.9, 1), u_1: (10, 20), u_2: (1, 5), k: (0.5, 10), g: (9.7, 9.9)},
    ),
    Law(
        "velocity of a decaying vortex",
        circulation / (2 * pi * r) * (1 - exp(-(r**2) / (4 * nu * t))),
        f"{BATCHELOR}, section 4.5, Lamb and Oseen",
        {circulation: (-10, 10), r: (0.01, 1), nu: (1e-5, 1e-2), t: (0.1, 100)},
    ),
    Law(
        "stream function round a spinning cylinder",
        U * (y - a**2 * y / (x**2 + y**2)) - circulation / (4 * pi) * log((x**2 + y**2) / a**2),
        f"{BATCHELOR}, section 6.6",
        {U: (1, 20), x: (-3, -1), y: (-3, 3), a: (0.2, 0.9), circulation: (-10, 10)},
    ),
    Law(
        "flow through a nozzle",
        1 / M * (2 / (ratio + 1) * (1 + (ratio - 1) / 2 * M**2)) ** ((ratio + 1) / (2 * (ratio - 1))),
        f"{ANDERSON}, section 5.4",
        {M: (0.1, 5), ratio: (1.1, 1.67)},
    ),
    Law(
        "pressure behind a normal shock",
        p * (1 + 2 * ratio / (ratio + 1) * (Max(M, 1) ** 2 - 1)),
        f"{ANDERSON}, section 3.6",
        {p: (1e4, 1e5), ratio: (1.1, 1.67), M: (0.5, 5)},
    ),
    Law(
        "turning of a supersonic stream",
        _wide * atan(_mach / _wide) - atan(_mach),
        f"{ANDERSON}, section 4.14, Prandtl and Meyer",
        {M: (1.05, 8), ratio: (1.1, 1.67)},
    ),
    Law(
        "deflection by an oblique shock",
        atan(_theta_b_m),
        f"{ANDERSON}, section 4.3",
        {M: (2, 6), beta: (0.6, 1.4), ratio: (1.1, 1.67)},
    ),
    Law(
        "distance from the wall in a turbulent layer",
        U + exp(-mu * a) * (exp(mu * U) - 1 - mu * U - (mu * U) ** 2 / 2 - (mu * U) ** 3 / 6),
        f"{WHITE}, Spalding's law of the wall",
        {U: (3, 25), mu: (0.39, 0.42), a: (4.9, 5.6)},
    ),
    Law(
        "air density in the troposphere and above",
        Piecewise(
            (rho * (1 - altitude / 44330) ** Rational(4256, 1000), altitude < 11000),
            (rho * Rational(297, 1000) * exp(-(altitude - 11000) / 6340), True),
        ),
        "the International Standard Atmosphere, rounded",
        {rho: (1.2, 1.25), altitude: (100, 19000)},
    ),
]

ASTRONOMY = [
    Law(
        "equation of the centre",
        anomaly
        + (2 * e - e**3 / 4) * sin(anomaly)
        + Rational(5, 4) * e**2 * sin(2 * anomaly)
        + Rational(13, 12) * e**3 * sin(3 * anomaly),
        f"{MEEUS}, chapter 33",
        {anomaly: (0.1, 6.2), e: (0.001, 0.2)},
    ),
    Law(
        "distance on a sphere",
        2 * asin(Min(1, sqrt(_haversine))),
        f"{MEEUS}, chapter 17",
        {phi_1: (-1.4, 1.4), phi_2: (-1.4, 1.4), longitude: (-2.5, 2.5)},
    ),
    Law(
        "azimuth of a star",
        atan2(sin(longitude), cos(longitude) * sin(phi_1) - tan(phi_2) * cos(phi_1)),
        f"{MEEUS}, chapter 13",
        {longitude: (-3, 3), phi_1: (-1.3, 1.3), phi_2: (-1.3, 1.3)},
    ),
    Law(
        "hour angle of sunset",
        acos(Max(-1, Min(1, -tan(phi_1) * tan(phi_2)))),
        f"{MEEUS}, chapter 15",
        {phi_1: (-1.1, 1.1), phi_2: (-0.41, 0.41)},
    ),
    Law(
        "air mass near the horizon",
        1
        / (
            sin(theta)
            + Rational(50572, 10**5) * (theta * 180 / pi + Rational(607995, 10**5)) ** Rational(-16364, 10**4)
        ),
        "Kasten and Young, Applied Optics 28 (1989)",
        {theta: (0.01, 1.5)},
    ),
    Law(
        "potential of a dark halo",
        -4 * pi * G * rho_0 * r_s**3 / r * log(1 + r / r_s),
        f"{BINNEY}, section 2.2, Navarro, Frenk and White",
        {rho_0: (1e-22, 1e-20), r_s: (1e20, 1e21), r: (1e19, 1e22)},
    ),
    Law(
        "potential of a flattened galaxy",
        -G * mass / sqrt(r**2 + (a + sqrt(x**2 + h**2)) ** 2),
        f"{BINNEY}, section 2.3, Miyamoto and Nagai",
        {mass: (1e40, 1e42), r: (1e19, 1e21), a: (1e19, 1e20), x: (-1e20, 1e20), h: (1e18, 1e19)},
    ),
    Law(
        "expansion of the universe",
        H_0
        * sqrt(
            omega_m * (1 + z) ** 3 + omega_r * (1 + z) ** 4 + omega_l + (1 - omega_m - omega_r - omega_l) * (1 + z) ** 2
        ),
        f"{WEINBERG}, section 1.5",
        {H_0: (60, 75), omega_m: (0.2, 0.4), omega_r: (5e-5, 1e-4), omega_l: (0.6, 0.8), z: (0, 10)},
    ),
    Law(
        "age of a flat universe",
        2 / (3 * H_0 * sqrt(omega_l)) * asinh(sqrt(omega_l / (1 - omega_l)) * (1 + z) ** Rational(-3, 2)),
        f"{WEINBERG}, section 1.5",
        {H_0: (60, 75), omega_l: (0.6, 0.8), z: (0, 10)},
    ),
    Law(
        "numbers of stars by mass",
        Piecewise(
            ((mass / Rational(8, 100)) ** Rational(-3, 10), mass < Rational(8, 100)),
            ((mass / Rational(8, 100)) ** Rational(-13, 10), mass < Rational(1, 2)),
            (Rational(50, 8) ** Rational(-13, 10) * (2 * mass) ** Rational(-23, 10), True),
        ),
        "Kroupa's initial mass function of 2001",
        {mass: (0.02, 50)},
    ),
    Law(
        "Roche lobe of a star",
        a * Rational(49, 100) * q ** Rational(2, 3) / (Rational(6, 10) * q ** Rational(2, 3) + log(1 + sp.cbrt(q))),
        "Eggleton's formula of 1983",
        {a: (0.5, 10), q: (0.05, 20)},
    ),
    Law(
        "magnitude of two stars together",
        -Rational(5, 2) * log(10 ** (-Rational(2, 5) * u_1) + 10 ** (-Rational(2, 5) * u_2), 10),
        f"{CARROLL}, section 3.2, Pogson",
        {u_1: (0.5, 15), u_2: (0.5, 15)},
    ),
]
