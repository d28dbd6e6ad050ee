"""Black-Scholes prices of calls with five Greeks: of one, and of many, whose prices are summed."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from benchmarks.by_hand import black_scholes
from benchmarks.workloads.workload import Arguments, Workload
from examples.black_scholes import FORMULA, POINT

NAMES = ("S", "K", "r", "sigma", "T")


def one() -> Arguments:
    return {name: POINT[name] for name in NAMES}


def many(n: int) -> Arguments:
    rng = np.random.default_rng(0)
    ranges = {"S": (80, 120), "K": (80, 120), "r": (0.01, 0.05), "sigma": (0.1, 0.5), "T": (0.1, 2.0)}
    return {name: rng.uniform(*ranges[name], size=n) for name in NAMES}


def by_hand(S, K, r, sigma, T):
    root = np.sqrt(T)
    spread = sigma * root
    growth = r * T
    d1 = np.log(S / K)
    d1 += growth
    d1 /= spread
    d1 += 0.5 * spread
    N1 = ndtr(d1)
    N2 = ndtr(d1 - spread)
    discount = np.exp(np.negative(growth, out=growth), out=growth)
    by_K = np.multiply(discount, N2, out=N2)
    owed = K * by_K
    value = np.vdot(S, N1) - owed.sum()
    d1 *= d1
    d1 *= -0.5
    vega = np.exp(d1, out=d1)
    vega *= S
    vega *= root
    vega *= 0.3989422804014327
    by_T = vega * sigma
    by_T /= T
    by_T *= 0.5
    by_T += r * owed
    owed *= T
    return value, (N1, np.negative(by_K, out=by_K), owed, vega, by_T)


def price(xp, S, K, r, sigma, T):
    v = sigma * xp.sqrt(T)
    d1 = (xp.log(S / K) + r * T) / v + v / 2
    N1 = 0.5 * (1 + xp.erf(d1 / math.sqrt(2)))
    N2 = 0.5 * (1 + xp.erf((d1 - v) / math.sqrt(2)))
    return S * N1 - K * xp.exp(-r * T) * N2


def total(xp, S, K, r, sigma, T):
    return xp.sum(price(xp, S, K, r, sigma, T))


BLACK_SCHOLES_SCALAR = Workload(
    kind="scalar",
    sizes={"small": {}},
    data=one,
    wrt=NAMES,
    formula=FORMULA,
    by_hand=black_scholes,
    forms=dict.fromkeys(("autograd", "jax", "torch", "casadi", "pytensor", "sympy"), price),
)
BLACK_SCHOLES_ARRAY = Workload(
    kind="arrays",
    sizes={"small": {"n": 200}, "medium": {"n": 20_000}, "large": {"n": 1_000_000}},
    data=many,
    wrt=NAMES,
    formula="\n".join([*FORMULA.strip().splitlines()[:-1], f"sum({FORMULA.strip().splitlines()[-1]})"]),
    options={"inputs": dict.fromkeys(NAMES, "n")},
    by_hand=by_hand,
    forms=dict.fromkeys(("autograd", "jax", "torch", "casadi", "pytensor"), total),
)
