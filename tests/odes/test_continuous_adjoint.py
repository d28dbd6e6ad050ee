"""The continuous adjoint: it converges to the gradient with the order of the method, and stores no step."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from support import tangents_of

import symbackprop as sb
from symbackprop.ops.runge_kutta import RUNGE_KUTTA

TEXT = (
    "y0[2] t[n] W[2,2] b w[n,2] steps[s] -> def f(y, t): return W @ tanh(y) + b*sin(t)\n"
    "sum(w * odeint(f, y0, t, steps=steps.shape[0]{}))"
)


def values(steps: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(3)
    W = np.array([[-0.5, 1.0], [-1.0, 0.2]])
    return np.array([1.0, 2.0]), np.array([0.0, 0.7, 1.0, 1.8]), W, 0.6, rng.normal(size=(4, 2)), np.empty(steps)


def gradients(steps: int, options: str = "") -> list[np.ndarray]:
    compiled = sb.compile_grad(TEXT.format(options), wrt=("y0", "t", "W", "b"))
    return [np.asarray(x) for x in compiled(*values(steps))]


@pytest.mark.parametrize("method", RUNGE_KUTTA)
def test_it_converges_to_the_gradient_of_the_steps(method: str) -> None:
    order = RUNGE_KUTTA[method].order
    named = f', method="{method}"'
    exact = gradients(200, named)
    for position, truth in enumerate(exact):
        errors = [
            np.abs(gradients(steps, f'{named}, adjoint="continuous"')[position] - truth).max() for steps in (3, 6, 12)
        ]
        ratios = [a / b for a, b in pairwise(errors)]
        assert min(ratios) > 0.7 * 2**order
        assert errors[-1] < 1e-5


def test_the_value_is_that_of_the_steps() -> None:
    found = [sb.compile_value(TEXT.format(options))(*values(2)) for options in ("", ', adjoint="continuous"')]
    assert found[0] == found[1]


def test_times_move_the_solution_along_its_slope() -> None:
    text = "t[n] k -> def f(y, t): return -k*y\nodeint(f, 1.0, t, steps=40, adjoint='continuous')[-1]"
    dt, dk = sb.compile_grad(text)(np.array([0.2, 0.5, 1.2]), 0.8)
    last = np.exp(-0.8)
    np.testing.assert_allclose(dt, [0.8 * last, 0, -0.8 * last], atol=1e-9)
    assert dk == pytest.approx(-last, rel=1e-8)


def test_nests_and_constants_from_outside() -> None:
    def loss(start, rates, t):  # type: ignore[no-untyped-def]
        def f(y, time):  # type: ignore[no-untyped-def]
            return {"a": -rates[0] * y["a"] * y["b"], "b": rates[1] * y["a"] - y["b"] * np.cos(time)}

        path = sb.odeint(f, {"a": start[0], "b": start[1]}, t, steps=30, adjoint="continuous")
        return np.sum(path["a"] * path["b"])

    shapes = "start[2] rates[2] t[n]"
    continuous = sb.compile_grad(loss, inputs=shapes)
    point = (np.array([1.0, 0.5]), np.array([0.7, 1.1]), np.linspace(0.0, 1.0, 4))
    for position, found in enumerate(continuous(*point)):
        for i in range(len(found)):
            moved = [[x.copy() for x in point] for _ in range(2)]
            moved[0][position][i] += 1e-5
            moved[1][position][i] -= 1e-5
            quotient = (loss(*moved[0]) - loss(*moved[1])) / 2e-5
            assert found[i] == pytest.approx(quotient, abs=1e-7)


def test_no_step_is_stored() -> None:
    peaks = {}
    for adjoint in ("discrete", "continuous"):
        compiled = sb.compile_grad(TEXT.format(f', adjoint="{adjoint}"'), wrt=("y0", "W"))
        for steps in (50, 600):
            given = values(steps)
            compiled(*given)
            tracemalloc.start()
            compiled(*given)
            peaks[adjoint, steps] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    assert peaks["discrete", 600] > 6 * peaks["discrete", 50]
    assert peaks["continuous", 600] < 2 * peaks["continuous", 50]


def test_the_forward_rule_is_that_of_the_steps() -> None:
    """Tangents go through the steps themselves, and agree with differences to rounding."""
    compiled = sb.compile_value_and_grad(TEXT.format(", adjoint='continuous'"), wrt=("y0", "t", "W", "b"))
    names = ("y0", "t", "W", "b")
    given = dict(zip(("y0", "t", "W", "b", "w", "steps"), values(2), strict=True))
    rng = np.random.default_rng(5)
    moves = {name: rng.normal(size=np.shape(given[name])) for name in names}
    (tangent,) = tangents_of(compiled.recipe, names)(*given.values(), *moves.values())
    ends = [compiled(**given | {n: given[n] + s * 1e-6 * moves[n] for n in names})[0] for s in (1, -1)]
    assert tangent == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-8)


def test_the_adjoint_is_printed_as_a_loop_back() -> None:
    compiled = sb.compile_grad(
        "y0[2] t[n] W[2,2] -> def f(y, t): return W @ tanh(y)\nsum(odeint(f, y0, t, adjoint='continuous')**2)"
    )
    back = compiled.source.split("# backward")[1]
    assert "for i in reversed(range(n - 1)):" in back
    assert "y_bar = np.zeros(2)" in back
    assert "W_bar = np.zeros((2, 2))" in back


def test_verification_says_why_it_cannot_be_verified() -> None:
    text = "y0 t[n] -> def f(y, t): return -y\nodeint(f, y0, t, adjoint='continuous')[-1]"
    with pytest.raises(sb.UnsupportedError, match='verify with adjoint="discrete"'):
        sb.compile_grad(text).verify()
