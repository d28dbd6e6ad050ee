"""Bounds of the rounding errors of array functions: against double precision, over forms of the coverage table."""

from __future__ import annotations

import math

import numpy as np
import pytest
from coverage_table import TABLE
from numpy_forms import SIZES, drawn, quiet

import symbackprop as sb

REFUSED = ("hyp0f1", "hyp1f1", "hyp2f1", "eval_gegenbauer", "eval_jacobi")
FORMS = [form for name, forms in TABLE.items() for form in forms if ";" not in form[0] and name not in REFUSED][::9]


def _rounded(value, dtype):
    array = np.asarray(value)
    return array.astype(np.float32).astype(dtype)[()] if array.dtype.kind == "f" else value


@pytest.mark.parametrize(("formula", "inputs"), FORMS, ids=[f"{form[0]} of {form[1]}" for form in FORMS])
def test_no_error_is_above(formula, inputs):
    scalar = f"{inputs} -> 0.37*mean(tanh(ones(1)*({formula})))"
    double, single = (sb.compile_value(scalar, dtype=dtype) for dtype in ("float64", "float32"))
    values = drawn(formula, inputs, SIZES)
    with quiet():
        expected = float(double(**{name: _rounded(value, np.float64) for name, value in values.items()}))
        given = {name: _rounded(value, np.float32) for name, value in values.items()}
        found, bound = float(single(**given)), float(single.error_bound(**given))
    assert math.isfinite(bound)
    assert abs(found - expected) <= bound * 1.001 + 1e-12  # which the bound and the double are wrong by
