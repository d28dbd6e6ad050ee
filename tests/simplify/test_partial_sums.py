"""Partial sums that several sums begin with are computed once, and the formula's own values stay as they are."""

from __future__ import annotations

import math

import pytest

import symbackprop as sb


def lines(compiled: sb.CompiledFunction) -> list[str]:
    source = compiled.source
    return [line.split("  #")[0].strip() for line in source[source.rindex('"""') + 4 :].split("\n") if line.strip()]


def nested_sums(count: int) -> str:
    """Return the sum of the squares of x0, x0 + x1, x0 + x1 + x2, ..."""
    return " + ".join(f"({' + '.join(f'x{i}' for i in range(k + 1))})**2" for k in range(count))


def test_two_sums_with_a_common_beginning() -> None:
    assert lines(sb.compile_value("(a + b + c)*(a + b + d)")) == ["t1 = a + b", "return (t1 + c) * (t1 + d)"]


def test_a_sum_that_is_the_beginning_of_another() -> None:
    compiled = sb.compile_value("u = a - b\nv = a - b + c\nu*v")
    assert lines(compiled) == ["u = a - b", "v = u + c", "return u * v"]


@pytest.mark.parametrize("formula", ["(a + b)*(a + c)", "(a + b + c)*(b + a + d)", "(a + b + c)*(a - b + d)"])
def test_sums_that_begin_unlike_stay_as_they_are(formula: str) -> None:
    assert sb.compile_value(formula).rewrites.get("shared partial sum", 0) == 0


def test_values_are_the_same_bit_by_bit() -> None:
    point = (1e16, 1.0, -1e16, 0.3, 1.0 / 3.0)
    a, b, c, d, f = point
    value = sb.compile_value("(a + b + c + d)*(a + b + c + f) + (a + b - d)")(*point)
    assert value == (a + b + c + d) * (a + b + c + f) + (a + b - d)


def test_nested_sums_take_two_additions_a_term() -> None:
    count = 40
    compiled = sb.compile_value_and_grad(nested_sums(count))
    point = [0.1 * i - 1.3 for i in range(count)]
    totals = [sum(point[: k + 1]) for k in range(count)]
    value, gradient = compiled(*point)
    assert value == pytest.approx(sum(total**2 for total in totals), rel=1e-14)
    assert gradient == pytest.approx([2 * sum(totals[i:]) for i in range(count)], rel=1e-13, abs=1e-13)
    assert compiled.cost().at()[1] < 7 * count  # forward: one to add, one to square, one to add up; backward likewise


def test_adjoints_gather_what_is_common_in_any_order() -> None:
    compiled = sb.compile_grad("a*sin(x) + b*cos(x + y) + c*sin(x + y + z)*(x + z)", wrt=("x", "y", "z"))
    assert compiled.verify(points=1)


def test_negated_terms() -> None:
    compiled = sb.compile_value_and_grad("(p - a - b - c)**2 + (q - a - b)**3 + sin(r - a - b - c)")
    p, a, b, c, q, r = point = (0.3, -0.7, 1.1, 0.2, 0.9, -0.4)
    expected = (p - a - b - c) ** 2 + (q - a - b) ** 3 + math.sin(r - a - b - c)
    assert compiled(*point)[0] == pytest.approx(expected, rel=1e-15)
    assert compiled.verify(points=1)


def test_arrays_share_too_but_what_is_stretched_stays_within_its_sum() -> None:
    assert lines(sb.compile_value("x[n] y[n] z[n] -> sum((x + y + z)*(x + y - z))")) == [
        "t1 = x + y",
        "return (t1 + z) @ (t1 - z)",
    ]
    stretched = sb.compile_value("x[n] y[m] A[n,m] -> sum((x[:, None] + y + A)*sin(x[:, None] + y - A))")
    assert "np.broadcast_to" not in stretched.source
    assert stretched.verify(points=1)


def test_float32_stays_float32() -> None:
    compiled = sb.compile_grad("x[n] y[n] z[n] -> sum((x + y + z)*(x + y - z)*(x + y))", wrt="x", dtype="float32")
    assert compiled.verify(points=1)
