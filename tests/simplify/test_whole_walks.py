"""What rows find only when it is known who needs what: in small graphs they look at all once more."""

from __future__ import annotations

import pytest

import symbackprop as sb


@pytest.mark.parametrize(
    ("formula", "operations"),
    [
        ("b[n] A[n] -> norm(A/(1 + norm(exp(-b**2))))", "23*n + 17"),
        ("A[n,3] b[n,3] c[3] -> logsumexp(exp(-b**2)*A*c*A)", "150*n + 11"),
        (
            "x[n,k] c0[k] -> def step(c, z): return expit(c) - 0.3*(c - 0.3*z), c\nL, S = scan(step, c0, x)\nsum(L**2)",
            "44*k*n + 5*k",
        ),
    ],
)
def test_no_operation_more_than_need_be(formula: str, operations: str) -> None:
    assert f"value and gradient: {operations};" in str(sb.compile_value_and_grad(formula).cost())
