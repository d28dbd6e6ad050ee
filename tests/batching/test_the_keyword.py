"""``batch=``: what it says, what is checked, what is refused, and that verification sees what is wrong."""

from __future__ import annotations

import importlib.util
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from batches import in_batches
from custom_rules import opaque_functions
from differences import body_of
from support import graph_of, run
from timings import least_seconds

import symbackprop as sb
from symbackprop.emit.header import read_header
from symbackprop.ir.node import Node, make_input
from symbackprop.ir.size import named
from symbackprop.ops import primitives
from symbackprop.ops.exponential import exp
from symbackprop.ops.trigonometric import sin
from symbackprop.verification import verified

LOSS = "x[d] w[d] y -> (x @ w - y)**2"
EACH = {"x": 0, "y": 0}
RNG = np.random.default_rng(5)


def test_the_gradient_of_every_example_is_printed_as_a_person_writes_it() -> None:
    body = body_of(sb.compile_grad(LOSS, wrt="w", batch=EACH))
    lines = [line.split("#")[0].strip() for line in body.split("\n")]
    assert [line for line in lines if line] == ["t1 = x @ w - y", "t1_bar = 2.0 * t1", "return t1_bar[:, None] * x"]


def test_what_the_docstring_says_of_shapes() -> None:
    found = sb.compile_value_and_grad(LOSS, wrt="w", batch={"x": 1, "y": 0}).__doc__
    assert found is not None
    for line in ("x : array of shape (d, n)", "y : array of shape (n,)", "value : array of shape (n,)",
                 "dL/dw : array of shape (n, d)"):  # fmt: skip
        assert line in found


@pytest.mark.parametrize("size", [0, 1, 2])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_few_examples(size: int, dtype: str) -> None:
    many = sb.compile_value_and_grad(LOSS, batch=EACH, dtype=dtype)
    x, w, y = (RNG.normal(size=shape).astype(dtype) for shape in ((size, 3), (3,), (size,)))
    value, gradients = many(x, w, y)
    r = x @ w - y
    for found, expected in zip(
        (value, *gradients), (r**2, 2 * r[:, None] * w, 2 * r[:, None] * x, -2 * r), strict=True
    ):
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, rtol=1e-4 if dtype == "float32" else 1e-12)


def test_the_number_of_examples_has_a_name_of_its_own() -> None:
    many = sb.compile_value("A[n,m] n_batch -> sum(A, axis=0)*n_batch", batch={"A": 0})
    assert [str(size) for size in many.signature[0].shape or ()] == ["n_batch", "n", "m"]
    A = RNG.normal(size=(4, 2, 3))
    np.testing.assert_allclose(many(A, 2.0), 2 * A.sum(axis=1))


def test_what_is_the_same_for_all_examples_is_repeated_and_fresh() -> None:
    many = sb.compile_value("x[d] w[d] -> w, x*w, 2.0", batch={"x": 0})
    x, w = np.ones((2, 3)), np.arange(3.0)
    repeated, products, number = many(x, w)
    np.testing.assert_array_equal(repeated, [w, w])
    np.testing.assert_array_equal(products, x * w)
    np.testing.assert_array_equal(number, [2.0, 2.0])
    repeated[0] = 7.0  # it is writable, its rows are apart, and w is not shown in it
    np.testing.assert_array_equal(repeated[1], [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(w, [0.0, 1.0, 2.0])


def test_arguments_that_are_structures() -> None:
    def loss(params: Any, x: Any) -> Any:
        return np.sum((params["W"] @ x + params["b"]) ** 2)

    many = sb.compile_grad(loss, wrt="params", inputs={"params": {"W": "k d", "b": "k"}, "x": "d"}, batch={"params": 0})
    params = {"W": RNG.normal(size=(5, 2, 3)), "b": RNG.normal(size=(5, 2))}
    x = RNG.normal(size=3)
    found = many(params, x)
    r = params["W"] @ x + params["b"]
    np.testing.assert_allclose(found["b"], 2 * r)
    np.testing.assert_allclose(found["W"], 2 * r[:, :, None] * x)


def test_examples_of_one_example_leave_sizes_open() -> None:
    @sb.compile_grad(inputs={"x": np.ones(3), "w": np.ones(3)}, wrt="w", batch={"x": 0})
    def loss(x: Any, w: Any) -> Any:
        return np.tanh(x @ w)

    x, w = RNG.normal(size=(4, 2)), RNG.normal(size=2)
    np.testing.assert_allclose(loss(x, w), (1 - np.tanh(x @ w) ** 2)[:, None] * x)


def test_symbols() -> None:
    a, b = sympy.symbols("a b")
    many = sb.compile_grad(a**2 * b, wrt=[a, b], batch={a: 0})
    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(many(x, 3.0), (6 * x, x**2))


def test_what_else_is_asked_of_a_gradient_is_asked_for_every_example() -> None:
    x, w, y = RNG.normal(size=(4, 3)), RNG.normal(size=3), RNG.normal(size=4)
    plain = 2 * (x @ w - y)[:, None] * x
    norms = np.sqrt(np.sum(plain**2, axis=1, keepdims=True))
    np.testing.assert_allclose(
        sb.compile_grad(LOSS, wrt="w", batch=EACH, clip={"norm": 0.5})(x, w, y), plain * np.minimum(1, 0.5 / norms)
    )
    x[1, 0] = np.inf
    gradient, finite = sb.compile_grad(LOSS, wrt="w", batch=EACH, finite=True)(x, w, y)
    assert gradient.shape == (4, 3)
    assert finite.tolist() == [True, False, True, True]
    found, aux = sb.compile_grad("x[d] w[d] -> r = x @ w; r**2, r", wrt="w", batch={"x": 0}, has_aux=True)(plain, w)
    np.testing.assert_allclose(found, 2 * aux[:, None] * plain)


def test_checkpoints() -> None:
    text = "x[d] W[d,d] -> a = tanh(W @ x)\nb = tanh(W @ a)\nc = tanh(W @ b)\nsum(tanh(W @ c))"
    x, W = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 3))
    kept, all_kept = (sb.compile_grad(text, wrt="W", batch={"x": 0}, checkpoint=names)(x, W) for names in (["b"], None))
    np.testing.assert_allclose(kept, all_kept)


def test_rules_of_the_user() -> None:
    @sb.custom_rule
    def power(x: Any) -> Any:
        return x**3

    @power.defvjp
    def _(g: Any, out: Any, x: Any) -> Any:
        return g * 3 * x**2

    many = sb.compile_grad(lambda x: np.sum(power(x)), inputs={"x": "d"}, batch={"x": 0})
    x = RNG.normal(size=(4, 3))
    np.testing.assert_allclose(many(x)[0], 3 * x**2)


# --- keeping it -------------------------------------------------------------------------------------------------------


def test_it_is_kept_and_made_again(tmp_path: Path) -> None:
    many = sb.compile_value_and_grad(LOSS, wrt="w", batch={"x": -1, "y": 0})
    assert pickle.loads(pickle.dumps(many)).source == many.source
    many.save(tmp_path / "kept.py")
    text = (tmp_path / "kept.py").read_text()
    assert read_header(text) == many.recipe
    specification = importlib.util.spec_from_file_location("kept", tmp_path / "kept.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    x, w, y = RNG.normal(size=(3, 4)), RNG.normal(size=3), RNG.normal(size=4)
    np.testing.assert_allclose(module.value_and_grad(x, w, y)[0], (x.T @ w - y) ** 2)
    np.testing.assert_allclose(many.value(x, w, y), (x.T @ w - y) ** 2)


# --- verification -----------------------------------------------------------------------------------------------------


def test_it_is_verified_example_by_example() -> None:
    report = sb.compile_value_and_grad(LOSS, batch={"x": -1, "y": 0}).verify()
    assert report
    assert {stage.status for output in report.outputs for stage in output.stages} == {"passed"}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("[:, None] * x", "[:, None] * x * 1.001"),
        ("[:, None] * x", "[0] * x"),
        ("t1 = x @ w - y", "t1 = x @ w - y[::-1]"),
    ],
)
def test_wrong_code_fails(right: str, wrong: str) -> None:
    many = sb.compile_grad(LOSS, wrt="w", batch=EACH)
    assert many.source.count(right) == 1

    class Changed:
        source = many.source.replace(right, wrong)

        def __getattr__(self, name: str) -> Any:
            return getattr(many, name)

    assert verified(many, many.recipe, None, None, seconds=5.0)
    assert not verified(Changed(), many.recipe, None, None, seconds=5.0)  # type: ignore[arg-type]


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        ({"z": 0}, sb.UnknownNameError, "batch names 'z', which is not an input; the inputs are x, w, y"),
        ({"x": 2}, sb.ArgumentError, "batch gives 2 as the axis of 'x', which has 2 axes .* give -2 to 1"),
        ({"y": -2}, sb.ArgumentError, "which has 1 axis .* give -1 to 0"),
        ({"x": "0"}, sb.ArgumentError, "batch gives '0' as the axis of 'x'; give an integer"),
        ({"x": True}, sb.ArgumentError, "give an integer"),
        ({}, sb.ArgumentError, "batch is empty"),
        (["x"], sb.ArgumentError, r"give the axis of the examples .* batch=\{'x': 0\}"),
    ],
)
def test_what_the_keyword_may_not_say(batch: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sb.compile_grad(LOSS, batch=batch)


def test_shapes_are_checked_on_every_call() -> None:
    many = sb.compile_grad(LOSS, wrt="w", batch=EACH)
    with pytest.raises(sb.SymbackpropError, match="y"):
        many(np.ones((4, 3)), np.ones(3), np.ones(5))
    with pytest.raises(sb.SymbackpropError, match="x"):
        many(np.ones(3), np.ones(3), np.ones(4))


def test_a_loss_of_many_examples_is_no_loss_of_one() -> None:
    with pytest.raises(sb.ShapeError):
        sb.compile_grad("x[d] w[d] -> x*w", batch={"x": 0})


def test_what_is_refused() -> None:
    with pytest.raises(sb.UnsupportedError, match="may have any shape; declare its shape for one example"):
        sb.compile_value("x[...] -> sin(x)", batch={"x": 0})
    with pytest.raises(sb.UnsupportedError, match="with opaque is not supported: it runs for one example at a time"):
        sb.compile_value(lambda x: opaque_functions.cube(x), inputs={"x": "d"}, batch={"x": 0})
    text = "t[n] k -> def f(y, t): return -k*y\nodeint(f, 1.0, t, steps=4, adjoint='continuous')[-1]"
    with pytest.raises(sb.UnsupportedError, match="with continuous_adjoint is not supported"):
        sb.compile_grad(text, wrt="k", batch={"k": 0})
    with pytest.raises(sb.UnsupportedError, match=r"with masked is not supported: .* where\(mask, x, 0\)"):
        sb.compile_value("x[d] -> sum(x[x > 0])", batch={"x": 0})
    with pytest.raises(sb.UnsupportedError, match="to_sympy gives the expressions of one example"):
        sb.compile_value(LOSS, batch=EACH).to_sympy()


def test_layer_specs_take_batches_already() -> None:
    network = sb.read_layers("input 2\ndense 1\nloss squared_error\n")
    with pytest.raises(sb.ArgumentError, match="takes batches already"):
        sb.compile_grad(network, batch={"x": 0})


# --- a primitive of the user's, and time ------------------------------------------------------------------------------


def test_a_declaration_may_have_its_rule() -> None:
    x = make_input(0, (3,), "float64")
    own = replace(primitives()["diagonal_matrix"], name="own")
    with pytest.raises(sb.UnsupportedError, match=r"with own is not supported: its declaration has no rule .* batch="):
        in_batches(graph_of([own(x)]), [x], 2, 0)
    ruled = replace(own, batch=lambda call: call.wholes[0] * call.size)
    graph, (wide,) = in_batches(graph_of([ruled(x)]), [x], 2, 0)
    values = RNG.normal(size=(2, 3))
    np.testing.assert_array_equal(run(graph.outputs, {wide: values})[0], 2 * values)


def test_time_grows_with_the_number_of_nodes() -> None:
    def seconds_a_node(count: int) -> float:
        x = make_input(0, (named("d"),), "float64")
        node: Node = x
        for i in range(count):
            node = sin(node) if i % 2 else node * exp(node)
        graph = graph_of([node])
        return least_seconds(lambda: in_batches(graph, [x], named("n"), 0), 2) / count  # type: ignore[arg-type]

    few, many = (seconds_a_node(count) for count in (1000, 8000))
    assert many < 3 * few  # quadratic time would be 8 times as much
