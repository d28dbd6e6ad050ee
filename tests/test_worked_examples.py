"""Worked examples with hand-derived answers, and golden files of their printed code.

``pytest --update-golden`` writes the files anew.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import symbackprop as sb

GOLDEN = Path(__file__).parent / "golden"
RNG = np.random.default_rng(5)

FORMULAS = {
    "squared_error": "u = w*x\nz = u + b\nr = z - y\nr**2",
    "two_paths": "u = x*y\nv = u + y\nv**2",
    "shared_sum": "a = x + y\nb = x*a\nb**2",
    "affine": "W[m,n] x[n] b[m] g[m] -> z = W @ x + b; sum(g*z)",
    "affine_batch": "W[m,n] X[n,k] b[m] G[m,k] -> Z = W @ X + b[:, None]; sum(G*Z)",
    "relu": "z[n] g[n] -> a = relu(z); sum(g*a)",
    "sigmoid": "z[n] g[n] -> a = sigmoid(z); sum(g*a)",
    "tanh": "z[n] g[n] -> a = tanh(z); sum(g*a)",
    "softmax_cross_entropy": "z[k] y[k] -> p = softmax(z); -sum(y*log(p))",
    "two_layers": (
        "W1[h,n] b1[h] W2[m,h] b2[m] x[n] y[m] -> "
        "z1 = W1 @ x + b1; a1 = tanh(z1); a2 = W2 @ a1 + b2; 0.5*sum((a2 - y)**2)"
    ),
    "three_layers_batch": (
        "W1[h,n] b1[h] W2[k,h] b2[k] W3[m,k] b3[m] X[n,s] Y[m,s] -> "
        "Z1 = W1 @ X + b1[:, None]; A1 = tanh(Z1); Z2 = W2 @ A1 + b2[:, None]; A2 = tanh(Z2);"
        "Z3 = W3 @ A2 + b3[:, None]; A3 = sigmoid(Z3); 0.5*sum((A3 - Y)**2)/X.shape[1]"
    ),
    "residual": "W[n,n] x[n] u[n] -> h = x + tanh(W @ x); sum(u*h)",
    "matrix_vector": "W[m,n] x[n] g[m] -> sum(g*(W @ x))",
    "logistic_regression": "X[n,d] w[d] y[n] -> mean(logaddexp(0, -y*(X @ w)))",
    "least_squares": "X[n,d] w[d] b y[n] -> mean((X @ w + b - y)**2)",
}


@pytest.mark.parametrize("name", FORMULAS)
def test_golden(name: str, request: pytest.FixtureRequest) -> None:
    source = sb.compile_value_and_grad(FORMULAS[name]).source
    path = GOLDEN / f"{name}.py"
    if request.config.getoption("--update-golden"):
        path.write_text(source, encoding="utf-8")
    assert source == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FORMULAS)
def test_verified(name: str) -> None:
    assert sb.compile_value_and_grad(FORMULAS[name]).verify(points=1, seconds=3)


def body(name: str) -> str:
    source = sb.compile_value_and_grad(FORMULAS[name]).source
    return source[source.rindex('"""') :]


def test_squared_error() -> None:
    value, gradient = sb.compile_value_and_grad(FORMULAS["squared_error"])(w=2, x=3, b=1, y=4)
    assert value == 9
    assert gradient == (18, 12, 6, -6)


def test_squared_error_intermediates() -> None:
    compiled = sb.compile_grad("r = (w*x + b) - y; r**2")
    adjoints = compiled.graph.adjoints
    assert len(adjoints) >= 4
    assert sb.compile_value("u = w*x; u")(2, 3) == 6
    assert sb.compile_value("u = w*x; z = u + b; z")(2, 3, 1) == 7
    assert sb.compile_value("u = w*x; z = u + b; r = z - y; r")(2, 3, 1, 4) == 3


@pytest.mark.parametrize(("x", "y"), [(2.0, 3.0), (-1.5, 0.5)])
def test_two_paths(x: float, y: float) -> None:
    gradient = sb.compile_grad(FORMULAS["two_paths"])(x, y)
    v = x * y + y
    assert gradient == pytest.approx((2 * y**2 * (x + 1), 2 * v * (1 + x)))


@pytest.mark.parametrize(("x", "y"), [(2.0, 3.0), (-1.5, 0.5)])
def test_shared_sum(x: float, y: float) -> None:
    gradient = sb.compile_grad(FORMULAS["shared_sum"])(x, y)
    assert gradient == pytest.approx((2 * x * (x + y) * (2 * x + y), 2 * x**2 * (x + y)))


def test_affine() -> None:
    W, x, b, g = RNG.normal(size=(3, 4)), RNG.normal(size=4), RNG.normal(size=3), RNG.normal(size=3)
    W_bar, x_bar, b_bar, _ = sb.compile_grad(FORMULAS["affine"])(W, x, b, g)
    np.testing.assert_allclose(W_bar, np.outer(g, x))
    np.testing.assert_allclose(x_bar, W.T @ g)
    np.testing.assert_allclose(b_bar, g)
    assert "np.outer(g, x)" in body("affine")
    assert "W.T @ g" in body("affine")


def test_affine_batch() -> None:
    W, X, b, G = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 5)), RNG.normal(size=3), RNG.normal(size=(3, 5))
    W_bar, X_bar, b_bar, _ = sb.compile_grad(FORMULAS["affine_batch"])(W, X, b, G)
    np.testing.assert_allclose(W_bar, G @ X.T)
    np.testing.assert_allclose(X_bar, W.T @ G)
    np.testing.assert_allclose(b_bar, G.sum(axis=1))
    assert "G @ X.T" in body("affine_batch")
    assert "W.T @ G" in body("affine_batch")


def test_elementwise_rules_reuse_the_output() -> None:
    z, g = np.array([-1.0, 0.0, 2.0]), np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(sb.compile_grad(FORMULAS["relu"], wrt="z")(z, g), g * (z > 0))
    a = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(sb.compile_grad(FORMULAS["sigmoid"], wrt="z")(z, g), g * a * (1 - a))
    np.testing.assert_allclose(sb.compile_grad(FORMULAS["tanh"], wrt="z")(z, g), g * (1 - np.tanh(z) ** 2))
    assert "z > 0.0" in body("relu")
    assert "a * (1.0 - a)" in body("sigmoid")
    assert "1.0 - a * a" in body("tanh")


def test_softmax_cross_entropy() -> None:
    z, y = RNG.normal(size=5), RNG.uniform(size=5)
    p = np.exp(z) / np.exp(z).sum()
    compiled = sb.compile_grad(FORMULAS["softmax_cross_entropy"], wrt="z")
    np.testing.assert_allclose(compiled(z, y), y.sum() * p - y)
    np.testing.assert_allclose(compiled(z, y / y.sum()), p - y / y.sum())
    assert "/ p" not in compiled.source
    assert np.isfinite(compiled(1000 * z, y)).all()


def test_two_layers() -> None:
    W1, b1, W2, b2 = RNG.normal(size=(4, 3)), RNG.normal(size=4), RNG.normal(size=(2, 4)), RNG.normal(size=2)
    x, y = RNG.normal(size=3), RNG.normal(size=2)
    found = sb.compile_grad(FORMULAS["two_layers"])(W1, b1, W2, b2, x, y)
    a1 = np.tanh(W1 @ x + b1)
    delta2 = W2 @ a1 + b2 - y
    delta1 = (W2.T @ delta2) * (1 - a1**2)
    expected = (np.outer(delta1, x), delta1, np.outer(delta2, a1), delta2, W1.T @ delta1, -delta2)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other)


def test_backpropagation_equations_in_a_batch() -> None:
    sizes, m = (3, 5, 4, 2), 6
    W = [RNG.normal(size=(b, a)) for a, b in pairwise(sizes)]
    b = [RNG.normal(size=size) for size in sizes[1:]]
    X, Y = RNG.normal(size=(3, m)), RNG.uniform(size=(2, m))
    found = sb.compile_grad(FORMULAS["three_layers_batch"], wrt=("W1", "b1", "W2", "b2", "W3", "b3"))(
        W[0], b[0], W[1], b[1], W[2], b[2], X, Y
    )
    A1 = np.tanh(W[0] @ X + b[0][:, None])
    A2 = np.tanh(W[1] @ A1 + b[1][:, None])
    A3 = 1 / (1 + np.exp(-(W[2] @ A2 + b[2][:, None])))
    D3 = (A3 - Y) * A3 * (1 - A3)
    D2 = (W[2].T @ D3) * (1 - A2**2)
    D1 = (W[1].T @ D2) * (1 - A1**2)
    expected = [array for D, A in ((D1, X), (D2, A1), (D3, A2)) for array in (D @ A.T / m, D.sum(axis=1) / m)]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other)


def test_residual() -> None:
    W, x, u = RNG.normal(size=(3, 3)), RNG.normal(size=3), RNG.normal(size=3)
    jacobian = (1 - np.tanh(W @ x) ** 2)[:, None] * W
    np.testing.assert_allclose(sb.compile_grad(FORMULAS["residual"], wrt="x")(W, x, u), u + jacobian.T @ u)


def test_gradient_of_a_matrix_vector_product_costs_one_outer_product() -> None:
    compiled = sb.compile_grad(FORMULAS["matrix_vector"], wrt="W")
    assert "np.outer(g, x)" in compiled.source
    m, n = 700, 800
    W, x, g = RNG.normal(size=(m, n)), RNG.normal(size=n), RNG.normal(size=m)
    assert compiled(W, x, g).shape == (m, n)


def test_central_differences_agree() -> None:
    value = sb.compile_value(FORMULAS["least_squares"])
    gradient = sb.compile_grad(FORMULAS["least_squares"], wrt="w")
    X, w, y = RNG.normal(size=(6, 3)), RNG.normal(size=3), RNG.normal(size=6)
    found = gradient(X, w, 0.3, y)
    for i in range(3):
        step = np.zeros(3)
        step[i] = 1e-7
        quotient = (value(X, w + step, 0.3, y) - value(X, w - step, 0.3, y)) / 2e-7
        assert found[i] == pytest.approx(quotient, rel=1e-5)
