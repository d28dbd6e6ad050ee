"""The functions of the accuracy table, by field, each with the ranges where it is hard."""

from __future__ import annotations

import math

from benchmarks.accuracy.densities import DENSITIES
from benchmarks.accuracy.function import Function, below, either_sign, linear, near, powers
from benchmarks.accuracy.models import ACTIVATIONS, MODELS

__all__ = ["FUNCTIONS"]

_SMALL = either_sign(powers(1e-18, 0.5))
_ANY = either_sign(powers(1e-3, 700.0))
_ROOT_TWO_PI = math.sqrt(2 * math.pi)


def normal_cdf(m, x):
    return 0.5 * (1 + m.erf(x / m.sqrt(2)))


def black_scholes(m, spot, strike, years, volatility):
    d1 = (m.log(spot / strike) + (0.03 + volatility**2 / 2) * years) / (volatility * m.sqrt(years))
    d2 = d1 - volatility * m.sqrt(years)
    return spot * normal_cdf(m, d1) - strike * m.exp(-0.03 * years) * normal_cdf(m, d2)


def student_logpdf(m, x, nu):
    constant = m.gammaln((nu + 1) / 2) - m.gammaln(nu / 2) - m.log(nu * math.pi) / 2
    return constant - (nu + 1) / 2 * m.log(1 + x**2 / nu)


def haversine(m, latitude, longitude, latitude2, longitude2):
    a = m.sin((latitude2 - latitude) / 2) ** 2
    b = m.cos(latitude) * m.cos(latitude2) * m.sin((longitude2 - longitude) / 2) ** 2
    return 2 * 6371.0 * m.arcsin(m.sqrt(a + b))


def cross_entropy(m, y, z):
    p = 1 / (1 + m.exp(-z))
    return -(y * m.log(p) + (1 - y) * m.log(1 - p))


EXPONENTIALS = [
    Function("softplus", lambda m, x: m.log(1 + m.exp(x)), (_ANY,), [(-40.0,), (40.0,), (1000.0,), (-700.0,)]),
    Function("log-sigmoid", lambda m, x: -m.log(1 + m.exp(-x)), (_ANY,), [(-800.0,), (40.0,)]),
    Function("sigmoid", lambda m, x: 1 / (1 + m.exp(-x)), (_ANY,), [(-745.0,), (-710.0,), (40.0,)]),
    Function("slope of sigmoid", lambda m, x: 1 / (1 + m.exp(-x)) * (1 - 1 / (1 + m.exp(-x))), (_ANY,), [(40.0,)]),
    Function("logistic loss", lambda m, y, z: m.log(1 + m.exp(-y * z)), (_ANY, linear(-3, 3)), [(1.0, -800.0)]),
    Function("binary cross-entropy", cross_entropy, (linear(0, 1), _ANY), [(1.0, 40.0), (0.0, -40.0), (0.3, 800.0)]),
    Function("exp(x) - 1", lambda m, x: m.exp(x) - 1, (_SMALL,)),
    Function("(exp(x) - 1)/x", lambda m, x: (m.exp(x) - 1) / x, (_SMALL,)),
    Function("log(1 - exp(-x))", lambda m, x: m.log(1 - m.exp(-x)), (powers(1e-15, 500),)),
    Function("1 - exp(-exp(x))", lambda m, x: 1 - m.exp(-m.exp(x)), (linear(-50, 5),)),
    Function("log(exp(x) + exp(y))", lambda m, x, y: m.log(m.exp(x) + m.exp(y)), (_ANY, _ANY), [(1000.0, 999.0)]),
    Function(
        "log(exp(x) + exp(y) + exp(z))",
        lambda m, x, y, z: m.log(m.exp(x) + m.exp(y) + m.exp(z)),
        (_ANY, _ANY, _ANY),
        [(1000.0, 999.0, 998.0), (-1000.0, -1001.0, -1002.0)],
    ),
    Function(
        "log(exp(x) - exp(y))", lambda m, x, y: m.log(m.exp(x) - m.exp(y)), (linear(1, 800), linear(-800, 0.99)),
        [(1e-3, 0.0), (700.0, 699.9999), (1000.0, 999.0)],
    ),
    Function(
        "softmax of three",
        lambda m, x, y, z: m.exp(x) / (m.exp(x) + m.exp(y) + m.exp(z)),
        (_ANY, _ANY, _ANY),
        [(1000.0, 999.0, 998.0)],
    ),
    Function(
        "softmax cross-entropy of three",
        lambda m, x, y, z: -m.log(m.exp(x) / (m.exp(x) + m.exp(y) + m.exp(z))),
        (_ANY, _ANY, _ANY),
        [(1000.0, 999.0, 998.0)],
    ),
    Function("log(cosh(x))", lambda m, x: m.log(m.cosh(x)), (either_sign(powers(1e-10, 700)),), [(1000.0,)]),
    Function("cosh(x) - 1", lambda m, x: m.cosh(x) - 1, (either_sign(powers(1e-9, 2)),)),
    Function("1 - tanh(x)**2", lambda m, x: 1 - m.tanh(x) ** 2, (either_sign(powers(0.1, 300)),)),
    Function(
        "tanh by exponentials", lambda m, x: (m.exp(x) - m.exp(-x)) / (m.exp(x) + m.exp(-x)),
        (either_sign(powers(1e-12, 400)),), [(800.0,)],
    ),
]  # fmt: skip

POWERS = [
    Function("log(1 + x)", lambda m, x: m.log(1 + x), (_SMALL,)),
    Function("log(1 + x)/x", lambda m, x: m.log(1 + x) / x, (_SMALL,)),
    Function("sqrt(1 + x) - 1", lambda m, x: m.sqrt(1 + x) - 1, (_SMALL,)),
    Function("sqrt(1 + x**2) - 1", lambda m, x: m.sqrt(1 + x**2) - 1, (either_sign(powers(1e-9, 1e3)),), [(1e200,)]),
    Function("1/sqrt(1 - v**2) - 1", lambda m, v: 1 / m.sqrt(1 - v**2) - 1, (powers(1e-9, 0.5),), [(1 - 1e-12,)]),
    Function("1 - x**2", lambda m, x: 1 - x**2, (below(1.0, 1e-15, 0.5),)),
    Function("sqrt(1 - x**2)", lambda m, x: m.sqrt(1 - x**2), (below(1.0, 1e-15, 0.5),)),
    Function("x**y", lambda m, x, y: x**y, (powers(1e-3, 1e3), linear(-90, 90)), [(1e-300, 1.01), (0.999, 1e5)]),
    Function("(1 + x)**n", lambda m, x, n: (1 + x) ** n, (powers(1e-12, 1e-3), powers(1, 1e5))),
    Function("x*log(x)", lambda m, x: x * m.log(x), (powers(1e-300, 10),), [(1.0 - 1e-9,)]),
    Function("entropy", lambda m, p: -p * m.log(p) - (1 - p) * m.log(1 - p), (powers(1e-30, 0.5),), [(1 - 1e-9,)]),
    Function("logit", lambda m, p: m.log(p / (1 - p)), (powers(1e-300, 0.5),), [(1 - 1e-12,), (0.5 + 1e-9,)]),
    Function("compound interest", lambda m, r, n, t: n * t * m.log(1 + r / n), (powers(1e-4, 1), powers(1, 1e12), linear(1, 30))),
    Function("hypotenuse", lambda m, x, y: m.sqrt(x**2 + y**2), (powers(1e-300, 1e300),) * 2, [(1e-200, 2e-200), (3e200, 4e200)]),
    Function(
        "length", lambda m, x, y, z: m.sqrt(x**2 + y**2 + z**2), (powers(1e-3, 1e3),) * 3,
        [(1e-200, 2e-200, 2e-200), (3e200, 4e200, 1e200)],
    ),
    Function("mean of two", lambda m, x, y: (x + y) / 2, (linear(-3, 3),) * 2, [(1.5e308, 1.6e308)]),
    Function("geometric mean", lambda m, x, y: m.sqrt(x * y), (powers(1e-3, 1e3),) * 2, [(1e200, 1e180), (1e-200, 1e-180)]),
    Function(
        "variance of two", lambda m, x, y: (x**2 + y**2) / 2 - ((x + y) / 2) ** 2, (near(1e6, 1e-3, 10),) * 2, [(1e9, 1e9 + 1)],
    ),
    Function(
        "quadratic root", lambda m, a, b, c: (-b + m.sqrt(b**2 - 4 * a * c)) / (2 * a),
        (powers(1e-2, 1), powers(1e2, 1e10), powers(1e-2, 1)), [(1.0, 1e200, 1.0)],
    ),
]  # fmt: skip

CIRCULAR = [
    Function("1 - cos(x)", lambda m, x: 1 - m.cos(x), (either_sign(powers(1e-9, 3)),)),
    Function("(1 - cos(x))/x**2", lambda m, x: (1 - m.cos(x)) / x**2, (either_sign(powers(1e-9, 3)),)),
    Function("x - sin(x)", lambda m, x: x - m.sin(x), (either_sign(powers(1e-6, 3)),)),
    Function("sin(x)/x", lambda m, x: m.sin(x) / x, (either_sign(powers(1e-9, 3)),), [(1e10,)]),
    Function("tan near pi/2", lambda m, x: m.tan(x), (near(math.pi / 2, 1e-15, 1),)),
    Function("sin of large numbers", lambda m, x: m.sin(x), (powers(1e5, 1e300),), [(1e22,), (math.pi * 2**30,)]),
    Function("arcsin near 1", lambda m, x: m.arcsin(x), (below(1.0, 1e-15, 0.5),)),
    Function("arccos near 1", lambda m, x: m.arccos(x), (below(1.0, 1e-15, 0.5),)),
    Function("arctanh near 1", lambda m, x: m.arctanh(x), (below(1.0, 1e-15, 0.5),)),
    Function("arctanh by logarithm", lambda m, x: m.log((1 + x) / (1 - x)) / 2, (_SMALL,), [(1 - 1e-12,)]),
    Function("polar angle", lambda m, x, y: m.arctan2(y, x), (either_sign(powers(1e-5, 1e5)),) * 2, [(1e-200, 2e-200), (1e200, 1e199)]),
    Function("haversine", haversine, (linear(-1.5, 1.5), linear(-3, 3)) * 2, [(0.5, 0.5, 0.5 + 1e-8, 0.5 - 1e-8)]),
]  # fmt: skip

SPECIAL = [
    Function("erf", lambda m, x: m.erf(x), (either_sign(powers(1e-10, 6)),)),
    Function("1 - erf(x)", lambda m, x: 1 - m.erf(x), (linear(-3, 25),)),
    Function("log(erfc(x))", lambda m, x: m.log(m.erfc(x)), (linear(-3, 40),), [(100.0,)]),
    Function("normal cdf", normal_cdf, (linear(-37, 8),)),
    Function("log of normal cdf", lambda m, x: m.log(normal_cdf(m, x)), (linear(-50, 8),)),
    Function("normal pdf", lambda m, x: m.exp(-(x**2) / 2) / _ROOT_TWO_PI, (linear(-38, 38),)),
    Function("normal logpdf", lambda m, x: m.log(m.exp(-(x**2) / 2) / _ROOT_TWO_PI), (linear(-50, 50),)),
    Function("gammaln near 1 and 2", lambda m, x: m.gammaln(x), (near(1.0, 1e-9, 0.5),), [(2 + 1e-9,), (2 - 1e-9,)]),
    Function("Poisson loglik", lambda m, rate, k: k * m.log(rate) - rate - m.gammaln(k + 1), (powers(1e-3, 1e3), linear(0, 100))),
    Function("Student-t logpdf", student_logpdf, (_ANY, linear(1, 30)), [(1e200, 3.0), (0.5, 1e10)]),
]  # fmt: skip

SCIENCES = [
    Function("Planck", lambda m, x: x**3 / (m.exp(x) - 1), (powers(1e-9, 600),), [(800.0,)]),
    Function("Fermi", lambda m, e, t: 1 / (m.exp((e - 1) / t) + 1), (linear(-2, 4), powers(1e-2, 10)), [(9.0, 0.01)]),
    Function("Bose", lambda m, x: 1 / (m.exp(x) - 1), (powers(1e-12, 600),), [(720.0,)]),
    Function("Langevin", lambda m, x: m.cosh(x) / m.sinh(x) - 1 / x, (either_sign(powers(1e-6, 50)),), [(800.0,)]),
    Function("Gaussian", lambda m, x, s: m.exp(-((x / s) ** 2)), (linear(-20, 20), linear(1, 3))),
    Function(
        "Lennard-Jones", lambda m, r, s: 4 * ((s / r) ** 12 - (s / r) ** 6), (linear(0.5, 10), linear(0.9, 1.1)), [(1e-20, 1.0)],
    ),
    Function("Morse", lambda m, r: (1 - m.exp(-2 * (r - 1.5))) ** 2, (near(1.5, 1e-9, 1),), [(40.0,)]),
    Function(
        "Black-Scholes", black_scholes, (linear(80, 120), linear(80, 120), linear(0.1, 2), linear(0.1, 0.5)),
        [(100.0, 1000.0, 0.5, 0.2), (1000.0, 100.0, 0.5, 0.2), (100.0, 400.0, 0.1, 0.2)],
    ),
    Function("Kepler", lambda m, e, a: a - e * m.sin(a), (below(1.0, 1e-9, 0.5), powers(1e-4, 3))),
]  # fmt: skip

_ALL = (*EXPONENTIALS, *POWERS, *CIRCULAR, *SPECIAL, *SCIENCES, *DENSITIES, *ACTIVATIONS, *MODELS)
FUNCTIONS = {function.name: function for function in _ALL}
