"""Memory with checkpoints: measured, as `cost()` counts it, and what is deleted where."""

from __future__ import annotations

import re
import tracemalloc
from typing import Any

import pytest
from layered import arguments_of, body_of, chain, weights_of

import symbackprop as sb
from symbackprop.emit.lines import Line
from symbackprop.emit.release import released

SIZES = {"n": 512, "d": 64}


def compiled(layers: int, checkpoint: Any) -> sb.CompiledFunction:
    formula, inputs = chain(layers)
    return sb.compile_grad(formula, inputs=inputs, wrt=weights_of(inputs), checkpoint=checkpoint)


def measured(f: sb.CompiledFunction, layers: int) -> int:
    """Return the peak of the bytes that a call allocates."""
    arguments = arguments_of(chain(layers)[1], **SIZES)
    tracemalloc.start()
    results = f.function(*arguments)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(results) == 2 * layers
    return peak


def test_a_hundred_layers() -> None:
    plain, again = compiled(100, None), compiled(100, "sqrt")
    most, least = measured(plain, 100), measured(again, 100)
    assert least <= 0.13 * most
    assert most == pytest.approx(plain.cost().peak_bytes(SIZES), rel=0.02)
    assert least == pytest.approx(again.cost().peak_bytes(SIZES), rel=0.1)
    assert again.source.count("# again: ") == 9


def test_what_is_computed_again_is_less_than_a_forward_pass() -> None:
    plain, again = compiled(100, None).cost(), compiled(100, "sqrt").cost()
    at = dict.fromkeys(SIZES, 64)
    value, both, _ = plain.at(at)
    _, with_again, _ = again.at(at)
    assert 0.6 * value < with_again - both < 0.9 * value
    assert "of them again" in str(again) and "again" not in str(plain)


def test_peak_grows_like_the_root() -> None:
    activation = 8 * SIZES["n"] * SIZES["d"]
    weights = 8 * SIZES["d"] * (SIZES["d"] + 1)
    for layers in (25, 100, 225):
        peak = compiled(layers, "sqrt").cost().peak_bytes(SIZES) - layers * weights
        assert peak < 4 * layers**0.5 * activation
        assert compiled(layers, None).cost().peak_bytes(SIZES) > 3 * layers * activation


def test_an_input_of_every_layer_has_one_sum_that_grows() -> None:
    lines = [f"a{k} = tanh({f'a{k - 1}' if k > 1 else 'x'}*w + x)" for k in range(1, 65)]
    formula = "\n".join(["x[n] w[n] ->", *lines, "sum(a64)"])
    plain, again = (sb.compile_grad(formula, checkpoint=checkpoint).cost() for checkpoint in (None, "sqrt"))
    assert again.peak_bytes({"n": 1000}) < 0.4 * plain.peak_bytes({"n": 1000})
    source = sb.compile_grad(formula, checkpoint="sqrt").source
    assert source.count("x_bar = x_bar + ") >= 7


def test_nothing_is_used_after_it_was_deleted_and_all_is_deleted_that_dies() -> None:
    body = body_of(compiled(30, "sqrt").source)
    live: set[str] = set()
    for line in body.splitlines():
        code = line.split("#")[0].strip()
        if code.startswith("del "):
            gone = code.removeprefix("del ").split(", ")
            assert live.issuperset(gone)
            live.difference_update(gone)
            continue
        assert not set(re.findall(r"\b[azt]\d+\b", code.partition(" = ")[2])) - live
        live.update(re.findall(r"^([azt]\d+) = ", code))
    assert len(live) < 10  # those of the last lines, which the return releases


def line(text: str, depth: int = 0) -> Line:
    name, is_assignment, rest = text.partition(" = ")
    return Line(name, rest, depth=depth) if is_assignment else Line("", text, depth=depth)


def texts(lines: list[Line]) -> list[str]:
    return [f"{one.name} = {one.text}" if one.name else one.text for one in lines]


def test_what_loops_and_branches_use_is_deleted_behind_them() -> None:
    forward = [
        line("a = x * x"), line("if c:"), line("b = a + 1", 1), line("else:"), line("b = x", 1), line("for i in range(n):"),
        line("b = b * a", 1), line("y = b + 1"), line("z = y + 1"),
    ]  # fmt: skip
    lines, _ = released(forward, [line("g = z * 2"), line("h = g + 1")], "h", {"a", "b", "y", "z", "g", "h"}, {"y"})
    assert texts(lines) == [*texts(forward[:8]), "del a, b", "z = y + 1", "del y"]


def test_names_in_strings_and_names_of_the_module_are_let_alone() -> None:
    forward = [line("a = f(x)"), line("if g(a):"), line("raise ValueError('no b in c1')", 1), line("y = a * c1")]
    lines, _ = released(forward, [line("z = y + 1")], "z", {"a", "b", "c1", "y"}, set())
    assert texts(lines) == [*texts(forward), "del a"]
