"""What an expert does to the formulas of values and gradients before writing them down: a row for each such habit.

A row has what the printed statements hold, how often, and what they do not hold.
"""

from __future__ import annotations

import numpy as np
import pytest
from differences import body_of, quotients

import symbackprop as sb

HABITS = [
    # habit, formula, what is there and how often, what is not there
    ("constants are folded", "x[n] -> sum(2*3*x + 0*x + 1*x)", {"7.0": 2}, ["6.0", "0.0"]),
    ("identities", "x[n] -> sum(sin((x + 0)*1)**1 + x - x)", {"np.sin(x)": 1}, ["**", "+", "-"]),
    ("integer powers are products", "x[n] -> sum(x**3)", {"x * x * x": 1, "3.0 * (x * x)": 1}, ["**"]),
    ("halves of powers are roots", "x[n] -> sum(x**0.5) + sum(x**-0.5)", {"np.sqrt(": 1}, ["**"]),
    ("common factors of adjoints", "A[n,m] B[n,m] C[n,m] -> sum(sin(A*B + A*C))", {"t1_bar * (C + B)": 1}, []),
    (
        "common operands",
        "A[n,m] B[m,k] C[m,k] -> sum(sin(A @ B + A @ C))",
        {"A @ t1": 1, "B + C": 1},
        ["A @ B", "A @ C"],
    ),
    ("signs go to results", "A[n,m] w[m] -> sum(sin((-A) @ (-w)))", {"A @ w": 1}, ["-A", "-w"]),
    (
        "scale factors go to smaller arrays",
        "A[n,m] w[m] a -> sum(sin((2*a*A) @ w))",
        {"A @ w": 1, "2.0 * a": 1},
        ["* A"],
    ),
    ("scatter into one buffer", "x[n] i[k]:int j[k]:int -> sum(x[i]*x[j]**2)", {"np.zeros(": 1, "np.add.at(": 2}, []),
    ("entries into one buffer", "x[n] -> x[0]*x[1] + sin(x[2])", {"np.zeros(": 1, "x_bar[": 3}, []),
    ("sum(A @ B)", "A[n,m] B[m,k] -> sum(A @ B)", {"A.sum(axis=0)": 1, "B.sum(axis=1)": 1}, ["A @ B"]),
    ("mean(A @ B)", "A[n,m] B[m,k] -> mean(A @ B)", {"A.sum(axis=0)": 1, "B.sum(axis=1)": 1}, ["A @ B", "np.mean"]),
    ("trace(A @ B)", "A[n,m] B[m,n] -> trace(A @ B)", {"np.vdot(A, B.T)": 1}, ["np.trace", "A @ B"]),
    ("sum(a*x)", "a x[n] -> sum(a*x)", {"a * t1": 1, "x.sum()": 1}, ["(a * x)"]),
    ("mean of squares", "x[n] y[n] -> mean((x - y)**2)", {"t1 @ t1": 1}, ["np.mean", "t1 * t1"]),
    ("weighted sums of rows", "A[n,m] x[n] y[m] -> sum(A * x[:, None] * y)", {"A @ y": 1, "A.T @ x": 1}, ["A *"]),
    ("broadcasts are delayed", "b[m] A[n,m] -> sum(A*exp(b + 1))", {"np.exp(b + 1.0)": 1}, ["np.exp(A"]),
    ("no ones", "A[n,m] -> sum((A @ ones(A.shape[1]))**2)", {"A.sum(axis=1)": 1}, ["np.ones"]),
    ("no zeros", "A[n,m] x[m] -> sum((A + zeros(A.shape)) @ x)", {"A.sum(axis=0)": 1}, ["np.zeros"]),
    ("no diagonal matrices", "w[n] X[n,d] v[d] -> sum(sin(X.T @ diag(w) @ X @ v))", {"w *": 1}, ["np.diag", "X.T @ X"]),
    ("no identity matrices", "A[n,n] x[n] -> sum(sin((A @ eye(A.shape[0])) @ x))", {"A @ x": 1}, ["np.eye"]),
    ("transposes are absorbed", "A[n,m] B[m,n] -> sum(exp((A @ B).T.T))", {"A @ B": 1}, ["(A @ B).T", ".T.T"]),
    ("reciprocals are shared", "x[n] -> sum(1/x) + sum(exp(1/x))", {"1.0 / x": 1}, ["/ x", "/ (x * x)"]),
    ("tanh from its value", "x[n] -> sum(tanh(x))", {"np.tanh(x)": 1, "1.0 - tanh_x * tanh_x": 1}, ["cosh"]),
    ("logistic from its value", "x[n] -> sum(1/(1 + exp(-x)))", {"np.exp(": 1}, []),
    ("exp from its value", "x[n] -> sum(exp(x))", {"np.exp(x)": 1}, []),
    ("sqrt from its value", "x[n] -> sum(sqrt(x))", {"np.sqrt(x)": 1, "0.5 / sqrt_x": 1}, []),
    ("sine and cosine of one argument", "x[n] -> sum(sin(x) + cos(x))", {"np.sin(x)": 1, "np.cos(x)": 1}, []),
    ("numbers cancel through quotients", "u[n] -> exp(norm(u))", {"t2 / ": 1}, ["2.0 *", "0.5 *"]),
    ("vectors go first", "A[n,n] B[n,n] x[n] -> sum(sin(A @ B @ x))", {"B @ x": 1, "np.outer(": 2}, ["A @ B"]),
    ("no outer products before products", "u[n] v[m] x[m] -> sum(sin(outer(u, v) @ x))", {"v @ x": 1}, ["np.outer"]),
]


@pytest.mark.parametrize(("formula", "there", "absent"), [row[1:] for row in HABITS], ids=[row[0] for row in HABITS])
def test_habits(formula: str, there: dict[str, int], absent: list[str]) -> None:
    compiled = sb.compile_value_and_grad(formula)
    code = "\n".join(line.partition("#")[0] for line in body_of(compiled).splitlines())
    rest = code
    for text, times in there.items():
        assert code.count(text) == times, (text, code)
        rest = rest.replace(text, "")
    for text in absent:
        assert text not in rest, (text, code)
    rng = np.random.default_rng(0)
    values = [
        rng.integers(0, 3, size=2) if spec.dtype == "int64" else rng.uniform(0.5, 1.5, size=[3] * len(spec.shape or ()))
        for spec in compiled.graph.arguments
    ]
    value, slopes = compiled(*values)
    assert value == pytest.approx(compiled.value(*values), rel=1e-12)
    real = [i for i, spec in enumerate(compiled.graph.arguments) if spec.dtype != "int64"]
    for position, slope in zip(real, slopes, strict=True):
        np.testing.assert_allclose(slope, quotients(compiled.value, values, position), rtol=1e-6, atol=1e-7)
