"""SymPy expressions of a size at which diff, cse and lambdify take seconds to hours.

Here times are compared within one run; `python -m benchmarks` prints them in seconds, at sizes larger still.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import mpmath
import pytest
import sympy
from timings import in_units, least_seconds

import symbackprop as sb
from examples.pendulum import pendulum

x = sympy.Symbol("x")


def nested_product(depth: int, evaluate: bool = True) -> Any:
    y = x
    for _ in range(depth):
        y = sympy.Mul(sympy.sin(y, evaluate=evaluate), y, evaluate=evaluate)
    return y


def chain(depth: int) -> Any:
    y = x
    for _ in range(depth):
        y = sympy.sin(y, evaluate=False)
    return y


def nested_reference(depth: int, at: Any, sin: Any = math.sin, cos: Any = math.cos) -> tuple[Any, Any]:
    """Return y and dy/dx by forward accumulation, by hand."""
    y, slope = at, 1
    for _ in range(depth):
        y, slope = sin(y) * y, (cos(y) * y + sin(y)) * slope
    return y, slope


def test_nested_products() -> None:
    expression = nested_product(14)
    compiled = sb.compile_grad(expression)
    body = compiled.source.rpartition('"""')[2].split("\n")
    assert sum(1 for line in body if line.strip() and not line.strip().startswith("#")) <= 90
    for at in (0.3, 1.2, -2.5):
        with mpmath.workdps(50):
            _, slope = nested_reference(14, mpmath.mpf(at), mpmath.sin, mpmath.cos)
        assert compiled(at) == (pytest.approx(float(slope), rel=1e-13),)
    assert in_units(lambda: sb.compile_grad(expression)) < 4  # the benchmark `nested-product` prints milliseconds


def test_nested_products_with_sharing() -> None:
    """A thousand deep; the benchmark `nested-product` holds 2,000 to a second."""
    expression = nested_product(1000, evaluate=False)
    compiled = sb.compile_value_and_grad(expression)
    value, (slope,) = compiled(1.9)
    expected, expected_slope = nested_reference(1000, 1.9)
    assert value == pytest.approx(expected, rel=1e-10, abs=1e-300)
    assert slope == pytest.approx(expected_slope, rel=1e-8, abs=1e-300)
    sizes = (nested_product(count, evaluate=False) for count in (125, 500))
    few, many = (least_seconds(lambda of=of: sb.compile_grad(of), 2) for of in sizes)
    assert many < 2 * 4 * few  # it grows as the expression does, here by 4


def neighbours(count: int) -> Any:
    return sympy.Add(*(a * b for a, b in pairwise(sympy.symbols(f"x0:{count}"))))


def test_sum_of_products_of_neighbours() -> None:
    """The benchmark `neighbours` holds 2,000 partials to a second."""
    expression = neighbours(2000)
    symbols = sympy.symbols("x0:2000")
    compiled = sb.compile_grad(expression, wrt=symbols)
    point = [math.sin(i) for i in range(2000)]
    expected = [(point[i - 1] if i else 0) + (point[i + 1] if i < 1999 else 0) for i in range(2000)]
    assert compiled(*point) == pytest.approx(expected, rel=1e-15, abs=1e-15)
    sums = ((neighbours(count), symbols[:count]) for count in (250, 1000))
    few, many = (least_seconds(lambda of=of, wrt=wrt: sb.compile_grad(of, wrt=wrt), 2) for of, wrt in sums)
    assert many < 2 * 4 * few


def test_a_chain_needs_no_recursion_and_grows_linearly() -> None:
    """Five times deeper than Python's frames may be; the benchmark `chain` does the same 200,000 deep."""
    limit = sys.getrecursionlimit()
    assert limit < 5_000
    compiled = sb.compile_grad(chain(5_000))
    slope, at = 1.0, 0.5
    for _ in range(5_000):
        slope, at = slope * math.cos(at), math.sin(at)
    assert compiled(0.5) == (pytest.approx(slope, rel=1e-10),)
    assert sys.getrecursionlimit() == limit
    few, many = (least_seconds(lambda of=of: sb.compile_grad(of), 2) for of in (chain(500), chain(2000)))
    assert many < 2 * 4 * few


def test_pendulums_against_sympy() -> None:
    """Compiling and calling take far less than with SymPy's diff, cse and lambdify.

    With ten links less than a fiftieth and less than half, which the benchmark `pendulum` checks; a chain of four shows it.
    """
    system = pendulum(4)
    state = [*system.coordinates, *(place.diff() for place in system.coordinates)]
    arguments = [*state, *system.parameters]

    def ours() -> sb.CompiledFunction:
        return sb.compile_value_and_grad(system.energy, wrt=state, inputs=arguments)

    def theirs() -> Callable[..., Any]:
        gradient = [system.energy.diff(place) for place in state]
        return sympy.lambdify(arguments, [system.energy, *gradient], "math", cse=True)

    made: list[Callable[..., Any]] = []
    seconds = least_seconds(lambda: made.append(theirs()), 1)
    assert least_seconds(ours) < seconds / 8
    point = [0.3 + 0.01 * i for i in range(len(arguments))]
    function, peer = ours().function, made[0]
    value, gradient = function(*point)
    assert [value, *gradient] == pytest.approx(peer(*point), rel=1e-12)

    def calls(work: Callable[..., Any]) -> float:
        return least_seconds(lambda: [work(*point) for _ in range(500)], 5)

    assert calls(function) < calls(peer)
