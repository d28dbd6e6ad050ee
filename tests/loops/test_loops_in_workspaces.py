"""Loops of fast code in memory that is kept: stacks are buffers, results are none, and nothing is left of calls before."""

from __future__ import annotations

import numpy as np
import pytest
from comparing import RANDOM, agree, flat, programs
from hypothesis import given, settings
from hypothesis import strategies as st
from random_steps import GATES, SIZES, Program, arguments_of, declared, scanned

import symbackprop as sb

STACKS = """x[n] ->
def step(c, row):
    return c*row, c + row
last, ys = scan(step, x**2, x)
last, ys, ys*2"""


@pytest.fixture(scope="module")
def fast() -> sb.CompiledFunction:
    return sb.compile_grad(GATES, optimize="fast")


def arguments(n: int, d: int, k: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in ((d, 2 * k), (n, d), k)]


def test_stacks_are_buffers_that_serve_again(fast: sb.CompiledFunction) -> None:
    body = fast.source.partition(" = work\n")[2]
    assert "np.empty" not in body
    assert "_bar = b" in body  # the adjoints of the rows go into the memory of the rows, which no step reads any more


def test_results_do_not_keep_the_memory(fast: sb.CompiledFunction) -> None:
    stacks = sb.compile_value(STACKS, optimize="fast")
    for compiled, values in ((fast, arguments(4, 3, 2)), (stacks, [np.arange(3.0)])):
        compiled._function.__globals__["SMALL"] = -1  # as if everything were large
        for result in flat(compiled(*values)):
            assert result.base is None or result.base.nbytes == result.nbytes


def test_large_calls_after_each_other(fast: sb.CompiledFunction) -> None:
    readable = sb.compile_grad(GATES)
    work = fast.workspace(n=3, d=2, k=4)
    for seed in range(3):
        given_here = arguments(3, 2, 4, seed)
        agree(work(*given_here), readable(*given_here), 1e-13)


@settings(RANDOM, max_examples=12)
@given(programs(), st.sampled_from([0, 1, 3]), st.integers(0, 2**31))
@np.errstate(all="ignore")  # of constants in branches that are never taken
def test_random_steps_in_kept_memory(program: Program, steps: int, seed: int) -> None:
    options = {"inputs": declared(program, "n")}
    readable = sb.compile_value_and_grad(scanned(program), **options)
    found = sb.compile_value_and_grad(scanned(program), optimize="fast", **options)
    if " = work\n" not in found.source:
        return  # there is nothing to keep
    sizes = SIZES | {"n": steps}
    work = found.workspace(**{name: sizes[name] for name in found._printed.memory.sizes})
    for other in range(2):
        values = arguments_of(program, steps, seed + other)
        agree(work(**values), readable(**values), 1e-13)
