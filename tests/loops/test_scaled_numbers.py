"""Loops over logarithms run on scaled numbers where none of these may vanish, and as they were written elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

import symbackprop as sb
from symbackprop.api import check_saved
from tests.differences import agrees_with_differences

CHAIN = (
    "P[s,s] a[s] y[n,s] ->\n"
    "def step(alpha, row): return logsumexp(alpha[:, None] + P, axis=0) + row, 0.0\n"
    "logsumexp(scan(step, a, y)[0])"
)
SEVERAL = (
    "P[s,s] a[b,s] y[n,b,s] z[n,b] ->\n"
    "def step(alpha, row): return logsumexp(alpha[:, :, None] + P, axis=1) + row[0] + row[1][:, None], 0.0\n"
    "sum(scan(step, a, (y, z))[0]**2)"
)
MOVING = (
    "Q[n,s,s] a[s] c[s] ->\n"
    "def step(alpha, P): return logsumexp(alpha + 2.0*P + c[:, None], axis=1), 0.0\n"
    "sum(scan(step, a, Q, reverse=True)[0])"
)


def as_written(function: sb.CompiledFunction, *arguments: object) -> object:
    """Return what the function for all arguments computes."""
    return function.function.__globals__[f"{function.__name__}_as_written"](*arguments)


@pytest.fixture(scope="module")
def chain() -> sb.CompiledFunction:
    return sb.compile_value_and_grad(CHAIN)


def numbers(*shapes, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    return [scale * rng.normal(size=shape) for shape in shapes]


def forward(P, a, y):
    for row in y:
        a = logsumexp(a[:, None] + P, axis=0) + row
    return logsumexp(a)


def is_close(found, expected, tolerance=1e-12):
    value, grads = found
    other, others = expected
    scale = 1.0 + max(float(np.abs(x).max(initial=0.0)) for x in others)
    assert np.allclose(value, other, rtol=tolerance, atol=tolerance)
    assert all(np.allclose(x, y, rtol=0.0, atol=tolerance * scale) for x, y in zip(grads, others, strict=True))


def test_the_loop_multiplies_by_a_matrix(chain):
    assert chain.rewrites["scaled numbers for logarithms"] == 1
    scaled, _, written = chain.source.partition("# forward")[2].partition("def value_and_grad_as_written(")
    steps = [line for line in scaled.split("\n") if line.startswith("        ")]
    assert any("@" in line for line in steps)
    assert not any("np.exp" in line or "np.log" in line for line in steps)
    assert any(line.startswith("        ") and "np.exp" in line for line in written.split("\n"))


@pytest.mark.parametrize(("formula", "optimize"), [(SEVERAL, "readable"), (MOVING, "readable"), (CHAIN, "fast")])
def test_both_functions_are_verified(formula, optimize):
    g = sb.compile_grad(formula, optimize=optimize)
    assert g.rewrites["scaled numbers for logarithms"] == 1
    report = g.verify(points=1, seconds=0.5)
    assert report
    assert "not both ways" not in str(report)


@pytest.mark.parametrize(("n", "s", "b"), [(0, 2, 2), (1, 1, 1), (5, 3, 2), (3, 2, 0)])
def test_sizes(n, s, b):
    agrees_with_differences(CHAIN, *numbers((s, s), s, (n, s)))
    agrees_with_differences(SEVERAL, *numbers((s, s), (b, s), (n, b, s), (n, b)))


@pytest.mark.parametrize("formula", [CHAIN, MOVING])
def test_derivatives_along_directions(formula):
    shapes = [(3, 3), 3, (4, 3)] if formula is CHAIN else [(4, 2, 2), 2, 2]
    given, along = numbers(*shapes), numbers(*shapes, seed=1)
    h = 1e-5
    ends = [[x + sign * h * d for x, d in zip(given, along, strict=True)] for sign in (1, -1)]
    value, grad = sb.compile_value(formula), sb.compile_grad(formula)
    jvp, hvp = sb.compile_jvp(formula), sb.compile_hvp(formula)
    assert "LEAST" in jvp.source
    assert "LEAST" in hvp.source
    assert np.allclose(jvp(*given, *along)[1], (value(*ends[0]) - value(*ends[1])) / (2 * h), rtol=1e-8, atol=1e-8)
    for found, one, other in zip(hvp(*given, *along), grad(*ends[0]), grad(*ends[1]), strict=True):
        assert np.allclose(found, (one - other) / (2 * h), rtol=1e-7, atol=1e-7)


def test_values_and_gradients_are_those_of_the_function_as_written(chain):
    for scale in (1.0, 20.0, 60.0):
        for offset in (0.0, 5000.0):
            P, a, y = numbers((4, 4), 4, (30, 4), scale=scale)
            given = P - offset, a + offset, y - offset
            is_close(
                chain(*given), as_written(chain, *given), 1e-9 if offset else 1e-12
            )  # large logarithms are rounded
            assert np.isclose(chain(*given)[0], forward(*given), rtol=1e-13)


def test_logarithms_that_matter_later_do_not_vanish(chain, monkeypatch):
    P = np.array([[0.0, -900.0], [-1800.0, 0.0]])
    y = np.array([[0.0, 0.0], [-5000.0, 0.0]])
    given = P, np.zeros(2) - [0.0, 900.0], y
    expected = as_written(chain, *given)
    assert np.isclose(expected[0], forward(*given))
    is_close(chain(*given), expected)
    monkeypatch.setitem(chain.function.__globals__, "LEAST", -1.0)  # what the test is for
    with np.errstate(all="ignore"):
        assert not np.isfinite(chain(*given)[0])


@pytest.mark.parametrize("place", ["moves", "rows", "start"])
def test_what_is_impossible(chain, place):
    P, a, y = numbers((3, 3), 3, (6, 3))
    {"moves": P, "rows": y, "start": a[None]}[place][0, 1] = -np.inf
    with np.errstate(invalid="ignore"):
        found = chain(P, a, y)
    is_close(found, as_written(chain, P, a, y))
    assert np.isclose(found[0], forward(P, a, y))


def test_what_is_no_number_is_none_in_the_result(chain):
    P, a, y = numbers((3, 3), 3, (6, 3))
    P[1, 1] = np.nan
    with np.errstate(invalid="ignore"):
        assert np.isnan(chain(P, a, y)[0])


def test_in_single_precision():
    f = sb.compile_value_and_grad(CHAIN, dtype="float32")
    given = [x.astype(np.float32) for x in numbers((4, 4), 4, (30, 4), scale=3.0)]
    is_close(f(*given), as_written(f, *given), 1e-4)
    assert all(x.dtype == np.float32 for x in f(*given)[1])


@pytest.mark.parametrize(
    "step",
    [
        "logsumexp(alpha[:, None] + P*alpha, axis=0) + row, 0.0",  # no logarithm of what is linear
        "logsumexp(2*alpha[:, None] + P, axis=0) + row, 0.0",
        "logsumexp(alpha[:, None] + P, axis=0)*row, 0.0",
        "logsumexp(alpha[:, None] + P, axis=1) + row, 0.0",  # no sum over the state
        "logsumexp(alpha[:, None] + P, axis=0) + row, alpha[0]",  # which hands out what it has on the way
    ],
)
def test_other_loops_stay(step):
    other = CHAIN.replace("logsumexp(alpha[:, None] + P, axis=0) + row, 0.0", step)
    other = other.replace("logsumexp(scan(step, a, y)[0])", "end = scan(step, a, y)\nlogsumexp(end[0]) + sum(end[1])")
    f = sb.compile_value_and_grad(other)
    assert "scaled numbers for logarithms" not in f.rewrites
    assert "LEAST" not in f.source


def test_what_is_saved_is_checked_again(chain, tmp_path):
    path = tmp_path / "chain.py"
    chain.save(path)
    check_saved(path)
