"""`while_loop` against the same loop in Python: values, and gradients against those of the loop written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from differences import agrees_with_differences, body_of, second_order_agrees
from hypothesis import given, settings
from hypothesis import strategies as st

import symbackprop as sb

X = np.array([0.5, 1.5, 2.5])

GROW = """x[n] w ->
def small(s):
    return sum(s) < 10
def step(s):
    return s*w + 1
sum(while_loop(small, step, x)**2)"""


def grown(x: np.ndarray, w: float) -> tuple[Any, int]:
    count = 0
    while np.sum(x) < 10:
        x, count = x * w + 1, count + 1
    return np.sum(x**2), count


@settings(max_examples=24, deadline=None)
@given(st.lists(st.floats(-0.4, 5), min_size=1, max_size=4), st.floats(1.0, 2.0))
def test_value_and_gradient_are_those_of_the_unrolled_loop(x: list[float], w: float) -> None:
    value, count = grown(np.array(x), w)
    ours = sb.compile_value_and_grad(GROW)(x, w)
    lines = "s = x\n" + "s = s*w + 1\n" * count + "sum(s**2)"
    expected = sb.compile_value_and_grad(f"x[n] w -> {lines}")(x, w) if count else (value, (2 * np.array(x), 0.0))
    assert ours[0] == pytest.approx(value, rel=1e-13)
    for one, other in zip(ours[1], expected[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12 * np.max(np.abs(other), initial=1.0))


def test_no_steps() -> None:
    value, (x_bar, w_bar) = sb.compile_value_and_grad(GROW)(10 * X, 0.5)
    assert (value, x_bar.tolist(), w_bar) == (100 * np.sum(X**2), (20 * X).tolist(), 0.0)


def test_results_share_no_memory_with_arguments() -> None:
    text = GROW.replace("sum(while_loop(small, step, x)**2)", "s = while_loop(small, step, x)\ns, s")
    x = 10 * X
    first, second = sb.compile_value(text)(x, 0.5)
    first += 1.0
    assert second.tolist() == x.tolist() == (10 * X).tolist()


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_the_limit_is_reached(limit: int) -> None:
    text = (
        "x[n] w ->\ndef yes(s):\n    return s[0] < 1000\ndef step(s):\n    return tanh(s*w) + x\n"
        f"sum(while_loop(yes, step, x, max_steps={limit})**2)"
    )
    s = X
    for _ in range(limit):
        s = np.tanh(s * 1.1) + X
    value, _ = agrees_with_differences(text, X, 1.1)
    assert value == pytest.approx(np.sum(s**2), rel=1e-14)


FORMULAS = {
    "an integer counts": """x[n] w ->
def going(s):
    h, k = s
    return k < 4
def step(s):
    h, k = s
    return h*w + k, k + 1
h, k = while_loop(going, step, (x, 0))
sum(h**2)*k""",
    "a limit that is a size": """x[n] w ->
def going(s):
    return s[0] < 1000
def step(s):
    return tanh(s*w) + x
sum(while_loop(going, step, x, max_steps=x.shape[0])**2)""",
    "a condition of several lines": """x[n] w ->
def going(s):
    a = exp(-s[0])
    b = sum(s**2)
    return (b < 50) & (a > 1e-3)
def step(s):
    return 1.2*s*w + x
sum(while_loop(going, step, x, 30)**2)""",
    "a carry that nobody needs": """x[n] w ->
def going(s):
    h, q, err = s
    return err > 1e-3
def step(s):
    h, q, err = s
    new = tanh(h*w/2 + x)
    return new, q + h**2, sum(abs(new - h))
h, q, err = while_loop(going, step, (0*x, 0*x, 1.0), 40)
sum(h**2)""",
    "a carry that stays": """x[n] w ->
def going(s):
    return s[0] < 20
def step(s):
    return s[0]*2 + w**2, s[1]
a, b = while_loop(going, step, (w, x), 9)
sum(b)*a""",
    "one behind the other": """x[n] w ->
def going(s):
    return sum(s) < 10
def step(s):
    return s*w + x
a = while_loop(going, step, x, 8)
def row(h, y):
    return h*y/9 + w, h
last, ys = scan(row, while_loop(going, step, a/5, 8)[0], a)
last + sum(ys)""",
}


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_gradients(formula: str) -> None:
    _, compiled = agrees_with_differences(formula, X, 1.1)
    assert compiled.verify(points=1, seconds=1, ranges={"x": (0.3, 1.2), "w": (0.7, 1.1)})


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_second_order(formula: str) -> None:
    second_order_agrees(formula, X, 1.1)


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_single_precision(formula: str) -> None:
    value, gradients = sb.compile_value_and_grad(formula, dtype="float32")(X.astype(np.float32), np.float32(1.1))
    exact, slopes = sb.compile_value_and_grad(formula)(X, 1.1)
    assert value.dtype == np.float32
    assert value == pytest.approx(exact, rel=1e-4)
    for one, other in zip(gradients, slopes, strict=True):
        assert np.asarray(one).dtype == np.float32
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-4 * np.max(np.abs(other), initial=1.0))


def test_a_value_stores_nothing_and_a_gradient_what_it_reads() -> None:
    text = FORMULAS["a carry that nobody needs"]
    assert ".append" not in sb.compile_value(text).source
    assert body_of(sb.compile_grad(text)).count(".append") == 1


def test_functions() -> None:
    def loss(x: np.ndarray, w: float) -> Any:
        def going(state: dict[str, Any]) -> Any:
            return np.sum(state["h"]) < 10

        def step(state: dict[str, Any]) -> dict[str, Any]:
            return {"h": state["h"] * w + x, "count": state["count"] + 1}

        state = sb.while_loop(going, step, {"h": x, "count": 0}, max_steps=20)
        return np.sum(state["h"] ** 2) + w * state["count"]

    value, compiled = agrees_with_differences(loss, X, 1.1, inputs={"x": "n", "w": ""})
    assert value == pytest.approx(loss(X, 1.1), rel=1e-14)
    assert compiled.verify(points=1, ranges={"x": (0.5, 2), "w": (1, 2)})


# --- loops in loops ---------------------------------------------------------------------------------------------------

DOUBLED = """    def going(s):
        return s < 10
    def twice(s):
        return s*2 + w
"""

INSIDE = {
    "a scan": f"""x[n] w ->
def step(h, x):
{DOUBLED}    return while_loop(going, twice, h) - x, h
last, ys = scan(step, w, x)
last + sum(ys)""",
    "a while loop": f"""x[n] w ->
def small(s):
    return s < 100
def step(h):
{DOUBLED}    return while_loop(going, twice, h/10) + h
while_loop(small, step, w) + sum(x)""",
    "a branch": f"""x[n] w ->
def a(h):
{DOUBLED}    return while_loop(going, twice, h)
def b(h):
    return h
cond(w > 0, a, b, w) + sum(x)""",
}


def doubled(s: float, w: float) -> float:
    while s < 10:
        s = s * 2 + w
    return s


def inside_python(where: str, x: np.ndarray, w: float) -> float:
    if where == "a branch":
        return doubled(w, w) + np.sum(x)
    h, ys = w, []
    if where == "a scan":
        for row in x:
            ys.append(h)
            h = doubled(h, w) - row
        return h + np.sum(ys)
    while h < 100:
        h = doubled(h / 10, w) + h
    return h + np.sum(x)


@pytest.mark.parametrize("where", INSIDE)
def test_a_loop_inside_has_a_value(where: str) -> None:
    assert sb.compile_value(INSIDE[where])(X, 0.3) == pytest.approx(inside_python(where, X, 0.3), rel=1e-14)


@pytest.mark.parametrize("where", INSIDE)
def test_a_loop_inside_has_no_reverse_derivative(where: str) -> None:
    with pytest.raises(sb.UnsupportedError, match="while_loop inside the step of another loop or a branch"):
        sb.compile_grad(INSIDE[where])


def test_what_does_not_depend_on_the_loop_inside_has_one() -> None:
    text = INSIDE["a scan"].replace("while_loop(going, twice, h) - x", "while_loop(going, twice, 1)*x")
    agrees_with_differences(text.replace("s*2 + w", "s*2 + 1"), X, 0.3)


# --- loops that do not end --------------------------------------------------------------------------------------------


def test_verification_chooses_no_points_where_a_loop_does_not_end() -> None:
    text = "x w ->\ndef small(s):\n    return s < 10\ndef step(s):\n    return s*w + 1\nwhile_loop(small, step, x)"
    report = sb.compile_value_and_grad(text).verify(points=1, ranges={"x": (0.1, 0.2), "w": (0.1, 0.2)})
    assert not report


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("def c(s):\n    return s > 0\ndef f(s):\n    return s\nwhile_loop(c, f, x)", sb.ShapeError, "one truth value"),
        ("def c(s):\n    return s[0]\ndef f(s):\n    return s\nwhile_loop(c, f, x)", sb.ShapeError, "one truth value"),
        (
            "def c(s):\n    return s[0] > 0\ndef f(s):\n    return s[0]\nwhile_loop(c, f, x)", sb.ShapeError,
            r"turns a carry of shape \(n,\) into one of shape \(\)",
        ),
        (
            "def c(s):\n    return s[0] > 0\ndef f(s):\n    return s, s\nwhile_loop(c, f, x)", sb.ShapeError,
            "nests it otherwise",
        ),
        (
            "def c(s):\n    return s[0] > 0\ndef f(s):\n    return s + sum(s[s > 0])\nwhile_loop(c, f, x)",
            sb.UnsupportedError, "size is computed",
        ),
        ("def f(s):\n    return s\nwhile_loop(1, f, x)", sb.ArgumentError, "first argument is a function"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sb.compile_value(f"x[n] -> {text}")
