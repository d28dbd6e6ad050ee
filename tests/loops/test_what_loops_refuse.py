"""What loops and functions of formulas refuse, and what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.errors import SymbackpropError

SHAPES = {"h": "k", "X": "n k"}


def loop(step: Any, start: Any = lambda h: h, **options: Any) -> Any:
    """Return a function that runs a step over X."""

    def function(h: Any, X: Any) -> Any:
        last, _ = sb.scan(step, start(h), X, **options)
        return np.sum(last)

    return function


def branching(h: Any, x: Any) -> Any:
    if h[0] > 0:
        return h * x, None
    return h, None


def adding_in_place(h: Any, x: Any) -> Any:
    h += x
    return h, None


def writing_in_place(h: Any, x: Any) -> Any:
    h[0] = 1.0
    return h, None


STEPS = {
    "another shape": (loop(lambda h, x: (np.sum(h), None)), r"carry of shape \(k,\) into one of shape \(\); let init"),
    "a longer one": (loop(lambda h, x: (np.concatenate([h, h]), None)), r"into one of shape \(2\*k,\)"),
    "another nest": (loop(lambda h, x: ((h, h), None)), "takes a carry of 1 arrays and returns one of 2"),
    "other keys": (
        loop(lambda h, x: ({"b": h["a"]}, None), lambda h: {"a": h}),
        "returns a carry that is nested otherwise than init",
    ),
    "one result": (loop(lambda h, x: h * x), "returns the new carry and a value, `return carry, value`"),
    "no function": (loop(3), "the first argument of scan is a function, not 3"),
    "a size that is computed": (loop(lambda h, x: (h + np.sum(x[x > 0]), None)), "use where"),
    "if": (loop(branching), "Choose entry by entry with np.where"),
    "+=": (loop(adding_in_place), "take a copy first"),
    "item": (loop(writing_in_place), "take a copy first"),
    "text": (loop(lambda h, x: (h, "text")), "'text' is not a number or an array"),
    "length of reals": (loop(lambda h, x: (h, None), length=2.5), "length must be a fixed integer, not 2.5"),
    "negative length": (lambda h, X: sb.scan(lambda h: (h, None), h, length=-1)[0], "length is at least 0, not -1"),
    "no length": (lambda h, X: sb.scan(lambda h: (h, None), h)[0], "give xs, or length="),
    "a number's rows": (lambda h, X: sb.scan(lambda h, x: (h, None), h, h[0])[0], "xs is a number"),
    "unlike rows": (lambda h, X: sb.scan(lambda h, x: (h, None), h, (X, h))[0], "the arrays in xs have n and k rows"),
    "another length": (loop(lambda h, x: (h, None), length=4), "length is 4, and the arrays in xs have 5 rows"),
}


@pytest.mark.parametrize("name", STEPS)
def test_steps(name: str) -> None:
    function, message = STEPS[name]
    shapes = {"h": "k", "X": "5 k"} if name == "another length" else SHAPES
    with pytest.raises(SymbackpropError, match=message):
        sb.compile_value(function, inputs=shapes)


def test_a_step_that_writes_into_an_array_outside() -> None:
    def function(h: Any, X: Any) -> Any:
        seen = np.zeros(3)

        def step(h: Any, x: Any) -> Any:
            seen[0] = h[0]
            return h * x, None

        return np.sum(sb.scan(step, h, X)[0]) + seen[0]

    with pytest.raises(sb.SymbackpropError, match="hand the array on in the carry, or return what is written"):
        sb.compile_value(function, inputs=SHAPES)


def test_an_array_that_escapes_from_a_step() -> None:
    def function(h: Any, X: Any) -> Any:
        seen = []

        def step(h: Any, x: Any) -> Any:
            seen.append(h * x)
            return h * x, None

        sb.scan(step, h, X)
        return np.sum(seen[0])

    with pytest.raises(sb.SymbackpropError, match="return it from the step, as a part of the carry or as its value"):
        sb.compile_value(function, inputs=SHAPES)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: sb.scan(lambda h: (h, None), 1.0), "give xs, or length="),
        (
            lambda: sb.scan(lambda h, x: (h, None), 1.0, (np.ones(2), np.ones(3))),
            "the number of steps is not one: 2, 3",
        ),
        (lambda: sb.scan(lambda h, x: h, 1.0, np.ones(2)), "returns the new carry and a value"),
    ],
)
def test_outside_of_a_trace(function: Any, message: str) -> None:
    with pytest.raises(sb.SymbackpropError, match=message):
        function()


TEXTS = {
    "recursion": ("def f(x):\n    return f(x)\nf(h)", "functions call each other deeper than"),
    "two that call each other": ("def f(x):\n    return g(x)\ndef g(x):\n    return f(x)\nf(h)", "deeper than"),
    "parameters": ("def f(x, x):\n    return x\nf(h, h)", "parameter x stands twice"),
    "no return": ("def f(x):\n    y = x\nf(h)", "f returns nothing; end it with `return ...`"),
    "no lines": ("def f(x):\nreturn x\nf(h)", "f has no lines below it that are indented further"),
    "columns": ("def f(x):\n    y = x\n      z = y\n    return z\nf(h)", "the lines of a function begin in one column"),
    "return outside": ("return h", "`return` ends a function"),
    "return before the end": ("def f(x):\n    return x\n    y = x\nf(h)", "what a function returns ends it"),
    "arguments": ("def f(x):\n    return x\nf(h, h)", r"f\(x\) takes 1 arguments, not 2"),
    "keywords": ("def f(x):\n    return x\nf(x=h)", "take their arguments by position"),
    "defaults": ("def f(x=1):\n    return x\nf(h)", "the parameters of a function are names with commas between"),
    "lambda": ("scan(lambda h, x: (h, None), h, X)[0]", "write `def f"),
    "an array as a step": ("scan(h, h, X)[0]", "the first argument is a function, defined above"),
    "a function as an array": ("def f(x):\n    return x\nf + 1", "the function f is not a number or an array"),
    "a function as the result": ("def f(x):\n    return x\nf", "the function f is not a number or an array"),
    "parts": ("def f(s, x):\n    return s, None\n((a, b), c), ys = scan(f, (h, h), X)\na", "a, b = ... names 2 parts"),
    "too many parts": ("def f(s, x):\n    return s, None\n(a, b, c), ys = scan(f, (h, h), X)\na", "names 3 parts"),
    "carry": ("def f(h, x):\n    return h[0], None\nscan(f, h, X)[0]", "let init have the shape"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name: str) -> None:
    text, message = TEXTS[name]
    with pytest.raises(SymbackpropError, match=message) as caught:
        sb.compile_value(text, inputs=SHAPES)
    assert "^" in str(caught.value)


def test_an_error_in_a_step_has_its_line() -> None:
    with pytest.raises(sb.SymbackpropError, match="contracted sizes k and n differ") as caught:
        sb.compile_value("def f(h, x):\n    return h @ X, None\nscan(f, h, X)[0]", inputs=SHAPES)
    assert "line 2:" in str(caught.value)
