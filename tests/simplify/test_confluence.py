"""No two rows undo each other: small algebraic formulas, of scalars and of arrays, and those that once had it happen."""

from __future__ import annotations

import random

import pytest

import symbackprop as sb
from symbackprop.simplify.pattern import CIRCLE

ONE = ["-({})", "1/({})", "({})**2", "({})**3", "({})**(-1)", "({})**(-2)", "({})**0.5"]
ONE += ["sqrt({})", "1/sqrt({})", "exp({})", "log({})", "abs({})"]
TWO = ["({} + {})", "({} - {})", "({} * {})", "({} * {})", "({} / {})", "({} / {})"]


def formula(choose: random.Random, depth: int) -> str:
    if depth == 0 or choose.random() < 0.15:
        return choose.choice(["x", "x", "y", "z", "2", "3", "0.5"])
    if choose.random() < 0.3:
        return choose.choice(ONE).format(formula(choose, depth - 1))
    return choose.choice(TWO).format(formula(choose, depth - 1), formula(choose, depth - 1))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("2*(y - 1/x)", ["t1 = 1.0 / x", "return 2.0, 2.0 / x * t1"]),
        ("z**-2/z", None),
        ("log(2)*(y + 0.5)/0.5/2", ["return (log(2.0),)"]),
        ("x[n] -> sum(1/(0.5 + x)/3)", None),
        ("y[n] -> sum(abs(3)**(-1)*y/abs(0.5))", None),
        ("x[n] y[n] -> sum(log(y/x) - (1/sqrt(x))**2)", None),
    ],
)
def test_found_ones(text: str, lines: list[str] | None) -> None:
    compiled = sb.compile_grad(text)
    assert CIRCLE not in compiled.rewrites
    assert compiled.verify(points=1, seconds=0.2)
    if lines is not None:
        assert all(line in compiled.source for line in lines)


@pytest.mark.parametrize("form", ["{}", "x[n] y[n] z[n] -> sum({} + 0*x)"])
def test_small_formulas(form: str) -> None:
    choose, found = random.Random(7), 0
    for depth in [2, 3, 3, 4] * 50:
        text = form.format(formula(choose, depth))
        try:
            compiled = sb.compile_grad(text)
        except (sb.SymbackpropError, ZeroDivisionError, RuntimeWarning):
            continue  # a constant, or one that does not exist
        found += 1
        assert CIRCLE not in compiled.rewrites, text
    assert found > 120
