"""Functions of networks and of the sciences in the accuracy table, each as it stands in a textbook."""

from __future__ import annotations

import math

from benchmarks.accuracy.function import Function, below, either_sign, linear, near, powers

__all__ = ["ACTIVATIONS", "MODELS"]

_ANY = either_sign(powers(1e-6, 700.0))
_ONE = powers(0.1, 10.0)
_SMALL = powers(1e-15, 0.5)


def _tanh_gelu(m, x):
    return 0.5 * x * (1 + m.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _van_der_waals(m, temperature, volume, a, b):
    return 8.314 * temperature / (volume - b) - a / volume**2


def _einstein(m, x):
    return x**2 * m.exp(x) / (m.exp(x) - 1) ** 2


def _wavelength(m, wavelength, temperature):
    return 1 / (wavelength**5 * (m.exp(1 / (wavelength * temperature)) - 1))


ACTIVATIONS = [
    Function("SiLU", lambda m, x: x / (1 + m.exp(-x)), (_ANY,), [(-745.0,), (-710.0,), (800.0,)]),
    Function("GELU", lambda m, x: 0.5 * x * (1 + m.erf(x / m.sqrt(2))), (linear(-37, 8),)),
    Function("GELU by tanh", _tanh_gelu, (linear(-20, 20),)),
    Function("Mish", lambda m, x: x * m.tanh(m.log(1 + m.exp(x))), (_ANY,), [(800.0,), (-700.0,)]),
    Function("softsign", lambda m, x: x / (1 + m.abs(x)), (either_sign(powers(1e-300, 1e300)),)),
    Function("pseudo-Huber", lambda m, x, d: d**2 * (m.sqrt(1 + (x / d) ** 2) - 1), (either_sign(powers(1e-9, 1e6)), _ONE)),
    Function("Geman-McClure", lambda m, x: x**2 / (1 + x**2), (either_sign(powers(1e-9, 1e6)),)),
    Function("Cauchy loss", lambda m, x: m.log(1 + x**2 / 2), (either_sign(powers(1e-12, 1e12)),)),
    Function("Welsch", lambda m, x: 1 - m.exp(-(x**2) / 2), (either_sign(powers(1e-9, 10)),)),
    Function("softplus of a scale", lambda m, x, b: m.log(1 + m.exp(b * x)) / b, (_ANY, _ONE), [(1000.0, 2.0)]),
    Function("cosine similarity", lambda m, a, b, c, d: (a * c + b * d) / (m.sqrt(a**2 + b**2) * m.sqrt(c**2 + d**2)), (_ONE,) * 4, [(1e200, 2e200, 3e-200, 1e-200)]),
]  # fmt: skip

MODELS = [
    Function("x/(exp(x) - 1)", lambda m, x: x / (m.exp(x) - 1), (_ANY,), [(800.0,), (-800.0,)]),
    Function("Einstein heat capacity", _einstein, (powers(1e-8, 700),), [(800.0,)]),
    Function("Planck by wavelength", _wavelength, (powers(1e-3, 1e6), _ONE)),
    Function("relativistic kinetic energy", lambda m, p, k: m.sqrt(p**2 + k**2) - k, (powers(1e-12, 1e6), _ONE), [(1e200, 1.0)]),
    Function("Lorentz factor", lambda m, v: 1 / m.sqrt(1 - v**2), (below(1.0, 1e-15, 0.9),)),
    Function("Doppler", lambda m, v: m.sqrt((1 + v) / (1 - v)) - 1, (_SMALL,)),
    Function("rapidity", lambda m, e, p: m.log((e + p) / (e - p)) / 2, (linear(1, 2), powers(1e-15, 0.9))),
    Function("redshift at a horizon", lambda m, r, rs: 1 / m.sqrt(1 - rs / r) - 1, (powers(1.1, 1e15), linear(0.9, 1.0))),
    Function("logistic growth", lambda m, t, k, n: k / (1 + (k - n) / n * m.exp(-t)), (_ANY, linear(5, 10), linear(0.1, 4))),
    Function("Michaelis-Menten", lambda m, s, v, k: v * s / (k + s), (powers(1e-12, 10), _ONE, _ONE)),
    Function("Hill", lambda m, s, k, n: s**n / (k**n + s**n), (powers(1e-3, 1e3), _ONE, linear(1, 8))),
    Function("van der Waals", _van_der_waals, (linear(200, 600), linear(0.1, 2), linear(0.1, 5), linear(0.01, 0.09))),
    Function("Buckingham", lambda m, r, a, b, c: a * m.exp(-b * r) - c / r**6, (linear(1, 10), powers(1, 1e3), linear(1, 5), _ONE)),
    Function("Arrhenius", lambda m, t, e, a: a * m.exp(-e / (8.314 * t)), (linear(200, 2000), powers(1e2, 1e5), powers(1, 1e10))),
    Function("rocket equation", lambda m, v, dry, fuel: v * m.log((dry + fuel) / dry), (_ONE, _ONE, powers(1e-15, 1e3))),
    Function("growth of a deposit", lambda m, r, n: (1 + r) ** n - 1, (powers(1e-15, 0.5), linear(1, 100))),
    Function("annuity", lambda m, r, n: (1 - (1 + r) ** -n) / r, (powers(1e-15, 0.5), linear(1, 100))),
    Function("lens", lambda m, u, f: 1 / (1 / f - 1 / u), (powers(1e2, 1e10), _ONE)),
    Function("resistors side by side", lambda m, a, b: a * b / (a + b), (powers(1e-9, 1e9),) * 2),
    Function("sagitta", lambda m, r, c: r - m.sqrt(r**2 - c**2), (_ONE, powers(1e-9, 0.09))),
    Function("larger root", lambda m, b, c: (-b - m.sqrt(b**2 - 4 * c)) / 2, (powers(1e2, 1e10), powers(1e-3, 1)), [(-1e9, 1.0)]),
    Function("smaller root of a monic one", lambda m, b, c: (-b + m.sqrt(b**2 - 4 * c)) / 2, (powers(1e2, 1e10), powers(1e-3, 1))),
    Function("catenary sag", lambda m, a, x: a * (m.cosh(x / a) - 1), (_ONE, powers(1e-9, 1))),
    Function("two-level energy", lambda m, e, t: e / (1 + m.exp(e / t)), (powers(1e-6, 50), _ONE), [(800.0, 1.0)]),
    Function("difference of roots", lambda m, x: m.sqrt(x + 1) - m.sqrt(x), (powers(1e-6, 1e15),)),
    Function("difference of reciprocals", lambda m, x: 1 / x - 1 / (x + 1), (powers(1e-6, 1e15),)),
    Function("difference of logarithms", lambda m, x: m.log(x + 1) - m.log(x), (powers(1e-6, 1e15),)),
    Function("difference of squares", lambda m, x, y: x**2 - y**2, (near(1.0, 1e-12, 0.5),) * 2),
    Function("versine over x", lambda m, x: (1 - m.cos(x)) / m.sin(x), (powers(1e-9, 3),)),
    Function("sine of a sum less a sine", lambda m, x, h: m.sin(x + h) - m.sin(x), (linear(-3, 3), powers(1e-12, 1))),
    Function("cube root", lambda m, x: x ** (1 / 3), (powers(1e-300, 1e300),)),
]  # fmt: skip
