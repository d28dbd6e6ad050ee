"""odeint: orders of convergence, gradients against finite differences and the unrolled loop, nests, text, refusals."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import symbackprop as sb
from symbackprop.ops.runge_kutta import RUNGE_KUTTA

VAN_DER_POL = "y0[2] t[n] m w[n,2] -> def f(y, t):\n    u, v = y\n    return array([v, m*(1 - u**2)*v - u + cos(t)])\n"


def van_der_pol(y: Any, t: Any, m: Any) -> Any:
    return np.array([y[1], m * (1 - y[0] ** 2) * y[1] - y[0] + np.cos(t)])


def formula(options: str = "") -> str:
    return f"{VAN_DER_POL}ys = odeint(f, y0, t{options})\nsum(w*ys)"


def values(times: int = 5) -> tuple[Any, ...]:
    rng = np.random.default_rng(2)
    return np.array([1.0, -0.5]), np.sort(rng.uniform(0, 2, times)), 0.8, rng.normal(size=(times, 2))


# --- orders -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", RUNGE_KUTTA)
def test_halving_the_step_divides_the_error_by_two_to_the_order(method: str) -> None:
    logistic = sb.compile_value_and_grad(
        f't[n] r x[steps] -> def f(y, t): return y*(r - y)\nodeint(f, 1.0, t, method="{method}", steps=x.shape[0])[-1]',
        wrt="r",
    )
    r, t = 2.0, 2.0
    exact = r / (1 + (r - 1) * np.exp(-r * t))
    slope = exact / r * (1 - exact / r * np.exp(-r * t) * (r - r * (r - 1) * t))
    found = [logistic([0.0, t], r, np.empty(steps)) for steps in (16, 32, 64)]
    for position, truth in enumerate((exact, slope)):
        errors = [abs(numbers[position] - truth) for numbers in found]
        orders = [np.log2(a / b) for a, b in pairwise(errors)]
        assert orders == pytest.approx([RUNGE_KUTTA[method].order] * 2, abs=0.2)


def test_nonautonomous_systems_agree_with_scipy() -> None:
    y0, t, m, _ = values(5)
    options = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-13, "t_eval": t}
    exact = solve_ivp(lambda t, y: van_der_pol(y, t, m), (t[0], t[-1]), y0, **options).y.T
    for method, error in (("rk4", 1e-7), ("dopri5", 1e-10)):
        np.testing.assert_allclose(sb.odeint(van_der_pol, y0, t, m, steps=30, method=method), exact, atol=error)


@pytest.mark.parametrize("method", RUNGE_KUTTA.values(), ids=RUNGE_KUTTA)
def test_coefficients_fulfil_the_conditions_of_order(method: Any) -> None:
    """The first conditions of Butcher's, exactly: those of one line of stages up to the order, and consistency."""
    assert [sum(stage.weights) / stage.divisor for stage in method.stages] == [*method.times]
    rows = [[w / stage.divisor for w in stage.weights] for stage in method.stages]
    weights = [w / method.whole.divisor for w in method.whole.weights]
    for power in range(method.order):
        total = sum(w * c**power for w, c in zip(weights, method.times, strict=True))
        assert float(total) == pytest.approx(1 / (power + 1), abs=1e-15)
    for power in range(1, method.order - 1):  # b_i a_ij c_j**q = 1 / ((q + 1) (q + 2))
        inner = [sum(a * method.times[j] ** power for j, a in enumerate(row)) for row in rows]
        total = sum(w * x for w, x in zip(weights, inner, strict=True))
        assert float(total) == pytest.approx(1 / ((power + 1) * (power + 2)), abs=1e-15)


# --- gradients --------------------------------------------------------------------------------------------------------


def unrolled(method: str, steps: int) -> Any:
    """Return the same steps as a Python loop of the traced function, which is written out."""
    table = RUNGE_KUTTA[method]

    def loss(y0, t, m, w):  # type: ignore[no-untyped-def]
        y, total = y0, np.sum(w[0] * y0)
        for i in range(len(t) - 1):
            h = (t[i + 1] - t[i]) / steps
            for j in range(steps):
                slopes: list[Any] = []
                for c, stage in zip(table.times, table.stages, strict=True):
                    at = y
                    for a, k in zip(stage.weights, slopes, strict=True):
                        at = at + h * float(a) / stage.divisor * k
                    slopes.append(van_der_pol(at, t[i] + (j + float(c)) * h, m))
                for b, k in zip(table.whole.weights, slopes, strict=True):
                    y = y + h * float(b) / table.whole.divisor * k
            total = total + np.sum(w[i + 1] * y)
        return total

    return loss


@pytest.mark.parametrize("method", RUNGE_KUTTA)
@pytest.mark.parametrize("steps", [1, 3])
def test_the_gradient_is_that_of_the_unrolled_loop(method: str, steps: int) -> None:
    given = values(4)
    looped = sb.compile_value_and_grad(formula(f', steps={steps}, method="{method}"'))(*given)
    shapes = {"y0": "2", "t": "4", "m": "", "w": "4 2"}
    written_out = sb.compile_value_and_grad(unrolled(method, steps), inputs=shapes)(*given)
    assert looped[0] == pytest.approx(written_out[0], rel=1e-12)
    for found, expected in zip(looped[1], written_out[1], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("options", ["", ", steps=2", ', method="dopri5"', ', steps=2, method="dopri5"'])
def test_gradients_are_verified(options: str) -> None:
    report = sb.compile_value_and_grad(formula(options)).verify(points=1, seconds=1)
    assert report, str(report)


def test_text_and_function_give_the_same_code() -> None:
    def loss(y0, t, m, w):  # type: ignore[no-untyped-def]
        def f(y, time):  # type: ignore[no-untyped-def]
            u, v = y
            return np.array([v, m * (1 - u**2) * v - u + np.cos(time)])

        ys = sb.odeint(f, y0, t, steps=2)
        return np.sum(w * ys)

    traced = sb.compile_grad(loss, inputs="y0[2] t[n] m w[n,2]", name="g")
    text = sb.compile_grad(
        formula(", steps=2").replace("f(y, t)", "f(y, time)").replace("cos(t)", "cos(time)"), name="g"
    )
    assert traced.source.split('"""')[-1] == text.source.split('"""')[-1]


def test_forward_and_backward_are_plain_loops() -> None:
    compiled = sb.compile_grad(
        "y0[d] t[n] W[d,d] -> def f(y, t): return W @ sin(y + t)\nodeint(f, y0, t)[-1, 0]", wrt=("y0", "W")
    )
    body = compiled.source.split('"""')[-1]
    assert body.count("\n    for i in range(n - 1):") == 1
    assert body.count("\n    for i in reversed(range(n - 1)):") == 1
    for name in ("h", "k1", "k2", "k3", "k4"):
        assert f"\n        {name} = " in body
    assert "scan" not in body and "max(" not in body


def test_a_value_alone_stores_no_steps() -> None:
    body = sb.compile_value("y0 t[n] k -> def f(y, t): return -k*y\nodeint(f, y0, t, steps=9)[-1]").source
    assert "np.empty" not in body.split('"""')[-1].replace("np.empty(n)", "")


# --- forms ------------------------------------------------------------------------------------------------------------


class Swing(NamedTuple):
    angle: Any
    speed: Any


def test_nests_of_arrays() -> None:
    t = np.linspace(0.0, 1.0, 4)

    def loss(state, g):  # type: ignore[no-untyped-def]
        path = sb.odeint(lambda y, t: Swing(y.speed, -g * np.sin(y.angle)), Swing(*state), t, steps=4)
        assert isinstance(path, Swing)
        return np.sum(path.angle**2) + np.sum(path.speed[1:] * path.angle[1:])

    start = (np.array([0.3, 0.5]), np.array([0.0, -0.2]))
    compiled = sb.compile_value_and_grad(loss, inputs={"state": start, "g": 1.0})
    value, slopes = compiled(start, 9.81)
    assert value == pytest.approx(loss(start, 9.81), rel=1e-13)
    step = 1e-6
    quotient = (loss(start, 9.81 + step) - loss(start, 9.81 - step)) / (2 * step)
    assert slopes[1] == pytest.approx(quotient, rel=1e-8)
    assert compiled.verify(points=1, seconds=1)


def test_arguments_of_the_right_side_and_slopes_in_a_list() -> None:
    def loss(y0, p):  # type: ignore[no-untyped-def]
        def f(y, t, a, b):  # type: ignore[no-untyped-def]
            return [a["rate"] * y[1], -b * y[0] + t]

        return np.sum(sb.odeint(f, y0, [0.0, 0.5, 1.0], {"rate": p[0]}, p[1]) ** 2)

    y0, p = np.array([1.0, 2.0]), np.array([0.5, 0.7])
    value, _ = sb.compile_value_and_grad(loss, inputs="y0[2] p[2]")(y0, p)
    assert value == pytest.approx(loss(y0, p), rel=1e-14)
    assert sb.compile_grad(loss, inputs="y0[2] p[2]").verify(points=1, seconds=1)


def test_matrix_states_and_times_that_fall() -> None:
    solve = sb.compile_value("A[d,d] t[n] -> def f(y, t): return A @ y\nodeint(f, eye(A.shape[0]), t, steps=20)")
    A = np.array([[0.0, 1.0], [-1.0, 0.0]])
    found = solve(A, np.array([0.0, -np.pi / 2]))
    np.testing.assert_allclose(found, [np.eye(2), [[0, -1], [1, 0]]], atol=1e-6)


def test_one_time_is_the_start() -> None:
    value, slope = sb.compile_value_and_grad("y0 t[n] -> def f(y, t): return y\nsum(odeint(f, y0, t))", wrt="y0")(
        3.0, [1.0]
    )
    assert (value, slope) == (3.0, 1.0)


def test_no_time_is_refused() -> None:
    solve = sb.compile_value("y0 t[n] -> def f(y, t): return y\nodeint(f, y0, t)")
    with pytest.raises(sb.ArgumentError, match="first of the times"):
        solve(3.0, [])


def test_float32_stays_float32() -> None:
    text = "y0[2] t[n] -> def f(y, t): return -y*t\nsum(odeint(f, y0, t, steps=2))"
    value, (dy, dt) = sb.compile_value_and_grad(text, dtype="float32")(np.ones(2), np.linspace(0, 1, 3))
    assert (value.dtype, dy.dtype, dt.dtype) == ("float32",) * 3


def test_integers_as_state_are_real_numbers() -> None:
    assert sb.odeint(lambda y, t: -y, 1, [0, 1], steps=50)[-1] == pytest.approx(np.exp(-1), rel=1e-8)
    assert sb.compile_value("t[n] -> def f(y, t): return -y\nodeint(f, 1, t, steps=50)[-1]")([0, 1]) == pytest.approx(
        np.exp(-1), rel=1e-8
    )


def test_an_equation_inside_the_right_side_of_another() -> None:
    text = (
        "a t[n] -> def f(y, t):\n    def g(z, s): return -z*y\n"
        "    return odeint(g, 1.0, array([0.0, 1.0]), steps=2)[-1] - a*y\nodeint(f, 1.0, t)[-1]"
    )
    assert sb.compile_value_and_grad(text).verify(points=1, seconds=1)


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("odeint(f, y0, t, method='euler')", sb.ArgumentError, 'method of odeint is "rk4" or "dopri5"'),
        ("odeint(f, y0, t, adjoint='none')", sb.ArgumentError, 'adjoint of odeint is "discrete" or "continuous"'),
        ("odeint(f, y0, t, steps=0)", sb.ShapeError, "steps of odeint"),
        ("odeint(f, y0, t[0])", sb.ShapeError, "a vector of times"),
        ("odeint(y0, y0, t)", sb.ArgumentError, "the first argument of odeint is a function"),
        ("odeint(g, y0, t)", sb.ShapeError, "g gives a slope of shape"),
        ("odeint(f, (y0, t[0]), t)", sb.ShapeError, "f takes a state of 2 arrays"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(text: str, error: type[Exception], message: str) -> None:
    defined = "def f(y, t): return y[0]*0.0\ndef g(y, t): return outer(y, y)\n"
    with pytest.raises(error, match=message):
        sb.compile_value(f"y0[2] t[n] -> {defined}{text}")


def test_the_same_is_refused_outside_of_a_trace() -> None:
    with pytest.raises(sb.ArgumentError, match="method of odeint"):
        sb.odeint(lambda y, t: y, 1.0, [0.0, 1.0], method="euler")
    with pytest.raises(sb.ArgumentError, match="adjoint of odeint"):
        sb.odeint(lambda y, t: y, 1.0, [0.0, 1.0], adjoint="euler")
    with pytest.raises(sb.ShapeError, match="a vector of times"):
        sb.odeint(lambda y, t: y, 1.0, 0.0)
    with pytest.raises(sb.ShapeError, match="at least 1"):
        sb.odeint(lambda y, t: y, 1.0, [0.0, 1.0], steps=0)
    with pytest.raises(sb.ShapeError, match="returns 3 slopes"):
        sb.odeint(lambda y, t: (1.0, 2.0, 3.0), (1.0, 2.0), [0.0, 1.0])
    with pytest.raises(sb.ShapeError, match="gives a slope of shape"):
        sb.odeint(lambda y, t: np.ones(3), np.ones(2), [0.0, 1.0])
