"""Convolutions of images: values by loops, gradients by complex steps, sizes, precision, printed code, refusals."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from by_loops import convolved, convolved_back
from differences import agrees_with_differences, body_of, second_order_agrees

import symbackprop as sb

BY_LOOPS = {"conv": convolved, "conv_transpose": convolved_back}
CASES = [
    ("conv1d", (2, 3, 7), (4, 3, 3), {}),
    ("conv1d", (2, 3, 7), (4, 3, 3), {"stride": 3, "padding": 2}),
    ("conv1d", (2, 4, 9), (6, 2, 2), {"dilation": 3, "groups": 2}),
    ("conv1d", (2, 2, 6), (3, 2, 4), {"padding": "same"}),
    ("conv1d", (1, 1, 1), (1, 1, 1), {}),
    ("conv1d", (0, 2, 5), (3, 2, 2), {}),
    ("conv2d", (2, 3, 5, 6), (4, 3, 3, 2), {}),
    ("conv2d", (2, 3, 7, 6), (4, 3, 3, 2), {"stride": (2, 3), "padding": (1, 2)}),
    ("conv2d", (2, 4, 8, 7), (6, 2, 2, 3), {"stride": 2, "dilation": (3, 2), "groups": 2, "padding": 1}),
    ("conv2d", (2, 4, 4, 5), (4, 1, 3, 3), {"groups": 4, "padding": 1}),
    ("conv2d", (2, 3, 5, 4), (2, 3, 2, 3), {"padding": "same", "dilation": (1, 2)}),
    ("conv2d", (2, 3, 5, 4), (2, 3, 2, 3), {"padding": "valid"}),
    ("conv2d", (2, 3, 5, 4), (4, 3, 1, 1), {}),
    ("conv2d", (2, 3, 5, 4), (4, 3, 1, 1), {"stride": (2, 3)}),
    ("conv2d", (1, 1, 3, 3), (1, 1, 3, 3), {}),
    ("conv_transpose1d", (2, 3, 4), (3, 2, 3), {}),
    ("conv_transpose1d", (2, 4, 4), (4, 2, 3), {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2}),
    ("conv_transpose1d", (2, 1, 3), (1, 2, 2), {"dilation": 3, "output_padding": 2}),
    ("conv_transpose2d", (2, 3, 3, 4), (3, 2, 2, 3), {}),
    ("conv_transpose2d", (2, 3, 3, 4), (3, 2, 2, 3), {"stride": (3, 2), "padding": (1, 2), "output_padding": (2, 1)}),
    ("conv_transpose2d", (2, 4, 3, 2), (4, 3, 2, 2), {"groups": 2, "dilation": (2, 1), "stride": 2}),
    ("conv_transpose2d", (1, 1, 1, 1), (1, 1, 1, 1), {}),
]
IDS = [f"{name}-{index}" for index, (name, *_) in enumerate(CASES)]


def called(name: str, options: dict[str, Any]) -> str:
    return f"{name}({', '.join(['x', 'W', *(f'{key}={value!r}' for key, value in options.items())])})"


def drawn(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(sum(map(sum, shapes)))
    return [rng.normal(size=shape) for shape in shapes]


def declared(name: str, shape: tuple[int, ...]) -> str:
    return f"{name}[{','.join(map(str, shape))}]"


def slope(f: Any, x: np.ndarray) -> np.ndarray:
    """Return the gradient of an analytic function by complex steps."""
    found = np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        moved = x.astype(complex)
        moved[index] += 1e-30j
        found[index] = f(moved).imag / 1e-30
    return found


@pytest.mark.parametrize(("name", "shape", "kernel", "options"), CASES, ids=IDS)
def test_value_and_gradient(name: str, shape: Any, kernel: Any, options: Any) -> None:
    x, W = drawn(shape, kernel)
    reference = BY_LOOPS[name[:-2]]
    expected = reference(x, W, **options) if len(x) else None
    formula = called(name, options)
    inputs = f"{declared('x', shape)} {declared('W', kernel)}"
    value = sb.compile_value(formula, inputs=inputs)(x, W)
    by_x, by_W = sb.compile_grad(f"sum(sin({formula}))", inputs=inputs)(x, W)
    if expected is None:
        assert len(value) == 0 and len(by_x) == 0 and not by_W.any()
        return
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(
        by_x, slope(lambda x: np.sum(np.sin(reference(x, W, **options))), x), rtol=1e-12, atol=1e-13
    )
    np.testing.assert_allclose(
        by_W, slope(lambda W: np.sum(np.sin(reference(x, W, **options))), W), rtol=1e-12, atol=1e-13
    )


@pytest.mark.parametrize(("name", "shape", "kernel", "options"), CASES, ids=IDS)
def test_sizes_that_are_named_are_any(name: str, shape: Any, kernel: Any, options: Any) -> None:
    x, W = drawn(shape, kernel)
    images = ",".join(["n", str(shape[1]), *"hw"[: len(shape) - 2]])
    fixed = sb.compile_grad(f"{declared('x', shape)} {declared('W', kernel)} -> sum({called(name, options)}**2)")
    named = sb.compile_grad(f"x[{images}] {declared('W', kernel)} -> sum({called(name, options)}**2)")
    for a, b in zip(fixed(x, W), named(x, W), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("name", "shape", "kernel", "options"), CASES, ids=IDS)
def test_one_image_is_a_batch_of_one(name: str, shape: Any, kernel: Any, options: Any) -> None:
    x, W = drawn((1, *shape[1:]), kernel)
    inputs = f"{declared('x', x.shape)} {declared('W', kernel)}"
    batch = sb.compile_grad(f"sum({called(name, options)}**3)", inputs=inputs)
    alone = sb.compile_grad(
        f"sum({called(name, options)}**3)", inputs=f"{declared('x', shape[1:])} {declared('W', kernel)}"
    )
    for a, b in zip(alone(x[0], W), batch(x, W), strict=True):
        np.testing.assert_allclose(a, b.reshape(a.shape), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("name", "shape", "kernel", "options"), CASES, ids=IDS)
def test_float32_stays_float32(name: str, shape: Any, kernel: Any, options: Any) -> None:
    x, W = (a.astype(np.float32) for a in drawn(shape, kernel))
    inputs = f"{declared('x', shape)} {declared('W', kernel)}"
    single = sb.compile_value_and_grad(f"sum({called(name, options)}**2)", inputs=inputs, dtype="float32")
    double = sb.compile_value_and_grad(f"sum({called(name, options)}**2)", inputs=inputs)
    value, gradients = single(x, W)
    assert value.dtype == np.float32 and all(gradient.dtype == np.float32 for gradient in gradients)
    assert "float64" not in body_of(single)
    for a, b in zip(gradients, double(x.astype(float), W.astype(float))[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "formula",
    [
        "x[n,2,h,w] W[2,2,2,2] -> sum(conv2d(x, W)**2)",
        "x[n,2,5,4] W[2,1,2,3] -> sum(conv2d(x, W, stride=(2, 1), padding=1, groups=2)**2)",
        "x[n,c,h] W[o,c,k] -> sum(conv1d(x, W, padding='same')**2)",
        "x[n,2,h,w] W[2,1,2,2] -> sum(conv_transpose2d(x, W, stride=2, padding=1, output_padding=1)**2)",
        "x[n,c,h] W[c,o,2] -> sum(conv_transpose1d(x, W, dilation=2, output_padding=1)**2)",
    ],
)
def test_verify(formula: str) -> None:
    assert sb.compile_grad(formula).verify(points=1, seconds=0.1)


@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d"])
def test_second_order(name: str) -> None:
    formula = f"x[2,2,3,3] W[2,2,2,2] -> sum(sin({name}(x, W, padding=1, stride=2)))"
    x, W = drawn((2, 2, 3, 3), (2, 2, 2, 2))
    agrees_with_differences(formula, x, W)
    second_order_agrees(formula, x, W)


def test_each_is_the_transpose_of_the_other() -> None:
    x, W, y = drawn((2, 3, 7, 6), (4, 3, 3, 2), (2, 4, 3, 3))
    forward = sb.compile_value("x[2,3,7,6] W[4,3,3,2] -> conv2d(x, W, stride=2, padding=(0, 0))")
    back = sb.compile_value("y[2,4,3,3] W[4,3,3,2] -> conv_transpose2d(y, W, stride=2)")
    assert np.vdot(forward(x, W), y) == pytest.approx(np.vdot(x, back(y, W)), rel=1e-13)


def test_a_layer_is_matrix_products_and_the_images_have_no_adjoint_unless_asked_for() -> None:
    formula = "x[n,3,h,w] W[8,3,3,3] -> sum(conv2d(x, W)**2)"
    text = body_of(sb.compile_grad(formula, wrt="W"))
    assert text.count(" @ ") == 2 and text.count("sliding_window_view(") == 1
    assert "einsum" not in text and "tensordot" not in text and "for " not in text
    text = body_of(sb.compile_grad(formula, wrt="x"))
    loop = (
        r"    for i in range\(3\):\n        for j in range\(3\):\n"
        r"            \w+\[:, i:i \+ h - 2, j:j \+ w - 2\] \+= \w+\[:, i, j\]\n"
    )
    assert re.search(loop, text)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("x[2,3,5] W[4,3,2,2] -> sum(conv2d(x, W))", "x of shape"),
        ("x[2,3,5,5] W[4,3,2] -> sum(conv2d(x, W))", r"\(O, C/groups, kh, kw\), not \(4, 3, 2\)"),
        ("x[2,3,5,5] W[4,2,2,2] -> sum(conv2d(x, W))", r"takes 2 channels, and x of shape \(2, 3, 5, 5\) has 3"),
        ("x[2,4,5,5] W[4,3,2,2] -> sum(conv2d(x, W, groups=2))", "groups=2 takes 6 channels"),
        ("x[2,4,5,5] W[3,2,2,2] -> sum(conv2d(x, W, groups=2))", "evenly, not 3 into 2"),
        ("x[2,3,2,5] W[4,3,3,3] -> sum(conv2d(x, W))", "needs 3 <= 2"),
        ("x[2,3,5,5] W[4,3,2,2] -> sum(conv2d(x, W, stride=0))", "at least 1, not 0"),
        ("x[2,3,5,5] W[4,3,2,2] -> sum(conv2d(x, W, stride=(1, 2, 3)))", "a number or 2"),
        ("x[2,3,5,5] W[4,3,2,2] -> sum(conv2d(x, W, 2, 'same'))", "goes with stride=1"),
        ("x[2,3,5,5] W[4,3,2,2] -> sum(conv2d(x, W, padding='full'))", "'same' or 'valid', not 'full'"),
        ("x[2,3,5,5] W[4,3,2,2] s -> sum(conv2d(x, W, s))", "fixed integer"),
        ("x[2,2,3,3] W[2,2,2,2] -> sum(conv_transpose2d(x, W, output_padding=1))", "smaller than the stride"),
        ("x[2,2,1,1] W[2,2,2,2] -> sum(conv_transpose2d(x, W, padding=1))", "leaves something"),
        ("x[2,2,3,3] W[3,2,2,2] -> sum(conv_transpose2d(x, W))", "takes 3 channels"),
    ],
)
def test_what_is_refused(formula: str, message: str) -> None:
    with pytest.raises(sb.SymbackpropError, match=message):
        sb.compile_grad(formula, wrt="x")


def test_sizes_that_do_not_fit_are_an_error_of_the_call() -> None:
    compiled = sb.compile_grad("x[n,1,h,w] W[1,1,3,3] -> sum(conv2d(x, W))")
    with pytest.raises(sb.ArgumentError, match="fits into the image"):
        compiled(np.ones((1, 1, 2, 5)), np.ones((1, 1, 3, 3)))
