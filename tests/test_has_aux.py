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
