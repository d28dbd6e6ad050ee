"""What `compile_scipy` refuses, with what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import sympy

import symbackprop as sb
from symbackprop.errors import ArgumentError, ShapeError, SymbackpropError, UnknownNameError, UnsupportedError

X, Y = np.arange(12.0).reshape(4, 3), np.ones(4)
DATA = {"X": X, "y": Y}
START = {"w": np.zeros(3), "b": 0.0}
LOSS = "sum((X @ w + b - y)**2)"
NESTED = {"params": {"w": np.zeros(3), "b": 0.0}}


def nested(params, X, y):
    return np.sum((X @ params["w"] + params["b"] - y) ** 2)


def compiled(**changes: Any) -> sb.ScipyProblem:
    given = {"formula": LOSS, "start": START, "data": DATA, **changes}
    return sb.compile_scipy(**given)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        # names
        ({"data": {"X": X}}, UnknownNameError, "'y' is neither declared nor assigned above"),
        ({"start": {**START, "bb": 1.0}}, UnknownNameError, "the formula has no 'bb', which start or data gives a value"),
        ({"data": {**DATA, "yy": Y}}, UnknownNameError, "the formula has no 'yy', .* Did you mean y"),
        ({"start": {**START, "y": Y}}, ArgumentError, "'y' is in start and in data"),
        ({"bounds": {"ww": (0, 1)}}, UnknownNameError, "bounds names 'ww', .* Did you mean w?"),
        ({"bounds": {"X": (0, 1)}}, ArgumentError, "bounds names 'X', which is no parameter: it is not in start"),
        ({"fixed": ("b", "c")}, UnknownNameError, "fixed names 'c', which is not an input"),
        ({"fixed": "y"}, ArgumentError, "fixed names 'y', which is no parameter"),
        # the start
        ({"start": None}, ArgumentError, "start is a NoneType; give a mapping"),
        ({"start": np.zeros(4)}, ArgumentError, "start is a ndarray; give a mapping"),
        ({"data": [X, Y]}, ArgumentError, "data is a list; give a mapping"),
        ({"start": {"w": [0, np.nan, 0], "b": 0}}, ArgumentError, r"start: w\[1\] is nan; start where"),
        ({"start": {"w": [0, 0, 0], "b": np.inf}}, ArgumentError, "start: b is inf; start where"),
        ({"start": {"w": [0, 0, 1j], "b": 0}}, ArgumentError, "argument 'w' is a list of dtype complex128"),
        ({"start": {"w": [[0, 1], [2]], "b": 0}}, ArgumentError, "'w' is not an array of numbers"),
        ({"start": {"w": "0 0 0", "b": 0}}, ArgumentError, "argument 'w' is a str"),
        ({"start": {"w": np.ma.masked_array([0.0, 1.0, 2.0], [0, 1, 0]), "b": 0}}, ArgumentError, "masked array"),
        ({"start": {"w": [0, 0], "b": 0}}, ShapeError, r"shapes \(4, 3\) and \(2,\) do not match"),
        ({"formula": "x[k]:int -> sum(x*2.0)", "start": {"x": [1, 2]}, "data": {}}, UnsupportedError, "declared as int64"),
        ({"formula": f"X[n,d] w[d] b y[n] -> {LOSS}", "start": {"w": [0, 0], "b": 0}}, ArgumentError, r"expected \(d,\)"),
        # nothing free
        ({"fixed": ["w", "b"]}, UnsupportedError, "nothing is free"),
        ({"formula": "x**2", "start": {"x": np.zeros(0)}, "data": {}}, UnsupportedError, "nothing is free"),
        ({"formula": "sum(y)", "start": {}, "data": {"y": Y}}, UnsupportedError, "nothing is free"),
        # bounds
        ({"bounds": [(0, 1)] * 4}, ArgumentError, "bounds is a list; give a mapping"),
        ({"bounds": {"w": 3}}, ArgumentError, r"bounds of w are 3; give \(low, high\)"),
        ({"bounds": {"w": (0, 1, 2)}}, ArgumentError, r"bounds of w are \(0, 1, 2\)"),
        ({"bounds": {"w": [(0, 1)] * 2}}, ArgumentError, r"a tuple for each of 2 entries, and its shape is \(3,\)"),
        ({"bounds": {"w": ([0, 1], None)}}, ArgumentError, r"the lower bound of w has shape \(2,\), which does not"),
        ({"bounds": {"w": (None, "1")}}, ArgumentError, "the upper bound of w"),
        ({"bounds": {"w": ([0, 2, 0], 1)}}, ArgumentError, r"bounds: w\[1\] is bounded by 2 and 1, of which none"),
        ({"bounds": {"b": (np.nan, 1)}}, ArgumentError, "bounds: b is bounded by nan and 1"),
        ({"bounds": {"w": (None, -1)}}, ArgumentError, r"start: w\[0\] is 0, but w\[0\] is bounded by -inf and -1"),
        # fixed
        ({"fixed": {"w": 1.0}}, ArgumentError, "fixed says 1.0 of w; give True or False, .* the value in start"),
        ({"fixed": {"w": [True, False]}}, ArgumentError, r"fixed of w has shape \(2,\)"),
        # structures
        ({"formula": nested, "start": NESTED, "bounds": {"params": (0, 1)}}, ArgumentError, "params is a dict with w, b"),
        ({"formula": nested, "start": NESTED, "bounds": {"params": {"c": (0, 1)}}}, UnknownNameError, "names 'c' in params"),
        ({"formula": nested, "start": NESTED, "fixed": "param"}, UnknownNameError, "Did you mean params?"),
        ({"formula": nested, "start": NESTED, "data": {"X": X}}, ArgumentError, "'y' is not declared"),
        ({"formula": nested, "start": {"params": {"w": None, "b": 0}}}, ArgumentError, r'params\["w"\]'),
    ],
)  # fmt: skip
def test_refused(changes: Mapping[str, Any], error: type[SymbackpropError], message: str) -> None:
    with pytest.raises(error, match=message):
        compiled(**changes)


def test_missing_inputs_are_said_to_be_start_or_data() -> None:
    with pytest.raises(UnknownNameError) as caught:
        compiled(data={"X": X})
    assert caught.value.__notes__ == ["the inputs are what start and data give a value, by name"]


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.zeros(3), ShapeError, r"x has shape \(3,\), expected \(4,\)"),
        (np.zeros((4, 1)), ShapeError, r"x has shape \(4, 1\)"),
        (0.0, ShapeError, r"x has shape \(\)"),
        (np.zeros(4, complex), ArgumentError, "complex128, expected real numbers"),
        (["a"] * 4, ArgumentError, "expected real numbers"),
    ],
)
def test_vectors_that_are_refused(x: object, error: type[SymbackpropError], message: str) -> None:
    problem = compiled()
    for call in (problem.fun, problem.jac, problem.unpack):
        with pytest.raises(error, match=message):
            call(x)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"w": [1.0, 2.0]}, ShapeError, r"w has shape \(2,\), and at the start \(3,\)"),
        ({"v": 1.0}, UnknownNameError, "params names 'v'"),
        ({"y": Y}, ArgumentError, "params names 'y', which is no parameter"),
        ({"b": 1.0}, ArgumentError, "b is fixed, and differs from the start"),
        ([1.0], ArgumentError, "params is a list; give a mapping"),
    ],
)
def test_parameters_that_do_not_pack(params: Any, error: type[SymbackpropError], message: str) -> None:
    with pytest.raises(error, match=message):
        compiled(fixed="b").pack(params)


def test_solvers_that_want_another_kind_of_formula() -> None:
    with pytest.raises(UnsupportedError, match="least_squares wants residuals"):
        compiled().least_squares()
    with pytest.raises(UnsupportedError, match="minimize wants a scalar"):
        compiled(formula="X @ w + b - y").minimize()
    for method in ("BFGS", "cg"):
        with pytest.raises(UnsupportedError, match="has no bounds; take one that has"):
            compiled(bounds={"b": (0, 1)}).minimize(method)
    with pytest.raises(UnsupportedError, match="root has no bounds"):
        compiled(formula="X @ w + b - y", bounds={"b": (0, 1)}).root()


def test_inputs_that_are_named_twice() -> None:
    a = sympy.Symbol("a")
    with pytest.raises(ArgumentError, match="names an input twice"):
        sb.compile_scipy(a**2, {a: 1.0, "a": 2.0})


def test_other_sizes_need_names() -> None:
    with pytest.raises(ArgumentError, match=r"'X' has shape \(2, 3\), expected \(4, 3\)") as caught:
        compiled().replace(data={"X": X[:2], "y": Y[:2]})
    assert "inputs=" in caught.value.__notes__[0]
    with pytest.raises(ArgumentError, match="data is a list"):
        compiled().replace(data=[X])


def test_derivatives_that_no_rule_gives() -> None:
    with pytest.raises(UnsupportedError, match="jv"):
        sb.compile_scipy("jv(v, x)", {"v": 0.5, "x": 1.0})
    with pytest.raises(UnsupportedError, match="jv"):
        sb.compile_scipy("[jv(v, x), x]", {"v": 0.5, "x": 1.0})
    assert sb.compile_scipy("jv(v, x)", {"x": 1.0}, {"v": 0.5}).jac([1.0]).shape == (1,)


def test_solvers_say_what_they_do_not_take() -> None:
    objective = compiled()
    with pytest.raises(UnsupportedError, match="the formula gives one scalar for 4; minimize"):
        objective.root()
    residuals = compiled(formula="X @ w + b - y", bounds={"b": (0, 1)})
    with pytest.raises(UnsupportedError, match="method 'lm' has no bounds; take 'trf'"):
        residuals.least_squares(method="lm")
    assert residuals.replace(bounds={}).least_squares(method="lm").success
    fewer = compiled(formula="X[:2] @ w + b - y[:2]")
    with pytest.raises(UnsupportedError, match="there are 2 for 4; take 'trf'"):
        fewer.least_squares(method="lm")
    with pytest.raises(UnsupportedError, match="gives 2 for 4; use least_squares"):
        fewer.root()
    assert sb.compile_scipy("x**2 - 2", {"x": 1.0}).root().params["x"] == pytest.approx(2**0.5)
