"""`has_aux`: of several results the first is differentiated, and the others are returned beside it."""

from __future__ import annotations

import pickle
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy

import symbackprop as sb
from symbackprop.api import check_saved
from symbackprop.ir.signature import leaves_of

Fit = namedtuple("Fit", "loss residual")
Run = namedtuple("Run", "low high")

RNG = np.random.default_rng(0)
X, w, y = RNG.normal(size=(5, 3)), RNG.normal(size=3), RNG.normal(size=5)


def loss_and_more(w, X, y):  # type: ignore[no-untyped-def]
    residual = X @ w - y
    return np.mean(residual**2), {"mean": np.mean(residual), "residual": residual, "all": [np.max(residual), w]}


def fitted(w, X):  # type: ignore[no-untyped-def]
    return Fit(np.sum((X @ w) ** 2), X @ w)


def ranged(w):  # type: ignore[no-untyped-def]
    return np.sum(w**2), Run(np.min(w), np.max(w)), np.sum(w)


def test_two_results_of_text() -> None:
    text = "r = w*x - y; r**2, abs(r)"
    assert sb.compile_grad(text, wrt="w", has_aux=True)(2.0, 3.0, 1.0) == (30.0, 5.0)
    assert sb.compile_grad(text, has_aux=True)(2.0, 3.0, 1.0) == ((30.0, 20.0, -10.0), 5.0)
    assert sb.compile_value_and_grad(text, wrt="w", has_aux=True)(2.0, 3.0, 1.0) == ((25.0, 5.0), 30.0)
    assert sb.compile_grad(text, wrt="w", has_aux=True, with_value=True)(2.0, 3.0, 1.0) == ((25.0, 5.0), 30.0)


def test_more_than_one_other_are_a_tuple() -> None:
    assert sb.compile_grad("x*y, x + y, [x, y]", has_aux=True)(2.0, 3.0) == ((3.0, 2.0), (5.0, [2.0, 3.0]))
    both = sb.compile_value_and_grad("x*y, x + y, [x, y]", has_aux=True)
    assert both(2.0, 3.0) == ((6.0, (5.0, [2.0, 3.0])), (3.0, 2.0))


def test_a_nest_beside_the_value_stays_as_it_is() -> None:
    assert sb.compile_grad("x*y, (x, [y])", wrt="x", has_aux=True)(2.0, 3.0) == (3.0, (2.0, [3.0]))


def test_a_function_returns_any_structure() -> None:
    (value, more), gradient = sb.compile_value_and_grad(
        loss_and_more, inputs="w[d] X[n,d] y[n]", wrt="w", has_aux=True
    )(w, X, y)
    residual = X @ w - y
    np.testing.assert_allclose(value, np.mean(residual**2))
    np.testing.assert_allclose(gradient, 2 / 5 * X.T @ residual)
    assert list(more) == ["mean", "residual", "all"]
    np.testing.assert_allclose(more["residual"], residual)
    assert more["all"][0] == np.max(residual)
    assert more["all"][1].tolist() == w.tolist()
    assert not np.shares_memory(more["all"][1], w)
    gradient_alone, again = sb.compile_grad(loss_and_more, inputs="w[d] X[n,d] y[n]", wrt="w", has_aux=True)(w, X, y)
    np.testing.assert_array_equal(gradient_alone, gradient)
    assert list(again) == list(more)


def test_gradients_in_the_structure_of_the_arguments() -> None:
    def loss(params):  # type: ignore[no-untyped-def]
        return np.sum(params["w"] ** 2) * params["b"], {"norm": np.sqrt(np.sum(params["w"] ** 2))}

    g = sb.compile_grad(loss, inputs={"params": {"w": np.ones(2), "b": 1.0}}, wrt="params", has_aux=True)
    gradient, more = g({"w": np.array([3.0, 4.0]), "b": 2.0})
    assert gradient["w"].tolist() == [12.0, 16.0]
    assert gradient["b"] == 25.0
    assert more == {"norm": 5.0}
    assert g.verify()


def test_named_tuples_beside_the_value() -> None:
    (value, residual), gradient = sb.compile_value_and_grad(fitted, inputs="w[d] X[n,d]", wrt="w", has_aux=True)(w, X)
    np.testing.assert_allclose(value, np.sum((X @ w) ** 2))
    assert residual.shape == (5,)
    assert gradient.shape == (3,)
    gradient, (run, total) = sb.compile_grad(ranged, inputs="w[d]", has_aux=True)(w)
    assert isinstance(run, Run)
    assert (run.low, run.high) == (min(w), max(w))
    assert total == np.sum(w)
    assert isinstance(gradient, tuple)
    both = pickle.loads(pickle.dumps(sb.compile_value_and_grad(ranged, inputs="w[d]", wrt="w", has_aux=True)))
    assert isinstance(both(w)[0][1][0], Run)


def test_sympy_expressions() -> None:
    a, b = sympy.symbols("a b")
    g = sb.compile_grad([a * sympy.sin(b), a + b], wrt=[b], has_aux=True)
    assert g(a=2.0, b=0.0) == ((2.0,), 2.0)
    assert g.verify()
    found = g.to_sympy()
    assert found.gradient == (a * sympy.cos(b),)
    assert found.value == [a * sympy.sin(b), a + b]


def test_what_is_beside_the_value_may_be_integers_and_masks() -> None:
    g = sb.compile_grad("x[n] -> sum(x**2), (x > 0, argmax(x), sum(x > 0))", has_aux=True)
    (gradient,), (positive, largest, count) = g(np.array([-1.0, 3.0, 2.0]))
    assert gradient.tolist() == [-2.0, 6.0, 4.0]
    assert positive.tolist() == [False, True, True]
    assert (largest, count) == (1, 2)
    assert g.verify()


def test_scalars_map_over_arrays() -> None:
    gradient, more = sb.compile_grad("x**2, x + 1", wrt="x", has_aux=True)(np.arange(3.0))
    assert gradient.tolist() == [0.0, 2.0, 4.0]
    assert more.tolist() == [1.0, 2.0, 3.0]


def test_the_value_of_it_returns_all_results() -> None:
    g = sb.compile_grad("x*y, x + y", has_aux=True)
    assert g.value(2.0, 3.0) == (6.0, 5.0)
    assert g.value.verify()
    (run_of_value,) = [
        part for part in sb.compile_grad(ranged, inputs="w[d]", has_aux=True).value(w) if isinstance(part, Run)
    ]
    assert run_of_value.high == max(w)


@pytest.mark.parametrize("compile_it", [sb.compile_grad, sb.compile_value_and_grad])
def test_the_report_has_a_row_for_each(compile_it: Callable[..., Any]) -> None:
    report = compile_it(loss_and_more, inputs="w[d] X[n,d] y[n]", wrt="w", has_aux=True).verify()
    assert report
    labels = [output.label for output in report.outputs]
    assert [label for label in labels if label.startswith("aux")] == [f"aux[{i}]" for i in range(4)]
    assert "d/dw" in labels
    assert ("value" in labels) == (compile_it is sb.compile_value_and_grad)


def test_the_report_finds_what_is_wrong_beside_the_value() -> None:
    g = sb.compile_grad("x*y, x + y", has_aux=True)
    head, doc, code = g.source.split('"""')
    assert "x + y" in code
    g._printed = replace(g._printed, source='"""'.join([head, doc, code.replace("x + y", "x + 1.001*y")]))
    failed = [output.label for output in g.verify().outputs if not output]
    assert failed == ["aux"]


def test_saved_checked_and_pickled(tmp_path: Path) -> None:
    for number, (formula, inputs) in enumerate([("x*y, x + y", None), (loss_and_more, "w[d] X[n,d] y[n]")]):
        g = sb.compile_value_and_grad(formula, inputs=inputs, has_aux=True)
        assert '"has_aux": true' in g.source
        path = tmp_path / f"both{number}.py"
        g.save(path)
        check_saved(path)
        assert pickle.loads(pickle.dumps(g)).source == g.source
    assert "has_aux" not in sb.compile_grad("x*y").source


@pytest.mark.parametrize("formula", ["x*y", "x*y,", "[x*y]"])
def test_one_result_is_refused(formula: str) -> None:
    with pytest.raises(sb.UnsupportedError, match=r"there is one result: return \(loss, aux\)"):
        sb.compile_grad(formula, has_aux=True)


def test_a_dict_is_refused() -> None:
    with pytest.raises(sb.UnsupportedError, match="there is a dict"):
        sb.compile_grad(lambda x: {"loss": x**2, "aux": x}, inputs={"x": ""}, has_aux=True)


@pytest.mark.parametrize("formula", ["(x, y), y", lambda x, y: ({"loss": x * y}, y)])
def test_a_first_result_that_is_several_is_refused(formula: Any) -> None:
    with pytest.raises(sb.UnsupportedError, match="several in itself"):
        sb.compile_grad(formula, inputs={"x": "", "y": ""}, has_aux=True)


def test_a_first_result_that_is_an_array_is_refused() -> None:
    with pytest.raises(sb.ShapeError, match="gradient is that of a scalar"):
        sb.compile_grad("x[n] -> x, sum(x)", has_aux=True)


# --- beside other derivatives -----------------------------------------------------------------------------------------

CUBES = "x[d] w[d] -> z = w*x; sum(z**3), (x > 0, [z])"
FAMILY: dict[str, tuple[Callable[..., Any], dict[str, Any], bool]] = {  # and whether the values come before
    "jvp": (sb.compile_jvp, {}, True),
    "vjp": (sb.compile_vjp, {}, True),
    "hvp": (sb.compile_hvp, {}, False),
    "value, gradient and hvp": (sb.compile_hvp, {"with_value_and_grad": True}, True),
    "jacobian": (sb.compile_jacobian, {}, False),
    "value and jacobian": (sb.compile_jacobian, {"with_value": True}, True),
    "hessian": (sb.compile_hessian, {}, False),
    "value, gradient and hessian": (sb.compile_hessian, {"with_value_and_grad": True}, True),
    "weighted hessian": (sb.compile_hessian, {"weighted": True}, False),
    "hessian in factors": (sb.compile_hessian, {"structure": True}, False),
    "taylor": (sb.compile_taylor, {"order": 2}, True),
    "derivative": (sb.compile_derivative, {"order": 2}, False),
    "laplacian": (sb.compile_laplacian, {}, False),
    "value and laplacian": (sb.compile_laplacian, {"with_value": True}, True),
    "gnvp": (sb.compile_gnvp, {}, False),
    "gnvp of an output": (sb.compile_gnvp, {"outputs": "z"}, False),
    "fvp": (sb.compile_fvp, {"distribution": "poisson"}, False),
}


@pytest.mark.parametrize("what", FAMILY)
def test_other_derivatives_are_those_of_the_first_result_alone(what: str, tmp_path: Path) -> None:
    compiler, options, has_values = FAMILY[what]
    alone = compiler(CUBES.split(", (")[0], wrt="x", **options)
    beside = compiler(CUBES, wrt="x", has_aux=True, **options)
    assert [spec.name for spec in beside.signature] == [spec.name for spec in alone.signature]
    values = [RNG.normal(size=3 if spec.shape else ()) for spec in alone.signature]
    results, expected = beside(*values), alone(*values)
    positive, (z,) = results[0][1] if has_values else results[-1]
    assert positive.tolist() == (values[0] > 0).tolist()
    np.testing.assert_array_equal(z, values[0] * values[1])
    found = (results[0][0], *results[1:]) if has_values else results[0]
    for one, other in zip(leaves_of(found), leaves_of(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14)
    beside.save(tmp_path / "beside.py")
    check_saved(tmp_path / "beside.py")


@pytest.mark.parametrize("what", ["value and jacobian", "hessian in factors", "gnvp of an output", "vjp"])
def test_reports_of_other_derivatives(what: str) -> None:
    compiler, options, _ = FAMILY[what]
    report = compiler(CUBES.replace("[d]", "[2]"), wrt="x", has_aux=True, **options).verify(points=1, seconds=0.5)
    assert report
    assert [output.label for output in report.outputs if output.label.startswith("aux")] == ["aux[0]", "aux[1]"]


def test_sparse_derivatives_and_what_is_beside_them() -> None:
    matrix, x = sb.compile_jacobian("x[5] -> x[1:]*x[:-1], x", sparse=True, wrt="x", has_aux=True)(np.arange(5.0))
    assert matrix.nnz == 8
    assert x.tolist() == [0, 1, 2, 3, 4]


def test_divergences_of_several_values() -> None:
    f = sb.compile_divergence("(x**2*y, x*y**2), (x > y, x)", has_aux=True)
    assert f(3.0, 2.0) == (24.0, (True, 3.0))
    assert f.verify(points=1, seconds=0.5)


def test_a_first_result_that_is_several_has_a_jacobian() -> None:
    def parts(x):  # type: ignore[no-untyped-def]
        return {"square": x**2, "twice": [2 * x]}, Fit(np.sum(x), x)

    first, second = sb.compile_jacobian(parts, inputs="x[n]", wrt="x", has_aux=True)([1.0, 2.0])
    assert first["square"].tolist() == [[2, 0], [0, 4]]
    assert first["twice"][0].tolist() == [[2, 0], [0, 2]]
    assert isinstance(second, Fit)
    value, first = sb.compile_jvp(parts, inputs="x[n]", wrt="x", has_aux=True)([1.0, 2.0], [1.0, 1.0])
    assert value[1].loss == 3.0
    assert first["square"].tolist() == [2, 4]


def test_batches_of_both() -> None:
    f = sb.compile_hvp("x[d] w[d] -> z = x @ w; exp(z), z", wrt="w", batch={"x": 0}, has_aux=True)
    product, z = f([[1.0, 0.0], [0.0, 2.0]], [0.0, 0.0], [1.0, 1.0])
    assert product.tolist() == [[1, 0], [0, 4]]
    assert z.tolist() == [0, 0]
