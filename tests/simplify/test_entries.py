"""Single entries: what is written out stays so, unit vectors pick columns, of a product only what is read is computed."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import symbackprop as sb

RNG = np.random.default_rng(3)
A, B, X = RNG.normal(size=(3, 3)), RNG.normal(size=(3, 3)), RNG.normal(size=3)


def body(compiled: sb.CompiledFunction) -> str:
    return re.sub(r"#.*", "", compiled.source.split('"""')[-1]).strip()


@pytest.mark.parametrize(
    ("formula", "arguments", "code", "expected"),
    [
        ("A[3,3] x[3] -> (A @ x)[1]", (A, X), "return A[1] @ x", A[1] @ X),
        ("A[3,3] B[3,3] -> (A @ B)[:, 0]", (A, B), "return A @ B[:, 0]", A @ B[:, 0]),
        ("A[3,3] B[3,3] -> (A @ B)[2, 0]", (A, B), "return A[2] @ B[:, 0]", A[2] @ B[:, 0]),
        ("a b -> array([[a, b], [b*b, 1]])[1, 0]", (2.0, 3.0), "return b * b", 9.0),
        ("a b -> array([[a, b], [2, 1]]).T", (2.0, 3.0), "return np.array([[a, 2.0], [b, 1.0]])", [[2, 2], [3, 1]]),
    ],
)
def test_what_is_printed(formula: str, arguments: tuple[Any, ...], code: str, expected: Any) -> None:
    compiled = sb.compile_value(formula, target="numpy")
    assert body(compiled) == code
    np.testing.assert_allclose(compiled(*arguments), expected, rtol=1e-14)


def test_a_unit_vector_picks_a_column() -> None:
    formula = "W[k,2] v[k] x y -> u = v @ tanh(W @ stack((x, y)))\nu_x = grad(u, x)\ngrad(u_x, x)"
    compiled = sb.compile_value(formula)
    code = body(compiled)
    assert "zeros" not in code
    assert "W[:, 0]" in code
    W, v, point = RNG.normal(size=(4, 2)), RNG.normal(size=4), (0.3, -0.7)
    h = np.tanh(W @ point)
    assert compiled(W, v, *point) == pytest.approx(np.sum(v * W[:, 0] ** 2 * -2 * h * (1 - h * h)), rel=1e-13)
    assert sb.compile_grad(formula, wrt=("W", "v")).verify(points=1, seconds=0.2)


def test_products_that_are_needed_whole_stay() -> None:
    compiled = sb.compile_value("A[3,3] x[3] -> y = A @ x; y[0] * y[1] + sum(y)")
    assert body(compiled).count("@") == 1
