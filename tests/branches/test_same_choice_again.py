"""Choices made again with other operands: what one has computed is read by those alone that bind the same to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from differences import body_of

import symbackprop as sb

Choice = Callable[[Any, Any, Any], Any]


def cond_in_cond(p: Any, w: Any, b: Any) -> Any:
    return sb.cond(p > -9, lambda: sb.cond(p > 0, lambda: b, lambda: p), lambda: b)


def cond_in_cond_of_all(p: Any, w: Any, b: Any) -> Any:
    return sb.cond(p > -9, lambda: sb.cond(p > 0, lambda: np.sin(b / (1 + w * w)), lambda: p * b), lambda: b)


def scan_in_cond(p: Any, w: Any, b: Any) -> Any:
    return sb.cond(p > -9, lambda: sb.scan(lambda h: (np.sin(h) * b, None), p, length=3)[0], lambda: p)


def scan_of_what_is_shared(p: Any, w: Any, b: Any) -> Any:
    return sb.cond(p > -9, lambda: sb.scan(lambda h: (np.sin(h) + h * h, None), b, length=2)[0], lambda: b)


def cond_in_scan(p: Any, w: Any, b: Any) -> Any:
    def step(h: Any) -> Any:
        return sb.cond(p > -9, lambda: sb.cond(p > 0, lambda: np.sin(h) * b, lambda: b), lambda: h), None

    return sb.scan(step, w, length=3)[0]


def choices_in_a_step(p: Any, w: Any, b: Any) -> Any:
    return sb.scan(lambda h: (cond_in_cond(p, h, h) * cond_in_cond(p, h, b) + h, None), w, length=2)[0]


def while_in_cond(p: Any, w: Any, b: Any) -> Any:
    def loop() -> Any:
        return sb.while_loop(lambda h: h < 2, lambda h: h + b * b + 0.3, p, max_steps=9)

    return sb.cond(p > -9, loop, lambda: b)


def used_again(choice: Choice, log_first: bool) -> Callable[[Any, Any], Any]:
    """Return a formula that makes a choice of an operand, and of a logarithm both under a mask and without one."""

    def formula(p: Any, w: Any) -> Any:
        operands = [np.log(w), p] if log_first else [p, np.log(w)]
        found = [choice(p, w, operand) for operand in operands]
        masked = found[0] if log_first else found[1]
        return np.where(p > 0, 2.0, masked) * (found[0] + 3 * found[1])

    return formula


CHOICES = [cond_in_cond, cond_in_cond_of_all, scan_in_cond, scan_of_what_is_shared, cond_in_scan, choices_in_a_step]


@pytest.mark.parametrize("log_first", [False, True])
@pytest.mark.parametrize("choice", [*CHOICES, while_in_cond])
def test_values_are_pythons(choice: Choice, log_first: bool) -> None:
    formula = used_again(choice, log_first)
    compiled = sb.compile_value(formula, inputs="p w")
    for p, w in ((0.8, 0.3), (-0.7, 0.4)):
        assert compiled(p, w) == pytest.approx(formula(p, w), rel=1e-13)


@pytest.mark.parametrize("log_first", [False, True])
@pytest.mark.parametrize("choice", CHOICES)
def test_gradients_are_those_of_differences(choice: Choice, log_first: bool) -> None:
    formula = used_again(choice, log_first)
    compiled = sb.compile_value_and_grad(formula, inputs="p w")
    h = 1e-6
    for p, w in ((0.8, 0.3), (-0.7, 0.4)):
        by_p = (formula(p + h, w) - formula(p - h, w)) / (2 * h)
        by_w = (formula(p, w + h) - formula(p, w - h)) / (2 * h)
        value, slopes = compiled(p, w)
        assert value == pytest.approx(formula(p, w), rel=1e-13)
        assert slopes == pytest.approx((by_p, by_w), rel=1e-7, abs=1e-8)


# --- memory -----------------------------------------------------------------------------------------------------------

A, I = np.array([0.3, 0.4, -0.5]), np.array([0, 2, 0])


def test_what_the_way_back_reads_is_not_written_over() -> None:
    def added(a: np.ndarray, p: float, i: np.ndarray) -> np.ndarray:
        def branch() -> np.ndarray:
            u = np.exp(np.sin(a))
            np.add.at(u, i, a)
            return np.sum(u * a)

        return sb.cond(p > 0, branch, lambda: np.sum(a))

    def returned(a: np.ndarray, p: float, i: np.ndarray) -> np.ndarray:
        def branch() -> np.ndarray:
            z = np.exp(a)
            u = z.copy()
            np.add.at(u, i, 1.0)
            return np.sum(u)

        return sb.cond(p > 0, branch, lambda: np.sum(a))

    z = np.exp(np.sin(A))
    u = z.copy()
    np.add.at(u, I, A)
    inputs = {"a": "n", "p": "", "i": "n:int"}
    compiled = sb.compile_value_and_grad(added, inputs=inputs, wrt="a")
    assert np.allclose(compiled(A, 0.5, I)[1], u + A[I] + A * z * np.cos(A), rtol=1e-14)
    assert body_of(compiled).count("np.exp(") == 1
    assert sb.compile_value_and_grad(returned, inputs=inputs, wrt="a")(A, 0.5, I)[1].tolist() == np.exp(A).tolist()


def test_the_way_back_does_not_write_over_what_is_returned() -> None:
    def formula(a: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray]:
        def branch() -> tuple[np.ndarray, np.ndarray]:
            z = np.exp(sb.stop_gradient(np.sin(a)))
            u = a * 1.0
            u[0] = 0.5
            return np.sum(u * z), z

        return sb.cond(p > 0, branch, lambda: (np.sum(a), a))

    compiled = sb.compile_value_and_grad(formula, inputs={"a": "n", "p": ""}, has_aux=True, wrt="a")
    (_, z), a_bar = compiled(A, 0.5)
    assert z.tolist() == np.exp(np.sin(A)).tolist()
    assert a_bar.tolist() == [0.0, *z[1:].tolist()]
