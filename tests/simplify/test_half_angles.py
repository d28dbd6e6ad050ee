"""Half angles: the sine and the cosine of the whole one instead, with errors of a few units in the last place."""

from __future__ import annotations

import math
import random

import mpmath
import numpy as np
import pytest

import symbackprop as sb
from benchmarks.accuracy.reference import units


def _body(source: str) -> str:
    return source.split('"""')[-1].strip()


def test_derivatives_of_one_minus_cosine_are_as_by_hand() -> None:
    gradient, hessian = sb.compile_grad("1 - cos(x)", wrt="x"), sb.compile_hessian("1 - cos(x)", wrt="x")
    assert _body(gradient.source) == "return sin(x)"
    assert _body(hessian.source) == "return cos(x)"
    assert gradient.rewrites["sine of a whole angle"] == hessian.rewrites["cosine of a whole angle"] == 1


def test_what_a_quotient_cancels_is_left_to_it() -> None:
    _, (slope,) = sb.compile_value_and_grad("sin(x/2)*cos(x/2)/sin(x/2)")(1e-8)
    assert slope == pytest.approx(-2.5e-9, rel=1e-7)


def test_a_product_where_both_are_needed_elsewhere_stays() -> None:
    compiled = sb.compile_value("s = sin(x/2); c = cos(x/2); s*c + s + c")
    assert "sine of a whole angle" not in compiled.rewrites


def test_a_named_product_keeps_its_name() -> None:
    compiled = sb.compile_value("p = y*sin(x/2); z = p*cos(x/2); z + p")
    assert "p = y * sin(" in compiled.source
    assert compiled(3.0, 0.4) == pytest.approx(3 * math.sin(0.2) * math.cos(0.2) + 3 * math.sin(0.2), rel=1e-15)


def test_no_other_angle_is_taken() -> None:
    compiled = sb.compile_value("sin(x/2)*cos(y/2) + cos(x/2)**2 - sin(y/2)**2 + sin(x/3)*cos(x/3)")
    assert not {"sine of a whole angle", "cosine of a whole angle"} & set(compiled.rewrites)


@pytest.mark.parametrize(
    ("formula", "exact", "limit"),
    [
        ("sin(x/2)*cos(x/2)", lambda x: mpmath.sin(x) / 2, 1.0),
        ("cos(x/2)*3*sin(x/2)", lambda x: 3 * mpmath.sin(x) / 2, 2.0),
        ("cos(x/2)**2 - sin(x/2)**2", mpmath.cos, 1.0),
        ("sin(x/2)**2 - cos(x/2)**2", lambda x: -mpmath.cos(x), 1.0),
    ],
)
def test_errors_of_values_and_derivatives(formula: str, exact: object, limit: float) -> None:
    compiled = sb.compile_value_and_grad(formula, wrt="x")
    chosen = random.Random(formula)
    drawn = [chosen.choice((-1, 1)) * 10 ** chosen.uniform(-300, 6) for _ in range(40)]
    for x in [*drawn, math.pi, math.pi / 2, 3 * math.pi, 1e22]:
        with mpmath.workdps(400):
            right = [exact(mpmath.mpf(x)), mpmath.diff(exact, mpmath.mpf(x))]  # type: ignore[operator, arg-type]
            errors = [units(found, true) for found, true in zip(compiled(x), right, strict=True)]
        assert all(error is not None and error <= limit for error in errors), x


def test_arrays_of_either_precision_and_of_no_entry() -> None:
    for dtype in ("float64", "float32"):
        compiled = sb.compile_grad("sum(y*sin(x/2)**2)", wrt="x", inputs={"x": "n", "y": ""}, dtype=dtype)
        x = np.linspace(-7, 7, 9, dtype=dtype)
        found = compiled(x, 3.0)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, 1.5 * np.sin(x), rtol=4 * np.finfo(dtype).eps)
        assert compiled(x[:0], 3.0).shape == (0,)
