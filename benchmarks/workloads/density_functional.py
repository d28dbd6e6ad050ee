"""The PBE energy density of an unpolarised density, in hartree a volume: at one point, and summed over a grid.

J. P. Perdew, K. Burke, M. Ernzerhof, Generalized gradient approximation made simple, Phys. Rev. Lett. 77, 3865 (1996);
the uniform gas as J. P. Perdew, Y. Wang, Phys. Rev. B 45, 13244 (1992).
"""

from __future__ import annotations

import math

import numpy as np

from benchmarks.workloads.workload import Arguments, Workload

KAPPA, MU = 0.804, 0.2195149727645171
BETA, GAMMA = 0.06672455060314922, (1.0 - math.log(2.0)) / math.pi**2
A, A1, B1, B2, B3, B4 = 0.0310907, 0.21370, 7.5957, 3.5876, 1.6382, 0.49294  # equation 10 of Perdew and Wang
SLATER = -0.75 * (3.0 / math.pi) ** (1 / 3)
RADIUS = (0.75 / math.pi) ** (1 / 3)
REDUCED = 1.0 / (4.0 * (3.0 * math.pi**2) ** (2 / 3))  # s**2 = REDUCED * sigma / rho**(8/3)
SCREENED = math.pi / (16.0 * (3.0 * math.pi**2) ** (1 / 3))  # t**2 = SCREENED * sigma / rho**(7/3)


def point() -> Arguments:
    return {"rho": 0.3, "sigma": 0.2}


def grid(n: int) -> Arguments:
    rng = np.random.default_rng(0)
    rho = np.exp(rng.uniform(-6.0, 2.0, size=n))
    return {"rho": rho, "sigma": rho ** (8 / 3) * rng.uniform(0.0, 40.0, size=n)}


def by_hand(rho, sigma, cbrt=math.cbrt, sqrt=math.sqrt, log1p=math.log1p, expm1=math.expm1):
    c = cbrt(rho)
    # exchange
    per_sigma = REDUCED / (rho * rho * c * c)
    s2 = per_sigma * sigma
    u = 1.0 / (1.0 + (MU / KAPPA) * s2)
    F = 1.0 + KAPPA - KAPPA * u
    slater = SLATER * c
    by_s2 = slater * rho * (MU * u * u)
    # correlation of the uniform gas, by the root q of the radius
    q = sqrt(RADIUS / c)
    P = (2.0 * A) * q * (B1 + q * (B2 + q * (B3 + q * B4)))
    P_slope = (2.0 * A) * (B1 + q * (2.0 * B2 + q * (3.0 * B3 + q * (4.0 * B4))))
    L = log1p(1.0 / P)
    share = 1.0 + A1 * q * q
    ec = (-2.0 * A) * share * L
    ec_slope = (-2.0 * A) * (2.0 * A1 * q * L - share * P_slope / (P * (1.0 + P)))
    # its correction by the gradient
    t_per_sigma = SCREENED / (c * rho * rho)
    t2 = t_per_sigma * sigma
    E = expm1(ec * (-1.0 / GAMMA))
    w = (BETA / GAMMA) * t2 / E
    D = 1.0 + w * (1.0 + w)
    R = (BETA / GAMMA) * t2 * (1.0 + w) / D
    H = GAMMA * log1p(R)
    common = 1.0 / (D * D * (1.0 + R))
    by_t2 = BETA * (1.0 + 2.0 * w) * common
    by_ec = 1.0 - w * w * w * (2.0 + w) * (1.0 + E) * common
    value = rho * (slater * F + ec + H)
    by_rho = (
        (4 / 3) * slater * F - (8 / 3) * by_s2 * s2 / rho
        + ec + H - (7 / 3) * by_t2 * t2 - q * (1 / 6) * ec_slope * by_ec
    )  # fmt: skip
    return value, (by_rho, by_s2 * per_sigma + rho * by_t2 * t_per_sigma)


BLOCK = 16_384  # points whose intermediates stay in the processor's cache


def by_hand_on_grid(rho, sigma):
    by_rho, by_sigma = np.empty_like(rho), np.empty_like(sigma)
    value = 0.0
    for start in range(0, len(rho), BLOCK):
        part = slice(start, start + BLOCK)
        values, (by_rho[part], by_sigma[part]) = by_hand(
            rho[part], sigma[part], cbrt=np.cbrt, sqrt=np.sqrt, log1p=np.log1p, expm1=np.expm1
        )
        value += values.sum()
    return value, (by_rho, by_sigma)


def energy(xp, rho, sigma):
    s2 = REDUCED * sigma / rho ** (8 / 3)
    exchange = SLATER * rho ** (4 / 3) * (1 + KAPPA - KAPPA / (1 + MU * s2 / KAPPA))
    rs = RADIUS / rho ** (1 / 3)
    P = 2 * A * (B1 * xp.sqrt(rs) + B2 * rs + B3 * rs**1.5 + B4 * rs**2)
    ec = -2 * A * (1 + A1 * rs) * xp.log(1 + 1 / P)
    t2 = SCREENED * sigma / rho ** (7 / 3)
    w = BETA / GAMMA / (xp.exp(-ec / GAMMA) - 1) * t2
    H = GAMMA * xp.log(1 + BETA / GAMMA * t2 * (1 + w) / (1 + w + w**2))
    return exchange + rho * (ec + H)


def total(xp, rho, sigma):
    return xp.sum(energy(xp, rho, sigma))


FORMULA = f"""
s2 = {REDUCED!r}*sigma/rho**(8/3)
exchange = {SLATER!r}*rho**(4/3)*(1 + {KAPPA} - {KAPPA}/(1 + {MU}*s2/{KAPPA}))
rs = {RADIUS!r}/rho**(1/3)
P = 2*{A}*({B1}*sqrt(rs) + {B2}*rs + {B3}*rs**1.5 + {B4}*rs**2)
ec = -2*{A}*(1 + {A1}*rs)*log(1 + 1/P)
t2 = {SCREENED!r}*sigma/rho**(7/3)
w = {BETA / GAMMA!r}/(exp(-ec/{GAMMA!r}) - 1)*t2
H = {GAMMA!r}*log(1 + {BETA / GAMMA!r}*t2*(1 + w)/(1 + w + w**2))
"""
PBE_SCALAR = Workload(
    kind="scalar",
    sizes={"small": {}},
    data=point,
    wrt=("rho", "sigma"),
    formula=FORMULA + "exchange + rho*(ec + H)",
    by_hand=by_hand,
    forms=dict.fromkeys(("autograd", "jax", "torch", "casadi", "pytensor", "sympy"), energy),
)
PBE_GRID = Workload(
    kind="arrays",
    sizes={"small": {"n": 200}, "medium": {"n": 20_000}, "large": {"n": 500_000}},
    data=grid,
    wrt=("rho", "sigma"),
    formula=FORMULA + "sum(exchange + rho*(ec + H))",
    options={"inputs": {"rho": "n", "sigma": "n"}},
    by_hand=by_hand_on_grid,
    forms=dict.fromkeys(("autograd", "jax", "torch", "casadi", "pytensor"), total),
)
