"""Sizes that are equal only where a slice is not cut off are taken as equal, and checked on every call."""

from __future__ import annotations

import re

import numpy as np
import pytest

import symbackprop as sb

FITTING = [
    ("sum(x[1:]*w)", "x[n] w[n-1]"),
    ("sum(diff(x)*w)", "x[n] w[n-1]"),
    ("sum(x[:3]*y)", "x[n] y[3]"),
    ("sum(x[-3:]*y)", "x[n] y[3]"),
    ("sum(x[:len(y)]*y)", "x[n] y[m]"),
    ("sum(pad(x[1:], (0, 1))*x)", "x[n]"),
    ("sum(x[1:] @ A)", "x[n] A[n-1,d]"),
    ("sum(dot(A, x[1:])**2)", "x[n] A[d,n-1]"),
    ("sum(stack([x[1:], w])**2)", "x[n] w[n-1]"),
    ("sum(concatenate([X[1:], W], axis=1)**2)", "X[n,d] W[n-1,2]"),
    ("sum(where(x[1:] > 0, w, x[:-1]))", "x[n] w[n-1]"),
    ("sum(reshape(x[1:], (-1, 1))*w)", "x[n] w[n-1,1]"),
    ("u = exp(x[1:])\nsum(u*w)/sum(u)", "x[n] w[n-1]"),
]


@pytest.mark.parametrize(("formula", "inputs"), FITTING)
def test_slices_fit_declared_sizes(formula: str, inputs: str) -> None:
    compiled = sb.compile_value_and_grad(formula, inputs=inputs)
    assert compiled.verify(points=1, seconds=0.5)


@pytest.mark.parametrize(
    ("formula", "inputs", "shapes"),
    [
        ("sum(x[:3]*y)", "x[n] y[3]", [2, 3]),
        ("sum(x[:len(y)]*y)", "x[n] y[m]", [2, 3]),
        ("sum(pad(x[1:], (0, 1))*x)", "x[n]", [0]),
    ],
)
def test_what_does_not_fit_is_refused_on_call(formula: str, inputs: str, shapes: list[int]) -> None:
    compiled = sb.compile_value(formula, inputs=inputs)
    with pytest.raises(sb.errors.ArgumentError, match="sizes of one axis"):
        compiled(*map(np.ones, shapes))


@pytest.mark.parametrize(
    ("formula", "inputs"), [("x - y", "x[n] y[m]"), ("x[1:] - y", "x[n] y[m]"), ("x[1:] + x", "x[n]")]
)
def test_names_never_unify(formula: str, inputs: str) -> None:
    with pytest.raises(sb.errors.ShapeError, match="do not broadcast"):
        sb.compile_value(formula, inputs=inputs)


def test_fitting_sizes_leave_no_trace_in_the_code() -> None:
    source = sb.compile_grad("sum(diff(x)*w)", inputs="x[n] w[n-1]", wrt="x").source
    body = source.split('"""')[-1]
    assert "reshape" not in body
    assert not re.search(r"^\s*\w+ = w\b", body, re.MULTILINE)


# --- a first row against all of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", range(4))
def test_a_slice_of_one_entry_at_most_is_broadcast(count: int) -> None:
    """``x[:1]`` has one entry, or none where there is none to be broadcast to: the rule of NumPy at every size."""
    x = np.array([3.0, 1.0, 4.0])[:count]
    matrix = np.outer(x, [1.0, 2.0, 5.0])
    for text in ("x - x[:1]", "x[-1:]*x", "maximum(x[:1], x)"):
        np.testing.assert_array_equal(
            sb.compile_value(f"x[n] -> {text}")(x), eval(text, {"maximum": np.maximum, "x": x})
        )
    np.testing.assert_array_equal(
        sb.compile_value("X[n,d] -> X - X[:1] + X[:, :1]")(matrix), matrix - matrix[:1] + matrix[:, :1]
    )
    gradient = sb.compile_grad("x[n] -> sum((x - x[:1])**2*x)", wrt="x")(x)
    expected = (x - x[:1]) ** 2 + 2 * x * (x - x[:1])
    if count:
        expected[0] -= np.sum(2 * x * (x - x[:1]))
    np.testing.assert_allclose(gradient, expected, rtol=1e-14)


def test_a_slice_of_two_entries_is_not() -> None:
    f = sb.compile_value("x[n] -> x - x[:2]")
    assert f([3.0, 1.0]).tolist() == [0.0, 0.0]
    with pytest.raises(sb.ArgumentError, match="needs n == min"):
        f([3.0, 1.0, 4.0])
