"""Results of branches: nests, and memory of their own."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import symbackprop as sb

BRANCHES = {
    "hand on": ("x", "w"),
    "view": ("x[::-1]", "w"),
    "compute": ("x*w", "x + w"),
    "repeat": ("0*x + x[0]", "w"),
}


@pytest.mark.parametrize(("one", "other"), BRANCHES.values(), ids=BRANCHES)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_results_share_no_memory(one: str, other: str, sign: float) -> None:
    text = (
        f"x[n] w[n] ->\ndef f(x):\n    return {one}, x\ndef g(x):\n    return {other}, w\n"
        "a, b = cond(w[0] > 0, f, g, x)\na, b, a, x"
    )
    apart(sb.compile_value(text), np.array([1.0, 2.0]), sign * np.array([3.0, 4.0]))
    apart(sb.compile_grad(text.replace("a, b, a, x", "sum(a*b) + sum(a)")), np.array([1.0, 2.0]), sign * np.ones(2))


def apart(f: sb.CompiledFunction, *arguments: np.ndarray) -> None:
    """Check that writing to one result changes nothing else."""
    results = f(*arguments)
    arrays = [*arguments, *results]
    for at, result in enumerate(results, len(arguments)):
        before = [array.copy() for array in arrays]
        result += 1.0
        for other, (array, old) in enumerate(zip(arrays, before, strict=True)):
            assert other == at or np.array_equal(array, old), (at, other)


class State(NamedTuple):
    """A nest."""

    position: Any
    velocity: Any


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_nests(sign: float) -> None:
    def bounce(state: State) -> dict[str, Any]:
        return {"state": State(-state.position, 0.5 * state.velocity), "more": [np.float64(1.0), None]}

    def fly(state: State) -> dict[str, Any]:
        return {"state": State(state.position + state.velocity, state.velocity), "more": [np.sum(state.position), None]}

    def energy(position: Any, velocity: Any) -> Any:
        found = sb.cond(position[0] < 0, bounce, fly, State(position, velocity))
        return np.sum(found["state"].position ** 2) * found["more"][0] + np.sum(found["state"].velocity ** 2)

    position, velocity = sign * np.array([0.5, 1.0]), np.array([2.0, -1.0])
    compiled = sb.compile_value_and_grad(energy, inputs={"position": "n", "velocity": "n"})
    value, (p_bar, v_bar) = compiled(position, velocity)
    assert value == pytest.approx(energy(position, velocity))
    if sign < 0:
        expected = 2 * position, 0.5 * velocity
    else:
        moved = position + velocity
        whole = np.sum(position)
        expected = 2 * moved * whole + np.sum(moved**2), 2 * moved * whole + 2 * velocity
    np.testing.assert_allclose(p_bar, expected[0], rtol=1e-13)
    np.testing.assert_allclose(v_bar, expected[1], rtol=1e-13)
