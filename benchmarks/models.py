"""SymPy expressions: compiling and calling, side by side with SymPy's own diff, cse and lambdify in one run."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import sympy
from sympy.core.cache import clear_cache

import symbackprop as sb
from benchmarks.row import Row
from benchmarks.timing import interleaved, once
from examples.pendulum import Pendulum, pendulum

__all__ = ["MODELS"]


def nested_product(depth: int, evaluate: bool = True) -> Any:
    """Return y after `depth` times ``y = sin(y)*y``."""
    y = sympy.Symbol("x")
    for _ in range(depth):
        y = sympy.Mul(sympy.sin(y, evaluate=evaluate), y, evaluate=evaluate)
    return y


def chain(depth: int) -> Any:
    """Return sin of sin of sin ..., which SymPy itself cannot walk through at such depths."""
    y = sympy.Symbol("x")
    for _ in range(depth):
        y = sympy.sin(y, evaluate=False)
    return y


def neighbours(count: int) -> Any:
    """Return the sum of x_i*x_{i+1}."""
    return sympy.Add(*(a * b for a, b in pairwise(sympy.symbols(f"x0:{count}"))))


def sympy_gradient(expression: Any, wrt: Sequence[Any], arguments: Sequence[Any] | None = None) -> Callable[..., Any]:
    """Return what SymPy gives: value and derivatives by diff, cse and lambdify, for the standard library's `math`."""
    clear_cache()  # so that a second run is like the first
    gradient = [expression.diff(x) for x in wrt]
    return sympy.lambdify(arguments or wrt, [expression, *gradient], "math", cse=True)


def best(work: Callable[[], object], rounds: int) -> float:
    """Return the least seconds of some runs, each with an empty cache in SymPy."""

    def fresh() -> float:
        clear_cache()
        return once(work)

    return min(fresh() for _ in range(rounds))


def statements(compiled: sb.CompiledFunction) -> int:
    """Return the number of lines behind the docstring that do something."""
    body = compiled.source.rpartition('"""')[2]
    return sum(1 for line in body.split("\n") if line.strip() and not line.strip().startswith("#"))


def nested(quick: bool) -> list[Row]:
    x = sympy.Symbol("x")
    seconds = best(partial(sb.compile_grad, nested_product(14)), 5)
    count = statements(sb.compile_grad(nested_product(14)))
    depth = 10 if quick else 14  # SymPy's time doubles with every level
    peer = once(partial(sympy_gradient, nested_product(depth), [x])) / best(
        partial(sb.compile_value_and_grad, nested_product(depth)), 5
    )
    shared = best(partial(sb.compile_grad, nested_product(2000, evaluate=False)), 3)
    return [
        Row("y = sin(y)*y, 14 times: compile the gradient", f"{1000 * seconds:.1f} ms", "50 ms", seconds < 0.050),
        Row("  statements printed", str(count), "90", count <= 90),
        Row(f"  {depth} times: SymPy diff + cse + lambdify", f"{peer:.0f}x our time", "", True),
        Row("  2,000 times, with sharing", f"{1000 * shared:.0f} ms", "1000 ms", shared < 1.0),
    ]


def sums(quick: bool) -> list[Row]:
    seconds = best(partial(sb.compile_grad, neighbours(2000)), 3)
    count = 200 if quick else 800
    peer = once(partial(sympy_gradient, neighbours(count), sympy.symbols(f"x0:{count}"))) / best(
        partial(sb.compile_value_and_grad, neighbours(count)), 3
    )
    return [
        Row("sum of x_i*x_{i+1}, 2,000 partials: compile", f"{1000 * seconds:.0f} ms", "1000 ms", seconds < 1.0),
        Row(f"  {count} partials: SymPy diff + cse + lambdify", f"{peer:.0f}x our time", "", True),
    ]


@contextmanager
def deep_recursion(limit: int) -> Iterator[None]:
    """Let SymPy descend; ours needs no more than the default."""
    known = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        yield
    finally:
        sys.setrecursionlimit(known)


def chains(quick: bool) -> list[Row]:
    rows = []
    small = best(partial(sb.compile_grad, chain(2_000)), 3) / 2_000
    for depth in (20_000,) if quick else (20_000, 200_000):
        expression = chain(depth)
        each = best(partial(sb.compile_grad, expression), 2) / depth
        compiled = sb.compile_grad(expression)
        (found,) = compiled(0.5)
        call = once(partial(compiled.function, 0.5))
        holds = math.isclose(found, _chain_derivative(depth, 0.5), rel_tol=1e-10)
        rows += [
            Row(f"chain of {depth:,} sin: compile, each", f"{1e6 * each:.0f} us", "200 us", holds and each < 200e-6),
            Row("  against each of 2,000", f"{each / small:.2f}x", "2x", each < 2 * small),
            Row("  call, each", f"{1e9 * call / depth:.0f} ns", "", True),
        ]
    with deep_recursion(20_000):
        peer = once(partial(sympy_gradient, chain(200), [sympy.Symbol("x")]))
    ours = best(partial(sb.compile_value_and_grad, chain(200)), 5)
    rows.append(Row("  chain of 200: SymPy diff + cse + lambdify", f"{peer / ours:.0f}x our time", "", True))
    return rows


def _chain_derivative(depth: int, x: float) -> float:
    derivative = 1.0
    for _ in range(depth):
        derivative *= math.cos(x)
        x = math.sin(x)
    return derivative


def mechanics(quick: bool) -> list[Row]:
    system = pendulum(10)
    state = [*system.coordinates, *(place.diff() for place in system.coordinates)]
    arguments = [*state, *system.parameters]
    compile_ours = partial(sb.compile_value_and_grad, system.energy, wrt=state, inputs=arguments)
    ours_seconds = best(compile_ours, 7)
    made: list[Callable[..., Any]] = []
    peer_seconds = once(lambda: made.append(sympy_gradient(system.energy, state, arguments)))
    ours, peer = compile_ours().function, made[0]
    generator = random.Random(0)
    point = [generator.uniform(0.5, 1.5) for _ in arguments]
    value, gradient = ours(*point)
    for one, other in zip((value, *gradient), peer(*point), strict=True):
        assert math.isclose(one, other, rel_tol=1e-10, abs_tol=1e-10)
    rounds = 30 if quick else 100
    times = interleaved({"ours": partial(ours, *point), "sympy": partial(peer, *point)}, rounds, 300)
    compiling, calling = peer_seconds / ours_seconds, times["sympy"] / times["ours"]
    return [
        Row("10-link pendulum, energy and gradient: compile", f"{1000 * ours_seconds:.0f} ms", "", True),
        Row("  ours / SymPy diff + cse + lambdify", f"1/{compiling:.0f}", "1/50", compiling >= 50),
        Row("  a call: ours / SymPy's", f"1/{calling:.1f}", "1/2", calling >= 2),
        *(_equations(system, name, point, rounds) for name in ("mass_matrix", "forcing")),
    ]


def _equations(system: Pendulum, name: str, point: Sequence[float], rounds: int) -> Row:
    """Time the call of a matrix of values against `lambdify` with cse, whose result it must agree with."""
    arguments = [*system.coordinates, *system.speeds, *system.parameters]
    matrix = getattr(system, name)
    ours = sb.compile_value(matrix, inputs=arguments).function
    peer = sympy.lambdify(arguments, matrix, "numpy", cse=True)
    np.testing.assert_allclose(ours(*point), peer(*point), rtol=1e-10, atol=1e-10)
    times = interleaved({"ours": partial(ours, *point), "sympy": partial(peer, *point)}, rounds, 300)
    ratio = times["sympy"] / times["ours"]
    return Row(f"  {name.replace('_', ' ')}, a call: ours / lambdify(cse=True)", f"1/{ratio:.1f}", "", True)


MODELS = {"nested-product": nested, "neighbours": sums, "chain": chains, "pendulum": mechanics}
