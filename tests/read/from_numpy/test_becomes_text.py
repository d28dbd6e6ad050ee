"""The formula that a function becomes: names, lines, sharing, and as many statements as one likes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import special
from scipy.special import logsumexp
from timings import least_seconds

import symbackprop as sb
from symbackprop.compilation import uncollected
from symbackprop.read.from_numpy.trace import trace_function


def text(function, **inputs):
    return trace_function(function, inputs).text


def test_what_is_used_once_stands_where_it_is_used():
    assert text(lambda X, w, y: np.mean(np.logaddexp(0, -y * (X @ w))), X="n d", w="d", y="n") == (
        "np.mean(np.logaddexp(0, -y * (X @ w)))"
    )


def test_local_names_survive():
    def named(X, w):
        hidden = np.tanh(X @ w)
        left, right = np.split(hidden, 2)
        total = left @ right
        return total / len(X)

    assert text(named, X="6 d", w="d").split("\n") == [
        "hidden = np.tanh(X @ w)",
        "_t1 = np.split(hidden, 2)",
        "left = _t1[0]",
        "right = _t1[1]",
        "total = left @ right",
        "total / 6",
    ]


def test_results_of_methods_keep_their_names():
    def named(x):
        centre = x.mean()
        shifted = x.copy()
        shifted -= centre
        tail = shifted[1:]
        shifted[0] = 5 * centre
        double = tail * 2
        return double @ double

    assert text(named, x="n").split("\n") == [
        "centre = x.mean()",
        "shifted = x.copy()",
        "shifted2 = shifted - centre",
        "shifted2[0] = 5 * centre",
        "double = shifted2[1:] * 2",
        "double @ double",
    ]


def test_names_that_are_taken_get_numbers():
    def repeated(x):
        for _ in range(3):
            x = np.sin(x)
        return x

    assert text(repeated, x="n") == "x2 = np.sin(x)\nx3 = np.sin(x2)\nnp.sin(x3)"


def test_names_of_modules_are_avoided():
    def named(x):
        special = np.sin(x)
        return special.T @ special

    assert text(named, x="n") == "special_ = np.sin(x)\nspecial_.T @ special_"
    with pytest.raises(sb.ArgumentError, match="rename it"):
        sb.compile_grad(lambda special: special**2)


def test_names_reach_the_printed_code():
    def named(X, w):
        hidden = np.tanh(X @ w)
        return hidden @ hidden

    assert "hidden = np.tanh(X @ w)" in sb.compile_grad(named, inputs={"X": "n d", "w": "d"}).source


def test_lines_are_kept():
    def three(x):
        a = np.sin(x)

        b = np.cos(a)
        return a @ b

    first = three.__code__.co_firstlineno
    traced = trace_function(three, {"x": "n"})
    assert traced.lines == (first + 1, first + 3, first + 4)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda a, b: (a - b) - (b - a), "a - b - (b - a)"),
        (lambda a, b: a - (b + a) * 2, "a - (b + a) * 2"),
        (lambda a, b: (-a) ** 2 + -(a**2), "(-a) ** 2 + -a ** 2"),
        (lambda a, b: a**-2.0, "a ** -2.0"),
        (lambda a, b: (a**b) ** a, "(a ** b) ** a"),
        (lambda a, b: a ** (b**a), "a ** b ** a"),
        (lambda a, b: a / (b / a), "a / (b / a)"),
        (lambda a, b: np.where((a < b) & (b < 2), a, b), "np.where((a < b) & (b < 2), a, b)"),
        (lambda a, b: np.where(~(a < b), a, -1.5), "np.where(~(a < b), a, -1.5)"),
        (lambda a, b: 2 * np.pi * a + math.e * b, "2 * np.pi * a + np.e * b"),
        (lambda a, b: a * np.inf - np.float64(2.5) * b, "a * np.inf - 2.5 * b"),
        (lambda a, b: abs(a) + max(a, b, 1.0), "np.abs(a) + np.maximum(np.maximum(a, b), 1.0)"),
        (lambda a, b: math.atan2(a, b) + math.hypot(a, b), "math.atan2(a, b) + math.hypot(a, b)"),
        (lambda a, b: divmod(a, b)[1] + a // b, "a % b + a // b"),
    ],
)
def test_parentheses_stand_where_they_are_needed(function, expected):
    found = text(function, a="", b="")
    assert found == expected
    compiled = sb.compile_value("a b -> " + found)
    for a, b in ((0.7, 1.3), (2.0, 0.4)):
        assert_allclose(compiled(a, b), function(np.float64(a), np.float64(b)), rtol=1e-14)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x[1:-1, ::2].T, "x[1:-1, ::2].T"),
        (lambda x: x[..., None] * x.shape[0], "x[..., None] * x.shape[0]"),
        (lambda x: x[[0, 2]].sum(axis=-1, keepdims=True), "x[[0, 2]].sum(axis=-1, keepdims=True)"),
        (lambda x: x[x > 0].sum(), "x[x > 0].sum()"),
        (lambda x: logsumexp(x, axis=0) + special.expit(x[0]), "special.logsumexp(x, axis=0) + special.expit(x[0])"),
        (lambda x: np.linalg.norm(x, axis=1), "np.linalg.norm(x, axis=1)"),
        (lambda x: x.reshape(-1)[: x.shape[0] - 1], "x.reshape(-1)[:x.shape[0] - 1]"),
        (
            lambda x: x.astype(np.float64) + np.zeros_like(x, dtype=float),
            "x.astype(np.float64) + np.zeros_like(x, dtype=np.float64)",
        ),
        (lambda x: np.einsum("ij,ik->jk", x, x), "np.einsum('ij,ik->jk', x, x)"),
        (lambda x: np.stack([x[0], 2 * x[1]], axis=1), "np.stack([x[0], 2 * x[1]], axis=1)"),
        (lambda x: np.arange(len(x)) @ x, "np.arange(x.shape[0]) @ x"),
        (lambda x: len(x) // 2 * x, "x.shape[0] // 2 * x"),
        (lambda x: np.multiply.outer(x[0], x[1]), "x[0][..., None] * x[1]"),
        (lambda x: np.add.reduce(x) + np.maximum.reduce(x, axis=0), "np.sum(x, axis=0) + np.max(x, axis=0)"),
        (lambda x: sum(x[i] for i in range(2)), "0 + x[0] + x[1]"),
    ],
)
def test_array_operations(function, expected):
    assert text(function, x="n m") == expected
    x = np.random.default_rng(0).normal(size=(4, 5))
    assert_allclose(sb.compile_value(function, inputs={"x": "n m"})(x), function(x))


def test_what_depends_on_no_input_serves_as_a_number():
    def computed(x):
        order = np.argsort(np.array([3.0, 1.0, 2.0]))
        count = int(np.sum(np.arange(3)))
        return x[order[0]] * count + x[order].sum() + float(np.sqrt(np.pi))

    compiled = sb.compile_value_and_grad(computed, inputs={"x": "3"}, wrt="x")
    x = np.array([1.0, 2.0, 3.0])
    assert_allclose(compiled(x)[0], computed(x))
    assert_allclose(compiled(x)[1], [1.0, 4.0, 1.0])


def test_python_s_loops_are_unrolled_at_scale():
    def loop(x, count):
        for _ in range(count):
            x = np.sin(x * x + 0.1)
        return x.sum()

    def trace(count):
        with uncollected():  # as when compiling
            return trace_function(loop, {"x": "k", "count": count}, None, ("count",))

    traced = trace(4000)
    assert traced.text.count("\n") == 4000
    compiled = sb.compile_value(traced.text, inputs=traced.inputs)
    x = np.array([0.3, 1.2])
    assert_allclose(compiled(x), loop(x, 4000), rtol=1e-12)
    few, many = (least_seconds(lambda count=count: trace(count), 2) for count in (1000, 4000))
    assert many < 2 * 4 * few  # the benchmark `tracing` has 90,000 calls


def test_reading_the_header_gives_the_same_function():
    def computed(x):
        scaled = x / np.sqrt(np.sum(x**2))
        return np.sum(np.tanh(scaled) * np.array([1.0, -2.0, 3.0]))

    first = sb.compile_grad(computed, inputs={"x": "3"}, wrt="x")
    again = sb.compile_grad(trace_function(computed, {"x": "3"}).text, inputs="x[3]", wrt="x")
    assert first.source.split("import numpy")[1] == again.source.split("import numpy")[1]
