"""Logarithms of densities, entropies and divergences of the accuracy table, each as it stands in a textbook."""

from __future__ import annotations

import math

from benchmarks.accuracy.function import Function, below, either_sign, linear, near, powers

__all__ = ["DENSITIES"]

_WIDE = either_sign(powers(1e-6, 700.0))
_FAR = either_sign(powers(50, 700))
_SCALE = powers(0.1, 10.0)
_SHAPE = powers(0.1, 100.0)


def _normal(m, x, mean, deviation):
    return -(((x - mean) / deviation) ** 2) / 2 - m.log(deviation) - math.log(2 * math.pi) / 2


def _gamma(m, x, shape, scale):
    return (shape - 1) * m.log(x) - x / scale - shape * m.log(scale) - m.gammaln(shape)


def _beta(m, x, a, b):
    return (a - 1) * m.log(x) + (b - 1) * m.log(1 - x) + m.gammaln(a + b) - m.gammaln(a) - m.gammaln(b)


def _negative_binomial(m, k, r, p):
    return m.gammaln(k + r) - m.gammaln(k + 1) - m.gammaln(r) + r * m.log(1 - p) + k * m.log(p)


def _weibull(m, x, shape, scale):
    return m.log(shape / scale) + (shape - 1) * m.log(x / scale) - (x / scale) ** shape


def _logistic(m, x, mean, scale):
    z = (x - mean) / scale
    return -z - m.log(scale) - 2 * m.log(1 + m.exp(-z))


def _divergence_of_normals(m, mean, first, second):
    return m.log(second / first) + (first**2 + mean**2) / (2 * second**2) - 1 / 2


DENSITIES = [
    Function("normal log density", _normal, (linear(50, 100), linear(-3, 3), _SCALE), [(1e100, 0.0, 1.0)]),
    Function("log-normal log density", lambda m, x, s: _normal(m, m.log(x), 0, s) - m.log(x), (powers(1e-300, 1e300), _SCALE)),
    Function("Laplace log density", lambda m, x, b: -m.abs(x) / b - m.log(2 * b), (_FAR, _SCALE)),
    Function("Cauchy log density", lambda m, x, s: -m.log(math.pi * s) - m.log(1 + (x / s) ** 2), (_FAR, _SCALE)),
    Function("exponential log density", lambda m, x, rate: m.log(rate) - rate * x, (powers(1e-6, 100), _SCALE)),
    Function("gamma log density", _gamma, (powers(1e-10, 100), _SHAPE, _SCALE), [(1e-300, 0.5, 1.0)]),
    Function("beta log density", _beta, (below(1.0, 1e-15, 0.5), _SHAPE, _SHAPE), [(1e-300, 0.5, 2.0)]),
    Function("negative binomial loglik", _negative_binomial, (linear(0, 50), _SHAPE, powers(1e-15, 0.9))),
    Function("binomial loglik", lambda m, k, n, p: k * m.log(p) + (n - k) * m.log(1 - p), (linear(0, 10), linear(10, 20), powers(1e-15, 0.9))),
    Function("Weibull log density", _weibull, (powers(1e-3, 10), linear(0.5, 3), _SCALE)),
    Function("Gumbel log density", lambda m, z: -(z + m.exp(-z)), (linear(-5, 700),)),
    Function("logistic log density", _logistic, (_WIDE, linear(-1, 1), powers(0.5, 2)), [(-2000.0, 0.0, 1.0), (2000.0, 0.0, 1.0)]),
    Function("Pareto log density", lambda m, x, a: m.log(a) - (a + 1) * m.log(1 + x), (powers(1e-15, 1e10), _SCALE)),
    Function(
        "binary divergence", lambda m, p, q: p * m.log(p / q) + (1 - p) * m.log((1 - p) / (1 - q)), (powers(1e-20, 0.9),) * 2,
    ),
    Function("divergence of normals", _divergence_of_normals, (linear(-3, 3), _SCALE, _SCALE)),
    Function("perplexity of two", lambda m, p: m.exp(-p * m.log(p) - (1 - p) * m.log(1 - p)), (powers(1e-30, 0.5),)),
    Function("odds", lambda m, p: p / (1 - p), (below(1.0, 1e-15, 0.5),)),
    Function("survival", lambda m, x: 1 - m.exp(-x), (powers(1e-15, 50),)),
    Function("log survival of Weibull", lambda m, x, k: m.log(1 - (1 - m.exp(-(x**k)))), (powers(1e-3, 30), linear(0.5, 2))),
    Function("probability of any", lambda m, p, n: 1 - (1 - p) ** n, (powers(1e-18, 0.5), powers(1, 1e3)), [(1e-20, 10.0)]),
    Function("exponential tilt", lambda m, x, y: m.log((m.exp(x) + m.exp(y)) / 2), (near(0.0, 1e-9, 300.0),) * 2, [(1000.0, 1000.0)]),
]  # fmt: skip
