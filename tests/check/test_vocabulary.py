"""What verification takes words to mean is what NumPy means, with every argument form that formulas may use."""

from __future__ import annotations

import pytest

import symbackprop as sb

VALUES = [
    ("logical_and(x, y)", "x[n] y[n]"),
    ("logical_or(x - x, y)", "x[n] y[n]"),
    ("logical_xor(x > 0, y)", "x[n] y[n]"),
    ("logical_not(x)", "x[n]"),
    ("fmax(x > 0, y > 0)", "x[n] y[n]"),
    ("any(x > 1, axis=0)", "x[n,d]"),
    ("any(x)", "x[n]"),
    ("x.all()", "x[n]"),
    ("count_nonzero(x)", "x[n]"),
    ("max(x > 0)", "x[n]"),
    ("where(x > 0, True, False)", "x[n]"),
    ("round(x, -1)", "x[n]"),
    ("corrcoef(x)", "x[n]"),
    ("linalg.matrix_power(x, 2)", "x[2,n,n]"),
    ("log(abs(linalg.det(x)))", "x[2,n,n]"),
    ("log(linalg.det(x))", "x[2,n,n]"),
    ("average(x, axis=1, returned=True)[1]", "x[n,d]"),
    ("average(x, weights=w, returned=True)[0]", "x[n] w[n]"),
    ("full(shape=3, fill_value=pi) * x[0]", "x[n]"),
    ("full(3, True) * x[0]", "x[n]"),
    ("array([1.7, -2.7], dtype=int64) * x[0]", "x[n]"),
    ("(3*x).astype(int64)", "x[n]"),
    ("x.astype(np.bool_)", "x[n]"),
    ("full_like(k, 2.7)", "k[n]:int"),
    ("sum(a=x, axis=0)", "x[n,d]"),
    ("x.clip(0)", "x[n]"),
    ("x[k + 1]", "x[n] k[n]:int"),
    ("x.astype(np.float32)", "x[n]"),
]


@pytest.mark.parametrize(("formula", "inputs"), VALUES)
def test_values_of_every_dtype_are_verified(formula: str, inputs: str) -> None:
    report = sb.compile_value(formula, inputs=inputs).verify(points=2, seconds=1)
    assert report, report
