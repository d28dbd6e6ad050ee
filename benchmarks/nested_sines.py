"""``f = sin(f*f + x_i)``, nested: compiling takes time by the length, and SymPy's derivative by its square."""

from __future__ import annotations

import math
import sys

import sympy

import symbackprop as sb
from benchmarks.row import Row
from benchmarks.timing import once

__all__ = ["NESTED_SINES", "POINT", "by_hand", "formula"]

POINT = (0.3, 0.1, -0.2, 0.5, 0.7)


def formula(count: int) -> str:
    """Return `count` statements, each around the one before."""
    return "\n".join(["f = x0", *(f"f = sin(f*f + x{i % 5})" for i in range(count)), "f"])


def by_hand(count: int) -> tuple[float, tuple[float, ...]]:
    """Return value and gradient of `count` statements at `POINT`."""
    values, arguments = [POINT[0]], []
    for i in range(count):
        arguments.append(values[-1] * values[-1] + POINT[i % 5])
        values.append(math.sin(arguments[-1]))
    gradient, bar = [0.0] * 5, 1.0
    for i in reversed(range(count)):
        inner = bar * math.cos(arguments[i])
        gradient[i % 5] += inner
        bar = inner * 2 * values[i]
    gradient[0] += bar
    return values[-1], tuple(gradient[: min(count, 5)])


def nested_statements(quick: bool) -> list[Row]:
    rounds = 5 if quick else 9
    small = min(once(lambda: sb.compile_value_and_grad(formula(80))) for _ in range(rounds))
    rows = [Row("nested sin, 80 statements: compile", f"{1000 * small:.1f} ms", "60 ms", small < 0.060)]
    depth = 20 if quick else 80  # SymPy's derivative of n nested statements has of the order of n**2 terms
    ours = min(once(lambda: sb.compile_value_and_grad(formula(depth))) for _ in range(rounds))
    peer = once(lambda: _sympy_nested(depth)) / ours
    rows.append(Row(f"the same, {depth} statements: SymPy diff + cse + lambdify", f"{peer:.0f}x our time", "", True))
    count = 20_000 if quick else 100_000
    thousand = min(once(lambda: sb.compile_value_and_grad(formula(1000))) for _ in range(rounds)) / 1000
    many = min(once(lambda: sb.compile_value_and_grad(formula(count))) for _ in range(1 if quick else 3)) / count
    rows.append(Row(f"nested sin, {count:,} statements: each", f"{1e6 * many:.0f} us", "400 us", many < 400e-6))
    rows.append(Row("  against a statement at 1,000", f"{many / thousand:.2f}x", "1.5x", many / thousand <= 1.5))
    error = _error(count)
    rows.append(Row("  value and gradient against by hand, relative", f"{error:.0e}", "1e-8", error <= 1e-8))
    return rows


def _error(count: int) -> float:
    value, gradient = sb.compile_value_and_grad(formula(count))(*POINT)
    expected_value, expected = by_hand(count)
    pairs = zip((value, *gradient), (expected_value, *expected), strict=True)
    return max(abs(one - other) / max(abs(other), sys.float_info.min) for one, other in pairs)


def _sympy_nested(count: int) -> object:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)  # SymPy descends more frames a statement than the default allows
    try:
        x = sympy.symbols("x0:5")
        f = x[0]
        for i in range(count):
            f = sympy.sin(f * f + x[i % 5])
        return sympy.lambdify(x, [f, *(sympy.diff(f, symbol) for symbol in x)], "math", cse=True)
    finally:
        sys.setrecursionlimit(limit)  # ours needs no more than the default


NESTED_SINES = {"nested": nested_statements}
