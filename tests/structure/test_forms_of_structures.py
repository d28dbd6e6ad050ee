"""What is returned in factors is verified, saved, pickled, and made of every form of formula."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from factors import assembled

import symbackprop as sb
from symbackprop.api import check_saved
from symbackprop.ir.factored import Product

VERIFIED = [
    ("jacobian", "x[3] -> softmax(x)", "x"),
    ("jacobian", "x[n] a[n] -> a * sin(a @ x) + x", "x"),
    ("jacobian", "B[2,3] X[3,2] -> B @ X", "X"),
    ("hessian", "X[n,2] w[2] -> sum((X @ w)**2) + sum(w**3)", ("w", "X")),
    ("hessian", "x[n] a[n] z -> z * sum(x * a**2)", None),
]


@pytest.mark.parametrize(("kind", "formula", "wrt"), VERIFIED)
def test_the_dense_array_is_verified(kind: str, formula: str, wrt: str) -> None:
    f = getattr(sb, f"compile_{kind}")(formula, wrt=wrt, structure=True)
    report = f.verify(points=1, seconds=2)
    assert report, report
    assert [output.label for output in report.outputs] == [*f.structure]


def test_a_wrong_expression_fails() -> None:
    f = sb.compile_jacobian("x[n] -> x * sin(x)", wrt="x", structure=True)
    ((label, form),) = f.graph.factored.items()
    (term,) = form.terms
    for wrong in (replace(term, negative=True), Product((0, 1), ((0, (0,)),))):
        f._derived = f._derived._replace(graph=replace(f.graph, factored={label: replace(form, terms=(wrong,))}))
        assert not f.verify(points=1, seconds=0)
    f._derived = f._derived._replace(graph=replace(f.graph, factored={label: form}))
    assert f.verify(points=1, seconds=0)


def test_saved_files_and_pickles(tmp_path: Path) -> None:
    f = sb.compile_hessian("x[n] -> log(sum(exp(x)))", wrt="x", structure=True)
    f.save(tmp_path / "hessian.py")
    check_saved(tmp_path / "hessian.py")
    again = pickle.loads(pickle.dumps(copy.copy(f)))
    assert again.structure == f.structure
    assert again.value([0.0]) == 0.0
    assert '"structure": true' in f.source


def test_a_function_of_a_dict() -> None:
    @sb.compile_hessian(
        structure=True, wrt="params", inputs={"params": {"w": np.ones(3), "b": 1.0}, "X": np.ones((5, 3))}
    )
    def loss(params: dict[str, Any], X: np.ndarray) -> Any:
        return np.sum(np.log(1 + np.exp(X @ params["w"] + params["b"])))

    X = np.random.default_rng(1).normal(size=(5, 3))
    blocks = loss({"w": np.zeros(3), "b": 0.0}, X)
    matrix, weights = blocks["w"]["w"]
    np.testing.assert_allclose(matrix.T @ (weights[:, None] * matrix), X.T @ X / 4)
    np.testing.assert_allclose(blocks["b"]["b"], [5 / 4])
    assert [form.kind for form in loss.structure.values()] == ["low rank", "dense", "dense", "dense"]


def test_sympy_matrices_and_expressions() -> None:
    n = sympy.Symbol("n", integer=True, positive=True)
    x, A = sympy.MatrixSymbol("x", n, 1), sympy.MatrixSymbol("A", n, n)
    f = sb.compile_hessian(sympy.Trace(x.T * x) ** 2 + sympy.Trace(A), wrt=x, structure=True)
    values = {"x": np.arange(3.0)[:, None], "A": np.eye(3)}
    (made,) = assembled(f, f(**values), n=3)
    point = values["x"]
    wanted = 4 * np.sum(point**2) * np.eye(3) + 8 * point @ point.T
    np.testing.assert_allclose(made, wanted[:, None, :, None])
    a, b = sympy.symbols("a b")
    g = sb.compile_hessian(sympy.sin(a) * b, structure=True)
    assert g(0.5, 2.0)[1] == ((pytest.approx(np.cos(0.5)),), (0.0,))


def test_a_layer_spec() -> None:
    spec = sb.Sequential([sb.Input(3), sb.Dense(2)])
    f = sb.compile_jacobian(spec, structure=True)
    assert {form.kind for form in f.structure.values()} == {"Kronecker product with the identity"}


def test_a_scalar_function_maps_over_arrays() -> None:
    f = sb.compile_hessian("x**3", wrt="x", structure=True)
    assert f(2.0) == (12.0,)
    assert f([1.0, 2.0])[0].tolist() == [6.0, 12.0]


def test_sparse_and_structure_together_are_refused() -> None:
    for compiled in (sb.compile_jacobian, sb.compile_hessian):
        with pytest.raises(sb.ArgumentError, match="keep one of sparse= and structure="):
            compiled("x[3] -> sum(x**2)", wrt="x", sparse=True, structure=True)


def test_batches_in_factors_are_refused() -> None:
    with pytest.raises(sb.UnsupportedError, match="factors are those of one derivative"):
        sb.compile_jacobian("x[n] -> sin(x)", wrt="x", batch={"x": 0}, structure=True)


def test_an_input_named_twice_is_refused() -> None:
    with pytest.raises(sb.UnsupportedError, match="wrt names 'x' twice"):
        sb.compile_hessian("x[n] -> sum(x**2)", wrt=("x", "x"), structure=True)


def test_a_custom_rule_is_followed() -> None:
    half = sb.custom_rule(lambda x: x**3, vjp=lambda g, out, x: 1.5 * g * x**2)  # half of what it would be
    f = sb.compile_jacobian(lambda x: 2 * half(x), wrt="x", inputs={"x": "n"}, structure=True)
    assert f.structure["d/dx"].kind == "diagonal"
    assert f([1.0, 2.0])[0].tolist() == [3.0, 12.0]
