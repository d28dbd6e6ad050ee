"""Random branches against Python's own choice: values, and gradients as if only the branch that runs were there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import symbackprop as sb

Branch = Callable[..., Any]

OPERATIONS: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a * b,
    lambda a, b: a + np.sum(b),
    lambda a, b: np.tanh(a) - b,
    lambda a, b: a / (2 + np.cos(b)),
    lambda a, b: np.where(a > b, a, b * b),
    lambda a, b: a[::-1] * np.max(b),
    lambda a, b: np.cumsum(a) * b[0],
    lambda a, b: np.sqrt(1 + a * a) * np.mean(b),
    lambda a, b: 0 * a + 1.5,
]


@st.composite
def branches(draw: st.DrawFn) -> list[tuple[list[tuple[int, int, int]], int, int]]:
    """Draw some lines of operations for each of several branches, and which values it returns."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        lines = [
            (draw(st.integers(0, len(OPERATIONS) - 1)), draw(st.integers(0, 2 + at)), draw(st.integers(0, 2 + at)))
            for at in range(draw(st.integers(0, 4)))
        ]
        last = 2 + len(lines)
        found.append((lines, draw(st.integers(0, last)), draw(st.integers(0, last))))
    return found


def branch_of(lines: list[tuple[int, int, int]], first: int, second: int, outer: list[Any]) -> Branch:
    """Return a branch that takes `x`, and two arrays from around it."""

    def branch(x: Any) -> tuple[Any, Any]:
        known = [x, *outer]
        for operation, a, b in lines:
            known.append(OPERATIONS[operation](known[a], known[b]))
        return known[first], known[second]

    return branch


def chosen(programs: list[Any], choose: Callable[..., Any]) -> Callable[..., Any]:
    def loss(x: Any, w: Any, i: Any) -> Any:
        outer = [w, np.exp(w) * x]
        a, b = choose(i, [branch_of(*program, outer) for program in programs], np.sin(x))
        return np.sum(np.sin(a)) + np.sum(a * np.cos(b)) + np.sum(outer[1])

    return loss


@settings(max_examples=35, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(branches(), st.integers(-1, 4), st.integers(0, 2**32 - 1), st.booleans())
def test_the_branch_that_runs(programs: list[Any], i: int, seed: int, single: bool) -> None:
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=3), rng.normal(size=3)
    shapes = {"x": "n", "w": "n", "i": ":int"}
    whole = sb.compile_value_and_grad(
        chosen(programs, sb.switch), inputs=shapes, wrt=("x", "w"), dtype="float32" if single else "float64"
    )
    at = min(max(i, 0), len(programs) - 1)
    alone = sb.compile_value_and_grad(
        chosen([programs[at]], lambda _, own, x: own[0](x)), inputs=shapes, wrt=("x", "w")
    )
    given_x, given_w = (x.astype(np.float32), w.astype(np.float32)) if single else (x, w)
    value, slopes = whole(given_x, given_w, i)
    expected, others = alone(given_x.astype(float), given_w.astype(float), i)
    tolerance = 1e-4 if single else 1e-12
    for one, other in zip((value, *slopes), (expected, *others), strict=True):
        assert np.asarray(one).dtype == (np.float32 if single else np.float64)
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * np.max(np.abs(other), initial=1.0))
