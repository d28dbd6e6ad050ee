"""Adjoints of reads: written where nothing was written, taken away, or written out as a vector."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb


def code(compiled: sb.CompiledFunction) -> str:
    return compiled.source.split('"""')[-1]


def check(formula: str, x: np.ndarray) -> str:
    """Compare with difference quotients, and return the code."""
    compiled = sb.compile_grad(formula, wrt="x")
    found, step = compiled(x), 1e-6
    for index in np.ndindex(x.shape):
        ends = []
        for sign in (1, -1):
            moved = x.copy()
            moved[index] += sign * step
            ends.append(compiled.value(moved))
        np.testing.assert_allclose(found[index], (ends[0] - ends[1]) / (2 * step), rtol=1e-7, atol=1e-8)
    return code(compiled)


def test_entries_that_fill_a_vector_are_written_out() -> None:
    text = check("x[3] -> x[2]*sin(x[0])*x[1]**2", np.array([0.3, -1.2, 0.7]))
    assert "np.array([" in text
    assert "np.zeros" not in text


def test_entries_that_do_not_fill_it_are_assigned() -> None:
    text = check("x[4] -> x[2]*sin(x[0]) - x[2]", np.array([0.3, -1.2, 0.7, 2.0]))
    assert "+=" not in text
    assert "np.zeros(4)" in text


@pytest.mark.parametrize("formula", ["x[n] -> x[0]*x[-1] + x[0]**2", "x[n] -> x[1]*x[-1]*x[-2]"])
def test_entries_that_may_be_the_same_are_added(formula: str) -> None:
    assert "+=" in check(formula, np.array([0.3, -1.2, 0.7]))
    check(formula, np.array([0.3, -1.2]))


def test_what_is_negative_is_taken_away() -> None:
    text = check(
        "x[n,m] -> sum((x[1:] - x[:-1])**2) + sum((x[:, 1:] - x[:, :-1])**2)", np.arange(6.0).reshape(2, 3) ** 2
    )
    assert "-= " in text
    assert "+= -" not in text
    text = check("x[n] -> sum(x[1:]**2 - 3*x[:-1]*x[1:])", np.array([0.3, -1.2, 0.7]))
    assert "] = -" in text


def test_negative_numbers_spread_by_themselves() -> None:
    text = check("x[n] -> x[0]**2*sum(x[1:])/2 - sum(x[1:])*sum(x[:-1])", np.array([0.3, -1.2, 0.7]))
    assert "broadcast_to" not in text


def test_float32_vectors_stay_so() -> None:
    compiled = sb.compile_grad("x[2] -> x[0]*x[1]", wrt="x", dtype="float32")
    assert compiled(np.ones(2)).dtype == np.float32
