"""Carries, rows and functions in all forms that they come in, and what a compiled loop can do."""

from __future__ import annotations

import importlib.util
import pickle
from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from comparing import agree

import symbackprop as sb

Pair = namedtuple("Pair", "h c")
LARGE, SMALL = np.arange(200.0) / 100, np.array([0.5, 2.0])
HANDED_ON = "h0[k] X[n,k] -> def step(h, x):\n    h = tanh(h*x)\n    return h, h\nlast, ys = scan(step, h0, X)\nsum(last) + sum(ys**2)"


@dataclass
class Row:
    x: Any
    square: Any


def nested(p: Any, X: Any) -> Any:
    def step(state: Pair, row: Row) -> tuple[Pair, Any]:
        state = Pair(h=np.tanh(state.h * row.x + SMALL), c=state.c + np.sum(row.square) * LARGE[:2])
        return state, {"h": state.h, "others": [state.c, None]}

    last, found = sb.scan(step, Pair(p["h"], p["c"]), Row(X, X**2))
    return np.sum(last.h * last.c) + np.sum(found["h"]) + np.sum(found["others"][0])


def counting(h: Any, X: Any) -> Any:
    def step(state: Any, x: Any) -> Any:
        h, count, positive = state
        return (np.where(positive, h * x * count, h), count + 1, h[0] > 0), count

    (h, count, positive), counts = sb.scan(step, (h, 1, True), X)
    return np.sum(h) + count + np.sum(counts) + np.where(positive, 1.0, 0.0)


def one_after_another(w: Any, X: Any) -> Any:
    def squashed(h: Any) -> Any:
        return np.tanh(h * w)

    def there(h: Any, x: Any) -> Any:
        return squashed(h) + x, h

    def back(h: Any, y: Any) -> Any:
        return h + np.cumsum(y * w), None

    last, states = sb.scan(there, np.zeros(2), X)
    last, _ = sb.scan(back, last, states, reverse=True)
    return np.sum(last)


def of_a_branch(w: Any, X: Any) -> Any:
    """Choose between what two loops give."""
    up, _ = sb.scan(lambda h, x: (h + x * w, None), np.zeros(2), X)
    down, _ = sb.scan(lambda h, x: (h * w - x, None), np.ones(2), X)
    return np.sum(np.where(up > 0, up * down, down))


FUNCTIONS = {
    "nested": (nested, {"p": {"h": "2", "c": "2"}, "X": "n 2"}, ({"h": np.array([0.2, -0.3]), "c": np.ones(2)},)),
    "counting": (counting, {"h": "k", "X": "n k"}, (np.array([0.7, -0.4]),)),
    "one after another": (one_after_another, {"w": "", "X": "n 2"}, (0.3,)),
    "of a branch": (of_a_branch, {"w": "", "X": "n 2"}, (0.3,)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("steps", [1, 4])
def test_functions_agree_with_python_and_differences(name: str, steps: int) -> None:
    function, shapes, first = FUNCTIONS[name]
    X = np.random.default_rng(steps).normal(size=(steps, 2))
    value, gradient = sb.compile_value_and_grad(function, inputs=shapes)(*first, X)
    agree(value, function(*first, X))
    direction = np.random.default_rng(9).normal(size=X.shape)
    h = 1e-6
    slope = (function(*first, X + h * direction) - function(*first, X - h * direction)) / (2 * h)
    assert np.sum(gradient[-1] * direction) == pytest.approx(slope, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_verify(name: str) -> None:
    function, shapes, _ = FUNCTIONS[name]
    assert sb.compile_value_and_grad(function, inputs=shapes).verify(points=1, seconds=1)


def test_several_values_have_a_gradient_each() -> None:
    text = "h0 X[n] -> def step(h, x):\n    return h*x, h\nlast, ys = scan(step, h0, X)\nlast, sum(ys), last*sum(ys)"
    values, gradients = sb.compile_value_and_grad(text)(2.0, [3.0, 5.0])
    assert values == (30.0, 8.0, 240.0)
    assert [float(h0) for h0, _ in gradients] == [15.0, 4.0, 240.0]
    np.testing.assert_array_equal([X for _, X in gradients], [[10, 6], [2, 0], [140, 48]])


def test_parts_of_parts_are_named() -> None:
    text = "h X[n] -> def step(s, x):\n    (a, b), i = s\n    return ((b, a*x), i + 1), a\n"
    text += "((a, b), i), ys = scan(step, ((h, 2*h), 0), X)\n"
    assert sb.compile_value(text + "a + 10*b + 100*i + 1000*sum(ys)")(1.0, [3.0, 5.0]) == 3 + 100 + 200 + 3000
    (pair, count), ys = sb.compile_value(text.rstrip())(1.0, [3.0, 5.0])
    assert (*pair, count) == (3.0, 10.0, 2)
    np.testing.assert_array_equal(ys, [1, 2])
    assert sb.compile_value_and_grad(text + "a*b").verify(points=1, seconds=1)


def test_a_loop_is_pickled_saved_and_counted(tmp_path: Path) -> None:
    compiled = sb.compile_value_and_grad(HANDED_ON)
    arguments = np.array([0.3, 0.5]), np.array([[1.0, 2.0], [0.5, -1.0], [0.2, 0.4]])
    expected = compiled(*arguments)
    agree(pickle.loads(pickle.dumps(compiled))(*arguments), expected)
    path = tmp_path / "saved.py"
    compiled.save(path)
    spec = importlib.util.spec_from_file_location("saved", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    agree(module.value_and_grad(*arguments), expected)
    assert "n" in str(compiled.cost())
    assert compiled.verify(points=1, seconds=1)


def test_a_graph_shows_the_steps_of_its_loops() -> None:
    text = "h X[n] -> def step(h, x):\n    def inner(g):\n        return g*x, None\n    return scan(inner, h, length=3)[0], h\n"
    lines = str(sb.compile_value(text + "scan(step, h, X)[0]").graph).split("\n")
    depths = [(len(line) - len(line.lstrip())) // 4 for line in lines]
    assert depths == [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 1, 1, 0, 0]
    assert lines[3].strip() == "takes %2: float64[]  # h"
    assert lines[9].strip() == "returns %7"
    assert "takes" not in "".join(line for line, depth in zip(lines, depths, strict=True) if not depth)


def test_a_loop_that_is_not_differentiated_is_not_run_backwards() -> None:
    text = "w h0[k] X[n,k] -> def step(h, x):\n    return tanh(h*x), h\nlast, ys = scan(step, h0, X)\nw*sum(last)"
    source = sb.compile_value_and_grad(text, wrt="w").source
    assert "reversed" not in source
    assert "np.empty" not in source
