"""Density functionals from their published formulas: known values, 50 digits, and no trouble at the ends of the domain.

The published formulas are right as they stand here where they agree with values that others computed: the table below is
libxc 7.0.0 (Lehtola, Steigemann, Oliveira, Marques, SoftwareX 7, 1 (2018)), and the energies of the hydrogen atom and
of the uniform gas are in the literature.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp

import symbackprop as sb
from examples import exchange_correlation as xc
from symbackprop.check.elements import Digits
from symbackprop.check.functions import apply_smooth

INPUTS = {"PBE": xc.PBE_INPUTS, "r2SCAN": xc.R2SCAN_INPUTS}
EXPRESSIONS = {"PBE": xc.pbe, "r2SCAN": xc.r2scan}
BOTH = pytest.mark.parametrize("functional", ["PBE", "r2SCAN"])
EDGES = {"rho": 1e-15, "points": 100_000}

Array = np.ndarray[Any, np.dtype[np.float64]]


def radius(r: float) -> float:
    """Return the density of a radius of the sphere of one electron."""
    return float(3 / (4 * np.pi * r**3))


def uniform_tau(rho: Array | float) -> Any:
    return 0.3 * (3 * np.pi**2) ** (2 / 3) * rho ** (5 / 3)


def energy(functional: str, rho_a: Any, rho_b: Any, saa: Any = 0.0, sab: Any = 0.0, sbb: Any = 0.0, *tau: Any) -> Any:
    if functional == "r2SCAN" and not tau:  # of the uniform gas
        tau = tuple(uniform_tau(2 * rho) / 2 for rho in (rho_a, rho_b))
    return xc.compiled(functional)(rho_a, rho_b, saa, sab, sbb, *tau)[0]


# --- values that are known --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rs", "known"), [(1, -0.0598), (2, -0.0448), (5, -0.0282)])
def test_correlation_of_the_uniform_gas(rs: float, known: float) -> None:
    f = sb.compile_value(xc.uniform_correlation(xc.rs), inputs=[xc.rho_a, xc.rho_b])
    n = radius(rs)
    assert f(n / 2, n / 2) == pytest.approx(known, abs=5e-5)


def test_correlation_at_high_density_has_the_exact_logarithm() -> None:
    """The energy goes as (1 - log 2)/pi**2 * log(rs), and half of that where all spins are alike."""
    f = sb.compile_value(xc.uniform_correlation(xc.rs), inputs=[xc.rho_a, xc.rho_b])
    step = np.log(10.0)
    for share, factor in ((0.5, 1.0), (1.0, 0.5)):
        ends = [f(share * radius(rs), (1 - share) * radius(rs)) for rs in (1e-9, 1e-10)]
        assert (ends[0] - ends[1]) / step == pytest.approx(factor * (1 - np.log(2)) / np.pi**2, rel=1e-3)


@BOTH
@pytest.mark.parametrize("zeta", [0.0, 0.3, 0.9, 1.0])
def test_the_uniform_gas_is_recovered(functional: str, zeta: float) -> None:
    for rs in (0.1, 1.0, 10.0):
        n = radius(rs)
        rho_a, rho_b = n * (1 + zeta) / 2, n * (1 - zeta) / 2
        exchange = -0.75 * (3 / np.pi) ** (1 / 3) * sum(2 ** (1 / 3) * rho ** (4 / 3) for rho in (rho_a, rho_b))
        correlation = sb.compile_value(xc.uniform_correlation(xc.rs), inputs=[xc.rho_a, xc.rho_b])(rho_a, rho_b)
        # r2SCAN's alpha is 1 then, where its polynomials are zero to the digits of their coefficients
        assert energy(functional, rho_a, rho_b) == pytest.approx(exchange + n * correlation, rel=1e-10)


def test_bounds_of_the_enhancement() -> None:
    p = sp.Symbol("p", positive=True)
    factor = sb.compile_value(xc.pbe_enhancement(p))
    s2 = np.array([0.0, 1e-8, 1.0, 1e4, 1e12])
    values = factor(s2)
    assert values[0] == 1.0
    assert np.all(np.diff(values) > 0)
    assert np.all(values <= 1.804)
    assert values[-1] == pytest.approx(1.804)
    n, g, tau = sp.symbols("n g tau", positive=True)
    enhancement = sb.compile_value(xc.r2scan_exchange(n, g, tau) / xc.exchange_density(n), inputs=[n, g, tau])
    slopes, alpha = np.meshgrid(10.0 ** np.linspace(-9, 6, 60), [0.0, 0.2, 0.7, 1.0, 1.6, 2.5, 4.0, 1e3])
    gradient = 4 * (3 * np.pi**2) ** (2 / 3) * slopes
    found = enhancement(1.0, gradient, gradient / 8 + alpha * uniform_tau(1.0))
    assert np.all(found <= 1.174 + 1e-12)
    assert np.all(found > 0)
    assert found[0, 0] == pytest.approx(1.174, abs=1e-8)  # one orbital without a gradient


@BOTH
def test_spin_scaling(functional: str) -> None:
    """The exchange of one spin is half of that of an unpolarised gas with twice its density."""
    inputs = INPUTS[functional]
    of_spin = [(xc.rho_a, xc.sigma_aa, xc.tau_a), (xc.rho_b, xc.sigma_bb, xc.tau_b)]
    if functional == "PBE":
        exchange = xc.spin_scaled(
            lambda n, g: xc.exchange_density(n) * xc.pbe_enhancement(xc.squared_gradient(n, g)),
            *(parts[:2] for parts in of_spin),
        )
    else:
        exchange = xc.spin_scaled(xc.r2scan_exchange, *of_spin)
    f = sb.compile_value(exchange, inputs=list(inputs))
    tau = (0.4, 0.3) if functional == "r2SCAN" else ()
    parts = [f(0.3, 0.0, 0.2, 0.0, 0.0, *(x * y for x, y in zip(tau, (1, 0), strict=False)))]
    parts += [f(0.0, 0.2, 0.0, 0.0, 0.1, *(x * y for x, y in zip(tau, (0, 1), strict=False)))]
    assert f(0.3, 0.2, 0.2, 0.05, 0.1, *tau) == pytest.approx(sum(parts), rel=1e-14)
    unpolarised = f(0.3, 0.3, 0.2, 0.2, 0.2, *(tau[:1] * 2))
    assert parts[0] == pytest.approx(unpolarised / 2, rel=1e-14)


@BOTH
def test_the_hydrogen_atom(functional: str) -> None:
    """Energies of the exact density: PBE exchange -0.3059 and correlation -0.0060 hartree, by its authors.

    r2SCAN was fitted to the exact -0.3125, and has no correlation for one electron.
    """
    nodes, weights = np.polynomial.laguerre.laggauss(80)
    r = nodes / 2
    density = np.exp(-2 * r) / np.pi
    slope2 = (2 * density) ** 2
    tau = (slope2 / (8 * density), 0 * r) if functional == "r2SCAN" else ()
    zero = 0 * r
    total = energy(functional, density, zero, slope2, zero, zero, *tau)
    of_volume = weights * np.exp(nodes) / 2 * 4 * np.pi * r**2
    found = np.sum(of_volume * total)
    known = {"PBE": -0.3059 - 0.0060, "r2SCAN": -0.3125}[functional]
    assert found == pytest.approx(known, abs=2e-4)


AT = [
    (0.3, 0.2, 0.1, 0.05, 0.08, 0.2, 0.15),
    (2.0, 1e-3, 9.0, 2e-3, 1e-6, 3.5, 2e-4),
    (1e-6, 3e-6, 1e-13, -1e-13, 4e-12, 2e-8, 3e-7),
    (1e3, 2e2, 4e5, 3e5, 9e5, 4e5, 3e4),
]
LIBXC = {
    "PBE": [
        (-0.329235518767856, -0.895290293905003, -0.800396405932987, -0.0074898019434612, 0.0177603628876193, -0.0184053243380078),
        (-2.42770490364335, -1.60515579749778, -0.385894845454216, -0.0003488471370998, 0.0019364617300761, -16.0018250634477),
        (-8.52611177356917e-08, -0.0180733965597575, -0.0288370970410051, -11016.1642074202, 249.244192089394, -566.830219482203),
        (-10534.6672543334, -12.5070069640804, -7.48721496309361, -2.87077028420697e-08, 6.14806924903146e-07, -2.54949599733913e-06),
    ],
    "r2SCAN": [
        (-0.351896659025749, -0.996754697389296, -0.881750350092222, -0.0139559490244345, 0.014773519535075, -0.0332738642504197,
         0.0291682677618912, 0.0385653297360125),
        (-2.7002519974551, -1.84428566036336, -0.364000055270779, -0.00116033775757859, 0.000827193379190268, -14.4401867951118,
         0.0204557263045283, 0.108510811361686),
        (-5.36597695573384e-08, -0.0196665030127994, -0.0222731534970026, 4009.60540734165, 1742.8511004291, 1447.64319869665,
         0.00810771251383374, 0.000358904807389422),
        (-10726.6768729872, -15.0599122388632, -8.95046123749458, -1.64868075062662e-07, 5.93769442105094e-07,
         -3.49325619097949e-06, 0.00345279840563975, 0.00574916047097466),
    ],
}  # fmt: skip


@BOTH
@pytest.mark.parametrize("number", range(len(AT)))
def test_values_of_an_independent_code(functional: str, number: int) -> None:
    point = AT[number][: len(INPUTS[functional])]
    value, slopes = xc.compiled(functional)(*point)
    np.testing.assert_allclose([value, *slopes], LIBXC[functional][number], rtol=3e-11)


# --- accuracy and the ends of the domain --------------------------------------------------------------------------------


def in_long_numbers(functional: str) -> Callable[..., Any]:
    """Return the expression as a function of long numbers; what a branch that is not taken divides by zero is nan."""
    expression = EXPRESSIONS[functional]()
    exact = expression.xreplace({number: sp.Rational(number) for number in expression.atoms(sp.Float)})
    words = {name: _word(name) for name in ("exp", "log", "sqrt")}
    function = sp.lambdify(INPUTS[functional], exact, [words, "mpmath"], cse=True)
    return lambda *point: function(*map(Digits, point)).value


def _word(name: str) -> Callable[[Any], Any]:
    return lambda x: apply_smooth(name, x if isinstance(x, Digits) else Digits(mpmath.mpf(x)))


def expected(value: Callable[..., Any], point: list[Any]) -> list[Any]:
    """Return value and derivatives, these by differences of 180 digits: central ones, and one-sided ones at 0.

    Far more than 50 digits are right in the former, 33 in the latter, where powers of 4/3 begin.
    """
    wanted = [value(*point)]
    for position, x in enumerate(point):
        step = abs(x) * mpmath.mpf(10) ** -50 or mpmath.mpf(10) ** -100
        moves = (step, -step) if x else (step, 0)
        ends = [value(*point[:position], x + move, *point[position + 1 :]) for move in moves]
        wanted.append((ends[0] - ends[1]) / (moves[0] - moves[1]))
    return wanted


def sampled(functional: str, count: int) -> tuple[list[list[float]], dict[str, Array]]:
    """Return the first points of the grid, which it takes in turn from all its regions, and the grid."""
    grid = xc.grid(EDGES["points"])
    columns = [grid[str(symbol)] for symbol in INPUTS[functional]]
    return [[float(column[i]) for column in columns] for i in range(count)], grid


# Bounds of the relative errors; 4,000 points of the grid gave at most 3e-15 and 3e-14 for the energies, 6e-10 for
# derivatives by a density, 5e-4 for those of PBE by sigma_aa and sigma_bb, 3e-14 by its sigma_ab, and 2e-10 for all
# others of r2SCAN; the medians are below 4e-15. Where they come from:
#
# - The energies are sums of terms of one sign: rounding alone, and r2SCAN's polynomials of alpha near their zero at 1.
# - By a density: where one spin has some 1e-14 of it, the derivative of (1 - zeta)**(2/3) is of size 1e5 and meets a
#   factor that cancels as the gradient vanishes.
# - By sigma_aa and sigma_bb of PBE: its gradient corrections of exchange and correlation cancel as the gradient
#   vanishes (mu is beta*pi**2/3 so that they do); what is left of 1e-12 of either has their rounding.
# - By tau and the sigmas of r2SCAN: tau less Weizsaecker's, which is in the inputs, and slopes of the polynomials.
BOUNDS = {
    "PBE": (1e-14, 1e-9, 1e-9, 2e-3, 1e-12, 2e-3),
    "r2SCAN": (1e-13, 2e-9, 2e-9, 1e-9, 1e-10, 1e-9, 1e-9, 1e-9),
}


@pytest.mark.parametrize(("functional", "count"), [("PBE", 24), ("r2SCAN", 12)])
def test_accuracy_against_fifty_digits(functional: str, count: int) -> None:
    points, _ = sampled(functional, count)
    value = in_long_numbers(functional)
    found = xc.compiled(functional)(*np.transpose(points))
    for number, point in enumerate(points):
        with mpmath.workdps(180):
            wanted = expected(value, list(map(mpmath.mpf, point)))
        errors = [
            float(abs(mpmath.mpf(float(output[number])) - true) / abs(true)) if true else abs(output[number])
            for output, true in zip((found[0], *found[1]), wanted, strict=True)
        ]
        assert np.all(np.array(errors) <= BOUNDS[functional]), (point, errors)


@BOTH
def test_no_trouble_on_the_grid(functional: str) -> None:
    """Densities of 1e-15, an absent spin, no gradient and a huge one: all finite, and no warning, which would raise."""
    _, grid = sampled(functional, 1)
    total = grid["rho_a"] + grid["rho_b"]
    assert total.min() < 1.01e-15
    assert np.any(grid["rho_b"] == 0)
    value, slopes = xc.compiled(functional)(*(grid[str(symbol)] for symbol in INPUTS[functional]))
    assert all(np.all(np.isfinite(output)) for output in (value, *slopes))
    assert np.all(value < 0)


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert xc.main(points=1000) == {"PBE": True, "r2SCAN": True}
    assert "energy and 7 derivatives at 1,000 points" in capsys.readouterr().out


@BOTH
def test_no_density_is_no_energy(functional: str) -> None:
    zeros = [0.0] * len(INPUTS[functional])
    value, slopes = xc.compiled(functional)(*zeros)
    assert value == 0.0
    assert slopes == (0.0,) * len(zeros)
    value, slopes = xc.compiled(functional)(*([np.zeros(3)] * len(zeros)))
    np.testing.assert_array_equal([value, *slopes], 0.0)


def test_the_form_that_does_not_cancel_is_the_published_one() -> None:
    uniform, scale, g = sp.symbols("uniform scale g")
    w = sp.exp(-uniform / scale) - 1
    published = uniform + scale * sp.log(1 + w * (1 - g))
    difference = published - xc.with_gradient(uniform, scale, g)
    y = sp.Symbol("y")
    fraction = y * (1 + y) / (1 + y + y**2)  # A*t**2 times the fraction in equation 7 of PBE
    assert sp.simplify(fraction - (1 - 1 / (1 + y + y**2))) == 0
    for point in ((-0.05, 0.031, 0.3), (-1e-5, 0.02, 1e-9), (-0.3, 0.01, 0.999)):
        numbers = dict(zip((uniform, scale, g), map(sp.Rational, map(str, point)), strict=True))
        assert abs(difference.subs(numbers).evalf(50, maxn=200)) < 1e-45


@BOTH
def test_verified(functional: str) -> None:
    ranges = {
        xc.rho_a: (1e-3, 10), xc.rho_b: (1e-3, 10), xc.sigma_aa: (1e-3, 1), xc.sigma_bb: (1e-3, 1),
        xc.sigma_ab: (-1e-3, 1e-3), xc.tau_a: (0.1, 50), xc.tau_b: (0.1, 50),
    }  # fmt: skip
    given = {symbol: ranges[symbol] for symbol in INPUTS[functional]}
    report = xc.compiled(functional).verify(points=1, seconds=0, ranges=given)
    assert report, report


def test_fourth_derivatives_along_a_direction_against_long_numbers() -> None:
    expression = xc.pbe()
    f = sb.compile_taylor(expression, wrt=xc.PBE_INPUTS, order=4)
    energy_at = sp.lambdify(xc.PBE_INPUTS, expression, "mpmath")
    direction = (1.0, -0.5, 0.3, 0.2, 0.1)
    for point in ((0.3, 0.2, 0.05, 0.01, 0.04), (1e-3, 2e-3, 1e-5, 1e-6, 1e-5), (10.0, 1.0, 5.0, 1.0, 0.3)):
        slopes = [x * slope for x, slope in zip(point, direction, strict=True)]
        with mpmath.workdps(130):  # central differences: 4 steps of 1e-20 cancel 80 digits
            step = mpmath.mpf(10) ** -20
            ends = [
                energy_at(*(mpmath.mpf(x) + i * step * slope for x, slope in zip(point, slopes, strict=True)))
                for i in range(-4, 5)
            ]
            wanted = [
                float(sum((-1) ** i * math.comb(k, i) * ends[4 + k - 2 * i] for i in range(k + 1)) / (2 * step) ** k)
                for k in range(5)
            ]
        np.testing.assert_allclose(f(*point, *slopes), wanted, rtol=1e-11)
