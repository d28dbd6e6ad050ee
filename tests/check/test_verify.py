"""Verification passes what is right, and catches what is wrong at every stage."""

from __future__ import annotations

from dataclasses import replace

import formulas
import pytest

import symbackprop as sb
from symbackprop.check.reference import evaluate_program
from symbackprop.check.verify import Subject, verify
from symbackprop.ir.signature import ArgumentSpec, Label
from symbackprop.read.parser import parse


@pytest.mark.timeout(20)
@pytest.mark.parametrize("formula", formulas.ALL)
def test_every_formula_is_verified(formula: str) -> None:
    report = sb.compile_value_and_grad(formula, target="numpy").verify(points=1, seconds=0.2)
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
