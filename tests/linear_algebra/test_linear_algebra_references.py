"""Gradients against those of autograd, stored by `references/make.py`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import symbackprop as sb

REFERENCES = json.loads(Path(__file__).with_name("references").joinpath("autograd.json").read_text())


@pytest.mark.parametrize("formula", REFERENCES)
def test_gradient(formula: str) -> None:
    row = REFERENCES[formula]
    values = {name: np.array(entries) for name, entries in row["inputs"].items()}
    compiled = sb.compile_grad(formula, inputs={name: array.shape for name, array in values.items()})
    for name, found in zip(values, compiled(**values), strict=True):
        expected = np.array(row["gradients"][name])
        if name in ("S", "SS"):  # the peer writes the gradient at a symmetric matrix into its lower triangle
            expected = (expected + np.swapaxes(expected, -2, -1)) / 2
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)


def test_there_are_references() -> None:
    assert len(REFERENCES) >= 19
