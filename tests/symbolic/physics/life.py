"""Chemistry, biology and finance."""

from __future__ import annotations

import sympy as sp
from sympy import Abs, Heaviside, Max, Min, Piecewise, Rational, erf, exp, log, loggamma, pi, sqrt

from physics.law import Law

T, A, E, n, K, c, c_0, v = sp.symbols("T A E n K c c_0 v", positive=True)
eta, barrier, x = sp.symbols("η ΔG x", real=True)
alpha, i_0, K_a, K_m, K_i, S = sp.symbols("alpha i_0 K_a K_m K_i S", positive=True)
a, k_0, k_inf, F_c = sp.symbols("a k_0 k_∞ F_c", positive=True)
P_K, P_Na, K_out, K_in, Na_out, Na_in = sp.symbols("P_K P_Na [K]_o [K]_i [Na]_o [Na]_i", positive=True)
N, r, t, g, s, light, p = sp.symbols("N r t g s I_0 p", positive=True)
price, strike, rate, sigma, maturity = sp.symbols("S_0 K r σ T", positive=True)
theta, kappa, r_0, forward, rho, nu = sp.symbols("theta kappa r_0 F rho nu", positive=True)
beta_0, beta_1, beta_2, decay = sp.symbols("beta_0 beta_1 beta_2 lambda", positive=True)
GAS = sp.Float(8.31446261815324)
FARADAY = sp.Float(96485.33212)
BOLTZMANN = sp.Float(1.380649e-23)
PLANCK = sp.Float(6.62607015e-34)

ATKINS = "Atkins, de Paula, Physical Chemistry"
BARD = "Bard, Faulkner, Electrochemical Methods"
MURRAY = "J. D. Murray, Mathematical Biology"
HULL = "Hull, Options, Futures, and Other Derivatives"
BRIGO = "Brigo, Mercurio, Interest Rate Models"
KEENER = "Keener, Sneyd, Mathematical Physiology"


def normal(x):
    return (1 + erf(x / sqrt(2))) / 2


_volt = FARADAY / (GAS * T)
_broadening = 1 + (log(k_0 * c / k_inf, 10) / (Rational(75, 100) - Rational(127, 100) * log(F_c, 10))) ** 2
_d1 = (log(price / strike) + (rate + sigma**2 / 2) * maturity) / (sigma * sqrt(maturity))
_d2 = _d1 - sigma * sqrt(maturity)
_reach = (1 - exp(-kappa * maturity)) / kappa
_h = sqrt(kappa**2 + 2 * sigma**2)
_grown = 2 * _h + (kappa + _h) * (exp(_h * maturity) - 1)
_z = nu / alpha * sqrt(forward * strike) * log(forward / strike)
_x_of_z = log((sqrt(1 - 2 * rho * _z + _z**2) + _z - rho) / (1 - rho))
_curve = (1 - exp(-t / decay)) / (t / decay)

CHEMISTRY = [
    Law(
        "rate of a reaction with a power of the temperature",
        A * (T / 300) ** n * exp(-E / (GAS * T)),
        f"{ATKINS}, Arrhenius's equation, extended",
        {A: (1e6, 1e13), T: (250, 2000), n: (0.2, 2), E: (1e3, 1e5)},
    ),
    Law(
        "rate by the transition state",
        BOLTZMANN * T / PLANCK * exp(-barrier / (GAS * T)),
        f"{ATKINS}, Eyring's equation",
        {T: (250, 600), barrier: (2e4, 1e5)},
    ),
    Law(
        "rate in the fall-off",
        k_0 * c / (1 + k_0 * c / k_inf) * F_c ** (1 / _broadening),
        "Troe's formula: Gilbert, Luther, Troe 1983",
        {k_0: (1e-31, 1e-28), c: (1e17, 1e20), k_inf: (1e-12, 1e-10), F_c: (0.3, 0.9)},
    ),
    Law(
        "current at an electrode",
        i_0 * (exp(alpha * _volt * eta) - exp(-(1 - alpha) * _volt * eta)),
        f"{BARD}, section 3.3, Butler and Volmer",
        {i_0: (1e-6, 1), alpha: (0.3, 0.7), T: (280, 350), eta: (-0.2, 0.2)},
    ),
    Law(
        "rate of electron transfer",
        2
        * pi
        / PLANCK
        * A**2
        / sqrt(4 * pi * E * BOLTZMANN * T)
        * exp(-((E + barrier) ** 2) / (4 * E * BOLTZMANN * T)),
        "Marcus's theory",
        {A: (1e-22, 1e-21), E: (8e-20, 2e-19), T: (250, 350), barrier: (-1e-19, 1e-20)},
    ),
    Law(
        "acidity of a weak acid",
        -log((-K_a + sqrt(K_a**2 + 4 * K_a * c)) / 2, 10),
        f"{ATKINS}, acids and bases",
        {K_a: (1e-8, 1e-2), c: (1e-3, 1)},
    ),
    Law(
        "excess free energy of a mixture",
        GAS * T * (-x * log(x + A * (1 - x)) - (1 - x) * log(1 - x + E * x)),
        "Wilson's equation of 1964",
        {T: (280, 400), x: (0.05, 0.95), A: (0.2, 2), E: (0.2, 2)},
    ),
]

BIOLOGY = [
    Law(
        "potential of a membrane",
        GAS * T / FARADAY * log((P_K * K_out + P_Na * Na_out) / (P_K * K_in + P_Na * Na_in)),
        f"{KEENER}, Goldman, Hodgkin and Katz",
        {
            T: (280, 312),
            P_K: (0.5, 1),
            P_Na: (0.01, 0.1),
            K_out: (2, 10),
            K_in: (100, 160),
            Na_out: (100, 160),
            Na_in: (5, 20),
        },
    ),
    Law(
        "rate of an opening gate",
        Piecewise(
            (Rational(1, 10), Abs(x + 55) < Rational(1, 10**6)),
            ((x + 55) / 100 / (1 - exp(-(x + 55) / 10)), True),
        ),
        f"{KEENER}, Hodgkin and Huxley's potassium channel",
        {x: (-90, 40)},
    ),
    Law(
        "speed of an enzyme with inhibition by its substrate",
        v * S**n / (K_m**n + S**n * (1 + S / K_i)),
        f"{MURRAY}, chapter 6",
        {v: (0.1, 10), S: (0.01, 10), n: (1, 4), K_m: (0.1, 2), K_i: (1, 20)},
    ),
    Law(
        "logistic growth",
        K / (1 + (K / c_0 - 1) * exp(-r * t)),
        f"{MURRAY}, section 1.1, Verhulst",
        {K: (10, 100), c_0: (0.1, 5), r: (0.05, 1), t: (0.1, 10)},
    ),
    Law(
        "fixation of a mutant",
        (1 - exp(-2 * s)) / (1 - exp(-4 * N * s)),
        "Kimura's formula of 1962",
        {s: (1e-4, 0.1), N: (10, 1000)},
    ),
    Law(
        "evolutionary distance",
        -Rational(1, 2) * log(1 - 2 * p - x) - Rational(1, 4) * log(1 - 2 * x),
        "Kimura's two-parameter distance of 1980",
        {p: (0.01, 0.2), x: (0.01, 0.2)},
    ),
    Law(
        "photosynthesis of a leaf",
        (1 - g / c)
        * Min(
            v * c / (c + K_m),
            (A * light + n - sqrt((A * light + n) ** 2 - 4 * a * A * light * n)) / (2 * a) * c / (4 * c + 8 * g),
        ),
        "Farquhar, von Caemmerer and Berry 1980",
        {
            g: (30, 50),
            c: (150, 800),
            v: (20, 120),
            K_m: (300, 800),
            A: (0.2, 0.4),
            light: (100, 2000),
            n: (50, 200),
            a: (0.7, 0.95),
        },
    ),
    Law(
        "likelihood of counts more scattered than Poisson's",
        loggamma(N + n) - loggamma(N + 1) - loggamma(n) + n * log(n / (n + c)) + N * log(c / (n + c)),
        "negative binomial distribution: Bolker, Ecological Models and Data in R",
        {N: (0.5, 40), n: (0.2, 20), c: (0.5, 30)},
    ),
]

FINANCE = [
    Law(
        "price of a call",
        price * normal(_d1) - strike * exp(-rate * maturity) * normal(_d2),
        f"{HULL}, Black and Scholes",
        {price: (80, 120), strike: (80, 120), rate: (0.01, 0.08), sigma: (0.1, 0.5), maturity: (0.1, 3)},
    ),
    Law(
        "normal price of a call",
        (price - strike) * normal((price - strike) / (sigma * sqrt(maturity)))
        + sigma * sqrt(maturity / (2 * pi)) * exp(-((price - strike) ** 2) / (2 * sigma**2 * maturity)),
        "Bachelier's formula",
        {price: (80, 120), strike: (80, 120), sigma: (5, 30), maturity: (0.1, 3)},
    ),
    Law(
        "pay-off of a spread with a barrier",
        Heaviside(price - theta) * (Max(price - strike, 0) - Max(price - forward, 0)),
        f"{HULL}, exotic options",
        {price: (50, 150), theta: (60, 80), strike: (85, 95), forward: (105, 115)},
    ),
    Law(
        "bond in Vasicek's model",
        exp(
            (theta - sigma**2 / (2 * kappa**2)) * (_reach - maturity)
            - sigma**2 * _reach**2 / (4 * kappa)
            - _reach * r_0
        ),
        f"{BRIGO}, section 3.2",
        {theta: (0.01, 0.08), sigma: (0.005, 0.03), kappa: (0.1, 1), maturity: (0.5, 10), r_0: (0.005, 0.08)},
    ),
    Law(
        "bond in Cox, Ingersoll and Ross's model",
        (2 * _h * exp((kappa + _h) * maturity / 2) / _grown) ** (2 * kappa * theta / sigma**2)
        * exp(-2 * (exp(_h * maturity) - 1) / _grown * r_0),
        f"{BRIGO}, section 3.2",
        {theta: (0.01, 0.08), sigma: (0.03, 0.2), kappa: (0.1, 1), maturity: (0.5, 10), r_0: (0.005, 0.08)},
    ),
    Law(
        "implied normal volatility",
        alpha * _z / _x_of_z * (1 + (2 - 3 * rho**2) * nu**2 * maturity / 24),
        "SABR: Hagan, Kumar, Lesniewski, Woodward 2002, with beta = 0",
        {
            alpha: (0.005, 0.02),
            forward: (0.04, 0.06),
            strike: (0.01, 0.03),
            rho: (0.05, 0.8),
            nu: (0.2, 0.8),
            maturity: (0.5, 5),
        },
    ),
    Law(
        "yield curve",
        beta_0 + beta_1 * _curve + beta_2 * (_curve - exp(-t / decay)),
        "Nelson and Siegel 1987",
        {beta_0: (0.02, 0.06), beta_1: (0.01, 0.03), beta_2: (0.01, 0.05), t: (0.25, 30), decay: (0.5, 3)},
    ),
    Law(
        "payment on a loan",
        c * rate / (1 - (1 + rate) ** (-n)),
        f"{HULL}, annuities",
        {c: (1e3, 1e6), rate: (1e-3, 0.02), n: (12, 360)},
    ),
]
