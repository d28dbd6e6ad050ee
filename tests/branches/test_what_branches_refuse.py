"""What `cond` and `switch` refuse, and what they say then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symbackprop as sb

F, G = "def f(x):\n    return {}\n", "def g(x):\n    return {}\n"


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (F.format("x") + "cond(x > 0, f, f, x)", sb.ShapeError, r"one truth value, not by an array of shape \(n,\).*where"),
        (F.format("x") + "cond(w, f, f, x)", sb.ShapeError, "one truth value, not by a real number"),
        (F.format("x") + "switch(w, (f, f), x)", sb.ShapeError, "one integer, not by a real number"),
        (F.format("x") + "switch(w > 0, (f, f), x)", sb.ShapeError, "one integer, not by a number of dtype bool"),
        (F.format("x") + "switch(1, f, x)", sb.ArgumentError, r"a tuple of functions: switch\(i, \(f, g, h\), x\)"),
        (F.format("x") + "cond(w > 0, f, x, x)", sb.ArgumentError, "cond chooses among functions, defined above"),
        (F.format("x") + "cond(w > 0, f, f, x, x)", sb.ArgumentError, r"f\(x\) takes 1 arguments, not 2"),
        (
            F.format("sum(x)") + G.format("x") + "cond(w > 0, f, g, x)", sb.ShapeError,
            r"that of f has \(\), that of g has \(n,\)",
        ),
        (F.format("x, x") + G.format("x") + "cond(w > 0, f, g, x)", sb.ShapeError, "f and g nest their results"),
        (F.format("x[x > 0]") + G.format("x") + "cond(w > 0, f, g, x)", sb.UnsupportedError, "size is computed"),
    ],
)  # fmt: skip
def test_in_formula_text(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sb.compile_value(f"x[n] w -> {text}")


def _writes(x: Any, w: Any) -> Any:
    y = 2 * x

    def branch(x: Any) -> Any:
        y[0] = x[0]
        return x

    return sb.cond(w > 0, branch, np.cos, x) + y


def _escapes(x: Any, w: Any) -> Any:
    kept = []

    def branch(x: Any) -> Any:
        kept.append(np.exp(x))
        return x

    return sb.cond(w > 0, branch, np.cos, x) + kept[0]


def _asks(x: Any, w: Any) -> Any:
    return sb.cond(w > 0, lambda x: x if w > 1 else 2 * x, np.cos, x)


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda x, w: sb.cond(x > 0, np.sin, np.cos, x), sb.ShapeError, "not by an array"),
        (lambda x, w: sb.switch(1.5, [np.sin, np.cos], x), sb.ShapeError, "one integer"),
        (lambda x, w: sb.switch(w > 0, [], x), sb.ArgumentError, "at least one function"),
        (lambda x, w: sb.cond(w > 0, 3, np.cos, x), sb.ArgumentError, "among functions, not 3"),
        (
            lambda x, w: sb.cond(w > 0, np.sum, np.cos, x),
            sb.ShapeError,
            r"that of sum has \(\), that of cos has \(n,\)",
        ),
        (
            lambda x, w: sb.cond(w > 0, lambda x: {"a": x}, lambda x: {"b": x}, x)["a"],
            sb.ShapeError,
            "nest their results",
        ),
        (lambda x, w: sb.cond(w > 0, lambda x: np.sum(x[x > 0]), np.sum, x), sb.UnsupportedError, "size is computed"),
        (_writes, sb.UnsupportedError, "writes into an array that it takes from outside"),
        (_escapes, sb.UnsupportedError, "has escaped"),
        (_asks, sb.UnsupportedError, "is not known before the compiled function is called"),
    ],
)
def test_in_functions(function: Callable[..., Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sb.compile_value(function, inputs={"x": "n", "w": ""})


def test_outside_of_a_trace() -> None:
    with pytest.raises(sb.ShapeError, match="one truth value"):
        sb.cond(np.array([True, False]), np.sin, np.cos, 1.0)
    with pytest.raises(sb.ShapeError, match="one integer"):
        sb.switch(0.5, [np.sin, np.cos], 1.0)
    with pytest.raises(sb.ArgumentError, match="at least one function"):
        sb.switch(0, [])
