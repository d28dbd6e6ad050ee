"""Only the branch that is chosen runs: what the other one would compute fails nowhere, and is not there to be seen."""

from __future__ import annotations

import re

import numpy as np
import pytest
from differences import agrees_with_differences, body_of

import symbackprop as sb

LOG = """x[n] w[n] ->
a = exp(w)
b = x*w
def f(x):
    return sum(log(x)*a)
def g(x):
    return sum(x**2*a*b)
cond(sum(x) > 0, f, g, x)"""

SOLVE = """A[n,n] b[n] ->
def f(A):
    return linalg.solve(A, b)
def g(A):
    return b * A[0,0]
sum(cond(abs(linalg.det(A)) > 1e-9, f, g, A)**2)"""


def test_no_logarithm_of_negative_numbers() -> None:
    with np.errstate(all="raise"):
        for x in (np.array([0.5, 2.0]), np.array([-0.5, -2.0])):
            agrees_with_differences(LOG, x, np.array([0.3, 0.4]))


def test_no_solution_of_a_singular_system() -> None:
    compiled = sb.compile_value_and_grad(SOLVE)
    value, (A_bar, b_bar) = compiled(np.zeros((2, 2)), np.ones(2))
    assert (value, A_bar.tolist(), b_bar.tolist()) == (0.0, [[0.0, 0.0], [0.0, 0.0]], [0.0, 0.0])
    agrees_with_differences(SOLVE, np.array([[2.0, 0.5], [0.1, 1.0]]), np.array([1.0, -2.0]))


@pytest.mark.parametrize("position", [0, 1])
def test_functions_do_not_run_the_other_branch(position: int) -> None:
    def loss(x: np.ndarray, w: float) -> np.ndarray:
        good, bad = (lambda y: y * w), (lambda y: np.linalg.inv(y[:, None] * y) @ np.log(-w * np.abs(y)))
        branches = [good, bad] if position == 0 else [bad, good]
        return np.sum(sb.cond(w > 0, *branches, x) if position == 0 else sb.cond(w < 0, *branches, x))

    compiled = sb.compile_value_and_grad(loss, inputs={"x": "n", "w": ""})
    with np.errstate(all="raise"):
        value, (x_bar, w_bar) = compiled(np.array([1.0, 2.0]), 3.0)
    assert (value, x_bar.tolist(), w_bar) == (9.0, [3.0, 3.0], 3.0)


def test_what_one_branch_alone_uses_is_computed_in_it() -> None:
    """And what the formula computes above the branches for its own sake stays above them."""
    source = body_of(sb.compile_value_and_grad(LOG))
    assert source.index("a = np.exp(w)") < source.index("if ")
    forward = source[source.index("if ") : source.index("# backward")]
    first, second = forward.split("else:")
    assert "np.log(x)" in first
    assert "x * x" in second
    assert "x * x" not in first

    def loss(x: np.ndarray, w: np.ndarray) -> np.ndarray:
        return sb.cond(x[0] > 0, lambda: np.sum(np.sinh(x) * w), lambda: np.sum(np.cosh(w)))

    source = body_of(sb.compile_grad(loss, inputs={"x": "n", "w": "n"}))
    assert re.findall(r"^    \S.*(?:sinh|cosh)", source, re.MULTILINE) == []


def test_the_way_back_reads_what_the_branch_has_computed() -> None:
    text = "x[n] ->\ndef f(x):\n    return sum(exp(sin(x)))\ndef g(x):\n    return sum(x)\ncond(x[0] > 0, f, g, x)"
    source = body_of(sb.compile_value_and_grad(text))
    assert source.count("np.exp(") == 1
    agrees_with_differences(text, np.array([0.3, 0.4]))


def test_a_known_choice_is_made_when_compiling() -> None:
    g = sb.compile_grad(lambda x: sb.cond(True, np.sin, np.log, x))
    assert "if" not in body_of(g)
    assert g(0.0)[0] == 1.0
    h = sb.compile_grad(lambda x: sb.switch(5, [np.log, np.sqrt, np.sin], x))
    assert "if" not in body_of(h)
    assert h(0.0)[0] == 1.0


def test_outside_of_a_trace_it_is_pythons() -> None:
    assert sb.cond(np.bool_(False), lambda x: 1 / 0, lambda x: x + 1, 2) == 3
    assert [sb.switch(i, [lambda: "a", lambda: "b"]) for i in (-3, 0, 1, 9)] == ["a", "a", "b", "b"]
