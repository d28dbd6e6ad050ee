"""Bounds of the rounding errors of loops, branches and solved equations: against the same steps in 60 digits."""

from __future__ import annotations

import random
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from loops.random_steps import arguments_of, declared, random_program, scanned

import symbackprop as sb

UNIT = 2.0**-53


def _scan(step, state, rows):
    for row in rows:
        state = step(state, row)
    return state


def _while(condition, step, state):
    while condition(state):
        state = step(state)
    return state


def _runge_kutta(slope, y, times):
    for before, after in pairwise(times):
        h = after - before
        a = slope(y)
        b = slope(y + h / 2 * a)
        c = slope(y + h / 2 * b)
        y += h / 6 * (a + 2 * b + 2 * c + slope(y + h * c))
    return y


GROWTH = "def step(s, r): return s*r + sin(s)/3, s\n"
INNER = "def inner(a, b):\n    c = a*b + exp(-a)\n    return c, c\n"
CHOICE = "def f(a): return a*exp(-a)\ndef g(a): return sqrt(a)/3\n"
ROW = np.linspace(0.1, 1.0, 30)
CASES = {  # formula, what it is of long numbers, arguments
    "steps": (
        f"x[n] h -> {GROWTH}scan(step, h, x)[0]",
        lambda x, h: _scan(lambda s, r: s * r + mpmath.sin(s) / 3, h, x),
        (ROW, 1.1),
    ),
    "chaos": (
        "x s -> def step(s, r): return x*s*(1 - s), s\nscan(step, s, arange(40))[0]",
        lambda x, s: _scan(lambda s, _: x * s * (1 - s), s, range(40)),
        (3.9, 0.3),
    ),
    "loop in a loop": (
        f"X[n,d] h -> {INNER}def step(s, r): return scan(inner, s, r)[0], s\nscan(step, h, X)[0]",
        lambda X, h: _scan(lambda s, row: _scan(lambda a, b: a * b + mpmath.exp(-a), s, row), h, X),
        (ROW.reshape(10, 3), 1.1),
    ),
    "choice in a loop": (
        f"x[n] h -> {CHOICE}def step(s, r): return cond(r > 0.5, f, g, s + r), s\nscan(step, h, x)[0]",
        lambda x, h: _scan(lambda s, r: (s + r) * mpmath.exp(-s - r) if r > 0.5 else mpmath.sqrt(s + r) / 3, h, x),
        (ROW, 1.1),
    ),
    "branch": (f"x -> {CHOICE}cond(x > 1, f, g, x/7)", lambda x: x / 7 * mpmath.exp(-x / 7), (3.3,)),
    "other branch": (f"x -> {CHOICE}cond(x > 1, f, g, x/7)", lambda x: mpmath.sqrt(x / 7) / 3, (0.3,)),
    "while": (
        "x -> def c(a): return a > 1.01\ndef f(a): return sqrt(a)\nwhile_loop(c, f, x) - 1",
        lambda x: _while(lambda a: a > 1.01, mpmath.sqrt, x) - 1,
        (19.0,),
    ),
    "differential equation": (
        "k -> def f(y, t): return -k*y*y\nodeint(f, 1.0, linspace(0, 1, 11))[-1]",
        lambda k: _runge_kutta(lambda y: -k * y * y, mpmath.mpf(1), [mpmath.mpf(i) / 10 for i in range(11)]),
        (0.7,),
    ),
    "equation": ("k -> def f(u): return u*exp(u) - k\nroot(f, 0.5)", lambda k: mpmath.re(mpmath.lambertw(k)), (0.7,)),
    "equation near a double root": (
        "k -> def f(u): return (u - 1)**2 - k**2\nroot(f, 1.5)",
        lambda k: 1 + k,
        (1e-6,),
    ),
}


def _longer(x):
    return [_longer(row) for row in x] if isinstance(x, np.ndarray) and x.ndim else mpmath.mpf(float(x))


@pytest.mark.parametrize("name", CASES)
def test_errors_of_steps_are_counted(name):
    formula, exact, arguments = CASES[name]
    function = sb.compile_value(formula)
    with mpmath.workdps(60):
        error = abs(mpmath.mpf(float(function(*arguments))) - exact(*map(_longer, arguments)))
    bound = function.error_bound(*arguments)
    assert error <= bound <= 1000 * max(error, UNIT)


def test_steps_of_arrays_in_single_precision():
    formula = "X[n,d] W[d,d] h[d] -> def step(s, r): return tanh(W @ s + r), s\nsum(scan(step, h, X)[1]**2)"
    rng = np.random.default_rng(0)
    arguments = [rng.normal(size=shape).astype(np.float32) for shape in ((20, 3), (3, 3), (3,))]
    single = sb.compile_value(formula, dtype="float32")
    error = abs(float(single(*arguments)) - sb.compile_value(formula)(*(x.astype(float) for x in arguments)))
    bound = single.error_bound(*arguments)
    assert bound.dtype == np.float32 and error <= bound < 1e-2


@pytest.mark.parametrize("seed", range(6))
def test_random_steps_in_single_precision(seed):
    program = random_program(random.Random(seed).randrange)
    double, single = (
        sb.compile_value(scanned(program), inputs=declared(program, "n"), dtype=dtype)
        for dtype in ("float64", "float32")
    )
    arguments = arguments_of(program, 7, seed, "float32")
    with np.errstate(all="ignore"):  # of constants in branches that are never taken
        expected = float(double(**arguments))
        error, bound = abs(float(single(**arguments)) - expected), float(single.error_bound(**arguments))
    assert error <= bound * 1.001 and 0 < bound < 1e-2


def test_it_is_added_up_on_the_way_back():
    function = sb.compile_grad(f"x[n] h -> {GROWTH}scan(step, h, x)[0]", wrt=["x", "h"])
    source = function.error_bound.source
    assert source.count("for ") == 2 and "rounded" not in source
    _, gradient = function.cost().numbers({"n": 1000})
    _, bound = function.error_bound.cost().numbers({"n": 1000})
    assert bound.operations < 3 * gradient.operations
    assert function.error_bound(np.ones(0), 2.0) == 0.0


def test_a_loop_without_a_reverse_derivative_is_refused():
    formula = (
        "x[n] -> def c(a): return a > 1.1\ndef f(a): return sqrt(a)\n"
        "def step(s, r): return s + while_loop(c, f, r), s\nscan(step, 0.0, x)[0]"
    )
    with pytest.raises(sb.UnsupportedError, match="while_loop inside the step"):
        sb.compile_value(formula).error_bound  # noqa: B018
