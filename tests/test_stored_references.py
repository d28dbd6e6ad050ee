"""Gradients of the coverage table against those that autograd found, stored by `tests/references/make.py`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from coverage_table import TABLE
from stored_values import drawn_for, is_real

import symbackprop as sb

LEAST, LEAST_FORMS = 186, 728  # of names and forms that autograd has
STORED = json.loads((Path(__file__).parent / "references" / "coverage.json").read_text())


@pytest.mark.parametrize("formula", STORED)
def test_value_and_slope(formula: str) -> None:
    inputs, form = formula.split(" -> ", 1)
    values = drawn_for(form, inputs)
    is_array = sb.compile_value(formula).graph.outputs[0].shape
    squared = f"sum(({form})**2)" if is_array else f"({form})**2"
    compiled = sb.compile_value_and_grad(f"{inputs} -> {squared}")
    with np.errstate(all="ignore"):
        value, gradient = compiled(**values)
    slope = sum(np.sum(part) for part in gradient)
    assert [value, slope] == pytest.approx(STORED[formula], rel=1e-9, abs=1e-11)
    assert len(gradient) == sum(map(is_real, values.values()))


def test_most_names_have_a_stored_reference() -> None:
    named = [
        name for name, forms in TABLE.items() if any(f"{inputs} -> {form}" in STORED for form, inputs, *_ in forms)
    ]
    assert len(named) >= LEAST
    assert len(STORED) >= LEAST_FORMS
