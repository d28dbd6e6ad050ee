"""Errors of formulas say what is wrong and what to write instead, in words of the formula."""

from __future__ import annotations

import pytest

import symbackprop as sb


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x && y", "write `and`"),
        ("x || y", "write `or`"),
        ("x <> y", "write `!=`"),
        ("x => y", "write `>=`"),
        ("x =< y", "write `<=`"),
        ("x === y", "write `==`"),
        ("x << 2", "power of 2"),
        ("(x > 0) ^ (y > 0)", "write `!=` for `xor`"),
        ("2j*x", "over real numbers"),
        ("sum(x, axis=)", "axis has no value"),
        ("max(x, 0)", r"write maximum\(a, b\)"),
        ("min(x, y, 2)", r"write minimum\(a, b\)"),
        ("sin()", r"^sin\(x\): missing"),
        ("pow(x, 2, 3)", r"^pow\(x1, x2\): too many"),
        ("x.round(1, 2)", r"^round\(a, decimals=0\): too many"),
        ("rot90(x, turns=2)", r"^rot90\(m, k=1, axes=\(0, 1\)\): got an unexpected keyword argument 'turns'"),
        ("1/0*x", "by zero has no value"),
        ("a = 0; 0/a*x", "by zero has no value"),
        ("7 // 0 + x", "by zero has no value"),
        ("x % (7 % 0)", "by zero has no value"),
        ("1/(0.5 - 0.5)*x", "no real value"),
        ("(-2)**0.5*x", "no real value"),
    ],
)
def test_messages(text: str, message: str) -> None:
    with pytest.raises(sb.SymbackpropError, match=message):
        sb.compile_value(text)


def test_an_output_argument_of_none_is_no_request() -> None:
    assert sb.compile_value("x[n] -> sum(x, out=None)")([1.0, 2.0]) == 3.0
