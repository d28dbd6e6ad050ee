"""A scan against the same loop in Python, on random steps: values and gradients are the same to 1e-12."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from comparing import RANDOM, agree, flat, programs
from hypothesis import given, settings
from hypothesis import strategies as st
from random_steps import Program, arguments_of, declared, scanned, unrolled
from support import tangents_of

import symbackprop as sb


def in_python(program: Program, arguments: Any) -> Any:
    """Return what NumPy computes step by step; it evaluates both branches of np.where and warns of the one not taken."""
    with np.errstate(all="ignore"):
        return scanned(program)(**arguments)


@settings(RANDOM, max_examples=32)
@given(programs(), st.sampled_from([1, 2, 5]), st.booleans(), st.integers(0, 2**32 - 1))
def test_value_and_gradient_are_those_of_the_unrolled_loop(
    program: Program, steps: int, symbolic: bool, seed: int
) -> None:
    arguments = arguments_of(program, steps, seed)
    loop = sb.compile_value_and_grad(scanned(program), inputs=declared(program, "n" if symbolic else str(steps)))
    written_out = sb.compile_value_and_grad(unrolled(program), inputs=declared(program, str(steps)))
    with np.errstate(all="ignore"):  # of constants in branches that are never taken
        expected, ours = written_out(**arguments), loop(**arguments)
    agree(ours, expected)
    agree(ours[0], in_python(program, arguments))


@settings(RANDOM, max_examples=16)
@given(programs(), st.booleans(), st.integers(0, 2**32 - 1))
@np.errstate(all="ignore")  # of constants in branches that are never taken
def test_no_steps(program: Program, symbolic: bool, seed: int) -> None:
    arguments = arguments_of(program, 0, seed)
    value, gradient = sb.compile_value_and_grad(
        scanned(program), inputs=declared(program, "n" if symbolic else "0"), wrt=("init", "xs")
    )(**arguments)
    agree(value, in_python(program, arguments))
    for at, (name, start) in enumerate(arguments["init"].items(), 1):
        agree(gradient[0][name], np.cos(start + 0.3 * at))
    for name, x in arguments["xs"].items():
        agree(gradient[1][name], np.zeros_like(x))


@settings(RANDOM, max_examples=14)
@given(programs(), st.sampled_from([1, 4]), st.sampled_from(["init", "xs", "shared"]), st.integers(0, 2**32 - 1))
@np.errstate(all="ignore")  # of constants in branches that are never taken
def test_one_argument_alone(program: Program, steps: int, wrt: str, seed: int) -> None:
    arguments = arguments_of(program, steps, seed)
    if not arguments[wrt]:
        return
    whole = sb.compile_grad(scanned(program), inputs=declared(program, "n"), wrt=("init", "xs", wrt))(**arguments)
    alone = sb.compile_grad(scanned(program), inputs=declared(program, "n"), wrt=wrt)(**arguments)
    agree(alone, whole[-1])


@settings(RANDOM, max_examples=14)
@given(programs(), st.sampled_from([0, 1, 3]), st.integers(0, 2**32 - 1))
@np.errstate(all="ignore")  # of constants in branches that are never taken
def test_single_precision(program: Program, steps: int, seed: int) -> None:
    single = arguments_of(program, steps, seed, "float32")
    double = {group: {name: x.astype(float) for name, x in arrays.items()} for group, arrays in single.items()}
    ours = sb.compile_value_and_grad(scanned(program), inputs=declared(program, "n"), dtype="float32")(**single)
    exact = sb.compile_value_and_grad(scanned(program), inputs=declared(program, "n"))(**double)
    for one, other in zip(flat(ours), flat(exact), strict=True):
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, other, rtol=0, atol=2e-3 * np.max(np.abs(other), initial=1.0))


@settings(RANDOM, max_examples=20)
@given(programs(), st.sampled_from([0, 1, 4]), st.integers(0, 2**32 - 1))
@np.errstate(all="ignore")  # of constants in branches that are never taken
def test_tangents_are_those_of_the_gradient(program: Program, steps: int, seed: int) -> None:
    """Check that ``<gradient, direction>`` is the tangent along a direction."""
    arguments, directions = arguments_of(program, steps, seed), arguments_of(program, steps, seed + 1)
    compiled = sb.compile_value_and_grad(scanned(program), inputs=declared(program, "n"))
    _, gradient = compiled(**arguments)
    names = [spec.name for spec in compiled.graph.arguments]
    pushed = tangents_of(compiled.recipe, names)
    (tangent,) = pushed(*flat(arguments), *flat(directions))
    slope = sum(np.sum(g * d) for g, d in zip(flat(gradient), flat(directions), strict=True))
    assert tangent == pytest.approx(slope, rel=1e-10, abs=1e-10)
