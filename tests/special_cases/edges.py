"""Values and slopes at edges, functions of which there is a value alone, and which cases are verified too."""

from __future__ import annotations

import math
from math import inf, nan

import mpmath

VALUES = [
    ("zeta(x)", 0.5, float(mpmath.zeta(0.5))),
    ("zeta(x)", 2.0, float(mpmath.zeta(2))),
    ("zeta(x)", -1.5, float(mpmath.zeta(-1.5))),
    ("zeta(x)", 40.0, float(mpmath.zeta(40))),
    ("zeta(x, 2.5)", 1.5, float(mpmath.zeta(1.5, 2.5))),
    ("dirichlet_eta(x)", 1.0, float(mpmath.log(2))),
    ("dirichlet_eta(x)", 1.0000001, float(mpmath.altzeta(mpmath.mpf(1.0000001)))),
    ("dirichlet_eta(x)", -0.5, float(mpmath.altzeta(-0.5))),
]


VERIFIED = {  # one of each function
    "erfi(x)", "erfcx(x)", "erf2(0.5, x)", "erfinv(x)", "erfcinv(x)", "ndtr(x)", "log_ndtr(x)", "ndtri(x)", "fresnels(x)",
    "fresnelc(x)", "gamma(x)", "polygamma(3, x)", "beta(x, 2.5)", "betaln(1e6, x)", "binom(x, 3)", "binom(5, x)",
    "poch(x, 2.5)", "falling_factorial(x, 3)", "factorial(x)", "harmonic(x)", "zeta(3, x)", "jv(2, x)", "yv(1, x)",
    "iv(1/3, x)", "kv(2.5, x)", "ive(0, x)", "kve(1.5, x)", "j0(x) + k1(x)", "spherical_jn(3, x)", "spherical_yn(1, x)",
    "airyai(x)", "airybiprime(x)", "airyai(x)*airybiprime(x)", "ellipk(x)", "ellipe(x)", "ellipkm1(x)",
    "ellipkinc(x, 0.3)", "ellipkinc(1.25, x)", "ellipeinc(x, 0.3)", "ellipeinc(1.25, x)", "lambertw(x)",
    "lambertw(x, -1)", "gammainc(2, x)", "gammainc(12.5, x)", "gammaincc(2.5, x)", "lowergamma(2.5, x)",
    "uppergamma(1/3, x)", "exp1(x)", "expi(x)", "expn(5, x)", "Si(x)", "Ci(x)", "Shi(x)", "Chi(x)",
    "eval_legendre(6, x)", "eval_chebyt(3, x)", "eval_chebyu(6, x)", "eval_hermite(6, x)", "eval_hermitenorm(3, x)",
    "eval_laguerre(5, x)", "eval_genlaguerre(5, 1.5, x)", "eval_gegenbauer(6, 0.75, x)", "eval_jacobi(6, 0.5, 2, x)",
    "assoc_legendre(3, 2, x)",
}  # fmt: skip

EDGES = [  # a formula, a point, value and slope there
    ("jv(0, x)", 0.0, 1.0, 0.0),
    ("jv(1, x)", 0.0, 0.0, 0.5),
    ("jv(2, x)", 0.0, 0.0, 0.0),
    ("jv(0.5, x)", 0.0, 0.0, inf),
    ("jv(-2, x)", 0.0, 0.0, 0.0),
    ("yv(0, x)", 0.0, -inf, inf),
    ("iv(0, x)", 0.0, 1.0, 0.0),
    ("iv(1, x)", 0.0, 0.0, 0.5),
    ("kv(0, x)", 0.0, inf, -inf),
    ("kv(2, x)", 0.0, inf, -inf),
    ("ive(0, x)", 0.0, 1.0, 0.0),
    ("jv(2, x)", -1.5, float(mpmath.besselj(2, 1.5)), -float(mpmath.besselj(2, 1.5, derivative=1))),
    ("iv(3, x)", -1.5, -float(mpmath.besseli(3, 1.5)), float(mpmath.besseli(3, 1.5, derivative=1))),
    ("spherical_jn(0, x)", 0.0, 1.0, 0.0),
    ("spherical_jn(1, x)", 0.0, 0.0, 1 / 3),
    ("spherical_jn(2, x)", 0.0, 0.0, 0.0),
    ("spherical_jn(0, x)", -1.5, math.sin(1.5) / 1.5, (math.sin(1.5) / 1.5 - math.cos(1.5)) / 1.5),
    ("spherical_yn(0, x)", -1.5, math.cos(1.5) / 1.5, (math.sin(1.5) + math.cos(1.5) / 1.5) / 1.5),
    ("airyai(x)", 120.0, 0.0, 0.0),
    ("gamma(x)", 200.0, inf, inf),
    ("gammaln(x)", 0.0, inf, -inf),
    ("erf(x)", inf, 1.0, 0.0),
    ("erf2(0, x)", inf, 1.0, 0.0),
    ("erfinv(x)", 1.0, inf, inf),
    ("ndtri(x)", 1.0, inf, inf),
    ("log_ndtr(x)", inf, 0.0, 0.0),
    ("erfcx(x)", 1e200, 1e-200 / math.sqrt(math.pi), 0.0),
    ("harmonic(x)", 0.0, 0.0, math.pi**2 / 6),
    ("ellipk(x)", 1.0, inf, inf),
    ("ellipk(x)", -inf, 0.0, 0.0),
    ("ellipe(x)", 1.0, 1.0, -inf),
    ("ellipkm1(x)", 0.0, inf, -inf),
    (
        "ellipkinc(0.5, x)",
        1.0,
        math.atanh(math.sin(0.5)),
        (math.tan(0.5) / math.cos(0.5) - math.asinh(math.tan(0.5))) / 4,
    ),
    ("lambertw(x)", -0.36787944117144233, -1.0, inf),
    ("lambertw(x, -1)", -0.36787944117144233, -1.0, -inf),
    ("lambertw(x)", -0.3678794411714424, nan, nan),
    ("lambertw(x)", -5.0, nan, nan),
    ("lambertw(x, -1)", 0.5, nan, nan),
    ("lambertw(x, -1)", -5.0, nan, nan),
    ("gammainc(0.5, x)", 0.0, 0.0, inf),
    ("gammainc(1, x)", 0.0, 0.0, 1.0),
    ("gammainc(2, x)", 0.0, 0.0, 0.0),
    ("gammainc(50, x)", 0.0, 0.0, 0.0),
    ("gammaincc(2.5, x)", 1e5, 0.0, 0.0),
    ("lowergamma(1, x)", 0.0, 0.0, 1.0),
    ("expn(2, x)", 0.0, 1.0, -inf),
    ("expn(3, x)", 0.0, 0.5, -1.0),
    ("Si(x)", 0.0, 0.0, 1.0),
    ("Shi(x)", 0.0, 0.0, 1.0),
    ("Si(x)", inf, math.pi / 2, nan),
    ("eval_legendre(0, x)", 0.5, 1.0, 0.0),
    ("eval_legendre(7, x)", 1.0, 1.0, 28.0),
    ("eval_legendre(7, x)", -1.0, -1.0, 28.0),
    ("eval_chebyu(9, x)", 1.0, 10.0, 330.0),
    ("assoc_legendre(3, 2, x)", 1.0, 0.0, -30.0),
    ("assoc_legendre(2, 5, x)", 0.5, 0.0, 0.0),
]
