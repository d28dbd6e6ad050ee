"""Arrays that steps stack: made in the rows of the stack, unless a carry lives on in their memory."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb

GATES = """W[d,2*k] x[n,d] h0[k] ->
def step(h, z):
    a, b = split(z + concatenate((h, h)), 2)
    return tanh(a)*h + sin(b), h
last, hs = scan(step, h0, x @ W)
sum(last**2) + sum(hs)"""


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
