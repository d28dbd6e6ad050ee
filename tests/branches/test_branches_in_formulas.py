"""`cond` and `switch` in formula text: gradients on both sides, by differences, and verified."""

from __future__ import annotations

import numpy as np
import pytest
from differences import agrees_with_differences, second_order_agrees

import symbackprop as sb

X, W = np.array([0.4, 1.5, 2.5]), np.array([0.3, 0.6, -0.7])

FORMULAS = {
    "nested": """x[n] w[n] ->
def f(x):
    def small(y):
        return sum(y*w)
    def large(y):
        return sum(exp(y)*x)
    return cond(w[0] > 0, small, large, x**2)
def g(x):
    return sum(x*w)
cond(x[0] > 0, f, g, x)""",
    "in another function": """x[n] w[n] ->
def helper(y):
    def p(y):
        return y*w
    def q(y):
        return y/w
    return cond(y[0] > 1, p, q, y)
sum(helper(x)**2) + sum(helper(3*x))""",
    "zeros and numbers": """x[n] w[n] ->
def f(x):
    return 0, 1.5, 0*x
def g(x):
    return x*w, x[0], x
a, b, c = cond(w[0] > 0, f, g, x)
sum(a**2) + b*w[1] + sum(c)*x[0]""",
    "handed on": """x[n] w[n] ->
def f(x):
    return x
def g(x):
    return w
sum(cond(w[0] > 0, f, g, x)**2)""",
    "one choice by another": """x[n] w[n] ->
def f(y):
    return y*w[0]
def g(y):
    return y/w[0]
a = cond(x[0] > 0, f, g, x[0])
cond(a > 0, f, g, a) * sum(w)""",
    "a truth value as result": """x[n] w[n] ->
def f(y):
    return y*w, y > w
def g(y):
    return y/w, y > 2
a, b = cond(x[0] > 0, f, g, x)
sum(where(b, a, a**2))""",
    "no operands": """x[n] w[n] ->
def f():
    return w**2
def g():
    return w
sum(cond(x[0] > 0, f, g)*x)""",
    "adjoints that are repeated": """x[n] w[n] ->
def f(y):
    return y*w, y*y
def g(y):
    return y/w, sin(y)
a, b = cond(w[0] > 0, f, g, x)
w[1]*sum(a) + sum(b)""",
    "a mask inside": """x[n] w[n] ->
def f(y):
    return sum(where(y > 0, log(y), 0))
def g(y):
    return sum(where(w > 0, log(w)*y, 0))
cond(x[0] > 0, f, g, x)""",
    "a loop inside": """x[n] w[n] ->
def f(h):
    def step(h, x):
        return tanh(w[0]*h + x), h
    return scan(step, h, x)
def g(h):
    return h*w[1], x*h
a, b = cond(w[0] > 0, f, g, 0.3*w[0])
a + sum(b**2)""",
    "in the step of a loop": """x[n] w[n] ->
def step(h, x):
    def f(h):
        return h*w[0] + sin(x)
    def g(h):
        return log(-x)*w[1] + h
    h = cond(x > 0, f, g, h)
    return h, h
last, ys = scan(step, 0.3, x)
last + sum(ys**2)""",
    "in the step of a while loop": """x[n] w[n] ->
def small(s):
    return sum(s**2) < 20
def step(s):
    def p(s):
        return 1.5*s + w
    def q(s):
        return s*w + s**2
    return cond(sum(s**2) < 8, p, q, s)
sum(while_loop(small, step, x, 5)**2)""",
    "names that clash": """chosen[n] t1[n] ->
def f(x):
    t1 = sum(x**2)
    chosen = exp(t1/10)
    return chosen
def g(x):
    x_bar = 3*x
    return sum(x_bar)
t2 = cond(t1[0] > 0, f, g, chosen)
t2*sum(t1)""",
}


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_gradients_on_all_sides(formula: str) -> None:
    for x in (X, -X):
        for w in (W, -W):
            agrees_with_differences(formula, x, w)


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_second_order(formula: str) -> None:
    second_order_agrees(formula, X, W)
    second_order_agrees(formula, -X, -W)


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_verify(formula: str) -> None:
    assert sb.compile_value_and_grad(formula).verify(points=2, seconds=2)


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_single_precision(formula: str) -> None:
    single = sb.compile_value_and_grad(formula, dtype="float32")
    for x, w in ((X, W), (-X, -W)):
        value, gradients = single(x.astype(np.float32), w.astype(np.float32))
        exact, slopes = sb.compile_value_and_grad(formula)(x, w)
        assert value.dtype == np.float32
        assert value == pytest.approx(exact, rel=1e-4)
        for one, other in zip(gradients, slopes, strict=True):
            assert one.dtype == np.float32
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-4 * np.max(np.abs(other), initial=1.0))


SWITCH = """x[n] i:int ->
def f(x):
    return sum(x**2), x
def g(x):
    return prod(x), 2*x
def h(x):
    return max(x), x[::-1]
a, b = switch(i, (f, g, h), x)
a*sum(b*x)"""


@pytest.mark.parametrize("i", [-7, -1, 0, 1, 2, 3, 99])
def test_switch_takes_the_nearest_branch(i: int) -> None:
    branch = [lambda x: (sum(x**2), x), lambda x: (np.prod(x), 2 * x), lambda x: (max(x), x[::-1])][min(max(i, 0), 2)]
    a, b = branch(X)
    value, _ = agrees_with_differences(SWITCH, X, i)
    assert value == pytest.approx(a * sum(b * X))


def test_switch_among_one() -> None:
    value, compiled = agrees_with_differences("x i:int ->\ndef f(x):\n    return x**2\nswitch(i, (f,), x)", 0.4, 3)
    assert value == pytest.approx(0.16)
    assert compiled.verify(points=1)


def test_integers_may_be_operands() -> None:
    formula = """x[n] i:int ->
def f(i, x):
    return i*x
def g(i, x):
    return x[i]*x
sum(cond(i > 1, f, g, i, x)**2)"""
    for i in (0, 2):
        agrees_with_differences(formula, X, i)


def test_a_function_of_numbers_takes_arrays_entry_by_entry() -> None:
    text = "x ->\ndef f(x):\n    return log(x)\ndef g(x):\n    return x**3\ncond(x > 1, f, g, x)"
    g = sb.compile_value_and_grad(text)
    value, (slope,) = g(np.array([4.0, -2.0]))
    np.testing.assert_array_equal(value, [np.log(4.0), -8.0])
    np.testing.assert_array_equal(slope, [0.25, 12.0])
    with pytest.raises(sb.UnsupportedError, match="cond has no text"):
        sb.compile_grad(text, target="math")
