"""What derivatives inside of formulas and functions take and give: nests, positions, values beside, numbers outside."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.errors import ArgumentError, SymbackpropError, UnsupportedError

X = np.array([0.3, -1.2, 0.7])
PARAMS = {"w": np.array([[0.2, -0.4, 1.0], [0.5, 0.1, -0.3]]), "b": np.array([0.1, -0.2])}


def loss(params: Any, x: Any) -> Any:
    return np.sum(np.tanh(params["w"] @ x + params["b"]) ** 2)


def slopes(params: Any, x: Any) -> tuple[Any, Any, Any]:
    """Return the derivatives of the loss by hand."""
    h = np.tanh(params["w"] @ x + params["b"])
    s = 2 * h * (1 - h * h)
    return np.outer(s, x), s, params["w"].T @ s


def test_nests_and_positions() -> None:
    w_bar, b_bar, x_bar = slopes(PARAMS, X)

    @sb.compile_value(inputs={"params": PARAMS, "x": X})
    def every(params: Any, x: Any) -> Any:
        (first, second), (value, third) = sb.grad(loss, (0, -1))(params, x), sb.value_and_grad(loss)(params, x)
        return first, second, value, third, sb.grad(loss, wrt="x")(params, x=x)

    first, second, value, third, fourth = every(PARAMS, X)
    for found in (first, third):
        np.testing.assert_allclose(found["w"], w_bar, rtol=1e-13)
        np.testing.assert_allclose(found["b"], b_bar, rtol=1e-13)
    np.testing.assert_allclose(second, x_bar, rtol=1e-13)
    np.testing.assert_allclose(fourth, x_bar, rtol=1e-13)
    assert value == pytest.approx(loss(PARAMS, X), rel=1e-14)
    assert every.source.split('"""')[-1].count("np.tanh(") == 1  # all of them share what goes forward


def test_second_derivatives_of_nests() -> None:
    @sb.compile_value(inputs="x[3] y")
    def blocks(x: Any, y: Any) -> Any:
        return sb.hessian(lambda p: p["y"] * np.sum(p["x"] ** 3))({"x": x, "y": y})

    found = blocks(X, 2.0)
    np.testing.assert_allclose(found["x"]["x"], np.diag(12 * X), rtol=1e-14)
    np.testing.assert_allclose(found["x"]["y"], 3 * X**2, rtol=1e-14)
    np.testing.assert_allclose(found["y"]["x"], 3 * X**2, rtol=1e-14)
    assert found["y"]["y"] == 0
    text = sb.compile_value("A[n,n] x[n] -> def f(x): x @ A @ x * sum(x)\nhessian(f, x), hessian(x @ A @ x, x)")
    A = np.arange(9.0).reshape(3, 3)
    S = A + A.T
    first, second = text(A, X)
    cross = np.outer(S @ X, np.ones(3))
    np.testing.assert_allclose(first, S * X.sum() + cross + cross.T, rtol=1e-13)
    np.testing.assert_allclose(second, S, rtol=1e-14)


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
def test_jacobians_of_any_rank(mode: str) -> None:
    Z = np.linspace(-1, 1, 6).reshape(2, 3)

    @sb.compile_value(inputs={"Z": Z})
    def every(Z: Any) -> Any:
        return sb.jacobian(lambda Z: {"g": Z @ Z.T, "s": np.sum(Z**2), "z": np.sin(Z[0])}, mode=mode)(Z)

    found = every(Z)
    half = np.einsum("ia,jb->ijab", np.eye(2), Z)  # d(Z Z^T)[i, j]/dZ[a, b], through the first of the two
    wanted = half + half.swapaxes(0, 1)
    np.testing.assert_allclose(found["g"], wanted, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(found["s"], 2 * Z, rtol=1e-14)
    np.testing.assert_allclose(found["z"][:, 0], np.diag(np.cos(Z[0])), rtol=1e-14)
    assert not found["z"][:, 1].any()


def test_products_with_vectors() -> None:
    v = np.array([1.0, 0.5, -2.0])

    @sb.compile_value(inputs={"x": "n", "v": "n"})
    def every(x: Any, v: Any) -> Any:
        def f(x: Any, y: Any) -> Any:
            return x * np.sum(y), np.sin(y)

        (one, two), (one_dot, two_dot) = sb.jvp(f, (x, v), (v, x))
        _, pull = sb.vjp(f, x, v)
        x_bar, y_bar = pull((one_dot, two_dot))
        return np.sum(one_dot**2) + np.sum(two_dot**2), np.sum(x_bar * v) + np.sum(y_bar * x), one, two

    squares, pairs, one, two = every(X, v)
    assert squares == pytest.approx(pairs, rel=1e-13)  # |J d|^2 = (J^T J d) d
    np.testing.assert_allclose(one, X * v.sum(), rtol=1e-14)
    np.testing.assert_allclose(two, np.sin(v), rtol=1e-14)


class Pair(NamedTuple):
    left: Any
    right: Any


def test_what_is_beside_the_value() -> None:
    @sb.compile_value(inputs={"x": X})
    def every(x: Any) -> Any:
        def f(p: Pair) -> Any:
            y = p.left * p.right
            return np.sum(y), {"y": y, "count": 3}

        (value, aux), pair = sb.value_and_grad(f, has_aux=True)(Pair(x, 2.0))
        again, other = sb.grad(f, has_aux=True)(Pair(x, 2.0))
        return value, aux["y"], aux["count"], pair.left, pair.right, again.left - pair.left, other["y"] - aux["y"]

    value, y, count, left, right, *zeros = every(X)
    assert (value, right, count) == (pytest.approx(2 * X.sum()), pytest.approx(X.sum()), 3)
    np.testing.assert_allclose(y, 2 * X)
    np.testing.assert_allclose(left, [2, 2, 2])
    assert not np.any(zeros)


def test_text_of_functions() -> None:
    def value(text: str, *args: Any) -> Any:
        return sb.compile_value(text)(*args)

    assert value("def f(x, y): x*y**2\nvalue_and_grad(f, a, b, argnums=(0, 1))", 2.0, 3.0) == (18.0, (9.0, 12.0))
    assert value("def f(x, y): (x*y**2, y)\ngrad(f, a, b, has_aux=True)", 2.0, 3.0) == (9.0, 3.0)
    assert value("def f(x): x**3\ndef g(x): grad(f, x)\njvp(g, (a,), (b,))", 2.0, 3.0) == (12.0, 36.0)
    assert value("def f(x, y): x*y\nvjp(f, (a, b), 2)", 2.0, 3.0) == (6.0, (6.0, 4.0))
    assert value("def twice(f, x): grad(f, x)*2\ndef cube(z): z**3\ntwice(cube, a)", 2.0) == 24.0
    assert value("u = a*b**2; grad(u, (b, a))", 2.0, 3.0) == (12.0, 9.0)
    assert value("grad*lr", 2.0, 3.0) == 6.0  # names of variables too
    assert sb.compile_value("grad(y*x**2, x)").signature[0].name == "y"  # inputs by first appearance


def test_files_pickles_and_short_floats(tmp_path: Any) -> None:
    f = sb.compile_value("x[n] -> grad(sum(sin(x)), x)", dtype="float32")
    assert f(X.astype(np.float32)).dtype == np.float32
    assert "float64" not in f.source.split('"""')[-1]
    path = tmp_path / "slope.py"
    f.save(path)
    sb.api.check_saved(path)


@pytest.mark.parametrize("size", [0, 1, 2])
def test_empty_and_single_arrays(size: int) -> None:
    f = sb.compile_value(
        lambda x: (sb.grad(lambda x: np.sum(x**2))(x), sb.jacobian(np.sin)(x), sb.hessian(lambda x: np.sum(x**3))(x)),
        inputs={"x": (size,)},
    )
    x = np.linspace(1, 2, size)
    for found, wanted in zip(f(x), (2 * x, np.diag(np.cos(x)), np.diag(6 * x)), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-14)


# --- outside of a function that is compiled ---------------------------------------------------------------------------


def test_numbers_outside_of_a_compiled_function() -> None:
    assert sb.grad(lambda x: x**3)(2) == 12.0
    assert sb.grad(sb.grad(lambda x, y: x**3 * y))(2.0, 5) == 60.0
    value, (slope, other) = sb.value_and_grad(lambda p: p[0] ** 2 * p[1])((3.0, 2.0))
    assert (value, slope, other) == (18.0, 12.0, 9.0)
    assert sb.grad(loss)(PARAMS, X)["b"].tolist() == pytest.approx(slopes(PARAMS, X)[1].tolist(), rel=1e-14)
    found, pull = sb.vjp(lambda x, n: {"y": np.sin(x) * n}, X, 2.0)
    np.testing.assert_allclose(pull(found)[0], 4 * np.sin(X) * np.cos(X), rtol=1e-14)
    assert sb.jvp(np.exp, (X,), (X,))[1] == pytest.approx(np.exp(X) * X)
    squares = [sb.grad(lambda x, n: x**n)(3.0, n) for n in range(4)]  # what does not move stays Python's own
    assert squares == [0.0, 1.0, 6.0, 27.0]


def test_derivatives_made_outside_of_the_function_that_uses_them() -> None:
    slope = sb.grad(lambda x: np.sin(x) * x)
    bend = sb.grad(slope)
    compiled = sb.compile_grad(lambda x: slope(x) + bend(x), inputs="x")
    x = 0.4
    wanted = 2 * np.cos(x) - x * np.sin(x) - 3 * np.sin(x) - x * np.cos(x)
    assert compiled(x)[0] == pytest.approx(wanted, rel=1e-14)
    square = sb.compile_value("x**2 * y", name="square")
    assert sb.compile_value(lambda x: sb.grad(square)(x, 3.0), inputs="x")(2.0) == 12.0


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda x: sb.grad(lambda x: x * 2)(x), SymbackpropError, "has shape"),
        (lambda x: sb.grad(3.0), ArgumentError, "grad takes a function, not 3.0"),
        (lambda x: sb.grad(np.sum, argnums=1)(x), ArgumentError, "argnums names argument 1"),
        (lambda x: sb.grad(np.sum, argnums=(0, 0))(x), ArgumentError, "each once"),
        (lambda x: sb.grad(lambda x: x, wrt="y")(x), SymbackpropError, "wrt names 'y'"),
        (
            lambda x: sb.grad(lambda x: np.sum(x), has_aux=True)(x),
            ArgumentError,
            "returns a number and what is beside it",
        ),
        (lambda x: sb.grad(lambda k: x[0] * k)(np.argmax(x)), UnsupportedError, "is int64, not real"),
        (lambda x: sb.grad(lambda k: x[0] * k)(np.array(3)), UnsupportedError, "is int64, not real"),
        (lambda x: sb.grad(lambda p: np.sum(p[0]))((x, None)), UnsupportedError, "a nest that has None in it"),
        (lambda x: sb.jvp(np.sin, (x,), (x, x)), ArgumentError, "1 primals and 2 tangents"),
        (lambda x: sb.jvp(np.sin, (x,), ((x, x),)), ArgumentError, "nested otherwise"),
        (lambda x: sb.vjp(np.sin, x)[1]((x, x)), ArgumentError, "nested otherwise"),
        (lambda x: sb.jacobian(np.sin, mode="sideways")(x), ArgumentError, "mode is 'sideways'"),
    ],
)
def test_what_functions_refuse(function: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sb.compile_value(function, inputs="x[3]")


def test_argnums_are_whole_numbers_of_any_kind() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * y**2

    assert sb.grad(f, argnums=np.int64(1))(2.0, 3.0) == 12.0
    assert sb.grad(f, argnums=np.array([1, 0]))(2.0, 3.0) == (12.0, 9.0)  # type: ignore[arg-type]
    for wrong in (True, 1.5, "x"):
        with pytest.raises(ArgumentError, match="give the position of an argument"):
            sb.grad(f, argnums=wrong)  # type: ignore[arg-type]


def test_what_is_refused_outside() -> None:
    with pytest.raises(UnsupportedError, match="argument 1 of <lambda> is int64, not real"):
        sb.grad(lambda y, n: y**n, argnums=1)(2.0, np.array(3))
    assert sb.grad(lambda y, n: y**n, argnums=1)(1.0, 3) == 0.0  # numbers of Python are real
    with pytest.raises(UnsupportedError, match="not a real number"):
        sb.grad(lambda x: x)("text")
    with pytest.raises(ArgumentError, match="called with 0 by position"):
        sb.grad(lambda x: x)(x=1.0)


def test_functions_may_be_called_as_words_are() -> None:
    def grad(x: Any) -> Any:
        return x**2

    def scan(c: Any, x: Any) -> Any:
        return c + x, c * x

    assert sb.compile_value(lambda x: grad(x) + sb.grad(grad)(x), inputs="x")(2.0) == 8.0
    assert sb.compile_value(lambda x: np.sum(sb.scan(scan, x, np.ones(3))[1]), inputs="x")(2.0) == 9.0
