"""`lambdify` side by side with SymPy's, which it stands in for: compile, numbers, arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import sympy
from sympy import Matrix, Piecewise, Rational, cos, diff, erf, exp, log, pi, sin, sqrt

import symbackprop as sb
from benchmarks.row import Row
from benchmarks.timing import interleaved

S, K, T, r, sigma, x, y, z = sympy.symbols("S K T r sigma x y z")

LIMIT = "1.2"  # parity, and what a busy machine adds

Case = tuple[Sequence[Any], Any, tuple[Any, ...]]


def _greeks() -> list[Any]:
    """Return the price of a call with its derivatives."""
    d1 = (log(S / K) + (r + sigma**2 / 2) * T) / (sigma * sqrt(T))
    N1, N2 = ((1 + erf(d / sqrt(2))) / 2 for d in (d1, d1 - sigma * sqrt(T)))
    price = S * N1 - K * exp(-r * T) * N2
    return [price, *(diff(price, symbol) for symbol in (S, K, r, sigma, T))]


def cases() -> dict[str, Case]:
    """Return expressions with their arguments and a point."""
    state = (x, y, z)
    rotation = Matrix([[cos(x) * cos(y), -sin(x)], [sin(x) * cos(y), cos(x)], [-sin(y), 0]])
    return {
        "normal density": ((x, y, z), exp(-((x - y) ** 2) / (2 * z**2)) / (z * sqrt(2 * pi)), (1.0, 2.0, 3.0)),
        "rational function": (state, (x**3 + 2 * x**2 * y - 3 * z) / (1 + x**2 + y**2) ** 2, (1.0, 2.0, 3.0)),
        "polynomial of degree 7": ((x,), sum((i + 1) * x**i for i in range(8)), (1.3,)),
        "Piecewise": ((x, y), Piecewise((x**2, x < y), (sqrt(x) * y, True)), (1.5, 2.5)),
        "Lorenz equations": (
            (T, state),
            [10 * (y - x), x * (28 - z) - y, x * y - Rational(8, 3) * z],
            (0.0, (1.0, 2.0, 3.0)),
        ),
        "Black-Scholes and Greeks": ((S, K, r, sigma, T), _greeks(), (100.0, 95.0, 0.05, 0.2, 1.0)),
        "matrix": ((x, y), rotation, (0.3, 0.4)),
    }


def lambdify(quick: bool) -> list[Row]:
    """Return ratios of medians, ours over SymPy's with ``cse=True``."""
    rows = []
    for name, case in cases().items():
        rows += _case(name, *case, quick)
    return rows


def _case(name: str, args: Sequence[Any], expr: Any, point: tuple[Any, ...], quick: bool) -> list[Row]:
    rounds = 10 if quick else 40
    rows = [_row(f"lambdify, {name}: compile", _compile_times(args, expr, rounds))]
    for module in ("math", "numpy"):
        if module == "math" and isinstance(expr, Matrix):
            continue  # SymPy's has no name for a matrix there
        ours, peer = sb.lambdify(args, expr, module), sympy.lambdify(args, expr, module, cse=True)
        np.testing.assert_allclose(ours(*point), peer(*point), rtol=1e-12)
        works = {"ours": partial(ours, *point), "sympy": partial(peer, *point)}
        # Telling numbers from arrays costs 10 ns an argument, which shows only where there is no function to gain by.
        limit = "" if name == "Lorenz equations" and module == "numpy" else LIMIT
        rows.append(_row(f"  call of numbers, {module}", interleaved(works, rounds, calls=500), limit))
    if not isinstance(expr, Matrix):  # a constant entry is what SymPy's cannot stack
        peer = sympy.lambdify(args, expr, cse=True)
        grid = [_spread(value) for value in point]
        works = {"ours": partial(ours, *grid), "sympy": partial(peer, *grid)}
        rows.append(_row("  call of arrays of 10,000", interleaved(works, rounds, calls=5)))
    return rows


def _compile_times(args: Sequence[Any], expr: Any, rounds: int) -> dict[str, float]:
    works = {"ours": lambda: sb.lambdify(args, expr), "sympy": lambda: sympy.lambdify(args, expr, cse=True)}
    return interleaved(works, rounds)


def _spread(value: Any) -> Any:
    return tuple(map(_spread, value)) if isinstance(value, tuple) else value + np.linspace(0.0, 0.1, 10_000)


def _row(what: str, times: dict[str, float], limit: str = "") -> Row:
    ratio = times["ours"] / times["sympy"]
    return Row(what, f"{ratio:.2f} of SymPy's", limit, not limit or ratio <= float(limit))


DROP_IN = {"lambdify": lambdify}
