"""Compile two density functionals from their published formulas, spin-polarised, with all first derivatives.

PBE: Perdew, Burke, Ernzerhof, Phys. Rev. Lett. 77, 3865 (1996), with the correlation of the uniform gas by Perdew and
Wang, Phys. Rev. B 45, 13244 (1992), and the digits of its constants in the authors' own code. r2SCAN: Furness, Kaplan,
Ning, Perdew, Sun, J. Phys. Chem. Lett. 11, 8208 (2020) and its correction.
Energies are in hartree a volume, as functions of the spin densities, the products of their gradients and, for r2SCAN,
the densities of kinetic energy.

The formulas have limits that they do not reach in arithmetic. As codes do that use them, densities up to `NO_DENSITY`
count as none, a spin whose share of the density is below `NO_SHARE` counts as that share in (1 + zeta)**(2/3) (whose
derivative is infinite at 0), and r2SCAN's large-gradient factor, which differs from 1 by less than 1e-67 below
`NO_GRADIENT`, is 1 there.
"""

import time
from functools import cache

import numpy as np
import sympy as sp
from sympy import Piecewise, Rational, exp, log, pi, sqrt

import symbackprop as sb

NO_DENSITY = sp.Float(1e-16)
NO_SHARE = sp.Float(1e-14)
NO_GRADIENT = sp.Float(1e-6)

rho_a, rho_b, sigma_aa, sigma_bb, tau_a, tau_b = sp.symbols(
    "rho_a rho_b sigma_aa sigma_bb tau_a tau_b", nonnegative=True
)
sigma_ab = sp.Symbol("sigma_ab", real=True)
PBE_INPUTS = (rho_a, rho_b, sigma_aa, sigma_ab, sigma_bb)
R2SCAN_INPUTS = (*PBE_INPUTS, tau_a, tau_b)

rho = rho_a + rho_b
sigma = sigma_aa + 2 * sigma_ab + sigma_bb
rs = (3 / (4 * pi * rho)) ** Rational(1, 3)


# --- the uniform gas --------------------------------------------------------------------------------------------------


def exchange_density(n):
    """Return the energy of exchange of an unpolarised uniform gas, a volume."""
    return -Rational(3, 4) * (3 / pi) ** Rational(1, 3) * n ** Rational(4, 3)


def polarised(power):
    """Return ((1 + zeta)**power + (1 - zeta)**power)/2; 1 + zeta and 1 - zeta are twice the shares of the spins."""
    shares = (2 * rho_a / rho, 2 * rho_b / rho)
    if power > 1:
        return sum(x**power for x in shares) / 2
    return sum(Piecewise((x**power, x > NO_SHARE), (NO_SHARE**power, True)) for x in shares) / 2


def perdew_wang(r, a, a1, b1, b2, b3, b4):
    """Return G of equation 10 of Perdew and Wang."""
    below = 2 * a * (b1 * sqrt(r) + b2 * r + b3 * r ** Rational(3, 2) + b4 * r**2)
    return -2 * a * (1 + a1 * r) * log(1 + 1 / below)


def uniform_correlation(r):
    """Return the energy of correlation of the uniform gas, a particle, at a radius `r` and the polarisation."""
    unpolarised = perdew_wang(r, 0.0310907, 0.21370, 7.5957, 3.5876, 1.6382, 0.49294)
    full = perdew_wang(r, 0.01554535, 0.20548, 14.1189, 6.1977, 3.3662, 0.62517)
    stiffness = -perdew_wang(r, 0.0168869, 0.11125, 10.357, 3.6231, 0.88026, 0.49671)
    f = (polarised(Rational(4, 3)) - 1) / (2 ** Rational(1, 3) - 1)
    curvature = Rational(8, 9) / (2 ** Rational(4, 3) - 2)
    zeta = (rho_a - rho_b) / rho
    return unpolarised + stiffness * f / curvature * (1 - zeta**4) + (full - unpolarised) * f * zeta**4


def spin_scaled(unpolarised, *of_spin):
    """Return exchange of both spins: half of that of an unpolarised gas with twice the density of each."""
    halves = []
    for n, *rest in of_spin:
        scaled = [2 * n, *(4 * x if x in (sigma_aa, sigma_bb) else 2 * x for x in rest)]
        halves.append(Piecewise((unpolarised(*scaled) / 2, n > NO_DENSITY), (0, True)))
    return halves[0] + halves[1]


def squared_gradient(n, gradient):
    """Return s**2 = |grad n|**2 / (4 (3 pi**2)**(2/3) n**(8/3))."""
    return gradient / (4 * (3 * pi**2) ** Rational(2, 3) * n ** Rational(8, 3))


# --- PBE --------------------------------------------------------------------------------------------------------------

BETA = 0.06672455060314922
GAMMA = (1 - log(2)) / pi**2


def with_gradient(uniform, scale, g):
    """Return uniform + scale*log(1 + w*(1 - g)) with w = exp(-uniform/scale) - 1, the correlation of all three papers.

    It is written in an equal form in which nothing cancels for large gradients, where g and the result go to 0.
    """
    return scale * log(1 + (exp(uniform / scale) - 1) * g)


def pbe_enhancement(p):
    """Return the factor of exchange, between 1 and 1.804."""
    kappa = 0.804
    return 1 + kappa - kappa / (1 + BETA * pi**2 / 3 * p / kappa)


def pbe():
    """Return the energy density of exchange and correlation."""
    exchange = spin_scaled(
        lambda n, g: exchange_density(n) * pbe_enhancement(squared_gradient(n, g)), (rho_a, sigma_aa), (rho_b, sigma_bb)
    )
    phi = polarised(Rational(2, 3))
    t2 = pi * sigma / (16 * phi**2 * (3 * pi**2 * rho) ** Rational(1, 3) * rho**2)
    uniform = uniform_correlation(rs)
    y = BETA / GAMMA * t2 / (exp(-uniform / (GAMMA * phi**3)) - 1)
    correlation = with_gradient(uniform, GAMMA * phi**3, 1 / (1 + y + y**2))
    return exchange + Piecewise((rho * correlation, rho > NO_DENSITY), (0, True))


# --- r2SCAN -----------------------------------------------------------------------------------------------------------

ETA, DP2 = 0.001, 0.361
C_X = (1, -0.667, -0.4445555, -0.663086601049, 1.451297044490, -0.887998041597, 0.234528941479, -0.023185843322)
C_C = (1, -0.64, -0.4352, -1.535685604549, 3.061560252175, -1.915710236206, 0.516884468372, -0.051848879792)


def switching(alpha, coefficients, below, above, scale):
    """Return the function of alpha that joins its two limits: an exponential, a polynomial up to 2.5, an exponential."""
    polynomial = sum(c * alpha**i for i, c in enumerate(coefficients))
    return Piecewise(
        (exp(-below * alpha / (1 - alpha)), alpha < 0),
        (polynomial, alpha <= Rational(5, 2)),
        (-scale * exp(above / (1 - alpha)), True),
    )


def slope(coefficients):
    """Return the sum of i*c_i, the slope of a switching function at 1."""
    return sum(i * c for i, c in enumerate(coefficients))


def iso_orbital(n, gradient, tau, polarisation=1):
    """Return alpha, which is 0 for one orbital and 1 for the uniform gas."""
    uniform = Rational(3, 10) * (3 * pi**2) ** Rational(2, 3) * n ** Rational(5, 3) * polarisation
    weizsaecker = gradient / (8 * n)
    return (tau - weizsaecker) / (uniform + ETA * weizsaecker)


def r2scan_exchange(n, gradient, tau):
    """Return the energy density of exchange of an unpolarised gas."""
    k0, k1 = Rational(174, 1000), 0.065
    p, alpha = squared_gradient(n, gradient), iso_orbital(n, gradient, tau)
    c2 = slope(C_X) * k0
    x = ((Rational(20, 27) + ETA * Rational(5, 3)) * c2 * exp(-(p**2) / DP2**4) + Rational(10, 81)) * p
    h1 = 1 + k1 - k1 / (1 + x / k1)
    h0 = 1 + k0
    g = Piecewise((1 - exp(-4.9479 / p ** Rational(1, 4)), p > NO_GRADIENT), (1, True))
    return exchange_density(n) * (h1 + switching(alpha, C_X, 0.667, 0.8, 1.24) * (h0 - h1)) * g


def r2scan():
    """Return the energy density of exchange and correlation."""
    exchange = spin_scaled(r2scan_exchange, (rho_a, sigma_aa, tau_a), (rho_b, sigma_bb, tau_b))
    r = sp.Symbol("r", positive=True)
    b1, b2, b3 = 0.0285764, 0.0889, 0.125541
    p, phi, ds = squared_gradient(rho, sigma), polarised(Rational(2, 3)), polarised(Rational(5, 3))
    alpha = iso_orbital(rho, sigma, tau_a + tau_b, ds)
    zeta = (rho_a - rho_b) / rho
    gc = (1 - 2.363 * (polarised(Rational(4, 3)) - 1)) * (1 - zeta**12)

    low = -b1 / (1 + b2 * sqrt(r) + b3 * r)  # the low-density gas
    g_infinite = 1 / (1 + 4 * 0.12802585262625815 * p) ** Rational(1, 4)
    low_energy = with_gradient(low, b1, g_infinite) * gc

    gas = uniform_correlation(r)
    scale = GAMMA * phi**3
    w1 = exp(-gas / scale) - 1
    t2 = (3 * pi**2 / 16) ** Rational(2, 3) * p / (phi**2 * r)
    y = BETA * (1 + 0.1 * r) / (1 + 0.1778 * r) * t2 / (GAMMA * w1)
    difference = 20 * r * sp.diff(low * gc - gas, r) - 45 * ETA * (low * gc - gas)
    dy = slope(C_C) / (27 * ds * scale * w1) * difference * p * exp(-(p**2) / DP2**4)
    high_energy = with_gradient(gas, scale, 1 / (1 + 4 * (y - dy)) ** Rational(1, 4))

    correlation = high_energy + switching(alpha, C_C, 0.64, 1.5, 0.7) * (low_energy - high_energy)
    return exchange + Piecewise((rho * correlation.subs(r, rs), rho > NO_DENSITY), (0, True))


# --- the grid ---------------------------------------------------------------------------------------------------------


def grid(points, seed=0):
    """Return inputs of r2SCAN: densities of 1e-15 to 1e4, every polarisation to its ends, every gradient and alpha."""
    rng = np.random.default_rng(seed)
    total = 10.0 ** rng.uniform(-15, 4, points)
    share = 10.0 ** rng.uniform(-16, np.log10(0.5), points)  # of the rarer spin, which is
    share[::10] = 0.5 - 10.0 ** rng.uniform(-12, -1, len(share[::10]))  # as frequent in places,
    share[5::50] = 0.0  # and absent in others
    of_spin = total * np.where(rng.random(points) < 0.5, (share, 1 - share), (1 - share, share))
    reduced = 10.0 ** rng.uniform(-6, 3, (2, points))
    reduced[:, 3::40] = 0.0  # the uniform gas
    slopes = 2 * (6 * np.pi**2) ** (1 / 3) * of_spin ** (4 / 3) * reduced
    sigma = (slopes[0] ** 2, slopes[0] * slopes[1] * rng.uniform(-1, 1, points), slopes[1] ** 2)
    alpha = np.where(rng.random((2, points)) < 0.5, 10.0 ** rng.uniform(-6, 6, (2, points)), 1.0)
    alpha += alpha * 10.0 ** rng.uniform(-12, -1, (2, points)) * rng.choice((-1, 1), (2, points))
    alpha[:, 7::100] = -0.1 * rng.random(len(alpha[0, 7::100]))  # below any density's, as rounding may leave it
    weizsaecker = np.divide(slopes**2, 8 * of_spin, out=np.zeros_like(slopes), where=of_spin > 0)
    tau = weizsaecker + alpha * 0.3 * (6 * np.pi**2) ** (2 / 3) * of_spin ** (5 / 3)
    return dict(zip(map(str, R2SCAN_INPUTS), (*of_spin, *sigma, *np.maximum(tau, 0.0)), strict=True))


# --- the two of them on it --------------------------------------------------------------------------------------------


@cache
def compiled(functional):
    """Return the compiled functional: energy density, and its derivatives in the order of its inputs."""
    expression, inputs = {"PBE": (pbe, PBE_INPUTS), "r2SCAN": (r2scan, R2SCAN_INPUTS)}[functional]
    return sb.compile_value_and_grad(expression(), wrt=inputs, name=functional.lower())


def main(points=100_000):
    figures = {}
    inputs = grid(points)
    for functional in ("PBE", "r2SCAN"):
        start = time.perf_counter()
        function = compiled(functional)
        middle = time.perf_counter()
        energy, slopes = function(**{spec.name: inputs[spec.name] for spec in function.signature})
        end = time.perf_counter()
        finite = all(np.all(np.isfinite(x)) for x in (energy, *slopes))
        print(
            f"{functional:>7}: compiled in {middle - start:.3f} s, {len(function.source.splitlines())} lines;", end=" "
        )
        print(
            f"energy and {len(slopes)} derivatives at {points:,} points in {end - middle:.3f} s; all finite: {finite}"
        )
        figures[functional] = finite
    return figures


if __name__ == "__main__":
    main()
