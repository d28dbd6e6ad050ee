"""`compile_jvp`, `compile_vjp` and `compile_hvp`: printed lines, values, structures, names, errors."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.api import check_saved

RNG = np.random.default_rng(0)
X, w, y = RNG.normal(size=(5, 3)), RNG.normal(size=3), RNG.normal(size=5)


def lines(compiled: sb.CompiledFunction) -> list[str]:
    """Return the statements of the printed function."""
    body = compiled.source.split('"""')[2].strip()
    return [re.sub(r"(?<=\S)  +#.*", "", line.strip()) for line in body.split("\n")]


def test_tangents_are_printed_beside_values() -> None:
    f = sb.compile_jvp("X[n,d] w[d] -> z = X @ w; sin(z)", wrt="w")
    assert lines(f) == [
        "# forward",
        "z = X @ w",
        "# tangents",
        "z_dot = X @ w_dot",
        "return np.sin(z), z_dot * np.cos(z)",
    ]
    value, tangent = f(X, w, y[:3])
    np.testing.assert_allclose(value, np.sin(X @ w))
    np.testing.assert_allclose(tangent, np.cos(X @ w) * (X @ y[:3]))


def test_cotangents_are_printed_as_adjoints_are() -> None:
    f = sb.compile_vjp("X[n,d] w[d] -> z = X @ w; sin(z)", wrt=("w", "X"))
    assert lines(f)[-2:] == ["z_bar = value_bar * np.cos(z)", "return np.sin(z), (X.T @ z_bar, np.outer(z_bar, w))"]
    _, (w_bar, X_bar) = f(X, w, y)
    np.testing.assert_allclose(w_bar, X.T @ (y * np.cos(X @ w)))
    assert X_bar.shape == X.shape


def test_hessian_products_make_no_hessian() -> None:
    f = sb.compile_hvp("X[n,d] w[d] y[n] -> sum((X @ w - y)**2)", wrt="w")
    assert lines(f) == ["return 2.0 * (X.T @ (X @ w_dot))"]


FORMULAS = {
    "scalars": ("x**2 * sin(y)", None),
    "logistic": ("X[n,d] w[d] y[n] -> sum(logaddexp(0, -y * (X @ w)))", None),
    "softmax": ("x[n] y[n] -> sum(softmax(x) * y)", None),
    "matrix": ("A[n,n] b[n] -> sum(linalg.solve(A, b)**2)", None),
    "single": ("X[n,d] w[d] -> sum(tanh(X @ w)**2)", "float32"),
    "cumulative": ("x[n] -> sum(cumsum(x)**3)", None),
    "slices": ("x[n] -> sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", None),
}


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("compile_it", [sb.compile_jvp, sb.compile_vjp, sb.compile_hvp])
def test_they_are_verified(compile_it, name: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text, dtype = FORMULAS[name]
    f = compile_it(text, dtype=dtype or "float64")
    report = f.verify(points=1, seconds=0.5)
    assert report, report
    f.save(tmp_path / "f.py")
    check_saved(tmp_path / "f.py")
    assert pickle.loads(pickle.dumps(f)).source == f.source
    assert f.value.recipe.kind == "value"
    assert f.cost().ratio > 0


@pytest.mark.parametrize("name", FORMULAS)
def test_tangents_and_cotangents_pair(name: str) -> None:
    """<value_bar, J x_dot> is <J^T value_bar, x_dot>."""
    text, _ = FORMULAS[name]
    forward, back = sb.compile_jvp(text), sb.compile_vjp(text)
    count = len(back.signature) - 1
    sizes = {"n": 3, "d": 2}
    given = [0.5 + RNG.random([sizes[str(s)] for s in spec.shape or ()]) for spec in back.signature[:count]]
    dots = [RNG.normal(size=x.shape) for x in given]
    _, tangent = forward(*given, *dots)
    _, bars = back(*given, 1.5)
    np.testing.assert_allclose(
        1.5 * tangent, sum(np.sum(bar * dot) for bar, dot in zip(bars, dots, strict=True)), rtol=1e-10
    )


@pytest.mark.parametrize("compile_it", [sb.compile_jvp, sb.compile_vjp, sb.compile_hvp])
def test_a_source_that_is_wrong_by_a_thousandth_is_found(compile_it) -> None:  # type: ignore[no-untyped-def]
    f = compile_it("x**3 * y", wrt="x", target="numpy")
    head, _, last = f.source.rpartition("return ")
    wrong = f"{head}x = x * 1.001\n    return {last}"
    for source, is_right in ((f.source, True), (wrong, False)):
        f._printed = replace(f.printed, source=source)
        f.__dict__["computes_arrays"] = True  # so that the source for arrays is not looked at
        assert bool(f.verify(points=1, seconds=0.5)) is is_right


def model(params, x, k=2.0):  # type: ignore[no-untyped-def]
    return {"y": np.tanh(params["W"] @ x + params["b"]) * k, "n": np.sum(x**2)}


def loss(params, x):  # type: ignore[no-untyped-def]
    return np.sum(np.tanh(params["W"] @ x + params["b"]) ** 2)


PARAMS = {"W": RNG.normal(size=(2, 3)), "b": RNG.normal(size=2)}
DOTS = {"W": RNG.normal(size=(2, 3)), "b": RNG.normal(size=2)}


def test_structures_have_tangents_of_the_same_structure() -> None:
    f = sb.compile_jvp(model, wrt="params", inputs={"params": PARAMS, "x": w})
    value, tangent = f(PARAMS, w, params_dot=DOTS)
    z = np.tanh(PARAMS["W"] @ w + PARAMS["b"])
    np.testing.assert_allclose(value["y"], 2 * z)
    np.testing.assert_allclose(tangent["y"], 2 * (1 - z**2) * (DOTS["W"] @ w + DOTS["b"]))
    assert tangent["n"] == 0
    assert f.verify(points=1, seconds=0.5)


def test_cotangents_have_the_structure_of_arguments() -> None:
    f = sb.compile_vjp(model, wrt="params", inputs={"params": PARAMS, "x": w})
    value, bars = f(PARAMS, w, value1_bar=[1.0, 2.0], value2_bar=3.0)
    assert set(value) == {"y", "n"}
    np.testing.assert_allclose(bars["W"], np.outer(bars["b"], w))
    assert f.verify(points=1, seconds=0.5)


def test_hessian_products_of_structures() -> None:
    f = sb.compile_hvp(loss, wrt="params", inputs={"params": PARAMS, "x": w}, with_value_and_grad=True)
    g = sb.compile_value_and_grad(loss, wrt="params", inputs={"params": PARAMS, "x": w})
    value, gradient, product = f(PARAMS, w, DOTS)
    wanted, slopes = g(PARAMS, w)
    assert value == pytest.approx(wanted)
    np.testing.assert_allclose(gradient["W"], slopes["W"])
    step = 1e-6
    ends = [g({k: PARAMS[k] + s * step * DOTS[k] for k in PARAMS}, w)[1] for s in (1, -1)]
    for key in PARAMS:
        np.testing.assert_allclose(product[key], (ends[0][key] - ends[1][key]) / (2 * step), rtol=1e-6, atol=1e-8)


def test_networks() -> None:
    net = sb.read_layers("input 3\ndense 4 tanh\ndense 2\nloss softmax_cross_entropy")
    params, dots = net.init(seed=0), net.init(seed=1)
    labels = np.eye(2)[[0, 1, 1, 0, 1]]
    value, tangent = sb.compile_jvp(net)(params, X, labels, dots)
    g = sb.compile_grad(net)
    gradient = g(params, X, labels)
    assert tangent == pytest.approx(sum(np.sum(gradient[k] * dots[k]) for k in params))
    same, bars = sb.compile_vjp(net)(params, X, labels, 2.0)
    assert same == pytest.approx(value)
    np.testing.assert_allclose(bars["W1"], 2 * gradient["W1"])
    assert sb.compile_hvp(net).diagnose(params, X, labels).rows[0].layer == "dense 1"
    product = sb.compile_hvp(net)(params, X, labels, dots)
    moved = [g({k: params[k] + s * 1e-6 * dots[k] for k in params}, X, labels) for s in (1, -1)]
    for key in params:
        np.testing.assert_allclose(product[key], (moved[0][key] - moved[1][key]) / 2e-6, rtol=1e-5, atol=1e-8)


def steps(w, x):  # type: ignore[no-untyped-def]
    def step(h, row):  # type: ignore[no-untyped-def]
        h = np.tanh(w * h + row)
        return h, h

    return sb.scan(step, 0.0, x)[1]


def test_loops() -> None:
    inputs = {"w": "", "x": "n"}
    for f in (
        sb.compile_jvp(steps, inputs=inputs),
        sb.compile_vjp(steps, inputs=inputs),
        sb.compile_hvp(lambda w, x: np.sum(steps(w, x) ** 2), inputs=inputs),
    ):
        report = f.verify(points=1, seconds=0.5)
        assert report, report


def test_numbers_map_over_arrays() -> None:
    value, tangent = sb.compile_jvp("x**2 * y", wrt="x")(np.array([1.0, 2.0]), 3.0, np.array([1.0, 0.5]))
    assert value.tolist() == [3.0, 12.0]
    assert tangent.tolist() == [6.0, 6.0]


def test_a_name_that_is_taken_gets_a_number() -> None:
    f = sb.compile_jvp("x * x_dot", wrt="x")
    assert [spec.name for spec in f.signature] == ["x", "x_dot", "x_dot2"]
    assert f(2.0, 3.0, 1.0) == (6.0, 3.0)
    assert [spec.name for spec in sb.compile_vjp("x * value_bar").signature][-1] == "value_bar2"


def test_values_that_have_a_name_lend_it_to_their_cotangents() -> None:
    assert [spec.name for spec in sb.compile_vjp("r = w*x; r, r**2", wrt="w").signature] == [
        "w", "x", "r_bar", "value2_bar",
    ]  # fmt: skip


def test_large_constants_stay_behind_tangents() -> None:
    table = RNG.normal(size=200)

    def f(x):  # type: ignore[no-untyped-def]
        return table * x

    compiled = sb.compile_jvp(f, inputs={"x": ""}, wrt="x")
    value, tangent = compiled(2.0, 1.0)
    np.testing.assert_allclose(value, 2 * table)
    np.testing.assert_allclose(tangent, table)
    np.testing.assert_allclose(compiled(2.0, x_dot=3.0)[1], 3 * table)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: sb.compile_jvp("weight*y", wrt="wieght"), sb.UnknownNameError, "Did you mean weight"),
        (lambda: sb.compile_jvp("x*y", wrt="x")(1.0, 2.0), sb.ArgumentError, "missing argument 'x_dot'"),
        (lambda: sb.compile_jvp("x[n] -> x**2")([1, 2], [1, 2, 3]), sb.ArgumentError, r"expected \(n,\), where n = 2"),
        (lambda: sb.compile_vjp("x[n] -> x**2")([1, 2], [[1, 2]]), sb.ArgumentError, "value_bar"),
        (lambda: sb.compile_jvp("x*y", wrt=("x", "x")), sb.UnsupportedError, "twice"),
        (lambda: sb.compile_vjp("x[n] -> argmax(x)"), sb.UnsupportedError, "not real"),
        (lambda: sb.compile_vjp("x[n] -> x[x > 0]"), sb.UnsupportedError, "computed"),
        (lambda: sb.compile_jvp("x*k", wrt="k", inputs={"x": "", "k": np.arange(2)}), sb.UnsupportedError, "not real"),
        (lambda: sb.compile_hvp("x[n] -> x**2"), sb.ShapeError, "scalar"),
        (lambda: sb.compile_jvp("x**2").to_sympy(), sb.UnsupportedError, "compile_jvp"),
    ],
)
def test_errors_say_what_is_wrong(call, error: type[Exception], words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=words):
        call()


@sb.custom_rule(opaque=True)
def cubes(x):  # type: ignore[no-untyped-def]
    return x**3


@cubes.defvjp
def cubes_vjp(g, out, x):  # type: ignore[no-untyped-def]
    return 3 * g * x**2


def test_opaque_functions_are_refused_where_they_have_no_rule() -> None:
    def f(x):  # type: ignore[no-untyped-def]
        return np.sum(cubes(x))

    assert sb.compile_vjp(f, inputs="x[n]", wrt="x")([1.0, 2.0], 1.0)[1].tolist() == [3.0, 12.0]
    with pytest.raises(sb.UnsupportedError, match="has no jvp"):
        sb.compile_jvp(f, inputs="x[n]")
    with pytest.raises(sb.UnsupportedError, match=r"opaque function .*cubes"):
        sb.compile_hvp(f, inputs="x[n]")
    f = sb.compile_jacobian(lambda x: cubes(x) * x[0], inputs="x[n]", wrt="x")  # forward is not possible, so reverse
    np.testing.assert_allclose(f([1.0, 2.0]), [[4.0, 0.0], [8.0, 12.0]])


def test_a_decorator() -> None:
    @sb.compile_jvp(inputs={"x": "n"}, wrt="x")
    def squares(x):  # type: ignore[no-untyped-def]
        return x**2

    assert squares([1.0, 2.0], [1.0, 1.0])[1].tolist() == [2.0, 4.0]
