"""Rules of functions written in NumPy: decorators, nests, fixed arguments, methods, what is kept."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.api import check_saved

X, W = np.array([0.1, -0.4, 0.7]), np.array([1.0, 2.0, -0.5])


@sb.custom_rule
def softplus(x: Any) -> Any:
    return np.log(1 + np.exp(x))


@softplus.defvjp
def softplus_vjp(g: Any, out: Any, x: Any) -> Any:
    return g / (1 + np.exp(-x))


class State(NamedTuple):
    h: Any
    c: Any


@sb.custom_rule
def cell(params: Any, state: Any, power: int = 2, how: str = "both") -> Any:
    h, c = state
    mixed = (params["w"] * h + c) ** power
    return {"h": mixed, "c": c * params["scale"] if how == "both" else c}


@cell.defjvp
def cell_jvp(tangents: Any, out: Any, params: Any, state: Any, power: int, how: str) -> Any:
    dp, (dh, dc), *fixed = tangents
    assert fixed == [None, None]
    assert how == "both"
    h, c = state
    inner = params["w"] * h + c
    return {
        "h": power * inner ** (power - 1) * (dp["w"] * h + params["w"] * dh + dc),
        "c": dc * params["scale"] + c * dp["scale"],
    }


def cell_loss(x: Any, w: Any, s: Any) -> Any:
    found = cell({"w": w, "scale": s}, State(x, h_of(x)), power=3)
    return np.sum(found["h"] * found["c"])


def h_of(x: Any) -> Any:
    return softplus(x) * 2


def test_outside_of_a_trace_it_is_the_function() -> None:
    assert softplus(0.0) == pytest.approx(np.log(2))
    assert softplus.__name__ == "softplus"
    assert softplus_vjp(1.0, None, 0.0) == 0.5
    assert softplus.vjp is softplus_vjp
    assert repr(softplus) == "<custom rule of softplus>"


def test_nests_keywords_defaults_and_fixed_arguments() -> None:
    compiled = sb.compile_value_and_grad(cell_loss, inputs={"x": "n", "w": "n", "s": ""})
    value, _ = compiled(X, W, 1.5)
    assert value == pytest.approx(cell_loss(X, W, 1.5), rel=1e-14)
    report = compiled.verify(seconds=5)
    assert report, report
    assert "custom rule cell: its rules agree" in str(report)
    assert "custom rule softplus: its rules agree" in str(report)


def test_the_function_itself_can_be_compiled() -> None:
    assert sb.compile_grad(softplus, inputs="x")(0.0) == (0.5,)


def test_a_rule_made_inside_of_the_function() -> None:
    def loss(x: Any, scale: Any) -> Any:
        @sb.custom_rule
        def half(y: Any) -> Any:
            return y * scale

        half.defvjp(lambda g, out, y: g * scale)
        return np.sum(half(x) ** 2)

    compiled = sb.compile_grad(loss, inputs={"x": "n", "scale": ""}, wrt="x")
    np.testing.assert_allclose(compiled(X, 3.0), 18 * X, rtol=1e-15)
    assert compiled.verify()


def test_rules_of_lambdas_and_keywords() -> None:
    square = sb.custom_rule(lambda x: x * x, vjp=lambda g, out, x: 2 * g * x, jvp=lambda dots, out, x: 2 * dots[0] * x)
    assert sb.compile_grad(lambda x: square(x) + 1)(3.0) == (6.0,)
    decorated = sb.custom_rule(vjp=lambda g, out, x: 2 * g * x)(lambda x: x * x)
    assert sb.compile_grad(lambda x: decorated(x))(3.0) == (6.0,)


class Layer:
    def __init__(self, slope: float) -> None:
        self.slope = slope

    @sb.custom_rule
    def of(self, x: Any) -> Any:
        return self.slope * x * x

    @of.defvjp
    def of_vjp(g: Any, out: Any, self: Layer, x: Any) -> Any:  # noqa: N805
        return None, 2 * g * self.slope * x


def test_methods() -> None:
    layer = Layer(2.0)
    assert layer.of(3.0) == 18.0
    assert sb.compile_grad(lambda x: layer.of(x))(3.0) == (12.0,)


def test_an_array_of_the_module_and_integers() -> None:
    @sb.custom_rule
    def chosen(x: Any, table: Any, rows: Any) -> Any:
        return np.sum(x * table[rows])

    @chosen.defvjp
    def chosen_vjp(g: Any, out: Any, x: Any, table: Any, rows: Any) -> Any:
        return g * table[rows], None, None

    table, rows = np.arange(12.0).reshape(4, 3), np.array([3, 0, 2])
    compiled = sb.compile_grad(lambda x: chosen(x, table[:, 1], rows), inputs={"x": "3"})
    np.testing.assert_array_equal(compiled(X)[0], table[rows, 1])


def test_in_a_loop() -> None:
    def loss(xs: Any, w: Any) -> Any:
        def step(carry: Any, x: Any) -> Any:
            carry = softplus(carry * w + x)
            return carry, carry

        last, every = sb.scan(step, 0.1, xs)
        return last + np.sum(every**2)

    def plain(xs: Any, w: Any) -> Any:
        carry, total = 0.1, 0.0
        for x in xs:
            carry = np.log(1 + np.exp(carry * w + x))
            total = total + carry**2
        return carry + total

    compiled = sb.compile_grad(loss, inputs={"xs": "n", "w": ""})
    expected = sb.compile_grad(plain, inputs={"xs": "3", "w": ""})(X, 0.3)
    for found, wanted in zip(compiled(X, 0.3), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-13)
    assert "for t in" in compiled.source


def test_names_of_the_user_survive() -> None:
    def loss(x: Any) -> Any:
        smooth = softplus(x)
        return np.sum(smooth * np.sin(smooth))

    assert "smooth = " in sb.compile_value_and_grad(loss, inputs="x[n]").source


def test_pickled_copied_saved_and_made_again(tmp_path: Path) -> None:
    compiled = sb.compile_value_and_grad(cell_loss, inputs={"x": "n", "w": "n", "s": ""})
    again = pickle.loads(pickle.dumps(compiled))
    assert again.source == compiled.source
    compiled.save(tmp_path / "cell.py")
    check_saved(tmp_path / "cell.py")
    text = (tmp_path / "cell.py").read_text()
    assert "custom_rule(cell, None, cell_jvp, " in text
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    np.testing.assert_array_equal(namespace["value_and_grad"](X, W, 1.5)[1][0], compiled(X, W, 1.5)[1][0])


PAIRS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "clipped": (lambda x: np.clip(x, -0.2, 0.5), lambda g, out, x: np.where((x > -0.2) & (x < 0.5), g, 0.0)),
    "norm": (lambda x: np.sqrt(np.sum(x * x)), lambda g, out, x: g * x / out),
    "cumulative": (lambda x: np.cumsum(x), lambda g, out, x: np.cumsum(g[::-1])[::-1]),
    "softmax": (
        lambda x: np.exp(x - np.max(x)) / np.sum(np.exp(x - np.max(x))),
        lambda g, out, x: out * (g - np.sum(g * out)),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_rules_against_what_is_derived_without_them(name: str) -> None:
    function, vjp = PAIRS[name]
    ruled = sb.custom_rule(function, vjp=vjp)
    weights = np.array([1.0, -2.0, 0.5])

    def loss(f: Callable[..., Any]) -> Callable[..., Any]:
        return lambda x: np.sum(np.sin(f(x)) * weights)

    found, wanted = (sb.compile_grad(loss(f), inputs="x[3]")(X)[0] for f in (ruled, function))
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-15)
    assert sb.check_rule(ruled, X)
