"""Printed sources that are spoilt in one place are all caught: a sign, 0.1 %, an exchange, a branch, an entry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.check.reference import evaluate_program
from symbackprop.check.verify import Subject, verify
from symbackprop.ir.signature import leaves_of
from symbackprop.read.parser import parse
from symbackprop.read.shapes import split_declarations

SCALAR = [
    "(w*x + b - y)**2",
    "1e-12*x*y + 1e-12*sin(x)",
    "x**3*y - 2*x if x > y else y**2*cos(x)",
    "log(1 + exp(x*y))",
    "v = s*sqrt(T); d = log(S)/v + 0.5*v; 0.5*(1 + erf(d/sqrt(2)))",
]
ARRAYS = [
    "X[n,d] w[d] y[n] -> mean((X @ w - y)**2)",
    "z[k] y[k] -> -sum(y*log(softmax(z)))",
    "x[n] y[n] -> sum(where(x > y, x**2*y, 3*x)) + 2*x[0]*y[1]",
    (
        "h[k] X[n,k] -> def step(h, x):\n    g = tanh(h*x) + 0.5*h\n    return g, g*x\n"
        "last, ys = scan(step, h, X)\nsum(last) - sum(ys**2)"
    ),
]


def subject_of(compiled: sb.CompiledFunction, formula: str) -> Subject:
    program = parse(formula, split_declarations(formula)[1])
    scalar = not any(spec.shape for spec in compiled.signature)
    return Subject(
        source=compiled.source,
        name=compiled.__name__,
        arguments=compiled.signature,
        labels=compiled.graph.labels,
        reference=lambda values, words: evaluate_program(program, values, words),
        guards=compiled.guards,
        array_source=compiled.array_source if scalar else None,
    )


def spoilt(source: str) -> Iterator[str]:
    """Yield the source with one thing wrong."""
    head, mark, body = source.rpartition('"""')
    for match in re.finditer(r"(?<=[\w)\]] )[-+](?= )|(?<=[=(,] )-(?=[\w(])|\b(?!1\.0\b)\d+\.\d+\b|cos|axis=0", body):
        old = match.group()
        number = repr(1.001 * float(old)) if old[0].isdigit() else ""
        new = {"+": "-", "-": "+", "cos": "sin", "axis=0": "axis=-1"}.get(old, number)
        if float(number or 1):
            yield head + mark + body[: match.start()] + new + body[match.end() :]
    start, _, results = body.rpartition("return ")
    yield f"{head}{mark}{start}result = {results}    return result[0], tuple(1.001 * g for g in result[1])\n"
    yield f"{head}{mark}{start}result = {results}    return result[0], result[1][::-1]\n"


def same(a: str, b: str, compiled: sb.CompiledFunction) -> bool:
    """Tell whether two sources give the same at a few points, or one gives nothing."""
    rng = np.random.default_rng(0)
    for _ in range(8):
        point = {s.name: rng.uniform(0.2, 2.0, [3] * len(s.shape or ())) for s in compiled.signature}
        try:
            results = [list(leaves_of(_loaded(text, compiled)(**point))) for text in (a, b)]
        except (ArithmeticError, ValueError):
            return True
        except (NameError, IndexError):
            return False
        if not all(np.allclose(x, y, rtol=1e-9, atol=0) for x, y in zip(*results, strict=True)):
            return False
    return True


def _loaded(source: str, compiled: sb.CompiledFunction) -> Any:
    scope: dict[str, Any] = {}
    exec(source, scope)
    return scope[compiled.__name__]


@pytest.mark.parametrize("formula", SCALAR + ARRAYS)
def test_every_spoilt_source_fails(formula: str) -> None:
    compiled = sb.compile_value_and_grad(formula)
    right = subject_of(compiled, formula)
    assert verify(right, seconds=0.1)
    wrong = [text for text in spoilt(right.source) if not same(text, right.source, compiled)]
    assert len(wrong) >= 4
    for text in wrong:
        assert not verify(replace(right, source=text), seconds=0.0), text


@pytest.mark.parametrize("formula", SCALAR)
def test_every_spoilt_array_source_fails(formula: str) -> None:
    compiled = sb.compile_value_and_grad(formula)
    right = subject_of(compiled, formula)
    assert right.array_source is not None
    wrong = [text for text in spoilt(right.array_source) if not same(text, right.array_source, compiled)]
    assert len(wrong) >= 4
    for text in wrong:
        report = verify(replace(right, array_source=text), seconds=0.0)
        failed = {stage.name for output in report.outputs for stage in output.stages if stage.status == "failed"}
        assert "50 digits, arrays" in failed, text


@pytest.mark.parametrize("line", ["raise ValueError('no')", "return undefined", "return 1.0", "return 1.0, (2.0, 3.0)"])
def test_code_that_raises_or_returns_something_else_fails(line: str) -> None:
    compiled = sb.compile_value_and_grad("sin(x)")
    right = subject_of(compiled, "sin(x)")
    report = verify(replace(right, source=f"def value_and_grad(x):\n    {line}\n"))
    assert not report
    assert "the code raised" in str(report)


def test_one_wrong_entry_among_hundreds_fails() -> None:
    formula = "W[15,20] x[20] -> sum(tanh(W @ x)**2)"
    compiled = sb.compile_grad(formula)
    right = subject_of(compiled, formula)
    report = verify(right)
    assert report
    results = right.source.rpartition("return ")
    for spoil in ("g[0][11, 17] *= 1.001", "g[1][11] = -g[1][11]", "g[0][0, 0] += 1e-9"):
        lines = f"g = {results[2].strip()}\n    {spoil}\n    return g\n"
        assert not verify(replace(right, source=f"{results[0]}{lines}")), spoil


def test_branches_that_are_seldom_taken_are_run() -> None:
    formula = "x**2*y if x > 4 else x*y"
    compiled = sb.compile_grad(formula)
    right = subject_of(compiled, formula)
    report = verify(right)
    assert report
    assert not report.untaken
    wrong = right.source.replace("2.0 *", "2.001 *")
    assert wrong != right.source
    assert not verify(replace(right, source=wrong))


def test_a_branch_that_is_lost_is_missed() -> None:
    formula = "clip(x, -2, 2)*y"
    right = subject_of(sb.compile_grad(formula), formula)
    assert not verify(replace(right, source="def grad(x, y):\n    return y, x\n"))


def test_a_branch_that_no_point_takes_is_reported() -> None:
    report = sb.compile_grad("x**2 if x > 1000 else x").verify()
    assert report
    assert len(report.untaken) == 1
    assert "always False" in str(report)
    assert "x > 1000.0" in str(report)


@pytest.mark.parametrize(
    "formula",
    [
        "x[n] -> x[5]*sum(x)",
        "x[n] -> sum(reshape(x, (2, 3))**2)",
        "x[n] -> sum(reshape(x[1:], (3, 3))**2)",
    ],
)
def test_sizes_are_such_that_the_guards_hold(formula: str) -> None:
    compiled = sb.compile_grad(formula)
    assert compiled.guards
    assert compiled.verify()


def test_what_is_deep_or_large_as_a_tree_is_verified_in_numbers() -> None:
    for count in (25, 120):
        formula = "\n".join(["f = x", *["f = sin(f*f + x)"] * count, "f"])
        report = sb.compile_grad(formula).verify()
        assert report
        assert "too" in str(report)


def test_choices_among_numbers_alone_are_verified_over_arrays_too() -> None:
    assert sb.compile_value_and_grad("where(2 > 2, 2, 0.5) + 0*x").verify()
