"""Every name of the coverage page: value, gradient, second order, float32, sizes 0 and 1, in all its forms."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coverage_table import ELSEWHERE, PAGE, REFUSED, TABLE
from numpy_forms import OURS, SIZES, along, by_numpy, direction_of, drawn, fixed, quiet, reals_of, slopes
from support import inputs_of, run
from test_the_checks import spoiled

import symbackprop as sb
from symbackprop.diff.reverse import gradient, pull_back
from symbackprop.errors import SymbackpropError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import constant, make_input
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import reduce_sum
from symbackprop.read.shapes import read_declarations
from symbackprop.read.text import read_formula
from symbackprop.read.vocabulary import FUNCTIONS

FORMS = [(name, *form) for name, forms in TABLE.items() for form in forms]
FIRST = [(name, *form) for name, forms in TABLE.items() for form in forms[:3]]  # of which precision and sizes are tried
IN_DOUBLE = {"interp"}  # NumPy computes it in float64 whatever it is given; formulas keep their own precision


def same_values(found: Any, expected: Any, rtol: float = 1e-11) -> None:
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol / 100)


def scalar_of(formula: str, rank: int = 1) -> str:
    *writes, last = formula.split("; ")
    return "; ".join([*writes, f"sum(sin({last}))" if rank else f"sin({last})"])


@pytest.mark.parametrize(("name", "formula", "inputs"), FORMS)
def test_form(name: str, formula: str, inputs: str) -> None:
    values = drawn(formula, inputs, SIZES)
    expected = by_numpy(formula, values)
    with quiet():
        found = sb.compile_value(formula, inputs=inputs)(**values)
        same_values(found, expected)
        assert np.asarray(found).dtype == np.asarray(expected).dtype
        grad = sb.compile_grad(scalar_of(formula, np.ndim(expected)), inputs=inputs)
        gradients = grad(**values)
    direction = direction_of(values, reals_of(inputs))
    assert [np.shape(g) for g in gradients] == [np.shape(values[x]) for x in direction]
    assert {np.asarray(g).dtype for g in gradients} == {np.dtype("float64")}
    if name not in OURS:
        wanted = slopes(scalar_of(formula, np.ndim(expected)), values, direction)
        assert along(gradients, direction) == pytest.approx(wanted, rel=2e-6, abs=2e-7)
        second_order(scalar_of(formula, np.ndim(expected)), inputs, values, grad, direction)


def second_order(formula: str, inputs: str, values: dict[str, Any], grad: Any, direction: dict[str, Any]) -> None:
    """Check the derivative of the gradient along a direction, in reverse once more, against a difference quotient."""
    graph = read_formula(formula, read_declarations(fixed(inputs), "float64"), "float64")
    reals = [x for x in graph.inputs if is_float(x.dtype)]
    firsts = gradient(graph, reals).outputs
    weights = [make_input(len(graph.inputs) + i, x.shape, x.dtype) for i, x in enumerate(reals)]
    products = [g * w for g, w in zip(firsts, weights, strict=True)]
    sums = [reduce_sum(p, axes=tuple(range(p.rank))) if p.rank else p for p in products]
    total = add(*sums) if len(sums) > 1 else sums[0]
    seconds = pull_back((total,), (constant(1, (), "float64"),), reals)
    live = [x for x in reals if x in seconds]
    names = [graph.arguments[x.index].name for x in reals]
    known = dict(zip(graph.inputs, (values[spec.name] for spec in graph.arguments), strict=True))
    known |= dict(zip(weights, (np.asarray(direction[x]) for x in names), strict=True))
    step = 1e-6
    with quiet():
        ends = [
            along(grad(**(values | {k: values[k] + s * step * v for k, v in direction.items()})), direction)
            for s in (1, -1)
        ]
        found = (
            run([seconds[x] for x in live], {x: known[x] for x in inputs_of([seconds[x] for x in live])})
            if live
            else []
        )
    mine = sum(float(np.sum(s * direction[graph.arguments[x.index].name])) for x, s in zip(live, found, strict=True))
    assert mine == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=2e-5, abs=2e-6)


@pytest.mark.parametrize(
    ("name", "formula", "inputs"), [f for f in FIRST if ":int" not in f[2] and "float" not in f[1]]
)
def test_float32(name: str, formula: str, inputs: str) -> None:
    values = drawn(formula, inputs, SIZES, "float32")
    expected = by_numpy(
        formula, {k: np.asarray(v, "float64") if v.dtype == "float32" else v for k, v in values.items()}
    )
    with quiet():
        value, gradients = sb.compile_value_and_grad(
            scalar_of(formula, np.ndim(expected)), inputs=inputs, dtype="float32"
        )(**values)
        found = sb.compile_value(formula, inputs=inputs, dtype="float32")(**values)
    wanted = "float32" if np.asarray(expected).dtype == "float64" else np.asarray(expected).dtype
    assert np.asarray(found).dtype == wanted
    assert np.asarray(value).dtype == "float32"
    assert {np.asarray(g).dtype for g in gradients} == {np.dtype("float32")}
    same_values(found, expected, rtol=2e-3)


SIZED = [form for form in FIRST if re.search(r"\b[nd]\b", form[2])]


REFUSED_SIZES = re.compile("needs|no entries")
SQUEEZED = {"cov", "corrcoef"}  # of one variable NumPy gives a number; formulas do where the size is a number


@pytest.mark.parametrize(("name", "formula", "inputs"), [form for form in SIZED if form[0] not in SQUEEZED])
def test_sizes_0_and_1(name: str, formula: str, inputs: str) -> None:
    function = sb.compile_value(formula, inputs=inputs)
    grad = None
    for size in (0, 1):
        values = drawn(formula, inputs, {"n": size, "d": size})
        try:
            expected = by_numpy(formula, values)
        except (ValueError, IndexError, ZeroDivisionError):
            continue  # NumPy does not accept it
        scalar = scalar_of(formula, np.ndim(expected))
        try:
            with quiet():
                found = function(**values)
        except SymbackpropError as error:
            message = str(error)
        else:
            same_values(found, expected)
            grad = grad or sb.compile_grad(scalar, inputs=inputs)
            gradients_at_size(name, grad, scalar, inputs, values)
            continue
        assert REFUSED_SIZES.search(message), message


def gradients_at_size(name: str, grad: Any, scalar: str, inputs: str, values: dict[str, Any]) -> None:
    """Check shapes, and where there are entries and numbers the gradient."""
    with quiet():
        gradients = grad(**values)
    direction = direction_of(values, reals_of(inputs))
    assert [np.shape(g) for g in gradients] == [np.shape(values[x]) for x in direction]
    wanted = slopes(scalar, values, direction)
    if name not in OURS and np.isfinite(wanted):
        assert along(gradients, direction) == pytest.approx(wanted, rel=2e-6, abs=2e-7)


@pytest.mark.parametrize(("name", "folder"), ELSEWHERE.items())
def test_words_that_take_functions_have_tests_of_their_own(name: str, folder: str) -> None:
    assert name in FUNCTIONS
    texts = [path.read_text(encoding="utf-8") for path in (Path(__file__).parent / folder).glob("test_*.py")]
    assert sum(f"{name}(" in text or f"sb.{name}" in text for text in texts) >= 1


def test_every_name_has_three_forms() -> None:
    names = [name for section in PAGE.values() for name in section.split()]
    assert {name for name in names if len(TABLE.get(name, ())) < 3} == set()
    assert set(TABLE) == set(names)
    for name in names:
        used = sum(name in formula or name in ("index", "write", "msort") for formula, _ in TABLE[name])
        assert used >= 3 or name in ("matmul", "add.at", "cummax", "logical_not"), name


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_supported_is_refused_by_name(name: str) -> None:
    formula, message = REFUSED[name]
    with pytest.raises(SymbackpropError, match=message):
        sb.compile_value(formula, inputs="x[n]")


@pytest.mark.parametrize(
    ("primitive", "form"),
    [
        ("interp", ("interp", "interp(x, sort(z), y)", "x[n] z[4] y[4]")),
        ("convolve", TABLE["convolve"][0]),
        ("replace_parts", TABLE["write"][0]),
        ("add_at", TABLE["add.at"][0]),
        ("gradient", TABLE["gradient"][0]),
        ("rel_entr", TABLE["rel_entr"][0]),
    ],
)
@pytest.mark.parametrize("how", ["off by 0.1 %", "sign"])
def test_a_wrong_rule_is_caught(primitive: str, form: tuple[str, ...], how: str) -> None:
    with spoiled(primitives()[primitive], how), pytest.raises(AssertionError):
        test_form(primitive, *form[-2:])
