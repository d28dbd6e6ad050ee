"""Gradients of the coverage table against those of peers, stored by the scripts of `tests/references`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coverage_table import PAGE, TABLE
from numpy_forms import SIZES, drawn, quiet, reals_of, weighted
from test_the_checks import spoiled

import symbackprop as sb
from symbackprop.ops import primitives

LEAST_FORMS = 3  # of each name, with a gradient by at least one peer


def read_stored() -> dict[str, dict[str, list[Any]]]:
    """Return of each formula, by peer, the value and the gradient of each real input."""
    found: dict[str, dict[str, list[Any]]] = {}
    for path in sorted((Path(__file__).parent / "references").glob("*.json")):
        contents = json.loads(path.read_text(encoding="utf-8"))
        for formula, numbers in contents["forms"].items():
            found.setdefault(formula, {})[contents["peer"]] = numbers
    return found


STORED = read_stored()


def check(formula: str) -> None:
    """Compare with every peer the sum of the weighted entries of a form, and its gradient."""
    inputs, form = formula.split(" -> ", 1)
    values = drawn(form, inputs, SIZES)
    compiled = sb.compile_value_and_grad(weighted(form), inputs=inputs, wrt=tuple(reals_of(inputs)))
    with quiet():
        value, gradients = compiled(**values)
    found = [value, *map(np.ravel, gradients)]
    for expected in STORED[formula].values():
        assert [np.size(part) for part in found] == [np.size(part) for part in expected]
        for mine, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("formula", STORED)
def test_value_and_gradient_are_those_of_every_peer(formula: str) -> None:
    check(formula)


@pytest.mark.parametrize("name", [name for section in PAGE.values() for name in section.split()])
def test_every_name_has_stored_references(name: str) -> None:
    stored = [form for form, inputs in TABLE[name] if f"{inputs} -> {form}" in STORED]
    assert len(stored) >= LEAST_FORMS, f"{name}: run the scripts of tests/references, see CONTRIBUTING.md"


def test_nothing_is_stored_of_forms_that_are_gone() -> None:
    assert set(STORED) <= {f"{inputs} -> {form}" for forms in TABLE.values() for form, inputs in forms}


@pytest.mark.parametrize("how", ["off by 0.1 %", "sign"])
@pytest.mark.parametrize(("primitive", "name"), [("lambertw", "lambertw"), ("interp", "interp"), ("add_at", "add.at")])
def test_a_wrong_rule_is_caught(primitive: str, name: str, how: str) -> None:
    form, inputs = TABLE[name][0]
    with spoiled(primitives()[primitive], how), pytest.raises(AssertionError):
        check(f"{inputs} -> {form}")
