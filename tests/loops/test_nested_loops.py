"""Loops in the steps of loops, against both written out."""

from __future__ import annotations

from typing import Any

import numpy as np
from comparing import RANDOM, agree, programs
from hypothesis import given, settings
from hypothesis import strategies as st
from random_steps import Program, arguments_of, by_python, by_scan, declared, nested

import symbackprop as sb


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Program, Program]:
    inner = draw(programs())
    return inner, draw(programs(inner.carries))


def both(inner: Any, outer: Any) -> dict[str, Any]:
    """Return shapes or arguments of two programs as those of their loops."""
    return {**outer, "xs2": inner["xs"], "shared2": inner["shared"]}


@settings(RANDOM, max_examples=15)
@given(pairs(), st.sampled_from([1, 3]), st.sampled_from([1, 2]), st.integers(0, 2**32 - 1))
def test_a_loop_in_each_step_of_a_loop(pair: tuple[Program, Program], steps: int, inside: int, seed: int) -> None:
    inner, outer = pair
    arguments = both(arguments_of(inner, inside, seed), arguments_of(outer, steps, seed + 1))
    sizes = both(declared(inner, str(inside)), declared(outer, str(steps)))
    names = both(declared(inner, "j"), declared(outer, "n"))
    with np.errstate(all="ignore"):
        ours = sb.compile_value_and_grad(nested(inner, outer, by_scan), inputs=names)(**arguments)
        theirs = sb.compile_value_and_grad(nested(inner, outer, by_python), inputs=sizes)(**arguments)
        value = nested(inner, outer, by_scan)(**arguments)
    agree(ours, theirs)
    agree(ours[0], value)


def test_three_levels() -> None:
    """Powers of powers: every level multiplies by w as many times as there are rows."""

    def loss(w: Any, x: Any, y: Any, z: Any) -> Any:
        def first(h: Any, a: Any) -> Any:
            def second(h: Any, b: Any) -> Any:
                def third(h: Any, c: Any) -> Any:
                    return h * w * c, None

                return sb.scan(third, h + b, z)[0], h

            h, seen = sb.scan(second, h * a, y)
            return h + np.sum(seen), None

        return sb.scan(first, 1.0, x)[0]

    def written_out(w: Any, x: Any, y: Any, z: Any) -> Any:
        h = 1.0
        for a in x:
            h, seen = h * a, 0.0
            for b in y:
                seen, h = seen + h, h + b
                for c in z:
                    h = h * w * c
            h = h + seen
        return h

    arguments = 0.7, np.array([0.5, 1.5]), np.array([0.2, -0.4, 0.9]), np.array([1.1, 0.8])
    shapes = {"w": "", "x": "n", "y": "m", "z": "k"}
    ours = sb.compile_value_and_grad(loss, inputs=shapes)(*arguments)
    theirs = sb.compile_value_and_grad(written_out, inputs={"w": "", "x": "2", "y": "3", "z": "2"})(*arguments)
    agree(ours, theirs)


def test_an_inner_loop_that_is_the_same_in_every_step_runs_once() -> None:
    def loss(w: Any, x: Any, y: Any) -> Any:
        def step(h: Any, a: Any) -> Any:
            inner, _ = sb.scan(lambda g, b: (np.tanh(g * w + b), None), 0.0, y)
            return h * a + inner, None

        return sb.scan(step, 0.0, x)[0]

    shapes = {"w": "", "x": "n", "y": "m"}
    source = sb.compile_value(loss, inputs=shapes).source
    first, second = (line for line in source.split("\n") if line.lstrip().startswith("for "))
    assert len(first) - len(first.lstrip()) == len(second) - len(second.lstrip()) == 4
    x, y = np.array([0.3, 0.6]), np.array([0.1, -0.2, 0.4])
    value, gradient = sb.compile_value_and_grad(loss, inputs=shapes, wrt="w")(0.8, x, y)
    assert value == loss(0.8, x, y)
    slope = (loss(0.8 + 1e-6, x, y) - loss(0.8 - 1e-6, x, y)) / 2e-6
    np.testing.assert_allclose(gradient, slope, rtol=1e-8)


def test_masks_of_one_step_are_not_those_of_another() -> None:
    """The inner loop under a mask shares nodes with other bodies, which do not bind that mask."""

    def loss(init: Any, xs: Any, rows: Any, w: Any) -> Any:
        def inner(carry: Any, x: Any) -> Any:
            a, b = carry
            c = w / (2 + np.cos(a))
            root = np.where(b > 0.1, np.sqrt(b), 0.0)
            value = np.where(x > x / (1 + x * x), x * x / (1 + x * x), x) - 2.0 - c
            return (0.9 * np.sin(c), 0.9 * np.sin(root)), value

        def step(carry: Any, row: Any) -> Any:
            (a, b), values = sb.scan(inner, carry, rows, reverse=True)
            m = 0.1 * np.sum(np.sin(values + 0.6))
            root = np.where(a + m > 0.1, np.sqrt(a + m), 0.0)
            return (np.tanh(np.sin(np.where(root > 0, np.log(root), root))), b + m), (a + m, a + m)

        (a, b), (first, second) = sb.scan(step, init, xs)
        return np.sin(a + 0.3) + np.sum(np.sin(b + 0.6)) + np.sum(np.sin(first + 0.9)) + np.sum(np.sin(second + 1.2))

    g = sb.compile_value_and_grad(loss, inputs={"init": ("", "k"), "xs": "n", "rows": "j m k", "w": ""})
    given = (0.3, np.array([0.4, -0.2])), np.zeros(3), np.ones((2, 2, 2)), 0.7
    with np.errstate(all="ignore"):
        agree(g(*given)[0], loss(*given))
