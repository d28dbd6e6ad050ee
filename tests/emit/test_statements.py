"""Lines of printed code: what they name, what they look through."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("abs(3 - x) + floor(-x)", -1.0),
        ("3 - x if x > 0 else floor(-x) * ceil(-x)", -1.0),
        ("abs(y - x) - -x // abs(y)", 1.0),
    ],
)
def test_a_sign_that_lines_look_through_is_known_where_only_a_comment_needs_it(formula: str, expected: float) -> None:
    values = {"x": 2.5, "y": 1.0}
    compiled = sb.compile_grad(formula, wrt="x")
    assert compiled(*(values[spec.name] for spec in compiled.signature)) == expected


@pytest.mark.parametrize(
    "formula", ["-min(x)", "-sum(relu(x)*x)", "sum(x) - max(x)*sum(x)", "-median(x)", "sum(-((x > 0)*x))"]
)
def test_masks_are_not_negated(formula: str) -> None:
    compiled = sb.compile_value_and_grad(formula, inputs="x[n]")
    compiled(np.array([1.0, -2.0, 3.0]))
    assert compiled.verify(points=1, seconds=1)
