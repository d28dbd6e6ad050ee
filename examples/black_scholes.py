"""Price a European call and its five first-order Greeks, for one strike and for many, against the closed forms.

Black, F. and Scholes, M. (1973), The Pricing of Options and Corporate Liabilities.
"""

import math

import numpy as np
from scipy.special import ndtr

import symbackprop as sb

FORMULA = """
v = sigma*sqrt(T)
d1 = (log(S/K) + r*T)/v + v/2
d2 = d1 - v
N1 = 0.5*(1 + erf(d1/sqrt(2)))
N2 = 0.5*(1 + erf(d2/sqrt(2)))
S*N1 - K*exp(-r*T)*N2
"""
POINT = {"S": 100.0, "K": 105.0, "r": 0.03, "sigma": 0.25, "T": 0.75}


def closed_forms(S, K, r, sigma, T):
    """Return price, delta, dual delta, rho, vega and the derivative in the time to maturity."""
    d1 = (np.log(S / K) + (r + sigma**2 / 2) * T) / (sigma * np.sqrt(T))
    d2 = d1 - sigma * np.sqrt(T)
    density = np.exp(-(d1**2) / 2) / np.sqrt(2 * np.pi)
    discounted = K * np.exp(-r * T)
    return (
        S * ndtr(d1) - discounted * ndtr(d2),
        ndtr(d1),
        -np.exp(-r * T) * ndtr(d2),
        T * discounted * ndtr(d2),
        S * density * np.sqrt(T),
        S * density * sigma / (2 * np.sqrt(T)) + r * discounted * ndtr(d2),
    )


def main() -> dict[str, float]:
    greeks = sb.compile_value_and_grad(FORMULA, wrt=("S", "K", "r", "sigma", "T"))
    print(greeks.source)
    price, derivatives = greeks(**POINT)
    expected = closed_forms(**POINT)
    error = max(abs(a - b) for a, b in zip((price, *derivatives), expected, strict=True))
    for name, value in zip(
        ("price", "delta", "dual delta", "rho", "vega", "dV/dT"), (price, *derivatives), strict=True
    ):
        print(f"{name:>10} {value: .6f}")

    strikes = np.linspace(80, 120, 41)
    prices, many = greeks(**{**POINT, "K": strikes})
    array_error = max(
        float(np.max(np.abs(a - b)))
        for a, b in zip((prices, *many), closed_forms(**{**POINT, "K": strikes}), strict=True)
    )
    print(f"largest error: {error:.1e} for one strike, {array_error:.1e} over {len(strikes)} strikes")
    assert math.isfinite(error)
    return {"error": error, "array_error": array_error, "ratio": greeks.cost().ratio}


if __name__ == "__main__":
    main()
