"""Values whose derivative is chosen: what is held fixed, and what passes straight through."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.check.reference import evaluate_program
from symbackprop.check.verify import Subject, verify
from symbackprop.ir.signature import Label
from symbackprop.read.parser import parse


def test_what_is_held_fixed_has_no_derivative() -> None:
    value, slope = sb.compile_value_and_grad("stop_gradient(x)*x**2", wrt="x")(3.0)
    assert (value, slope) == (27.0, 18.0)
    assert sb.compile_grad("stop_gradient(x**2) + 0*x", wrt="x")(3.0) == 0


def test_it_prints_nothing() -> None:
    held = sb.compile_grad("x[n] -> sum(stop_gradient(exp(x))*x)")
    assert "stop" not in held.source.split('"""')[-1]
    assert "return (np.exp(x),)" in held.source


def test_a_copy_is_returned() -> None:
    x = np.ones(3)
    found = sb.compile_value("x[n] -> stop_gradient(x)")(x)
    assert found.tolist() == [1, 1, 1]
    assert not np.shares_memory(found, x)


def test_hard_value_soft_derivative() -> None:
    compiled = sb.compile_value_and_grad("x[n] w[n] -> sum(straight_through(x > 0, expit(x))*w)")
    x, w = np.array([-1.0, 0.0, 2.0]), np.array([1.0, 2.0, 3.0])
    value, (dx, dw) = compiled(x, w)
    soft = 1 / (1 + np.exp(-x))
    assert value == 3.0
    np.testing.assert_allclose(dx, w * soft * (1 - soft), rtol=1e-15)
    assert dw.tolist() == [0, 0, 1]


def test_hard_is_not_differentiated_and_shapes_broadcast() -> None:
    dx, dy = sb.compile_grad("x[n] y -> sum(straight_through(x**2, y)*x)")(np.array([1.0, 2.0]), 5.0)
    assert dx.tolist() == [1.0, 4.0]
    assert dy == 3.0


def test_positions_and_conditions_are_held_as_they_are() -> None:
    compiled = sb.compile_value("x[n] k[m]:int -> x[stop_gradient(k)] * stop_gradient(x > 0)[0]")
    assert compiled(np.array([3.0, 4.0]), [1, 0]).tolist() == [4.0, 3.0]


@pytest.mark.parametrize(
    "formula",
    [
        "stop_gradient(sin(x))*x + y*stop_gradient(x*y)",
        "stop_gradient(x*stop_gradient(y) + y)*x*y",
        "straight_through(floor(3*x), x**2)*y",
        "x[n] y[n] -> sum(straight_through(where(x > y, 1, 0), expit(x - y))*x) + sum(stop_gradient(x) @ y)",
        "x[n] -> sum(stop_gradient(max(x))*x**2)",
    ],
)
def test_both_are_verified(formula: str) -> None:
    report = sb.compile_value_and_grad(formula).verify(points=2, seconds=2)
    assert report, report


@pytest.mark.parametrize("source", ["x * y + x * x * y", "x * y", "1.001 * x * x * y"])
def test_a_wrong_derivative_of_what_is_held_is_caught(source: str) -> None:
    compiled = sb.compile_grad("stop_gradient(x*y)*x", wrt="x")
    program = parse("stop_gradient(x*y)*x")
    subject = Subject(
        source=f"def grad(x, y):\n    return {source}\n",
        name="grad",
        arguments=compiled.signature,
        labels=(Label(0, "x"),),
        reference=lambda values, words: evaluate_program(program, values, words),
    )
    assert bool(verify(subject)) == (source == "x * y")
