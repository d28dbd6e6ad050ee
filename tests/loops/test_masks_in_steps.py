"""Masks in steps: what a branch that is not taken computes must not poison value or gradient, nor warn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import symbackprop as sb


def compiled(step_text: str, wrt: str | tuple[str, ...]) -> sb.CompiledFunction:
    text = f"w x[n] -> def step(h, x):\n    {step_text}\nlast, ys = scan(step, 0, x)\nlast + sum(ys)"
    return sb.compile_value_and_grad(text, wrt=wrt)


@pytest.mark.parametrize(
    ("step", "w", "x", "expected"),
    [
        ("return h + where(x > 0, log(x), 0), h", 1.0, [-1.0, 0.0, -2.0], (0, (0, [0, 0, 0]))),
        ("return h + where(x > 0, log(w), 0), h", 0.0, [-1.0, -2.0], (0, (0, [0, 0]))),
        ("return h + where(x > 0, h / w, x), 0*x", 0.0, [-1.0, -2.0], (-3, (0, [1, 1]))),
        ("return h + x, where(h > 9, sqrt(w), h)", -1.0, [1.0, 2.0], (4, (0, [2, 1]))),
        ("return h + where(x > 0, x * (1 + log(w) / w), x), 0*x", 0.0, [-1.0], (-1, (0, [1]))),
        ("return where(x > 0, exp(w), x), where(h > 0, log(h), 0)", 1e4, [-1.0, -2.0], (-2, (0, [0, 1]))),
    ],
)
def test_branches_that_no_step_takes(step: str, w: float, x: list[float], expected: tuple) -> None:
    with np.errstate(all="raise"):
        value, (w_bar, x_bar) = compiled(step, ("w", "x"))(w, x)
    assert value == expected[0]
    assert w_bar == expected[1][0]
    np.testing.assert_array_equal(x_bar, expected[1][1])


def test_steps_that_take_the_branch_have_its_derivative() -> None:
    g = compiled("return h + where(x > 0, x*log(w), 0), 0*x", "w")
    value, w_bar = g(2.0, [1.0, -5.0, 3.0])
    assert value == pytest.approx(4 * np.log(2))
    assert w_bar == pytest.approx(2.0)


def test_what_was_computed_outside_of_the_step_stays_there() -> None:
    text = "w[k] x[n] -> a = log(w)\ndef step(h, x):\n    return where(x > 0, h + a, h), 0\nsum(scan(step, 0*w, x)[0])"
    source = sb.compile_grad(text, wrt="w").source
    assert "np.log" not in source.split("for t in")[-1]


def test_a_branch_outside_that_a_loop_reads_is_guarded_as_any() -> None:
    text = "w[k] x[n] -> def step(h, x):\n    return h * x, None\nsum(scan(step, where(w > 0, log(w), w), x)[0])"
    with np.errstate(all="raise"):
        value, w_bar = sb.compile_value_and_grad(text, wrt="w")([-1.0, 1.0], [2.0])
    assert value == -2
    np.testing.assert_array_equal(w_bar, [2.0, 2.0])


def test_a_scalar_that_is_chosen_is_a_number() -> None:
    text = "h0 x[n] -> def step(h, x):\n    return where(h > x, h, x), None\nscan(step, h0, x)[0]"
    largest = sb.compile_value(text)
    assert isinstance(largest(0.0, [1.0, 3.0, 2.0]), float)
    assert largest(0.0, [1.0, 3.0, 2.0]) == 3
    assert largest(5.0, []) == 5


@pytest.mark.parametrize("w", [2.0, 0.0, -1.0])
def test_a_loop_under_a_mask_cannot_poison(w: float) -> None:
    """Neither what a loop takes nor what its steps compute is out of its domain where the mask is off."""
    text = "def step(c, x):\n    return c*log(w) + sqrt(w*x), None\nlast, _none = scan(step, 1.0, xs)\nwhere(w > 0, last, 0)"
    compiled = sb.compile_value_and_grad(text, inputs="w xs[n]", wrt="w")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, slope = compiled(w, [1.0, 2.0])
    if w <= 0:
        assert (value, slope) == (0.0, 0.0)
        return
    ends = [compiled(w + sign * 1e-6, [1.0, 2.0])[0] for sign in (1, -1)]
    assert slope == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-8)


@pytest.mark.parametrize("a", [2.0, -2.0])
def test_a_while_loop_under_a_mask_takes_no_step(a: float) -> None:
    text = (
        "def go(c): return c - log(c)*w/sqrt(a)\ndef on(c): return log(c) > 1e-3\n"
        "r = while_loop(on, go, x, 100)\nwhere(a > 0, r, 0)"
    )
    compiled = sb.compile_value_and_grad(text, inputs="w a x", wrt="a")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, slope = compiled(0.5, a, 3.0)
    ends = [compiled(0.5, a + sign * 1e-7, 3.0)[0] for sign in (1, -1)]
    assert slope == pytest.approx((ends[0] - ends[1]) / 2e-7, rel=1e-5, abs=1e-12)
    assert value == 0.0 or a > 0
