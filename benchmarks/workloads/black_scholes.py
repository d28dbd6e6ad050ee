"""Black-Scholes prices of calls with five Greeks: of one, and of many, whose prices are summed."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from benchmarks.by_hand import black_scholes
from benchmarks.workloads.workload import Arguments, Workload
from examples.black_scholes import FORMULA, POINT

BLOCK = 16_384  # options whose intermediates stay in the processor's cache
NAMES = ("S", "K", "r", "sigma", "T")


def one() -> Arguments:
    return {name: POINT[name] for name in NAMES}


def many(n: int) -> Arguments:
    rng = np.random.default_rng(0)
    ranges = {"S": (80, 120), "K": (80, 120), "r": (0.01, 0.05), "sigma": (0.1, 0.5), "T": (0.1, 2.0)}
    return {name: rng.uniform(*ranges[name], size=n) for name in NAMES}


def by_hand(S, K, r, sigma, T):
    slopes = tuple(np.empty((len(NAMES), len(S))))
    value = 0.0
    for start in range(0, len(S), BLOCK):
        part = slice(start, start + BLOCK)
        value += _block(S[part], K[part], r[part], sigma[part], T[part], *(slope[part] for slope in slopes))
    return value, slopes


def _block(S, K, r, sigma, T, by_S, by_K, by_r, by_sigma, by_T):
    """Return the sum of the prices, and write the derivatives into the arrays given."""
    root = np.sqrt(T)
    spread = sigma * root
    growth = r * T
    d1 = S / K
    np.log(d1, out=d1)
    d1 += growth
    d1 /= spread
    d1 += 0.5 * spread
    ndtr(d1, out=by_S)
    np.subtract(d1, spread, out=by_K)
    ndtr(by_K, out=by_K)
    np.negative(growth, out=growth)
    by_K *= np.exp(growth, out=growth)
    owed = np.multiply(K, by_K, out=spread)
    value = np.vdot(S, by_S) - owed.sum()
    np.negative(by_K, out=by_K)
    np.multiply(T, owed, out=by_r)
    d1 *= d1
    d1 *= -0.5
    np.exp(d1, out=by_sigma)
    by_sigma *= S
    by_sigma *= root
    by_sigma *= 0.3989422804014327
    np.multiply(by_sigma, sigma, out=by_T)
    by_T /= T
    by_T *= 0.5
    owed *= r
    by_T += owed
    return value


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
