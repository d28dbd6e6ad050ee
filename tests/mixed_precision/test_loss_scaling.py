"""`scale_cotangent`, and training steps with float32 parameters, float16 networks and scaled losses."""

from __future__ import annotations

import time
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.ir.node import Apply
from symbackprop.ops.surrogate import scale_cotangent, scaled

NETWORK = """X[n,d] W[d,k] v[k] y[n] loss_scale ->
W16 = astype(scale_cotangent(W, 1/loss_scale), float16)
v16 = astype(scale_cotangent(v, 1/loss_scale), float16)
h = tanh(astype(X, float16) @ W16)
r = astype(h @ v16, float32) - y
scale_cotangent(mean(r**2), loss_scale)"""
RNG = np.random.default_rng(0)
X, W = RNG.normal(size=(64, 4)), 0.1 * RNG.normal(size=(4, 8))
V, Y = 1e-4 * RNG.normal(size=8), 1e-4 * RNG.normal(size=64)


def step(**options: Any) -> sb.CompiledFunction:
    return sb.compile_value_and_grad(NETWORK, wrt=("W", "v"), dtype="float32", finite=True, **options)


def largest_error(found: Any, exact: Any) -> float:
    return float(np.max(np.abs(found - exact)) / np.max(np.abs(exact)))


# --- the word ---------------------------------------------------------------------------------------------------------


def test_the_value_stays_and_the_cotangent_is_multiplied() -> None:
    assert sb.compile_value_and_grad("scale_cotangent(x**2, 8)*y")(3.0, 2.0) == (18.0, (96.0, 9.0))
    assert sb.compile_grad("scale_cotangent(x, s)**2")(3.0, 0.5) == (3.0, 0.0)


def test_inside_functions() -> None:
    def loss(w, scale):  # type: ignore[no-untyped-def]
        return sb.scale_cotangent(np.sum(w**2), scale)

    assert sb.compile_grad(loss, inputs="w[n] scale", wrt="w")(np.array([1.0, 2.0]), 4.0).tolist() == [8.0, 16.0]
    assert loss(np.array([1.0, 2.0]), 4.0) == 5.0


def test_value_code_has_nothing_of_it() -> None:
    f = sb.compile_value("x[n] s -> scale_cotangent(x, s)*2")
    assert "return 2.0 * x" in f.source
    assert not np.shares_memory(f(X[0], 2.0), X)


def test_verified_as_it_is_defined() -> None:
    for formula in (
        "scale_cotangent(sin(x)*y, 8)",
        "scale_cotangent(x*y, s)*s",
        "x[n] s -> sum(scale_cotangent(x, s)**3)",
    ):
        assert sb.compile_value_and_grad(formula).verify()


def test_the_report_finds_a_scale_that_is_missing() -> None:
    from dataclasses import replace

    g = sb.compile_grad("scale_cotangent(x*y, 8)", wrt="x")
    g._printed = replace(g._printed, source=sb.compile_grad("x*y", wrt="x").source)
    assert not g.verify()


def test_to_sympy() -> None:
    found = sb.compile_grad("scale_cotangent(x**2, 8)").to_sympy()
    x = found.symbols["x"]
    assert found.value == x**2
    assert found.gradient == (16 * x,)


def test_one_number_is_taken() -> None:
    with pytest.raises(sb.ShapeError, match="multiplies by one number"):
        sb.compile_grad("x[n] -> sum(scale_cotangent(x, x))")


# --- training steps ---------------------------------------------------------------------------------------------------


def test_the_adjoints_of_float16_are_scaled() -> None:
    exact = sb.compile_grad(NETWORK.replace("float16", "float64"), wrt=("W", "v"))(X, W, V, Y, 1.0)
    _, unscaled, _ = step()(X, W, V, Y, 1.0)
    assert largest_error(unscaled[0], exact[0]) == 1.0  # all of it underflows
    for loss_scale in (2.0**16, 2.0**20):
        _, found, finite = step()(X, W, V, Y, loss_scale)
        assert finite
        assert found[0].dtype == found[1].dtype == np.float32
        assert largest_error(found[0], exact[0]) < 0.05
        assert largest_error(found[1], exact[1]) < 0.01
    assert largest_error(found[0], exact[0]) < 3e-3


def test_scales_stay_on_their_side_of_the_conversions() -> None:
    code = step().source.split('"""')[2].replace(" ", "")
    forth, back = code.index("loss_scale"), code.index("1.0/loss_scale")
    converted = code.index(".astype(np.float16)", forth)
    assert forth < converted < back
    assert "loss_scale" not in code[converted:back].replace("1.0/loss_scale", "")
    for node in step().graph.nodes():
        assert not (isinstance(node, Apply) and node.op is scale_cotangent)
        assert not (isinstance(node, Apply) and node.op is scaled and node.dtype == "float16")


def test_the_scale_is_not_moved_behind_products_of_float16() -> None:
    text = "X[n,d] w[d] c[n] s -> x = astype(X, float16); r = scale_cotangent(x @ astype(w, float16), s)*astype(c, float16)"
    g = sb.compile_grad(text + "; sum(astype(r, float32))", wrt="w", dtype="float32")
    assert g(np.full((4, 2), 1e-3), np.ones(2), np.full(4, 1e-6), 1.0).tolist() == [0.0, 0.0]
    np.testing.assert_allclose(g(np.full((4, 2), 1e-3), np.ones(2), np.full(4, 1e-6), 3e4), 1.2e-4, rtol=0.05)
    assert "x.T @ (np.float16(s) * " in g.source


def test_numbers_are_not_gathered_in_float16() -> None:
    """300 * (300 * (x / 500)) has no step that overflows, and 90000/500 * x one."""
    f = sb.compile_value("x[n] -> astype(300*(300*(astype(x, float16)/500)), float32)", dtype="float32")
    np.testing.assert_allclose(f(np.array([1.0])), 180.0, rtol=2e-3)
    inner = sb.compile_grad("x[n] -> sum(astype(1e-4*(1e-4*(astype(x, float16)*1e4)*1e4), float32))", dtype="float32")
    np.testing.assert_allclose(inner(np.array([1.0]))[0], 1.0, rtol=0.01)


@pytest.mark.parametrize("loss_scale", [2.0**40, 3e38])
def test_overflow_is_told_and_nothing_is_raised(loss_scale: float) -> None:
    value, gradient, finite = step()(X, W, V, Y, loss_scale)
    assert not finite
    assert np.isfinite(value)
    assert not all(np.isfinite(part).all() for part in gradient)


def test_overflow_on_the_way_forward_is_told() -> None:
    value, _, finite = step()(1e4 * X, 1e4 * W, V, Y, 1.0)
    assert np.isfinite(value)  # tanh of an infinity is one
    _, _, beyond = step()(X, W, 1e9 * V, Y, 1.0)
    assert not beyond
    assert isinstance(bool(finite), bool)


def test_without_the_flag_numpy_warns() -> None:
    g = sb.compile_grad(NETWORK, wrt="W", dtype="float32")
    with pytest.warns(RuntimeWarning, match="overflow|invalid"):
        g(X, W, V, Y, 2.0**60)


def test_a_training_loop() -> None:
    compiled = step()
    w, v, loss_scale, good, skipped = W.copy(), 1e3 * V, 2.0**40, 0, 0
    target = np.tanh(X @ np.array([0.5, -0.25, 0.1, 0.3]))
    losses = []
    for _ in range(300):
        value, (dw, dv), finite = compiled(X, w, v, target, loss_scale)
        if not finite:
            loss_scale, good, skipped = loss_scale / 2, 0, skipped + 1
            continue
        w, v, good = w - 0.2 * dw, v - 0.2 * dv, good + 1
        losses.append(value)
        if good % 100 == 0:
            loss_scale *= 2
    assert 10 < skipped < 40
    assert losses[-1] < 0.1 * losses[0]


def test_verified_with_all_of_it() -> None:
    report = step(clip={"norm": 1.0}).verify(seconds=0.5)
    assert report
    assert [output.label for output in report.outputs] == ["value", "d/dW", "d/dv", "finite"]


@pytest.mark.skipif(find_spec("ml_dtypes") is None, reason="ml_dtypes is not installed")
def test_bfloat16_needs_no_scale() -> None:
    g = sb.compile_grad(NETWORK.replace("float16", "bfloat16"), wrt="W", dtype="float32")
    exact = sb.compile_grad(NETWORK.replace("float16", "float64"), wrt="W")(X, W, V, Y, 1.0)
    assert largest_error(g(X, W, V, Y, 1.0), exact) < 0.05


def test_compile_time_is_linear_in_the_layers() -> None:
    def seconds(layers: int) -> float:
        lines = ["x[n] w[n] s ->", "v = astype(scale_cotangent(w, 1/s), float16)", "h = astype(x, float16)*v"]
        lines += [f"h = tanh(h*v + {i % 7})" for i in range(layers)]
        text = "\n".join([*lines, "scale_cotangent(mean(astype(h, float32)), s)"])
        start = time.perf_counter()
        sb.compile_grad(text, wrt="w", dtype="float32", finite=True, clip={"norm": 1.0})
        return time.perf_counter() - start

    seconds(10)
    assert min(seconds(1600) for _ in range(2)) < 8 * min(seconds(400) for _ in range(2))
