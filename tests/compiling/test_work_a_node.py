"""What compiling does for a node of the printed graph, in lines of Python that run: no load of the machine changes it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

import symbackprop as sb


def _sines(statements: int) -> sb.CompiledFunction:
    lines = "\n".join(f"f = sin(f*f + x{i})" for i in range(statements))
    return sb.compile_value_and_grad(f"f = x0\n{lines}\nf")


def _recurrent(steps: int) -> sb.CompiledFunction:
    def loss(W: Any, U: Any, b: Any, X: Any) -> Any:
        h = c = np.zeros((X.shape[1], U.shape[0]))
        for t in range(steps):
            i, f, g, o = np.split(X[t] @ W + b + h @ U, 4, axis=1)
            c = expit(f) * c + expit(i) * np.tanh(g)
            h = expit(o) * np.tanh(c)
        return np.mean(h**2)

    inputs = {"W": "d 4*k", "U": "k 4*k", "b": "4*k", "X": f"{steps} m d"}
    return sb.compile_value_and_grad(loss, inputs=inputs, wrt=("W", "U", "b"))


def _lines_a_node(compiled: Callable[[int], sb.CompiledFunction], size: int) -> float:
    lines = 0

    def count(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        function = compiled(size)
    finally:
        sys.settrace(before)
    return lines / function.compile_report().nodes


@pytest.mark.parametrize(("compiled", "size", "most"), [(_sines, 30, 620), (_recurrent, 6, 1020)])
def test_lines_a_node_are_few_and_do_not_grow(
    compiled: Callable[[int], sb.CompiledFunction], size: int, most: float
) -> None:
    compiled(size // 2)  # modules are imported, rules found
    small, large = _lines_a_node(compiled, size), _lines_a_node(compiled, 3 * size)
    assert large < most
    assert large < 1.1 * small
