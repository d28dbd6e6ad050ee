"""Outputs are fresh and writable, and share no memory with inputs or each other."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb


@pytest.mark.parametrize(
    ("formula", "inputs"),
    [
        ("x[k]", "x[n,d] k:int"),
        ("x[:, k]", "x[n,d] k:int"),
        ("x[k, :, k]", "x[n,d,n] k:int"),
        ("take(x, k, axis=1)", "x[n,d] k:int"),
        ("x[0]", "x[n,d]"),
        ("x[k].T[::-1]", "x[n,d,d] k:int"),
    ],
)
def test_a_part_is_a_copy(formula: str, inputs: str) -> None:
    x = np.arange(27.0).reshape(3, 3, 3)
    x = x if "x[n,d," in inputs else x[0]
    x.flags.writeable = False
    arguments = (x, 1) if ":int" in inputs else (x,)
    part = sb.compile_value(formula, inputs=inputs)(*arguments)
    assert not np.shares_memory(part, x)
    assert part.flags.writeable


@pytest.mark.parametrize(
    "text",
    ["A[n,n] -> diagonal(exp(A))", "A[n,n] -> sliding_window_view(exp(A), 2, axis=0)", "A[4,4] -> broadcast_to(exp(A[0]), (3, 4))"],
)  # fmt: skip
def test_results_can_be_written_to(text: str) -> None:
    found = sb.compile_value(text)(np.eye(4))
    assert found.flags.writeable
    assert 0 not in found.strides


def test_a_jacobian_of_windows_can_be_written_to() -> None:
    found = sb.compile_jacobian("x[n] k[3] -> convolve(x, k)", wrt="x")(np.ones(4), np.arange(3.0))
    found[0, 0] = 7.0
    assert found[1].tolist() == [1.0, 0.0, 0.0, 0.0]
