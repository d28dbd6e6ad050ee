"""Linear algebra as SymPy's expressions of the entries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp

import symbackprop as sb


def entries(x: Any) -> list[Any]:
    return list(sp.flatten(x.tolist())) if hasattr(x, "tolist") else [x]


@pytest.mark.parametrize(
    "formula",
    [
        "A[2,2] -> log(linalg.det(A))",
        "A[2,2] b[2] -> sum(linalg.solve(A + 2*eye(2), b)**2)",
        "A[2,2] B[2,2] -> sum(linalg.solve(A, B) @ linalg.inv(A)) + trace(A)",
        "A[2,2] -> linalg.det(A) * trace(A)",
        "A[2,2,2] -> sum(linalg.slogdet(A)[0] * linalg.slogdet(A)[1])",
        "v[3] -> sum((diag(v) @ ones(3))**2)",
    ],
)
def test_value_and_gradient(formula: str) -> None:
    compiled = sb.compile_value_and_grad(formula)
    found = compiled.to_sympy()
    rng = np.random.default_rng(3)
    values = [rng.uniform(0.2, 1, [int(size) for size in spec.shape or ()]) for spec in compiled.signature]
    values = [x + 2 * np.eye(2) if x.shape[-2:] == (2, 2) else x for x in values]
    at = {
        s: x
        for m, v in zip(found.symbols.values(), values, strict=True)
        for s, x in zip(entries(m), v.ravel(), strict=True)
    }
    value, gradient = compiled(*values)
    assert float(found.value.subs(at)) == pytest.approx(value, rel=1e-12)
    for expected, expression in zip(gradient, found.gradient, strict=True):
        numbers = [float(sp.sympify(entry).subs(at)) for entry in entries(expression)]
        np.testing.assert_allclose(numbers, expected.ravel(), rtol=1e-10)
