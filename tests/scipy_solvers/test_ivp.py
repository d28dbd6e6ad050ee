"""Initial value problems: stiff equations with known ends, what the state may be, what is refused."""

from __future__ import annotations

import pickle
import warnings
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.integrate
import sympy

import symbackprop as sb
from symbackprop.errors import ArgumentError, ShapeError, UnknownNameError, UnsupportedError

# Mazzia and Magherini, Test Set for Initial Value Problem Solvers, release 2.4 (2008): ROBER and VDPOL.
ROBERTSON_END = [0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050]
VAN_DER_POL_END = [1.706167732170483, -0.8928097010247975]

ROBERTSON = "-0.04*y[0] + 1e4*y[1]*y[2], 0.04*y[0] - 1e4*y[1]*y[2] - 3e7*y[1]**2, 3e7*y[1]**2"


@pytest.fixture(scope="module")
def robertson() -> sb.IvpProblem:
    return sb.compile_ivp(ROBERTSON, {"y": [1.0, 0.0, 0.0]})


def van_der_pol(x: Any, v: Any, epsilon: Any) -> Any:
    return {"v": ((1 - x**2) * v - x) / epsilon, "x": v}


@pytest.mark.parametrize("method", ["Radau", "BDF", "LSODA"])
def test_robertson(robertson: sb.IvpProblem, method: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solution = robertson.solve_ivp((0, 1e11), method, rtol=1e-6, atol=[1e-10, 1e-14, 1e-10])
    assert solution.success
    np.testing.assert_allclose(solution.y[:, -1], ROBERTSON_END, rtol=2e-3)
    assert solution.state["y"].shape == solution.y.shape
    np.testing.assert_allclose(solution.y.sum(axis=0), 1.0, rtol=1e-8)  # mass is conserved


@pytest.mark.parametrize("method", ["Radau", "BDF"])
def test_van_der_pol(method: str) -> None:
    problem = sb.compile_ivp(van_der_pol, {"x": 2.0, "v": 0.0}, {"epsilon": 1e-6})
    solution = problem.solve_ivp((0, 2), method, rtol=1e-5, atol=1e-7)
    assert [solution.state["x"][-1], solution.state["v"][-1]] == pytest.approx(VAN_DER_POL_END, rel=1e-3)


def test_methods_that_need_no_jacobian(robertson: sb.IvpProblem) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # SciPy warns of a Jacobian that a method has no use for
        solution = robertson.solve_ivp((0, 0.1), t_eval=[0.05, 0.1])
    peer = scipy.integrate.solve_ivp(robertson.fun, (0, 0.1), robertson.y0, t_eval=[0.05, 0.1])
    assert solution.y.tolist() == peer.y.tolist()


def differences(problem: sb.IvpProblem, t: float, y: np.ndarray) -> np.ndarray:
    step = 1e-6
    columns = [(problem.fun(t, y + step * e) - problem.fun(t, y - step * e)) / (2 * step) for e in np.eye(y.size)]
    return np.stack(columns, axis=1)


class Body(NamedTuple):
    place: Any
    speed: Any


def oscillators(body: Body, clock: Any, K: Any, t: Any) -> Any:
    return {"clock": np.cos(t), "body": Body(body.speed, -K @ body.place + np.sin(t) * clock)}


K = np.array([[2.0, -1.0], [-1.0, 2.0]])


@pytest.mark.parametrize(
    ("formula", "start", "data"),
    [
        (ROBERTSON, {"y": [1.0, 0.1, 0.2]}, {}),
        ("A @ y*t", {"y": [1.0, 2.0]}, {"A": K}),
        ("-M @ M*exp(-t), sum(M)*c", {"M": K, "c": 2.0}, {}),
        ("concatenate((v, -K @ x))", {"x": [1.0, 2.0], "v": [3.0, 4.0]}, {"K": K}),
        (oscillators, {"body": Body([1.0, 2.0], [3.0, 4.0]), "clock": 0.5}, {"K": K}),
        (van_der_pol, {"x": 2.0, "v": 1.0}, {"epsilon": 0.5}),
    ],
    ids=["entries", "with time", "parts", "in one", "structures", "dict"],
)
def test_what_the_state_may_be(formula: Any, start: Any, data: Any) -> None:
    problem = sb.compile_ivp(formula, start, data)
    y = problem.y0 + 0.1
    jacobian = problem.jac(0.7, y)
    assert jacobian.shape == (y.size, y.size)
    np.testing.assert_allclose(jacobian, differences(problem, 0.7, y), atol=1e-8 * np.abs(jacobian).max())
    np.testing.assert_allclose(problem.pack(problem.unpack(y)), y)
    again = pickle.loads(pickle.dumps(problem))
    assert again.jac(0.7, y).tolist() == jacobian.tolist()


def test_names_of_parts_and_not_their_order_say_which_derivative_is_whose() -> None:
    problem = sb.compile_ivp(oscillators, {"body": Body([1.0, 2.0], [3.0, 4.0]), "clock": 0.5}, {"K": K})
    assert problem.names == ["body.place[0]", "body.place[1]", "body.speed[0]", "body.speed[1]", "clock"]
    assert problem.fun(0.0, problem.y0).tolist() == [3.0, 4.0, 0.0, -3.0, 1.0]
    solution = problem.solve_ivp((0, 1), t_eval=[0.0, 0.5, 1.0])
    assert solution.state["body"].place.shape == (2, 3)
    np.testing.assert_allclose(solution.state["clock"], 0.5 + np.sin([0.0, 0.5, 1.0]), atol=1e-4)


def test_symbols_and_another_start() -> None:
    x, k, t = sympy.symbols("x k t")
    decay = sb.compile_ivp([-k * x + t], {x: 1.0}, {k: 2.0})
    assert decay.jac(0.0, [3.0]).tolist() == [[-2.0]]
    assert decay.fun(5.0, [1.0]).tolist() == [3.0]
    other = decay.replace(start={"x": 4.0}, data={"k": 3.0})
    assert (other.y0.tolist(), other.fun(1.0, other.y0).tolist()) == ([4.0], [-11.0])
    assert sb.compile_ivp("-s*x", {"x": 1.0}, time="s").fun(2.0, [3.0]).tolist() == [-6.0]


@pytest.mark.parametrize(
    ("formula", "start", "data", "error", "message"),
    [
        ("-x", {"x": [1.0, 2.0]}, {"t": 1.0}, ArgumentError, "'t' is the time"),
        ("-x*k", {"x": 1.0}, {}, UnknownNameError, "'k' is neither declared"),
        ("sum(x)", {"x": [1.0, 2.0]}, {}, ShapeError, r"gives derivatives of shapes \(\), and the state is x \(2,\)"),
        ("v, x, x", {"x": 1.0, "v": 1.0}, {}, ShapeError, "gives derivatives of shapes"),
        ("x > 0", {"x": 1.0}, {}, UnsupportedError, "is bool, not real"),
        (lambda x: {"y": x}, {"x": 1.0}, {}, ArgumentError, "the state has x, and the formula gives derivatives of y"),
        (lambda x: {"x": {"a": x}}, {"x": 1.0}, {}, ArgumentError, "several derivatives for x, which is one array"),
        ("-x", [1.0], {}, ArgumentError, "start is a list"),
    ],
)
def test_refused(formula: Any, start: Any, data: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sb.compile_ivp(formula, start, data)


def test_states_of_another_length(robertson: sb.IvpProblem) -> None:
    for call in (robertson.fun, robertson.jac, lambda t, y: robertson.unpack(y)):
        with pytest.raises(ShapeError, match=r"expected \(3,\)"):
            call(0.0, np.zeros(2))


X, V = sympy.symbols("x v")


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    ("formula", "start", "jacobian"),
    [
        ("v, -9.81", {"x": 1.0, "v": 0.0}, [[0, 1], [0, 0]]),
        ((V, sympy.Float(-9.81)), {X: 1.0, V: 0.0}, [[0, 1], [0, 0]]),
        ("0.0, -9.81", {"x": 1.0, "v": 0.0}, [[0, 0], [0, 0]]),
    ],
)
def test_a_state_that_is_not_read(formula: Any, start: Any, jacobian: list[list[int]], sparse: bool) -> None:
    fall = sb.compile_ivp(formula, start, sparse=sparse)
    found = fall.jac(0.0, fall.y0)
    assert (found.toarray() if sparse else found).tolist() == jacobian
    assert fall.fun(0.0, [1.0, 2.0])[1] == -9.81
    assert fall.solve_ivp((0, 1), "Radau").state["v" if isinstance(formula, str) else V][-1] == pytest.approx(-9.81)


def test_what_is_done_to_a_sparse_jacobian_leaves_later_ones_alone() -> None:
    problem = sb.compile_ivp("x*x[0]", {"x": np.ones(60)}, sparse=True)
    first = problem.jac(0.0, problem.y0)
    wanted = first.toarray()
    first.data[::2] = 0.0
    first.eliminate_zeros()
    np.testing.assert_array_equal(problem.jac(0.0, problem.y0).toarray(), wanted)


def test_arguments_of_scipy_are_data() -> None:
    problem = sb.compile_ivp("-k*x", {"x": 1.0}, {"k": 2.0})
    with pytest.raises(sb.ArgumentError, match="the formula's other inputs are the problem's data"):
        problem.solve_ivp((0, 1), args=(3.0,))
    assert problem.replace(data={"k": 3.0}).solve_ivp((0, 1)).success
