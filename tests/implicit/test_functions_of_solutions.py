"""`sb.root`, `sb.fixed_point` and `sb.argmin` in functions: closed forms, unrolled solvers, and what fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from differences import agrees_with_differences, body_of

import symbackprop as sb

RNG = np.random.default_rng(0)
M = RNG.normal(size=(4, 4))
Q, C = M @ M.T + np.eye(4), RNG.normal(size=4)


def test_a_quadratic_has_its_closed_form() -> None:
    def loss(Q: Any, c: Any) -> Any:
        return np.sum(sb.argmin(lambda u: 0.5 * u @ Q @ u - c @ u, np.zeros(len(c))) ** 2)

    value, (Q_bar, c_bar) = sb.compile_value_and_grad(loss, inputs={"Q": "n n", "c": "n"})(Q, C)
    u = np.linalg.solve(Q, C)
    adjoint = np.linalg.solve(Q, 2 * u)
    assert value == pytest.approx(u @ u, rel=1e-9)
    np.testing.assert_allclose(c_bar, adjoint, rtol=1e-8)
    np.testing.assert_allclose(Q_bar, -0.5 * (np.outer(adjoint, u) + np.outer(u, adjoint)), rtol=1e-7)
    assert loss(Q, C) == pytest.approx(u @ u, rel=1e-6)  # outside of a trace


def test_linear_constraints_have_their_closed_form() -> None:
    constraints, right = RNG.normal(size=(2, 4)), RNG.normal(size=2)

    def loss(c: Any, A: Any, b: Any) -> Any:
        u = sb.argmin(lambda u: 0.5 * u @ Q @ u - c @ u, np.zeros(4), equality=lambda u: A @ u - b)
        return np.sum(u**2)

    kkt = np.block([[Q, constraints.T], [constraints, np.zeros((2, 2))]])
    u, multipliers = np.split(np.linalg.solve(kkt, np.concatenate((C, right))), [4])
    moved, pushed = np.split(np.linalg.solve(kkt, np.concatenate((2 * u, np.zeros(2)))), [4])
    compiled = sb.compile_value_and_grad(loss, inputs={"c": "4", "A": "2 4", "b": "2"})
    value, (c_bar, A_bar, b_bar) = compiled(C, constraints, right)
    assert value == pytest.approx(u @ u, rel=1e-12)
    np.testing.assert_allclose(c_bar, moved, rtol=1e-10)
    np.testing.assert_allclose(b_bar, pushed, rtol=1e-10)
    np.testing.assert_allclose(A_bar, -np.outer(multipliers, moved) - np.outer(pushed, u), rtol=1e-9)
    assert loss(C, constraints, right) == pytest.approx(u @ u, rel=1e-6)


def test_the_unrolled_iteration_has_the_same_gradient() -> None:
    W, b = 0.4 * M / np.linalg.norm(M, 2), C

    def layer(u: Any, W: Any, b: Any) -> Any:
        return np.tanh(W @ u + b)

    def implicit(W: Any, b: Any) -> Any:
        return np.sum(sb.fixed_point(lambda u: layer(u, W, b), np.zeros(4)) ** 3)

    def unrolled(W: Any, b: Any) -> Any:
        return np.sum(sb.scan(lambda u: (layer(u, W, b), None), np.zeros(4), length=60)[0] ** 3)

    shapes = {"W": "4 4", "b": "4"}
    ours = sb.compile_value_and_grad(implicit, inputs=shapes)(W, b)
    theirs = sb.compile_value_and_grad(unrolled, inputs=shapes)(W, b)
    assert ours[0] == pytest.approx(theirs[0], rel=1e-9)
    for one, other in zip(ours[1], theirs[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)


def test_logistic_regression_and_its_penalty() -> None:
    """The derivative of the coefficients by the penalty, against the formula with the Hessian of the loss."""
    X, y = RNG.normal(size=(20, 3)), np.where(RNG.uniform(size=20) < 0.5, 1.0, -1.0)

    def fitted(penalty: Any, X: Any) -> Any:
        return sb.argmin(lambda w: np.sum(np.logaddexp(0, -y * (X @ w))) + penalty * np.sum(w**2), np.zeros(3))

    def norm(penalty: Any, X: Any) -> Any:
        return np.sum(fitted(penalty, X) ** 2)

    _, compiled = agrees_with_differences(norm, 0.7, X, inputs={"penalty": "", "X": "20 3"})
    w = sb.compile_value(fitted, inputs={"penalty": "", "X": "20 3"})(0.7, X)
    p = 1 / (1 + np.exp(-y * (X @ w)))
    hessian = (X.T * (p * (1 - p))) @ X + 2 * 0.7 * np.eye(3)
    slope = compiled(0.7, X)[1][0]
    assert slope == pytest.approx(2 * w @ np.linalg.solve(hessian, -2 * w), rel=1e-6)


def test_nests_of_unknowns() -> None:
    def equations(state: dict[str, Any], a: Any, B: Any) -> dict[str, Any]:
        x, y = state["x"], state["more"][0]
        return {"x": x**3 + x - a - np.sum(y), "more": (y + 0.2 * np.tanh(y) * x - B,)}

    def loss(a: Any, B: Any) -> Any:
        guess = {"x": 1.0, "more": (np.zeros((2, 2)),)}
        found = sb.root(lambda state: equations(state, a, B), guess)
        return found["x"] * np.sum(found["more"][0] ** 2)

    B = np.array([[0.3, -0.4], [0.5, 1.0]])
    value, _ = agrees_with_differences(loss, 2.0, B, inputs={"a": "", "B": "2 2"})
    assert value == pytest.approx(loss(2.0, B), rel=1e-9)


def test_the_guess_is_not_differentiated() -> None:
    g = sb.compile_value_and_grad(lambda a, start: sb.root(lambda u: u**3 + u - a, start) * start)
    value, (_, start_bar) = g(2.0, 3.0)
    assert value == pytest.approx(3.0)
    assert start_bar == pytest.approx(1.0)  # the factor alone


@pytest.mark.parametrize("kind", ["while_loop", "scan", "steps"])
def test_own_solvers(kind: str) -> None:
    def solver(f: Any, guess: Any) -> Any:
        def step(u: Any) -> Any:
            return u - f(u) / (2 * u)

        if kind == "while_loop":
            return sb.while_loop(lambda u: np.max(np.abs(f(u))) > 1e-12, step, guess, 50)
        if kind == "scan":
            return sb.scan(lambda u: (step(u), None), guess, length=8)[0]
        for _ in range(8):
            guess = step(guess)
        return guess

    def loss(a: Any) -> Any:
        return np.sum(sb.root(lambda u: u**2 - a, np.ones(2), solver=solver) ** 3)

    a = np.array([2.0, 3.0])
    compiled = sb.compile_value_and_grad(loss, inputs={"a": "2"})
    value, (slope,) = compiled(a)
    assert value == pytest.approx(np.sum(a**1.5), rel=1e-12) == loss(a)
    np.testing.assert_allclose(slope, 1.5 * np.sqrt(a), rtol=1e-12)
    assert compiled.verify(points=1, ranges={"a": (1, 4)})


def test_hyperparameters_two_levels_down() -> None:
    """A minimum of what a minimum gives: ridge regression's penalty, chosen on other data, by the scale of these."""
    X, y, Xv = RNG.normal(size=(8, 2)), RNG.normal(size=8), RNG.normal(size=(6, 2))

    def chosen(yv: Any) -> Any:
        def fit(s: Any) -> Any:
            return sb.argmin(
                lambda w: np.sum((X @ w - y) ** 2) + np.exp(s) * np.sum(w**2), np.zeros(2), method="newton"
            )

        s = sb.root(lambda s: s - 0.1 * np.sum((Xv @ fit(s) - yv) ** 2), 0.0)
        return s**2

    agrees_with_differences(chosen, RNG.normal(size=6), inputs={"yv": "6"})


# --- what fails -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(u):\n    return u**2 + 1 + a\nroot(f, 0.5)", "root: Newton's method has not converged"),
        ("def f(u):\n    return 2*u**2 + a\nfixed_point(f, ones(2), max_steps=1)[0]", "fixed_point: Anderson acceleration has"),
        ("def f(u):\n    return sum(cosh(u - 0.9*a))\nminimizer(f, ones(2), max_steps=2)[0]", "argmin: L-BFGS has not converged"),
    ],
)  # fmt: skip
def test_no_convergence(text: str, message: str) -> None:
    with pytest.raises(ArithmeticError, match=message), np.errstate(all="ignore"):
        sb.compile_grad(f"a -> {text}")(3.0)


def test_a_singular_jacobian() -> None:
    text = "a[n] -> def f(u):\n    return u**2 - a\ndef known(u):\n    return sqrt(a)\nsum(root(f, a, solver=known))"
    np.testing.assert_allclose(sb.compile_grad(text)([4.0, 1.0])[0], [0.25, 0.5])
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        sb.compile_grad(text)([4.0, 0.0])


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("def f(u):\n    return u[0]\nroot(f, a)", sb.ShapeError, r"f gives \(\) where guess has \(n,\)"),
        ("def f(u):\n    return u, u\nroot(f, a)", sb.ShapeError, "nests its result otherwise than guess"),
        ("def f(u):\n    return u*a\nminimizer(f, a)", sb.ShapeError, "a function with a number as result"),
        ("def f(u):\n    return u\nroot(f, a, method='brent')", sb.ArgumentError, "root has 'newton' and 'anderson'"),
        ("root(3, a)", sb.ArgumentError, "root takes a function"),
        ("def f(u):\n    return u\nroot(f, None)", sb.ArgumentError, "guess is empty"),
        ("def f(u):\n    return u + sum(a[a > u[0]])\nroot(f, a)", sb.UnsupportedError, "size is computed"),
        (
            "def f(u):\n    return sum(u**2)\ndef h(u):\n    return u[0]\nminimizer(f, a, equality=h, method='lbfgs')",
            sb.ArgumentError, "solves by method='newton'",
        ),
        (
            "def f(u):\n    return u**2\ndef h(u):\n    return u - 1\nminimizer(f, 1.0, equality=h)",
            sb.ArgumentError, "vector of unknowns",
        ),
        ("def f(u):\n    return u\ndef s(u):\n    return u, u\nroot(f, a, solver=s)", sb.ShapeError, "nests the solution"),
        ("def f(u):\n    return u - a\nroot(f, a, tol=a)", sb.ArgumentError, "tol must be a fixed number"),
        ("def f(u):\n    return u\nroot(f, a, method='lbfgs')", sb.ArgumentError, "root has 'newton' and 'anderson'"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sb.compile_value(f"a[n] -> {text}")


def test_the_tolerance_is_given_and_that_of_the_dtype_else() -> None:
    text = "a -> def f(u):\n    return u**3 + u - a\nroot(f, 1.0{})"
    assert "change > 1e-10:" in body_of(sb.compile_value(text.format("")))
    assert "change > 1e-05:" in body_of(sb.compile_value(text.format(""), dtype="float32"))
    assert "change > 0.001:" in body_of(sb.compile_value(text.format(", tol=1e-3")))
