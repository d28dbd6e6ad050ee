"""Arrays without entries: results as NumPy has them, or an error that says which size is 0."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb

shifted_sums = sb.compile_value_and_grad("x[n] -> sum(cumsum(concatenate([zeros(1), x[:-1]]))**2)")


@pytest.mark.parametrize("loss", ["mean(x**2)", "var(x)", "average(x)", "sum(x - mean(x))"])
@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
def test_no_derivative_of_what_is_divided_by_the_number_of_entries(loss: str) -> None:
    slope = sb.compile_value_and_grad(f"x[n] -> {loss}")
    with pytest.raises(sb.ArgumentError, match="needs 1 <= n, got 1 and 0"):
        slope(np.zeros(0))
    assert slope(np.ones(1))[1][0].shape == (1,)
    assert "Requires 1 <= n: a number is divided by this size" in slope.source


def test_arguments_in_containers_are_checked_likewise() -> None:
    slope = sb.compile_grad(lambda p: np.mean(np.tanh(p["E"]) - np.mean(p["E"], axis=0)), inputs=({"E": "n d"},))
    with pytest.raises(sb.ArgumentError, match="got 1 and 0"):
        slope({"E": np.zeros((0, 3))})


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
def test_values_are_those_of_numpy() -> None:
    assert np.isnan(sb.compile_value("x[n] -> mean(x)")(np.zeros(0)))
    value, (slope,) = sb.compile_value_and_grad("x[n] -> prod(x) + norm(x)")(np.zeros(0))
    assert value == 1.0 and slope.shape == (0,)


@pytest.mark.parametrize("loss", ["logsumexp(x)", "sum(softmax(x)**2)", "max(x)", "median(x)", "var(x, ddof=1)"])
def test_what_does_not_exist_is_refused(loss: str) -> None:
    with pytest.raises(sb.ArgumentError, match="got 1 and 0"):
        sb.compile_grad(f"x[n] -> {loss}")(np.zeros(0))


def test_other_divisions_by_0_are_python_s() -> None:
    with pytest.raises(ZeroDivisionError):
        sb.compile_grad("1/x")(0.0)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_what_is_shifted_by_one_has_the_size_that_it_had(count: int) -> None:
    x = np.arange(1.0, count + 1)
    value, (slope,) = shifted_sums(x)
    before = np.tril(np.ones((count, count)), -1)
    np.testing.assert_allclose(value, np.sum((before @ x) ** 2))
    np.testing.assert_allclose(slope, 2 * before.T @ (before @ x))


@pytest.mark.parametrize(
    ("formula", "arguments", "expected"),
    [
        ("x[n] y[m] -> sum(x**2)/(len(x) - len(y))", (np.ones(2), np.ones(5)), [-2 / 3, -2 / 3]),
        ("x[n] -> sum(x**3)/(2 - len(x))", (np.ones(5),), [-1.0] * 5),
        ("x[n] -> sum(diff(x)**2)/(len(x) - 1)", (np.ones(0),), []),
        (
            "x[n] s -> def f(x): return mean(x)\ndef g(x): return sum(x)\ncond(s > 0, f, g, x)",
            (np.ones(0), -1.0),
            [],
        ),
        (
            "x[n] s -> def f(x): return sum(x)/(len(x) - 2)\ndef g(x): return sum(x)\ncond(s > 0, f, g, x)",
            (np.ones(2), -1.0),
            [1.0, 1.0],
        ),
    ],
)
def test_a_size_may_be_negative_or_0_where_nothing_is_divided_by_it(
    formula: str, arguments: tuple[object, ...], expected: list[float]
) -> None:
    np.testing.assert_allclose(sb.compile_grad(formula)(*arguments)[0], expected)


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
def test_a_division_by_0_in_a_loop_names_the_size() -> None:
    gradient = sb.compile_grad("x[n] s -> def f(h, z): return h + mean(x)*z, h\nscan(f, s, x)[0]")
    with pytest.raises(sb.ArgumentError, match="n = 0"):
        gradient(np.ones(0), 1.0)
