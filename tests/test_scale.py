"""Size: depth and length that recursion, or work more than linear, would not survive."""

from __future__ import annotations

import math

import pytest
from timings import in_units, least_seconds

import symbackprop as sb
from benchmarks import nested_sines


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


@pytest.mark.parametrize("count", [1, 80, 4_000])
def test_nested_statements(count: int) -> None:
    """Four times deeper than Python's frames may be; the benchmark `nested` does the same 100,000 deep."""
    value, gradient = sb.compile_value_and_grad(nested_sines.formula(count))(*nested_sines.POINT[: min(count, 5)])
    expected_value, expected = nested_sines.by_hand(count)
    assert value == pytest.approx(expected_value, rel=1e-11)
    assert gradient == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_eighty_nestings_take_little_time() -> None:
    """Some 4 times a piece of plain Python; the benchmark `nested` prints the milliseconds."""
    text = nested_sines.formula(80)
    assert in_units(lambda: sb.compile_value_and_grad(text), 5) < 12


def seconds_a_statement(text: str) -> float:
    return least_seconds(lambda: sb.compile_value_and_grad(text), 2) / text.count("\n")


def test_nestings_take_time_by_their_number() -> None:
    few, many = (seconds_a_statement(nested_sines.formula(count)) for count in (500, 2000))
    assert many < 2 * few  # four times, were it quadratic


def test_a_chain_scaled_by_decimals_takes_time_by_its_length() -> None:
    """Coefficients that gather along a chain must not be carried through all of it."""

    def chain(count: int) -> str:
        return "\n".join(["y0 = x", *(f"y{i + 1} = sin(y{i})*1.01" for i in range(count)), f"y{count}"])

    few, many = (seconds_a_statement(chain(count)) for count in (250, 1000))
    assert many < 2 * few
