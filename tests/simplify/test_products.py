"""Sums of products as contractions, Gram products under weights, and factors that repeat gathered before they do."""

from __future__ import annotations

import re

import numpy as np
import pytest
from differences import body_of

import symbackprop as sb
from symbackprop.ir.node import make_input
from symbackprop.ops import primitives
from symbackprop.simplify.non_negative import is_non_negative


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("x[n,d] y[n,d] -> sum(x*y, axis=1)", "np.vecdot(x, y)"),
        ("x[n,d] y[n,d] -> sum(x*y, axis=0)", "np.einsum('ij,ij->j', x, y)"),
        ("x[n,d] -> sum(x**2, axis=0)", "np.einsum('ij,ij->j', x, x)"),
        ("x[n,3,2] y[n,2] -> sum(x*y[:, None, :], axis=2)", "np.einsum('ijk,ik->ij', x, y)"),
        ("x[n,m,d] y[n,d] -> sum(x*y[:, None, :], axis=2)", "(x @ y[..., None])[..., 0]"),
        ("x[n,m,d] y[n,m,d] -> sum(x*y, axis=(0, 2))", "np.einsum('ijk,ijk->j', x, y)"),
    ],
)
def test_products_that_are_summed_are_held_by_no_array(formula: str, text: str) -> None:
    compiled = sb.compile_value(formula)
    assert text in body_of(compiled)
    names = [spec.name for spec in compiled.signature]
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(4, 3, 2)), rng.normal(size=(4, 3, 2))]
    for shapes in ([4, 3], [0, 3], [4, 0]):
        rank = formula.split("->")[0].split("]")[0].count(",") + 1
        arrays = [rng.normal(size=[*shapes, 2][:rank])]
        if "3,2" in formula:
            arrays = [rng.normal(size=(shapes[0], 3, 2)), rng.normal(size=(shapes[0], 2))]
        elif "y[n,d]" in formula and rank == 3:
            arrays.append(rng.normal(size=(shapes[0], 2)))
        elif "y" in names:
            arrays.append(rng.normal(size=arrays[0].shape))
        expected = eval(formula.split("->")[1], {"sum": np.sum, **dict(zip(names, arrays, strict=True))})
        np.testing.assert_allclose(compiled(*arrays), expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("x[n] y[n] -> sum((x - 1)**2 + 100*y**2)", "t1 @ t1 + 100.0 * (y @ y)"),
        ("x[n,d] y[n,d] -> sum(x**2 + y**2, axis=1)", "np.vecdot(x, x) + np.vecdot(y, y)"),
        ("x[n] y[n] -> sum(x**2 - y**2)", "(x * x - y * y).sum()"),  # which may cancel, entry by entry
        ("x[n] y[n] -> sum(x**2 + x*y)", "(x * x + x * y).sum()"),
        ("x[n] y[n] -> q = y**2\nsum(x**2 + q) + max(q)", "(x * x + q).sum()"),
    ],
)
def test_a_sum_of_squares_is_taken_apart(formula: str, text: str) -> None:
    compiled = sb.compile_value(formula)
    assert text in body_of(compiled)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 4)) if "[n]" in formula else rng.normal(size=(2, 3, 4))
    expected = eval(formula.split("->")[1], {"sum": np.sum, "x": x, "y": y}) if "q" not in formula else compiled(x, y)
    np.testing.assert_allclose(compiled(x, y), expected, rtol=1e-14)


def test_products_that_others_need_stay() -> None:
    compiled = sb.compile_value("x[n,d] y[n,d] -> p = x*y\nsum(p, axis=1) + p[:, 0]")
    assert "p.sum(axis=1)" in body_of(compiled)


def test_a_weighted_gram_product_is_symmetric_and_half_the_work() -> None:
    compiled = sb.compile_hessian("X[n,d] w[d] y[n] -> mean(log(1 + exp(-y*(X @ w))))", wrt="w")
    body = body_of(compiled)
    assert (
        compiled.rewrites["weighted Gram product"] == 1 and re.search(r"(t\d+)\.T @ \1\b", body) and "X.T" not in body
    )
    rng = np.random.default_rng(0)
    X, w, y = rng.normal(size=(30, 4)), rng.normal(size=4), rng.choice([-1.0, 1.0], size=30)
    found = compiled(X, w, y)
    p = 1.0 / (1.0 + np.exp(-(X @ w)))
    np.testing.assert_allclose(found, X.T @ ((p * (1.0 - p) / 30)[:, None] * X), rtol=1e-14)
    assert np.array_equal(found, found.T)
    extreme = compiled(1e4 * X, w, y)  # where all weights are 0, or as small as can be
    assert np.all(np.isfinite(extreme))
    assert compiled.verify(points=1, seconds=0.5)


def test_weights_that_may_be_negative_have_no_root() -> None:
    compiled = sb.compile_value("X[n,d] w[n] -> X.T @ (w[:, None]*X)")
    assert "weighted Gram product" not in compiled.rewrites
    assert compiled(np.eye(2), np.array([-1.0, 2.0])).tolist() == [[-1.0, 0.0], [0.0, 2.0]]


def test_factors_that_repeat_are_multiplied_before_they_do() -> None:
    compiled = sb.compile_grad("A[n,d] u[n] v[n] -> sum(sin(A*u[:, None])*v[:, None]*u[:, None])", wrt="A")
    assert compiled.rewrites["gather repeated factors"] >= 1
    assert body_of(compiled).count("[:, None]") == 2
    written = sb.compile_value("A[n,d] u[n] v[n] -> A*u[:, None]*v[:, None]")
    assert body_of(written).count("[:, None]") == 2  # the user's own order stays


def test_a_smaller_array_is_repeated_within_a_larger_one_first() -> None:
    compiled = sb.compile_value_and_grad("A[n,m] v[n] T[n,m,k] -> sum(sin(A)[:, :, None]*T*v[:, None, None])", wrt="T")
    assert "np.broadcast_to((v[:, None] * sin_A)[:, :, None], (n, m, k))" in body_of(compiled)
    rng = np.random.default_rng(0)
    A, v, T = rng.normal(size=(3, 4)), rng.normal(size=3), rng.normal(size=(3, 4, 2))
    value, slope = compiled(A, v, T)
    terms = np.sin(A)[:, :, None] * v[:, None, None]
    assert value == pytest.approx(np.sum(terms * T), rel=1e-13)
    np.testing.assert_allclose(slope, np.broadcast_to(terms, T.shape), rtol=1e-14)


def test_signs() -> None:
    op = primitives()
    x, y = (make_input(i, (3,), "float64") for i in range(2))
    p, decay = op["expit"](x), op["exp"](-op["abs"](x))
    logistic = op["where"](op["greater_equal"](x, 0), 1.0, decay) / (1 + decay)
    never = [
        x**2,
        p * (1 - p),
        logistic * (1 - logistic),
        x * y * x * y,
        op["exp"](x) + op["abs"](y),
        op["sqrt"](x) / (1 + x**4),
        y * (p * y),
    ]
    assert all(map(is_non_negative, never))
    assert not any(map(is_non_negative, [x, x**3, x * y, 1 - x, 1 - x**2, -(x**2), x**2 - y**2, p * (1 - 2 * p)]))
