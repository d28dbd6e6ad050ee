"""Identity matrices are not multiplied by, shifts that cancel are not computed: value, gradient, printed code."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

import symbackprop as sb

RNG = np.random.default_rng(2)
A, X, V = RNG.normal(size=(4, 4)), RNG.normal(size=(3, 4)), RNG.normal(size=4)


def body(compiled):
    return re.sub(r"#.*", "", compiled.source.split('"""')[-1])


@pytest.mark.parametrize(
    ("formula", "arguments", "expected"),
    [
        ("A[n,n] -> sum(A * eye(A.shape[0]))", (A,), np.trace(A)),
        ("A[n,n] -> trace(A @ eye(A.shape[0]))", (A,), np.trace(A)),
        ("X[m,n] -> sum((X @ eye(X.shape[1]))**2)", (X,), np.sum(X**2)),
        ("X[m,n] -> sum((eye(X.shape[0]) @ X)**2)", (X,), np.sum(X**2)),
        ("x[n] -> x @ eye(x.shape[0]) @ x", (V,), V @ V),
        ("x[n] -> sum(eye(x.shape[0]) * x)", (V,), np.sum(V)),
        ("x[n] -> sum(x) * sum(eye(x.shape[0]))", (V,), 4 * np.sum(V)),
        ("A[n,n] -> sum(einsum('ij,jk,kl->il', A, eye(A.shape[0]), A))", (A,), np.sum(A @ A)),
    ],
)
def test_no_identity_is_multiplied_by(formula, arguments, expected):
    compiled = sb.compile_value_and_grad(formula)
    assert "eye" not in body(sb.compile_value(formula))
    assert_allclose(compiled(*arguments)[0], expected, rtol=1e-13)
    assert compiled.verify()


@pytest.mark.parametrize(
    ("formula", "argument", "expected"),
    [
        ("x[4] -> sum(eye(4, k=1) @ x)", V, np.sum(V[1:])),
        ("X[3,4] -> sum(X * eye(3, 4)) + sum(X * eye(3, 4, k=-1))", X, np.trace(X) + np.trace(X, offset=-1)),
        ("A[n,n] -> sum((A + 2*eye(A.shape[0]))**2)", A, np.sum((A + 2 * np.eye(4)) ** 2)),
    ],
)
def test_others_stay(formula, argument, expected):
    compiled = sb.compile_value_and_grad(formula)
    assert "np.eye(" in body(compiled)
    assert_allclose(compiled(argument)[0], expected, rtol=1e-13)
    assert compiled.verify()


SHIFTED = {
    "softmax": "X[m,n] -> sum(((exp(X - max(X, axis=1, keepdims=True))) / sum(exp(X - max(X, axis=1, keepdims=True)), axis=1, keepdims=True))**2)",
    "logsumexp": "M = max(X, axis=1); sum((M + log(sum(exp(X - M[:, None]), axis=1)))**2)",
    "log_softmax": "Y = X - max(X, axis=1, keepdims=True); sum((Y - log(sum(exp(Y), axis=1, keepdims=True)))**2)",
}


@pytest.mark.parametrize("name", ["softmax", "logsumexp", "log_softmax"])
def test_the_maximum_is_taken_off_once(name):
    formula = SHIFTED[name]
    compiled = sb.compile_value_and_grad(formula, inputs=None if "->" in formula else {"X": "m n"}, wrt="X")
    source = body(compiled)
    assert source.count(".max(") == 1
    assert "==" not in source  # the gradient does not go through the maximum
    assert compiled.verify()
    value, gradient = compiled(X + 1e6)
    assert np.isfinite(value)
    assert np.all(np.isfinite(gradient))


def test_accuracy_far_from_zero():
    formula = "Y = X - max(X, axis=1, keepdims=True); Y[:, 0] @ Y[:, 1] - sum(log(sum(exp(Y), axis=1)))"
    compiled = sb.compile_value(formula, inputs={"X": "m n"})
    assert_allclose(compiled(X + 2.0**30), compiled((X + 2.0**30) - 2.0**30), rtol=1e-15)


def test_a_shift_that_is_no_maximum_stays_in_logsumexp():
    compiled = sb.compile_value("X[m,n] w[m] -> sum(logsumexp(X - w[:, None], axis=1))")
    w = np.full(3, 2.0**40)
    assert_allclose(compiled(X + w[:, None], w), compiled((X + w[:, None]) - w[:, None], np.zeros(3)), rtol=1e-15)


def test_any_shift_of_a_softmax_goes():
    compiled = sb.compile_value_and_grad("X[m,n] w[m] -> sum(softmax(X - w[:, None], axis=1)**3)", wrt="w")
    assert_allclose(compiled(X, np.ones(3))[1], np.zeros(3))
    assert compiled.verify()
