"""Numbers go into sums of large and small arrays, where they cancel; sums of all products are those of sums of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from differences import body_of

import symbackprop as sb


@pytest.mark.parametrize(
    ("formula", "wanted", "printed"),
    [
        (
            "exp(0.5*(x[:, None] + x - 2*A))",
            lambda x, A: np.exp(0.5 * (x[:, None] + x - 2 * A)),
            "t1[:, None] + t1 - A",
        ),
        ("exp(-0.25*(4*A - x))", lambda x, A: np.exp(-0.25 * (4 * A - x)), "0.25 * x - A"),
        ("cos(2*(x[:, None] - 0.5*A + 1))", lambda x, A: np.cos(2 * (x[:, None] - 0.5 * A + 1)), " - A + 2.0"),
        ("exp((x - 3*A)/3)", lambda x, A: np.exp((x - 3 * A) / 3), "3.0 * A"),  # would be rounded otherwise
        ("exp(0.5*(x - 4*A))", lambda x, A: np.exp(0.5 * (x - 4 * A)), "4.0 * A"),  # does not cancel
        ("exp(0.5*(A @ A - 2*A))", lambda x, A: np.exp(0.5 * (A @ A - 2 * A)), "2.0 * A"),  # nothing is small
        ("s = x - 2*A\nexp(0.5*s) + s", lambda x, A: np.exp(0.5 * (x - 2 * A)) + x - 2 * A, "2.0 * A"),  # is needed too
    ],
)
def test_numbers_in_front_of_sums(formula: str, wanted: Callable[..., Any], printed: str) -> None:
    compiled = sb.compile_value(f"x[n] A[n,n] -> {formula}")
    assert printed in body_of(compiled), body_of(compiled)
    x, A = np.split(np.random.default_rng(0).normal(size=(5, 4)), [1])
    np.testing.assert_allclose(compiled(x[0], A), wanted(x[0], A), rtol=1e-15)


def test_the_sum_of_all_products_is_that_of_the_sums_of_rows() -> None:
    compiled = sb.compile_value("A[n,m] B[n,m] -> sum(sum(A * B, axis=1)**2 + exp(sum(A * B, axis=1))) + 3*sum(A * B)")
    body = body_of(compiled)
    assert "vdot" not in body and body.count("A") == 1, body
    A, B = np.random.default_rng(0).normal(size=(2, 3, 4))
    rows = np.sum(A * B, axis=1)
    np.testing.assert_allclose(compiled(A, B), np.sum(rows**2 + np.exp(rows)) + 3 * np.sum(A * B), rtol=1e-13)
