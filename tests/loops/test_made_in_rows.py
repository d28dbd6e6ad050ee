"""Arrays that steps stack: made in the rows of the stack, unless a carry lives on in their memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from comparing import RANDOM, agree, flat, programs
from hypothesis import given, settings
from hypothesis import strategies as st
from random_steps import GATES, Arrays, Program, arguments_of, by_scan, declared, scanned

import symbackprop as sb


def code(compiled: sb.CompiledFunction) -> str:
    return compiled.source.split('"""')[-1]


def test_parts_that_fill_an_array_need_no_zeros() -> None:
    found = code(sb.compile_grad("x[4*n] -> a, b, c, d = split(x, 4)\nsum(c*a**2*b - sin(d))"))
    assert "np.empty(4*n)" in found
    assert "np.zeros" not in found


@pytest.mark.parametrize("formula", [
    "x[4*n] -> a, b, c, d = split(x, 4)\nsum(a**2*c - sin(d))",  # a part is missing
    "x[n] -> sum(x[:-1]*x[1:])",  # parts overlap
    "x[n] -> sum(x[:-1:2]**2) + sum(x[1:]**3)",
    "x[4] -> sum(x[:2]**2) + x[3]**2",
])  # fmt: skip
def test_parts_that_do_not_fill_it_do(formula: str) -> None:
    compiled = sb.compile_grad(formula)
    assert "np.zeros" in code(compiled)
    assert compiled.verify(points=1, seconds=0.5)


@pytest.mark.parametrize("optimize", ["readable", "fast"])
def test_adjoints_of_gates_are_written_into_the_row(optimize: str) -> None:
    found = code(sb.compile_grad(GATES, wrt="W", optimize=optimize))
    back = found[found.index("reversed") :]
    assert "np.zeros" not in back
    assert "np.concatenate" not in back
    assert "_bar[t]" in back


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_a_carry_that_looks_into_a_stacked_array_has_its_own_memory(steps: int) -> None:
    text = """x[n,k] h0[k] ->
def step(h, row):
    both = zeros(2*row.shape[0])
    both[:row.shape[0]] = h*row
    both[row.shape[0]:] = h
    return both[:row.shape[0]], both
scan(step, h0, x)"""
    for optimize in ("readable", "fast"):
        f = sb.compile_value(text, optimize=optimize)
        x, h0 = np.arange(6.0).reshape(3, 2)[:steps] + 1, np.array([2.0, 3.0])
        last, both = f(x, h0)
        np.testing.assert_array_equal(last, h0 * np.prod(x, axis=0))
        kept = both.copy()
        last += 1
        np.testing.assert_array_equal(both, kept)


def cut(function: sb.CompiledFunction) -> sb.CompiledFunction:
    """Make a function write into rows and buffers whatever the sizes, in blocks of few numbers."""
    function._function.__globals__.update({"SMALL": -1, "BLOCK": 6})
    return function


def results_of(program: Program) -> Any:
    """Return a function that gives all that a loop leaves."""

    def results(init: Arrays, xs: Arrays, shared: Arrays) -> Any:
        def step(carry: Arrays, row: Arrays) -> Any:
            return program.step(carry, row or {}, shared)

        last, values = by_scan(step, init, xs, program.reverse)
        return last if values is None else (last, values)

    return results


@settings(RANDOM, max_examples=12)
@given(programs(), st.sampled_from([0, 1, 4]), st.booleans(), st.integers(0, 2**32 - 1))
@np.errstate(all="ignore")  # of constants in branches that are never taken
def test_fast_loops_give_the_same_and_share_no_memory(program: Program, steps: int, in_single: bool, seed: int) -> None:
    dtype = "float32" if in_single else "float64"
    arguments = arguments_of(program, steps, seed, dtype)
    before = [x.copy() for x in flat(arguments)]
    for compiled, function in ((sb.compile_value, results_of(program)), (sb.compile_grad, scanned(program))):
        options = {"inputs": declared(program, "n"), "dtype": dtype}
        found = compiled(function, optimize="fast", **options)
        results, arrays = flat(cut(found)(**arguments)), [x for x in flat(arguments) if x.shape]
        agree(tuple(results), tuple(flat(compiled(function, **options)(**arguments))), 1e-5 if in_single else 1e-13)
        for result in results:
            assert result.flags.writeable
            assert not any(np.shares_memory(result, other) for other in arrays)
            arrays += [result] if result.shape else []
    assert all(map(np.array_equal, flat(arguments), before))


CARRIES = {
    "stored too": "d = tanh(h*w + x)\n    return (d, c*d), d",
    "swapped": "return (c, h), h*x",
    "unchanged": "return (h, c + h*x), c",
    "one array twice": "d = h*c + x\n    return (d, d), d",
    "a part of what is stored": "d = concatenate((h*x, c))\n    return (d[:3], d[3:]), d",
}


@pytest.mark.parametrize("step", CARRIES.values(), ids=CARRIES)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    "declared_steps", ["n", "2"]
)  # of a number of steps it is known that the start is not returned
def test_carries_in_rows(step: str, reverse: bool, declared_steps: str) -> None:
    text = f"def step(state, x):\n    h, c = state\n    {step}\nlast, ys = scan(step, (h0, c0), X, reverse={reverse})\n"
    inputs = {"h0": "3", "c0": "3", "X": f"{declared_steps} 3", "w": "3"}
    rng = np.random.default_rng(0)
    forms = ((sb.compile_value, "last[0], last[1], ys"), (sb.compile_grad, "sum(last[0]*last[1]) + sum(sin(ys))"))
    for compiled, result in forms:
        fast, readable = (compiled(text + result, inputs=inputs, optimize=o) for o in ("fast", "readable"))
        for steps in (0, 1, 3) if declared_steps == "n" else (2,):
            arguments = [rng.normal(size=3), rng.normal(size=3), rng.normal(size=(steps, 3)), rng.normal(size=3)]
            before = [x.copy() for x in arguments]
            found, again = cut(fast)(*arguments), fast(*arguments)
            agree(found, readable(*arguments), 1e-14)
            arrays = [*arguments, *flat(found), *flat(again)]
            assert not any(np.shares_memory(a, b) for at, a in enumerate(arrays) for b in arrays[:at])
            assert all(map(np.array_equal, arguments, before))


def test_loops_in_loops_write_into_rows() -> None:
    text = """def inner(h, x):
    h = tanh(h*w + x)
    return h, h
def outer(c, X):
    last, hs = scan(inner, c*w, X)
    return last + c, hs*last
end, all = scan(outer, c0, Y)
sum(end**2) + sum(sin(all))"""
    inputs = {"w": "3", "c0": "3", "Y": "n m 3"}
    fast, readable = (sb.compile_value_and_grad(text, inputs=inputs, optimize=o) for o in ("fast", "readable"))
    rng = np.random.default_rng(1)
    for n, m in ((2, 3), (0, 2), (3, 0), (1, 1)):
        arguments = [rng.normal(size=3), rng.normal(size=3), rng.normal(size=(n, m, 3))]
        agree(cut(fast)(*arguments), readable(*arguments), 1e-14)
