"""Shifts taken out of exponents by hand cost nothing and leave no trace in the gradient."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import logsumexp, softmax

import symbackprop as sb

X = np.random.default_rng(0).normal(size=(3, 4))


def body(compiled: sb.CompiledFunction) -> str:
    """Return the printed statements, without the docstring."""
    return compiled.source.split('"""')[-1]


def by_hand(x, w):
    m = np.max(x, axis=1, keepdims=True)
    return np.sum(w * (m + np.log(np.sum(np.exp(x - m), axis=1, keepdims=True))))


def by_hand_flat(x, w):
    m = np.max(x, axis=1)
    return w[:, 0] @ (np.log(np.sum(np.exp(x - m[:, None]), axis=1)) + m)


def by_hand_mean(x, w):
    m = np.mean(x)
    return w[:, 0] @ (np.log(np.sum(np.exp(x - m), axis=1)) + m)


@pytest.mark.parametrize("function", [by_hand, by_hand_flat, by_hand_mean])
def test_logsumexp(function: object) -> None:
    compiled = sb.compile_value_and_grad(function, inputs={"x": "n k", "w": "n 1"}, wrt="x")
    w = np.array([[1.0], [-2.0], [0.5]])
    value, gradient = compiled(X, w)
    assert_allclose(value, np.sum(w[:, 0] * logsumexp(X, axis=1)))
    assert_allclose(gradient, w * softmax(X, axis=1))
    assert "==" not in body(compiled)  # no ties of the largest
    assert body(compiled).count("np.exp(") == 1
    assert ("shift of logsumexp" in compiled.rewrites) == (function is by_hand_mean)  # the largest is known otherwise
    assert_allclose(compiled(1000 * X, w)[0], np.sum(w[:, 0] * logsumexp(1000 * X, axis=1)))
    assert compiled.verify(points=1, seconds=1)


def test_a_subtracted_logsumexp() -> None:
    def log_probabilities(x):
        m = np.max(x, axis=1, keepdims=True)
        return np.sum(np.sin(x - m - np.log(np.sum(np.exp(x - m), axis=1, keepdims=True))))

    compiled = sb.compile_value_and_grad(log_probabilities, inputs={"x": "n k"}, wrt="x")
    P = softmax(X, axis=1)
    assert_allclose(compiled(X)[0], np.sum(np.sin(np.log(P))))
    C = np.cos(np.log(P))
    assert_allclose(compiled(X)[1], C - P * C.sum(axis=1, keepdims=True))
    assert "==" not in body(compiled)


def test_softmax() -> None:
    def loss(x, y):
        shifted = np.exp(x - np.max(x, axis=1, keepdims=True))
        return -np.sum(y * np.log(shifted / np.sum(shifted, axis=1, keepdims=True)))

    compiled = sb.compile_value_and_grad(loss, inputs={"x": "n k", "y": "n k"}, wrt="x")
    y = np.eye(4)[[2, 0, 3]]
    assert_allclose(compiled(X, y)[1], softmax(X, axis=1) - y)
    assert "==" not in body(compiled)


def test_what_varies_along_the_axis_is_no_shift() -> None:
    text = "x[n,k] b[k] c[n] -> sum(softmax(x + b - c[:, None], axis=1) * b)"
    compiled = sb.compile_value_and_grad(text)
    b, c = np.arange(4.0), np.array([1.0, -1.0, 3.0])
    value, (_, by_b, by_c) = compiled(X, b, c)
    P = softmax(X + b, axis=1)
    assert_allclose(value, np.sum(P * b))
    assert_allclose(by_c, 0.0)
    assert_allclose(by_b, (P + P * (b - (P @ b)[:, None])).sum(axis=0))
    unlike = sb.compile_grad("x[n,k] m[n] -> sum(2*m + logsumexp(x - m[:, None], axis=1))", wrt="m")
    assert_allclose(unlike(X, c), 1.0)
    crossed = sb.compile_grad("x[n,n] m[n] -> sum(m + logsumexp(x - m, axis=1)**1)", wrt="m")
    assert_allclose(crossed(X[:, :3], c), 1 - softmax(X[:, :3] - c, axis=1).sum(axis=0))


@pytest.mark.parametrize(
    ("inside", "total"),
    [
        ("cumsum(exp(x - m))", lambda x, w: np.cumsum(np.exp(x))),
        ("cumsum(w * exp(x - m))", lambda x, w: np.cumsum(w * np.exp(x))),
        ("w @ exp(x - m)", lambda x, w: w @ np.exp(x)),
        ("mean(exp(x - m))", lambda x, w: np.mean(np.exp(x))),
        ("cumsum(exp(x - m))[1:]", lambda x, w: np.cumsum(np.exp(x))[1:]),
    ],
)
def test_shifts_of_other_sums_are_held_fixed(inside: str, total: object) -> None:
    compiled = sb.compile_value_and_grad(f"x[n] w[n] -> m = max(x); sum(sin(m + log({inside})))", wrt="x")
    x, w = X[0], np.array([0.5, 1.0, 2.0, 0.25])
    assert "shift held fixed" in compiled.rewrites
    assert "==" not in body(compiled)
    value, gradient = compiled(x, w)

    def expected(x):
        return np.sum(np.sin(np.log(total(x, w))))

    h = 1e-6
    differences = [(expected(x + h * e) - expected(x - h * e)) / (2 * h) for e in np.eye(4)]
    assert_allclose(value, expected(x))
    assert_allclose(gradient, differences, rtol=1e-7, atol=1e-9)
    assert compiled.verify(points=1, seconds=1)


def test_sums_that_depend_on_the_shift_otherwise_keep_its_derivative() -> None:
    for formula, slope in (("m + log(cumsum(exp(x - 2*m)))", -1.0), ("2*m + log(cumsum(exp(x - m)))", 1.0)):
        gradient = sb.compile_grad(f"x[n] m -> sum({formula})", wrt="m")
        assert_allclose(gradient(X[0], 0.3), 4 * slope)
    gradient = sb.compile_grad("x[n] m -> sum(m + log(cumsum(m * exp(x - m))))", wrt="m")
    assert_allclose(gradient(X[0], 0.3), 4 / 0.3)


@pytest.mark.parametrize("inside", ["sum(exp(x - m))", "cumsum(exp(x - m))[-1]"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_shift_that_stands_twice_goes_once(inside: str, sign: int) -> None:
    for rest, slope in (("m", 1.0), ("m + 3*m", 4.0), ("x[0]", 0.0)):
        gradient = sb.compile_grad(f"x[n] m -> {sign}*(m + {rest} + log({inside}))", wrt="m")
        assert_allclose(gradient(X[0], 0.3), sign * slope)
