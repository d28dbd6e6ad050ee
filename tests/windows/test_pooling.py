"""Pooling: values by loops, gradients, ties that share, padding that counts or does not, printed code, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from by_loops import average, largest
from differences import agrees_with_differences, body_of, second_order_agrees

import symbackprop as sb

CASES = [
    ("max_pool1d", (2, 3, 6), 2, {}),
    ("max_pool1d", (2, 3, 7), 3, {"stride": 2, "padding": 1}),
    ("max_pool1d", (2, 3, 9), 2, {"stride": 3, "dilation": 4}),
    ("max_pool1d", (1, 1, 1), 1, {}),
    ("max_pool2d", (2, 3, 4, 6), 2, {}),
    ("max_pool2d", (2, 3, 5, 7), (2, 3), {}),
    ("max_pool2d", (2, 3, 5, 6), 3, {"stride": 1}),
    ("max_pool2d", (2, 3, 6, 7), (3, 2), {"stride": (2, 3), "padding": (1, 0), "dilation": (1, 2)}),
    ("max_pool2d", (2, 1, 4, 4), 2, {"padding": 1}),
    ("avg_pool1d", (2, 3, 6), 2, {}),
    ("avg_pool1d", (2, 3, 7), 3, {"stride": 2, "padding": 1}),
    ("avg_pool1d", (2, 3, 7), 3, {"stride": 2, "padding": 1, "count_include_pad": False}),
    ("avg_pool2d", (2, 3, 5, 7), 2, {}),
    ("avg_pool2d", (2, 3, 6, 7), (3, 2), {"stride": (2, 3), "padding": (1, 1)}),
    ("avg_pool2d", (2, 3, 6, 7), (3, 2), {"stride": 1, "padding": (1, 0), "count_include_pad": False}),
    ("avg_pool2d", (2, 2, 3, 5), 2, {"padding": 1, "count_include_pad": False}),
]
IDS = [f"{name}-{index}" for index, (name, *_) in enumerate(CASES)]


def called(name: str, size: Any, options: dict[str, Any]) -> str:
    return f"{name}({', '.join(['x', repr(size), *(f'{key}={value!r}' for key, value in options.items())])})"


def drawn(shape: tuple[int, ...]) -> np.ndarray:
    """Return numbers that are well apart, so that no maximum is near a tie."""
    rng = np.random.default_rng(len(shape))
    return rng.permutation(np.arange(np.prod(shape)) / 10 - 1).reshape(shape)


@pytest.mark.parametrize(("name", "shape", "size", "options"), CASES, ids=IDS)
def test_value_and_gradient(name: str, shape: Any, size: Any, options: Any) -> None:
    x = drawn(shape)
    expected = (largest if name.startswith("max") else average)(x, size, **options)
    formula = called(name, size, options)
    for inputs in (f"x[{','.join(map(str, shape))}]", f"x[n,c,{','.join('hw'[: len(shape) - 2])}]"):
        np.testing.assert_allclose(sb.compile_value(formula, inputs=inputs)(x), expected, rtol=1e-13, atol=1e-14)
        agrees_with_differences(f"sum(sin({formula}))", x, inputs=inputs)
    found = sb.compile_value(formula, inputs=f"x[{','.join(map(str, shape[1:]))}]")(x[0])
    np.testing.assert_allclose(found, expected[0], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(("name", "shape", "size", "options"), CASES, ids=IDS)
def test_float32_stays_float32(name: str, shape: Any, size: Any, options: Any) -> None:
    compiled = sb.compile_value_and_grad(
        f"sum({called(name, size, options)}**2)", inputs=f"x[{','.join(map(str, shape))}]", wrt="x", dtype="float32"
    )
    value, gradient = compiled(drawn(shape).astype(np.float32))
    assert value.dtype == gradient.dtype == np.float32
    assert "float64" not in body_of(compiled)


@pytest.mark.parametrize(
    "formula",
    [
        "x[n,2,h,w] -> sum(max_pool2d(x, 2)**2)",
        "x[n,c,h] -> sum(max_pool1d(x, 3, stride=2, padding=1)**2)",
        "x[n,2,h,w] -> sum(avg_pool2d(x, 2)**2)",
        "x[2,h] -> sum(avg_pool1d(x, 3, 2, 1, count_include_pad=False)**2)",
    ],
)
def test_verify(formula: str) -> None:
    assert sb.compile_grad(formula).verify()


@pytest.mark.parametrize("word", ["max_pool2d(x, 2)", "max_pool2d(x, 2, 1)", "avg_pool2d(x, 2, 1, 1)"])
def test_second_order(word: str) -> None:
    formula = f"x[1,2,4,4] -> sum(sin({word}))"
    x = drawn((1, 2, 4, 4))
    agrees_with_differences(formula, x)
    second_order_agrees(formula, x)


@pytest.mark.parametrize(("size", "shares"), [("2", [0.5, 0.5, 0.0, 1.0]), ("2, 1", [0.5, 1.5, 0.0, 1.0])])
def test_ties_share_equally(size: str, shares: list[float]) -> None:
    gradient = sb.compile_grad(f"x[1,4] -> sum(max_pool1d(x, {size}))", wrt="x")
    x = np.array([[1.0, 1.0, 0.0, 2.0]])
    assert gradient(x).tolist() == [shares]


def test_windows_side_by_side_are_axes_and_others_slide() -> None:
    beside = body_of(sb.compile_grad("x[n,c,4,6] -> sum(max_pool2d(x, 2)**2)"))
    assert "np.reshape(" in beside and "sliding_window_view" not in beside and "for " not in beside
    sliding = body_of(sb.compile_grad("x[n,c,4,6] -> sum(max_pool2d(x, 3, 1)**2)"))
    assert "sliding_window_view" in sliding


def test_no_images_and_images_of_one_entry() -> None:
    compiled = sb.compile_value_and_grad("x[n,c,h,w] -> sum(max_pool2d(x, 1)**2) + sum(avg_pool2d(x, 1))", wrt="x")
    value, gradient = compiled(np.zeros((0, 2, 3, 3)))
    assert value == 0 and gradient.shape == (0, 2, 3, 3)
    value, gradient = compiled(np.full((1, 1, 1, 1), 3.0))
    assert value == 12.0 and gradient.tolist() == [[[[7.0]]]]


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("x[2,3,5,5] -> sum(max_pool2d(x, 2, padding=2))", "at most half the size"),
        ("x[5] -> sum(max_pool1d(x, 2))", r"\(N, C, L\) or \(C, L\), not \(5,\)"),
        ("x[2,3,2,5] -> sum(avg_pool2d(x, 3))", "needs 3 <= 2"),
        ("x[2,3,5,5] -> sum(avg_pool2d(x, 0))", "at least 1, not 0"),
        ("x[2,3,5,5] a -> sum(avg_pool2d(x, a))", "fixed integer"),
    ],
)
def test_what_is_refused(formula: str, message: str) -> None:
    with pytest.raises(sb.SymbackpropError, match=message):
        sb.compile_grad(formula, wrt="x")
