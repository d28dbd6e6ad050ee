"""What derivatives inside of functions are for, against closed forms: geometry, equations, optima, loops, rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.errors import UnsupportedError

Function = Callable[..., Any]


# --- geometry ---------------------------------------------------------------------------------------------------------


def sphere(x: Any) -> Any:
    """Return a point of the unit sphere at polar and azimuthal angles."""
    return np.stack([np.sin(x[0]) * np.cos(x[1]), np.sin(x[0]) * np.sin(x[1]), np.cos(x[0])])


def metric(x: Any) -> Any:
    J = sb.jacobian(sphere)(x)
    return J.T @ J


def geodesic(x: Any, v: Any) -> Any:
    """Return d2x/dt2 of a straight line on the sphere: minus the Christoffel symbols times v v."""
    slopes = sb.jacobian(metric)(x)  # [i, j, k]: of g_ij by x_k
    first = (slopes + np.swapaxes(slopes, 1, 2) - np.transpose(slopes, (2, 0, 1))) / 2
    return -np.linalg.solve(metric(x), np.einsum("ijk,j,k->i", first, v, v))


def test_the_geodesics_of_a_sphere_from_its_embedding() -> None:
    f = sb.compile_value(geodesic, inputs="x[2] v[2]")
    x, v = np.array([0.7, 0.3]), np.array([0.4, 0.9])
    polar = np.sin(x[0]) * np.cos(x[0]) * v[1] ** 2
    azimuthal = -2 / np.tan(x[0]) * v[0] * v[1]
    np.testing.assert_allclose(f(x, v), [polar, azimuthal], rtol=1e-13)


def test_the_metric_is_that_of_a_sphere() -> None:
    g = sb.compile_value(lambda x: np.sum(sb.jacobian(metric)(x) ** 2), inputs="x[2]")
    assert g([0.7, 0.3]) == pytest.approx(np.sin(1.4) ** 2, rel=1e-13)  # of g = diag(1, sin^2) only the last moves


def test_coordinates_that_are_read_one_by_one_need_no_loop() -> None:
    """A Jacobian is written out by its entries, as an expert would."""

    def lagrangian(q: Any, v: Any) -> Any:  # a spring pendulum
        return (v[0] ** 2 + q[0] ** 2 * v[1] ** 2) / 2 + q[0] * np.cos(q[1]) - (q[0] - 1) ** 2

    mass = sb.compile_value(lambda q, v: sb.hessian(lagrangian, 1)(q, v), inputs="q[2] v[2]")
    np.testing.assert_allclose(mass([2.0, 0.3], [0.1, 0.2]), [[1, 0], [0, 4]])
    code = mass.source.split('"""')[-1]
    assert "for " not in code
    assert "eye" not in code
    mixed = sb.compile_grad(
        lambda q, v: np.sum(sb.jacobian(sb.grad(lagrangian, 1))(q, v) @ v * v), inputs="q[2] v[2]", wrt=("q", "v")
    )
    for found, wanted in zip(
        mixed([2.0, 0.3], [0.1, 0.2]), ([2 * 0.004, 0], [2 * 2 * 0.04, 2 * 2 * 2 * 0.1 * 0.2]), strict=True
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-15)


# --- a physics-informed residual --------------------------------------------------------------------------------------


def residual(params: Any, x: Any, y: Any) -> Any:
    """Return the square of u_xx + u_yy - x y, of a network u."""

    def u(x: Any, y: Any) -> Any:
        return params["v"] @ np.tanh(params["W"] @ np.stack([x, y]) + params["b"])

    bends = [sb.grad(sb.grad(u, k), k)(x, y) for k in (0, 1)]
    return (bends[0] + bends[1] - x * y) ** 2


def test_the_gradient_of_a_residual_for_a_batch_of_points() -> None:
    rng = np.random.default_rng(0)
    params = {"W": rng.normal(size=(4, 2)), "b": rng.normal(size=4), "v": rng.normal(size=4)}
    x, y = rng.uniform(size=(2, 5))
    g = sb.compile_value_and_grad(
        residual, inputs={"params": params, "x": "", "y": ""}, wrt="params", batch={"x": 0, "y": 0}
    )
    values, slopes = g(params, x, y)
    h = np.tanh(params["W"] @ [x, y] + params["b"][:, None])  # u_xx + u_yy by hand
    bends = (params["v"] * (params["W"] ** 2).sum(1)) @ (-2 * h * (1 - h * h))
    np.testing.assert_allclose(values, (bends - x * y) ** 2, rtol=1e-12)
    body = g.source.split('"""')[-1]
    assert "for " not in body
    step = 1e-6
    for name, slope in slopes.items():
        direction = rng.normal(size=params[name].shape)
        ends = [g.value({**params, name: params[name] + sign * step * direction}, x, y) for sign in (1, -1)]
        found = np.sum(slope * direction, axis=tuple(range(1, slope.ndim)))
        np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * step), rtol=1e-6, atol=1e-7)


def test_residuals_in_text_are_verified() -> None:
    text = "u = v*tanh(w*x + b*t)\nu_t = grad(u, t)\nu_x = grad(u, x)\n(u_t + u*u_x - 0.1*grad(u_x, x))**2"
    g = sb.compile_grad(text, wrt=("v", "w", "b"))  # Burgers' equation
    assert g.verify(points=1, seconds=0.5)


# --- optima and equations ---------------------------------------------------------------------------------------------


def test_an_argmin_inside_of_an_argmax() -> None:
    """The leader maximises what the follower's best response leaves: of Stackelberg's duopoly, q = (a - c) / 2."""

    def leader(a: Any, c: Any) -> Any:
        def profit_of_follower(own: Any, other: Any) -> Any:
            return own * (a - own - other) - c * own

        def profit_of_leader(q: Any) -> Any:
            response = sb.root(lambda r: sb.grad(profit_of_follower)(r, q), 0.1)  # where its slope is zero
            return q * (a - q - response) - c * q

        return sb.argmin(lambda q: -profit_of_leader(q), 0.1)

    g = sb.compile_value_and_grad(leader, inputs="a c")
    value, slopes = g(10.0, 2.0)
    assert value == pytest.approx(4.0, rel=1e-9)
    assert slopes == pytest.approx((0.5, -0.5), rel=1e-8)


def test_an_argmin_of_vectors_inside_of_an_argmax() -> None:
    """max_y min_x x.x/2 - x.(B y) + y.(c - y): x = B y, so that y = (2 I + B'B)^-1 c, a saddle."""

    def saddle(B: Any, c: Any) -> Any:
        def inner(y: Any) -> Any:
            x = sb.argmin(lambda x: np.sum(x**2) / 2 - x @ (B @ y), np.zeros(2))
            return np.sum(x**2) / 2 - x @ (B @ y) + y @ (c - y)

        return sb.argmin(lambda y: -inner(y), np.zeros(2))

    B, c = np.array([[1.0, 0.5], [-0.3, 0.8]]), np.array([1.0, 2.0])
    M = np.linalg.inv(2 * np.eye(2) + B.T @ B)
    f = sb.compile_jacobian(saddle, inputs="B[2,2] c[2]", wrt="c", with_value=True)
    value, slope = f(B, c)
    np.testing.assert_allclose(value, M @ c, rtol=1e-7)
    np.testing.assert_allclose(slope, M, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("solver", ["root", "argmin", "fixed_point"])
def test_solutions_in_derivatives_and_derivatives_in_equations(solver: str) -> None:
    """All of them solve u + u^3 = b: u' = 1 / (1 + 3 u^2) and u'' = -6 u u'^3, at b = 2 where u = 1."""
    solve: Function = {
        "root": lambda b: sb.root(lambda u: u + sb.grad(lambda w: w**4 / 4)(u) - b, 0.5),
        "argmin": lambda b: sb.argmin(lambda u: u**2 / 2 + u**3 * sb.grad(lambda w: w**2 / 8)(u) - b * u, 0.5),
        "fixed_point": lambda b: sb.fixed_point(lambda u: b - sb.grad(lambda w: w**4 / 4)(u), 0.9),
    }[solver]
    f = sb.compile_value_and_grad(lambda b: sb.grad(solve)(b), inputs="b")
    value, (slope,) = f(2.0)
    assert value == pytest.approx(1 / 4, rel=1e-8)
    assert slope == pytest.approx(-6 / 64, rel=1e-7)


# --- loops and branches -----------------------------------------------------------------------------------------------


def test_gradient_descent_is_differentiated_by_its_step_size() -> None:
    def trained(rate: Any, a: Any, x: Any) -> Any:
        def loss(x: Any) -> Any:
            return np.sum(a * x**2) / 2

        x, _ = sb.scan(lambda x, _: (x - rate * sb.grad(loss)(x), None), x, length=5)
        return loss(x)

    g = sb.compile_value_and_grad(trained, inputs="rate a[n] x[n]", wrt="rate")
    a, x = np.array([1.0, 2.0]), np.array([3.0, 1.0])
    value, slope = g(0.1, a, x)
    left = 1 - 0.1 * a
    assert value == pytest.approx(np.sum(a * x**2 * left**10) / 2, rel=1e-13)
    assert slope == pytest.approx(np.sum(-5 * a**2 * x**2 * left**9), rel=1e-13)
    assert g.verify(points=1, seconds=0.2)


def test_newtons_method_in_a_while_loop() -> None:
    def cube_root(c: Any) -> Any:
        def f(x: Any) -> Any:
            return x**3 - c

        return sb.while_loop(lambda x: abs(f(x)) > 1e-12, lambda x: x - f(x) / sb.grad(f)(x), 1.0, max_steps=60)

    value, (slope,) = sb.compile_value_and_grad(cube_root, inputs="c")(8.0)
    assert (value, slope) == (pytest.approx(2.0, rel=1e-12), pytest.approx(1 / 12, rel=1e-10))


def test_branches_and_loops_inside_of_what_is_differentiated() -> None:
    def branch(y: Any) -> Any:
        return sb.cond(y > 1, lambda y: y**3, lambda y: y**2, y)

    f = sb.compile_value_and_grad(lambda x: sb.grad(branch)(x), inputs="x")
    assert [f(2.0), f(0.5)] == [(12.0, (12.0,)), (1.0, (2.0,))]

    def power(y: Any) -> Any:
        return sb.scan(lambda c, _: (c * y, None), 1.0, length=4)[0]

    g = sb.compile_value_and_grad(lambda x: sb.jvp(sb.grad(power), (x,), (1.0,))[1], inputs="x")
    assert g(2.0) == (pytest.approx(48.0), (pytest.approx(48.0),))


def test_hamiltonian_flow() -> None:
    """The harmonic oscillator, whose equations are derivatives of its energy: q(1) = cos(sqrt(k))."""

    def end(k: Any) -> Any:
        def energy(q: Any, p: Any) -> Any:
            return p**2 / 2 + k * q**2 / 2

        def flow(y: Any, t: Any) -> Any:
            return np.stack([sb.grad(energy, 1)(y[0], y[1]), -sb.grad(energy, 0)(y[0], y[1])])

        return sb.odeint(flow, np.array([1.0, 0.0]), np.linspace(0, 1, 21))[-1, 0]

    value, (slope,) = sb.compile_value_and_grad(end, inputs="k")(4.0)
    assert value == pytest.approx(np.cos(2), abs=1e-4)
    assert slope == pytest.approx(-np.sin(2) / 4, abs=1e-4)


# --- rules, and what is held ------------------------------------------------------------------------------------------


@sb.custom_rule
def square(x: Any) -> Any:
    return x**2


@square.defvjp
def square_vjp(g: Any, out: Any, x: Any) -> Any:
    return 2 * x * g


@sb.custom_rule
def wrong(x: Any) -> Any:
    return x**2


@wrong.defvjp
def wrong_vjp(g: Any, out: Any, x: Any) -> Any:
    return 2.002 * x * g


def test_custom_rules_at_every_order() -> None:
    f = sb.compile_value_and_grad(lambda x: sb.grad(sb.grad(lambda y: square(y) * y))(x), inputs="x")
    assert f(2.0) == (12.0, (6.0,))
    rule = sb.compile_value(lambda x: sb.grad(lambda y: wrong(y) * x)(x), inputs="x")
    assert rule(2.0) == pytest.approx(8.008)
    assert not rule.verify(points=1, seconds=0.2)  # which differentiates the function itself


def test_what_is_held_at_every_order() -> None:
    stopped = sb.compile_value_and_grad(lambda x: sb.grad(lambda y: sb.stop_gradient(y**2) * y)(x) * x, inputs="x")
    assert stopped(3.0) == (27.0, (9.0,))
    assert stopped.verify(points=1, seconds=0.5)
    through = sb.compile_value_and_grad(
        lambda x: sb.grad(lambda y: sb.straight_through(np.sign(y), np.tanh(y)) * y)(x), inputs="x"
    )
    soft = 1 / np.cosh(0.5) ** 2
    value, (slope,) = through(0.5)
    assert value == pytest.approx(1 + 0.5 * soft, rel=1e-14)
    assert slope == pytest.approx(soft + soft - np.tanh(0.5) * soft, rel=1e-13)  # as autodiff of autodiff has it
    assert through.verify(points=1, seconds=0.5)


@sb.custom_rule(surrogate=True)
def rounded(x: Any) -> Any:
    return np.round(x)


@rounded.defvjp
def rounded_vjp(g: Any, out: Any, x: Any) -> Any:
    return g * np.cos(x)


def test_chosen_derivatives_at_every_order() -> None:
    """Of round with the derivative cos: the rule is differentiated as what it computes, and so is the reference."""
    f = sb.compile_value_and_grad(lambda x: sb.grad(lambda y: rounded(y) * y)(x) * x, inputs="x")
    x = 2.3
    value, (slope,) = f(x)
    assert value == pytest.approx(2 * x + x**2 * np.cos(x), rel=1e-14)
    assert slope == pytest.approx(2 + 3 * x * np.cos(x) - x**2 * np.sin(x), rel=1e-13)
    assert f.verify(points=1, seconds=0.5)
    bend = sb.compile_hessian(lambda x: rounded(x) * x, inputs="x", wrt="x")
    assert bend(x) == pytest.approx(2 * np.cos(x) - x * np.sin(x), rel=1e-13)
    assert bend.verify(points=1, seconds=0.5)


def test_masks_and_kinks() -> None:
    f = sb.compile_value_and_grad(lambda x: sb.grad(lambda y: np.where(y > 0, y * np.log(y), 0.0))(x), inputs="x")
    assert f(-1.0) == (0.0, (0.0,))
    assert f(1.0) == (1.0, (1.0,))
    g = sb.compile_value_and_grad("grad(abs(x)*x**2, x)")
    assert g(0.0) == (0.0, (0.0,))
    assert g(-2.0) == (-12.0, (12.0,))


def test_what_a_function_may_not_do() -> None:
    def keeping(x: Any) -> Any:
        kept = []
        sb.grad(lambda y: kept.append(y * 2) or np.sum(y))(x)  # type: ignore[func-returns-value]
        return kept[0]

    with pytest.raises(UnsupportedError, match="has escaped"):
        sb.compile_value(keeping, inputs="x[3]")
