"""Sliding windows as NumPy has them, in formulas and in traced functions, and how the code for them is printed."""

from __future__ import annotations

import numpy as np
import pytest
from differences import agrees_with_differences, body_of, second_order_agrees
from numpy.lib.stride_tricks import sliding_window_view

import symbackprop as sb


@pytest.mark.parametrize(
    "arguments",
    ["(3,), axis=(0,)", "3, axis=1", "(2, 3)", "(3, 2), axis=(1, 0)", "(2,), 0", "(1, 4), axis=(-2, -1)", "(3, 4)"],
)
def test_the_words_of_numpy(arguments: str) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4))
    expected = eval(f"sliding_window_view(x, {arguments})")
    for name in ("sliding_window_view", "np.lib.stride_tricks.sliding_window_view"):
        for shape in ("3,4", "n,d"):
            formula = f"x[{shape}] -> {name}(x, {arguments})"
            found = sb.compile_value(formula)(x)
            assert np.array_equal(found, expected) and found.flags.writeable and found.flags.owndata
    formula = f"x[3,4] -> sum(sin(sliding_window_view(x, {arguments})))"
    agrees_with_differences(formula, x)
    second_order_agrees(formula, x)


def test_windows_of_symbolic_size() -> None:
    compiled = sb.compile_grad("x[n] w[k] -> sum(sin(sliding_window_view(x, len(w)) @ w))")
    x, w = np.linspace(0, 1, 6), np.array([0.5, -1.0, 2.0])
    by_x, by_w = compiled(x, w)
    slopes = np.cos(sliding_window_view(x, 3) @ w)
    np.testing.assert_allclose(by_x, np.convolve(slopes, w), rtol=1e-13)
    np.testing.assert_allclose(by_w, slopes @ sliding_window_view(x, 3), rtol=1e-13)
    assert compiled.verify()


def test_traced_functions() -> None:
    def smoothed(x: np.ndarray, w: np.ndarray) -> float:
        return np.sum(np.sin(sliding_window_view(x, (3, 2), axis=(1, 2)) * w))

    def by_path(x: np.ndarray, w: np.ndarray) -> float:
        return np.sum(np.sin(np.lib.stride_tricks.sliding_window_view(x, (3, 2), (1, 2)) * w))

    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(2, 5, 4)), rng.normal(size=(3, 2))
    for function in (smoothed, by_path):
        compiled = sb.compile_value_and_grad(function, inputs={"x": "n h w", "w": "3 2"})
        value, _ = compiled(x, w)
        assert value == pytest.approx(smoothed(x, w), rel=1e-14)
        assert compiled.verify()


def test_the_transpose_is_a_loop_over_the_entries_of_a_window() -> None:
    text = body_of(sb.compile_grad("x[n,h,w] -> sum(sin(sliding_window_view(x, (3, 2), axis=(1, 2))))"))
    assert (
        "    x_bar = np.zeros((n, h, w))               # windows = sliding_window_view(x, (3, 2), axis=(1, 2))\n"
        "    for i in range(3):\n"
        "        for j in range(2):\n"
        "            x_bar[:, i:i + h - 2, j:j + w - 1] += windows_bar[:, :, :, i, j]\n"
    ) in text


def test_indices_of_loops_meet_no_name_of_the_user() -> None:
    compiled = sb.compile_grad("i[n] j -> sum(sin(j * sliding_window_view(i, 2)))")
    by_i, by_j = compiled(np.array([1.0, 2.0, 4.0]), 0.5)
    assert by_i == pytest.approx(0.5 * np.cos([0.5, 1.0, 2.0]) * [1, 2, 1])
    assert by_j == pytest.approx(np.sum(np.cos([0.5, 1.0, 1.0, 2.0]) * [1, 2, 2, 4]))


def test_only_numpy_is_imported() -> None:
    compiled = sb.compile_grad("x[n] -> sum(sliding_window_view(x, 2)**2)")
    assert "import numpy as np\nfrom numpy.lib.stride_tricks import sliding_window_view\n" in compiled.source
    assert "needs" not in compiled.source


def test_what_a_loop_reads_is_computed_before_it() -> None:
    text = body_of(sb.compile_grad("x[n] y[m] -> sum(exp(y) * sin(sliding_window_view(x, len(y))))", wrt="x"))
    (read,) = [line.split("+= ")[1] for line in text.split("\n") if "+=" in line]
    assert read.split("[")[0].isidentifier()


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("x[5] -> sum(sliding_window_view(x, 6))", "needs 6 <= 5"),
        ("x[5] -> sum(sliding_window_view(x, -1))", "at least 0"),
        ("x[n] -> sum(sliding_window_view(x, (2, 2), (0, 0)))", "nest two calls"),
        ("x[2,3] -> sum(sliding_window_view(x, 2))", "1 sizes of windows for 2 axes"),
        ("x[2,3] -> sum(sliding_window_view(x, 2, axis=2))", "out of range"),
        ("x[n] -> sum(sliding_window_view(x, 2, writeable=True))", "written to"),
    ],
)
def test_what_is_refused(formula: str, message: str) -> None:
    with pytest.raises(sb.SymbackpropError, match=message):
        sb.compile_grad(formula)
