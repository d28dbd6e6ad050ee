"""Verification passes what is right, and catches what is wrong at every stage."""

from __future__ import annotations

from dataclasses import replace

import formulas
import pytest
import sympy

import symbackprop as sb
from symbackprop.check.reference import evaluate_program
from symbackprop.check.verify import Subject, verify
from symbackprop.errors import ArgumentError, UnknownNameError
from symbackprop.ir.signature import ArgumentSpec, Label
from symbackprop.read.parser import parse

SPECIAL = [
    "x*elliptic_pi(y/5, x/5)",
    "elliptic_pi(-2, y, 0.3)*y*x",
    "elliptic_pi(-3*x, -3*x - y/1000)",
    "polylog(2, x/4)*y + polylog(1, y/4)*polylog(0, x/4) + polylog(-2, x/4)",
    "spence(x)*y",
    "erf2inv(x/2, y/20)",
    "hyp0f1(1.5, x*y)",
    "hyp1f1(0.5, 2, x*y)*x",
    "x[n] -> sum(elliptic_pi(x/8, 0.2) + polylog(2, -x))",
]


@pytest.mark.parametrize("formula", formulas.ALL + formulas.WRITES + formulas.CHOSEN + SPECIAL)
def test_every_formula_is_verified(formula: str) -> None:
    report = sb.compile_value_and_grad(formula, target="numpy").verify(points=1, seconds=0.05)
    assert report, f"{formula}\n{report}"


def subject(body: str) -> Subject:
    source = f"import math\n\ndef grad(x, y):\n    return {body}\n"
    program = parse("sin(x)*y + x**2*y**2")
    return Subject(
        source=source,
        name="grad",
        arguments=(ArgumentSpec("x", (), "float64"), ArgumentSpec("y", (), "float64")),
        labels=(Label(0, "x"), Label(0, "y")),
        reference=lambda values, words: evaluate_program(program, values, words),
    )


RIGHT = "math.cos(x) * y + 2.0 * x * y * y, math.sin(x) + 2.0 * x * x * y"


def test_right_source_passes_exactly() -> None:
    report = verify(subject(RIGHT))
    assert report
    assert [output.strongest for output in report.outputs] == ["exact", "exact"]


@pytest.mark.parametrize(
    "body",
    [
        "1.001 * (math.cos(x) * y + 2.0 * x * y * y), math.sin(x) + 2.0 * x * x * y",
        "math.cos(x) * y - 2.0 * x * y * y, math.sin(x) + 2.0 * x * x * y",
        "math.sin(x) + 2.0 * x * x * y, math.cos(x) * y + 2.0 * x * y * y",
        "math.cos(x) * y + 2.0 * x * y * y, 0.0",
    ],
    ids=["off by 0.1 %", "sign", "order", "missing"],
)
def test_wrong_source_fails_in_both_numeric_stages(body: str) -> None:
    report = verify(subject(body))
    assert not report
    stages = [stage for output in report.outputs for stage in output.stages]
    assert {stage.name for stage in stages if stage.status == "failed"} >= {"50 digits", "float"}
    assert not all(stage.status == "passed" for stage in stages if stage.name == "exact")


def test_wrong_shape_fails() -> None:
    compiled = sb.compile_grad("x[n] -> sum(x**2)")
    right = Subject(
        source=compiled.source,
        name="grad",
        arguments=compiled.signature,
        labels=(Label(0, "x"),),
        reference=lambda values, words: evaluate_program(parse("sum(x**2)"), values, words),
    )
    assert verify(right)
    assert not verify(replace(right, source=compiled.source.replace("2.0 * x,", "(2.0 * x)[:-1],")))


def test_formula_without_a_domain_says_so() -> None:
    report = sb.compile_grad("log(-1 - x**2)").verify()
    assert not report
    assert "no point" in str(report)


def test_report_prints_a_table() -> None:
    text = str(sb.compile_grad("abs(x)*y").verify())
    assert text.startswith("verified: 2 points")
    assert "d/dx" in text
    assert "at kinks: abs" in text


# --- ranges -----------------------------------------------------------------------------------------------------------


def test_a_domain_far_from_one_is_found_in_the_range_given() -> None:
    compiled = sb.compile_value_and_grad("sqrt(x - 1e6) + log(y - 2e-20)")
    assert "ranges=" in str(compiled.verify())
    report = compiled.verify(ranges={"x": (2e6, 3e6), "y": (3e-20, 5e-20)})
    assert report, report


def test_ranges_may_be_of_some_inputs_and_of_arrays() -> None:
    assert sb.compile_grad("x[n] k -> sum(x**k)").verify(points=1, ranges={"x": (1e-9, 1e-3)})


def test_a_range_may_be_one_number() -> None:
    assert sb.compile_grad("arccos(x)*y").verify(points=1, ranges={"x": (0.5, 0.5)})


def test_ranges_of_a_sympy_expression_are_by_symbol_or_name() -> None:
    theta, mass = sympy.symbols(r"\theta_1 m'", positive=True)
    compiled = sb.compile_value_and_grad(sympy.sqrt(theta - 100) * mass, wrt=[theta, mass])
    for ranges in ({theta: (200, 300)}, {r"\theta_1": (200, 300), "m'": (1e-30, 1e-28)}):
        assert compiled.verify(points=1, ranges=ranges)


@pytest.mark.parametrize(
    ("ranges", "error"),
    [
        ({"z": (0, 1)}, UnknownNameError),
        ({"x": (1, 0)}, ArgumentError),
        ({"x": (0, float("inf"))}, ArgumentError),
        ({"x": 3}, ArgumentError),
        ({"x": "ab"}, ArgumentError),
    ],
)
def test_a_range_that_is_none_is_refused(ranges: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error, match="range"):
        sb.compile_grad("x*y").verify(ranges=ranges)  # type: ignore[arg-type]


@pytest.mark.parametrize("factor", ["1e-20", "1e-35"])
def test_a_wrong_gradient_fails_however_small_it_is(factor: str) -> None:
    compiled = sb.compile_grad(f"{factor}*x**3*y")
    program = parse(f"{factor}*x**3*y")
    right = Subject(
        source=compiled.source,
        name="grad",
        arguments=compiled.signature,
        labels=(Label(0, "x"), Label(0, "y")),
        reference=lambda values, words: evaluate_program(program, values, words),
    )
    assert verify(right)
    wrong = replace(right, source=compiled.source.replace("return ", "return 1.001 * "))
    assert wrong.source != right.source
    assert not verify(wrong)


def test_identities_that_are_zero_are_verified() -> None:
    assert sb.compile_grad("1 - cos(x)**2 - sin(x)**2").verify()


@pytest.mark.parametrize(
    "formula",
    [
        "where(x > 1, sqrt(x - 1), sqrt(1 - x))",
        "where(x > 1, (x - 1)**0.7, log(1 - x))",
        "x[n] -> sum(where(x > 1, sqrt(x - 1), arccos(x/2 + 1/2)))",
    ],
)
def test_branches_may_have_disjoint_domains(formula: str) -> None:
    report = sb.compile_grad(formula).verify()
    assert report, report


def test_branches_of_a_sympy_expression_may_have_disjoint_domains() -> None:
    x = sympy.Symbol("x", real=True)
    nested = sympy.Piecewise((sympy.log(x - 2), x > 2), (sympy.sqrt(-x), x < 0))
    assert sb.compile_grad(sympy.Piecewise((sympy.sqrt(1 - x), x < 1), (nested, True))).verify(ranges={x: (2.5, 4)})
