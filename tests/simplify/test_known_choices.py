"""Choices that are decided when compiling are not printed."""

from __future__ import annotations

import pytest

import symbackprop as sb


def _body(source: str) -> str:
    return source.split('"""')[-1].strip()


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("where(2 > 0, a, b)", "return a"),
        ("where(0 >= 2, a, b)", "return b"),
        ("where(0.5 != 0, a, b) + where(0 < -1, a, b)", "return a + b"),
        ("sqrt(1 + x) - 1", "return x / (sqrt(1.0 + x) + 1.0)"),
    ],
)
def test_forms(formula: str, text: str) -> None:
    assert _body(sb.compile_value(formula).source) == text


def test_numbers_that_a_precision_may_make_equal_are_compared_by_the_code() -> None:
    assert "where" in sb.compile_value("x[n] -> where(1/3 > 0.333333333, x, 2*x)", dtype="float32").source
