"""SymPy expressions of a size at which diff, cse and lambdify take seconds to hours; the bounds are of process time."""

from __future__ import annotations

import gc
import math
import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import mpmath
import pytest
import sympy
from sympy.core.cache import clear_cache

import symbackprop as sb
from examples.pendulum import pendulum

x = sympy.Symbol("x")


def ratio(work: Callable[[], object], peer: Callable[[], object], rounds: int) -> float:
    """Return the median ratio of the times that two pieces of work take one after the other."""
    return statistics.median(least(work, 1) / least(peer, 1) for _ in range(rounds))


def least(work: Callable[[], object], rounds: int = 3) -> float:
    """Return the least process time of some runs, with nothing left of those before: no caches, no loaded source."""
    times = []
    for _ in range(rounds):
        clear_cache()
        gc.collect()
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


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
    assert least(lambda: sb.compile_grad(expression)) < 0.05


def test_nested_products_with_sharing() -> None:
    expression = nested_product(2000, evaluate=False)
    compiled = sb.compile_value_and_grad(expression)
    value, (slope,) = compiled(1.9)
    expected, expected_slope = nested_reference(2000, 1.9)
    assert value == pytest.approx(expected, rel=1e-10, abs=1e-300)
    assert slope == pytest.approx(expected_slope, rel=1e-8, abs=1e-300)
    shorter = nested_product(500, evaluate=False)
    times = least(lambda: sb.compile_grad(expression), 2), least(lambda: sb.compile_grad(shorter), 2)
    assert times[0] < 6 * times[1]  # it grows as the expression does; the benchmark holds it to a second


def test_sum_of_products_of_neighbours() -> None:
    symbols = sympy.symbols("x0:2000")
    expression = sympy.Add(*(a * b for a, b in pairwise(symbols)))
    compiled = sb.compile_grad(expression, wrt=symbols)
    point = [math.sin(i) for i in range(2000)]
    expected = [(point[i - 1] if i else 0) + (point[i + 1] if i < 1999 else 0) for i in range(2000)]
    assert compiled(*point) == pytest.approx(expected, rel=1e-15, abs=1e-15)
    assert least(lambda: sb.compile_grad(expression, wrt=symbols), 2) < 1.0


def test_a_chain_needs_no_recursion_and_grows_linearly() -> None:
    limit = sys.getrecursionlimit()
    compiled = sb.compile_grad(chain(20_000))
    slope, at = 1.0, 0.5
    for _ in range(20_000):
        slope, at = slope * math.cos(at), math.sin(at)
    assert compiled(0.5) == (pytest.approx(slope, rel=1e-10),)
    assert sys.getrecursionlimit() == limit
    small, large = chain(1_500), chain(6_000)
    each = least(lambda: sb.compile_grad(small)) / 1_500
    assert least(lambda: sb.compile_grad(large), 2) / 6_000 < 2 * each


def test_ten_pendulums_against_sympy() -> None:
    """Compiling takes less than a fiftieth of the time of SymPy's diff, cse and lambdify, a call less than half."""
    system = pendulum(10)
    state = [*system.coordinates, *(place.diff() for place in system.coordinates)]
    arguments = [*state, *system.parameters]

    def ours() -> sb.CompiledFunction:
        return sb.compile_value_and_grad(system.energy, wrt=state, inputs=arguments)

    def theirs() -> Callable[..., Any]:
        gradient = [system.energy.diff(place) for place in state]
        return sympy.lambdify(arguments, [system.energy, *gradient], "math", cse=True)

    made: list[Callable[..., Any]] = []
    seconds = least(lambda: made.append(theirs()), 1)
    assert least(ours, 5) < seconds / 50
    point = [0.3 + 0.01 * i for i in range(len(arguments))]
    function, peer = ours().function, made[0]
    value, gradient = function(*point)
    assert [value, *gradient] == pytest.approx(peer(*point), rel=1e-12)

    def calls(work: Callable[..., Any]) -> Callable[[], None]:
        def run() -> None:
            for _ in range(500):
                work(*point)

        return run

    assert ratio(calls(function), calls(peer), 15) < 1 / 2
