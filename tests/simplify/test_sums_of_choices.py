"""Adjoints of branches are one choice between what the branches give, as a person writes them."""

from __future__ import annotations

import math

import numpy as np
import pytest

import symbackprop as sb


def code(compiled: sb.CompiledFunction) -> str:
    return compiled.source.split('"""')[-1]


@pytest.mark.parametrize("point", [(2.0, 1.0), (1.0, 2.0), (-1.5, 0.5), (1.0, 1.0)])
def test_each_branch_is_differentiated_by_itself(point: tuple[float, float]) -> None:
    compiled = sb.compile_grad("x**3*y - 2*x if x > y else y**2*cos(x)")
    x, y = point
    if x > y:
        expected = (3 * x * x * y - 2, x**3)
    else:
        expected = (-y * y * math.sin(x), 2 * y * math.cos(x))
    assert compiled(x, y) == pytest.approx(expected, rel=1e-14)
    text = code(compiled)
    assert text.count(" if ") == 2  # one for each derivative
    assert "0.0" not in text


def test_a_branch_that_is_not_taken_does_no_harm() -> None:
    compiled = sb.compile_grad("exp(x)*y if x < 0 else x*y**2")
    assert compiled(1e4, 2.0) == (4.0, 4e4)


def test_arrays_choose_once() -> None:
    compiled = sb.compile_grad("x[n] y[n] -> sum(where(x > y, x**2, x*y))", wrt="x")
    x, y = np.array([1.0, 3.0]), np.array([2.0, 1.0])
    np.testing.assert_allclose(compiled(x, y), np.where(x > y, 2 * x, y))
    assert code(compiled).count("np.where") == 1


def test_sums_of_the_user_stay_as_they_are() -> None:
    text = code(sb.compile_value("(x if x > y else 0) + (0 if x > y else y)"))
    assert text.count(" if ") == 2


def test_choices_that_others_need_stay() -> None:
    compiled = sb.compile_value_and_grad("u = x if x > y else 0; u*sin(u) + u*y")
    value, gradient = compiled(2.0, 1.0)
    assert value == pytest.approx(2 * math.sin(2) + 2)
    assert gradient == pytest.approx((math.sin(2) + 2 * math.cos(2) + 1, 2.0))
    assert compiled(1.0, 2.0) == (0.0, (0.0, 0.0))


def test_a_ratio_of_a_thing_with_itself_is_one() -> None:
    compiled = sb.compile_grad("p[k] q[k] -> sum(p*log(p/q))")
    assert "p / p" not in code(compiled)
    p, q = np.array([0.2, 0.8]), np.array([0.5, 0.5])
    np.testing.assert_allclose(compiled(p, q)[0], np.log(p / q) + 1)
    assert "x / x" in code(sb.compile_value("x/x + y"))  # the user's own


def test_means_that_keep_an_axis_print_without_a_detour() -> None:
    text = code(sb.compile_grad("x[n,d] -> sum((x - mean(x, axis=1, keepdims=True))**3)"))
    assert "reshape" not in text


def test_a_single_result_is_seen_to_be_a_tuple() -> None:
    assert code(sb.compile_grad("x**2")).strip() == "return (2.0 * x,)"
    assert code(sb.compile_grad("x**2", wrt="x")).strip() == "return 2.0 * x"
    assert code(sb.compile_grad("x**2", wrt=[])).strip() == "return ()"
