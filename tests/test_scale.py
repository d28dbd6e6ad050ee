"""Size: depth and length that recursion, or work more than linear, would not survive."""

from __future__ import annotations

import gc
import math
import time

import pytest

import symbackprop as sb


def nested(count: int) -> str:
    """Return ``f = sin(f*f + x_i)``, `count` times."""
    lines = ["f = x0", *(f"f = sin(f*f + x{i % 5})" for i in range(count)), "f"]
    return "\n".join(lines)


def nested_reference(count: int, x: list[float]) -> tuple[float, list[float]]:
    """Return value and gradient of the nested formula, by hand."""
    values, arguments = [x[0]], []
    for i in range(count):
        arguments.append(values[-1] * values[-1] + x[i % 5])
        values.append(math.sin(arguments[-1]))
    gradient, bar = [0.0] * 5, 1.0
    for i in reversed(range(count)):
        inner = bar * math.cos(arguments[i])
        gradient[i % 5] += inner
        bar = inner * 2 * values[i]
    gradient[0] += bar
    return values[-1], gradient


def test_addition_adds_up() -> None:
    assert sb.compile_value_and_grad("b = a + a; c = b + b; c")(1.5) == (6.0, (4.0,))


def test_chain_of_ten_thousand_additions() -> None:
    text = "\n".join(["b = x", *("b = b + x" for _ in range(10_000)), "b"])
    assert sb.compile_grad(text)(2.0) == (10_001.0,)


def test_sum_of_ten_thousand_terms_in_one_expression() -> None:
    compiled = sb.compile_grad(" + ".join(f"x*y{i % 7}" for i in range(10_000)), wrt="x")
    assert compiled(1.0, *[1.0] * 7) == pytest.approx(10_000.0)


def test_product_of_a_thousand_inputs() -> None:
    names = [f"x{i}" for i in range(1000)]
    compiled = sb.compile_value_and_grad("*".join(names))
    point = [1.0 + 0.001 * i for i in range(1000)]
    value, gradient = compiled(*[math.sqrt(p) ** 0.01 for p in point])
    for i in (0, 1, 500, 999):
        assert gradient[i] == pytest.approx(value / math.sqrt(point[i]) ** 0.01, rel=1e-12)


@pytest.mark.parametrize("count", [1, 80, 1000])
def test_nested_statements(count: int) -> None:
    point = [0.3, 0.1, -0.2, 0.5, 0.7]
    used = min(count, 5)
    value, gradient = sb.compile_value_and_grad(nested(count))(*point[:used])
    expected_value, expected = nested_reference(count, point)
    assert value == pytest.approx(expected_value, rel=1e-13)
    assert gradient == pytest.approx(expected[:used], rel=1e-10, abs=1e-300)


@pytest.mark.timeout(500)  # some 50 s of work, on a machine that may do other things
def test_nested_a_hundred_thousand_times() -> None:
    point = [0.3, 0.1, -0.2, 0.5, 0.7]
    value, gradient = sb.compile_value_and_grad(nested(100_000))(*point)
    expected_value, expected = nested_reference(100_000, point)
    assert value == pytest.approx(expected_value, rel=1e-10)
    assert gradient == pytest.approx(expected, rel=1e-8, abs=1e-300)


def test_eighty_nestings_take_little_time() -> None:
    text = nested(80)
    best = math.inf
    for _ in range(3):
        gc.collect()  # the same source is loaded only once while its function lives
        start = time.process_time()
        sb.compile_value_and_grad(text)
        best = min(best, time.process_time() - start)
    assert best < 0.06


def test_a_chain_scaled_by_decimals_takes_time_by_its_length() -> None:
    """Coefficients that gather along a chain must not be carried through all of it."""

    def seconds(count: int) -> float:
        text = "\n".join(["y0 = x", *(f"y{i + 1} = sin(y{i})*1.01" for i in range(count))])
        start = time.process_time()
        sb.compile_grad(text)
        return time.process_time() - start

    assert min(seconds(1600) for _ in range(2)) < 8 * min(seconds(400) for _ in range(2))
