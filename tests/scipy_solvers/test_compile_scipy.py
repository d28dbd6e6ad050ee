"""What `compile_scipy` returns, called as SciPy calls it and by name."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import sympy

import symbackprop as sb

RNG = np.random.default_rng(3)
X = RNG.normal(size=(40, 3))
Y = np.sign(X @ [1.0, -2.0, 0.5] + 0.3)
LOSS = "mean(logaddexp(0, -y*(X @ w + b))) + 0.01*sum(w**2)"
DATA = {"X": X, "y": Y}
START = {"w": np.zeros(3), "b": 0.0}
DECAY = "a*exp(-k*t) - y"
TIMES = {"t": np.arange(4.0), "y": np.array([3.0, 1.2, 0.4, 0.2])}

Line = namedtuple("Line", "slope offset")


@dataclass
class Layer:
    W: Any
    b: Any


def loss_by_hand(w: np.ndarray, b: float) -> float:
    return float(np.mean(np.logaddexp(0, -Y * (X @ w + b))) + 0.01 * np.sum(w**2))


# --- the flat vector ----------------------------------------------------------------------------------------------------


def test_functions_for_scipy() -> None:
    problem = sb.compile_scipy(LOSS, START, DATA)
    x = np.array([0.1, -0.2, 0.3, 0.4])
    assert problem.fun(x) == pytest.approx(loss_by_hand(x[:3], x[3]), rel=1e-14)
    assert type(problem.fun(x)) is float
    assert scipy.optimize.check_grad(problem.fun, problem.jac, x) < 1e-6
    assert problem.jac(x).dtype == problem.x0.dtype == np.float64
    assert problem.jac(x).flags.c_contiguous
    value, gradient = problem.fun_and_jac(x)
    assert value == problem.fun(x)
    assert gradient.tolist() == problem.jac(x).tolist()
    assert problem.bounds is None
    assert problem.names == ["w[0]", "w[1]", "w[2]", "b"]


def test_the_ways_to_call_scipy_agree() -> None:
    problem = sb.compile_scipy(LOSS, START, DATA)
    one = scipy.optimize.minimize(problem.fun, problem.x0, jac=problem.jac)
    two = scipy.optimize.minimize(problem.fun_and_jac, problem.x0, jac=True)
    three = problem.minimize()
    assert one.x.tolist() == two.x.tolist() == three.x.tolist()
    assert three.params["w"].tolist() == one.x[:3].tolist()
    assert three.params["b"] == one.x[3]
    assert one.fun == pytest.approx(scipy.optimize.minimize(lambda x: loss_by_hand(x[:3], x[3]), one.x).fun, rel=1e-8)


def test_value_and_gradient_are_computed_once() -> None:
    problem = sb.compile_scipy(LOSS, START, DATA)
    calls = 0
    evaluated = problem._evaluated
    function = evaluated._function

    def counted(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        return function(*args)

    evaluated._function = counted
    fit = problem.minimize("BFGS")
    assert calls == fit.nfev == fit.njev
    before = calls
    problem.fun(fit.x.copy())
    problem.jac(list(fit.x))
    assert calls <= before + 1


@pytest.mark.parametrize("formula", [LOSS, f"y*({LOSS})"], ids=["objective", "residuals"])
def test_what_is_kept_follows_the_values_of_the_vector(formula: str) -> None:
    problem = sb.compile_scipy(formula, START, DATA)
    x = np.array([0.1, -0.2, 0.3, 0.4])
    value, slope = np.copy(problem.fun(x)), problem.jac(x)
    kept = slope.copy()
    slope[:] = 7.0  # what was returned belongs to the caller
    assert problem.jac(x).tolist() == kept.tolist()
    x[0] = 5.0  # SciPy's compiled solvers change their vector in place
    fresh = sb.compile_scipy(formula, START, DATA)
    assert np.array_equal(problem.fun(x), fresh.fun(x))
    assert np.array_equal(problem.jac(x), fresh.jac(x))
    assert not np.array_equal(problem.fun(x), value)
    if formula is not LOSS:
        problem.fun(x)[:] = 7.0
        assert np.array_equal(problem.fun(x), fresh.fun(x))


def test_zeros_of_both_signs_are_two_points() -> None:
    problem = sb.compile_scipy("arctan2(x, -1)", {"x": 1.0})
    assert problem.fun(np.array([0.0])) == pytest.approx(np.pi)
    assert problem.fun(np.array([-0.0])) == pytest.approx(-np.pi)


def test_vectors_that_are_no_contiguous_arrays_of_floats() -> None:
    problem = sb.compile_scipy(LOSS, START, DATA)
    expected = problem.jac(np.array([1.0, 2.0, 3.0, 4.0])).tolist()
    assert problem.jac([1, 2, 3, 4]).tolist() == expected
    assert problem.jac(np.arange(1, 5)).tolist() == expected
    assert problem.jac(np.repeat(np.arange(1.0, 5), 2)[::2]).tolist() == expected
    assert problem.jac(np.arange(1.0, 5, dtype=np.float32)).tolist() == expected


def test_start_and_data_are_copied() -> None:
    given = {"X": X.copy(), "y": Y.copy()}
    start = {"w": np.zeros(3), "b": 0.0}
    problem = sb.compile_scipy(LOSS, start, given)
    x = np.array([0.1, -0.2, 0.3, 0.4])
    value = problem.fun(x)
    given["X"][:] = 0.0
    start["w"][:] = 9.0
    assert problem.fun(x + 0.0) == value
    assert problem.replace(fixed="b").fun(x[:3]) == pytest.approx(loss_by_hand(x[:3], 0.0))
    assert problem.x0.tolist() == [0.0, 0.0, 0.0, 0.0]
    problem.x0[:] = 5.0
    assert problem.x0.tolist() == [0.0, 0.0, 0.0, 0.0]


def test_domain_errors_are_nan_and_not_exceptions() -> None:
    problem = sb.compile_scipy("x - log(x)", {"x": 2.0})
    with np.errstate(all="ignore"):
        assert np.isnan(problem.fun([-1.0]))
        assert problem.fun([0.0]) == np.inf
    assert problem.minimize(bounds=[(1e-3, None)]).params["x"] == pytest.approx(1.0, abs=1e-4)


# --- residuals ----------------------------------------------------------------------------------------------------------


def test_least_squares_agrees_with_scipys_own() -> None:
    problem = sb.compile_scipy(DECAY, {"a": 1.0, "k": 1.0}, TIMES)
    fit = problem.least_squares()
    peer, _ = scipy.optimize.curve_fit(lambda t, a, k: a * np.exp(-k * t), TIMES["t"], TIMES["y"], p0=(1.0, 1.0))
    np.testing.assert_allclose(fit.x, peer, rtol=1e-6)
    assert fit.params == {"a": fit.x[0], "k": fit.x[1]}
    assert problem.least_squares(method="lm", loss="linear").cost == pytest.approx(fit.cost)


def test_jacobians_of_arrays_of_any_rank_and_of_several_values() -> None:
    problem = sb.compile_scipy("outer(v, v), sum(v), 2.5, v*c", {"v": [1.0, 2.0, 3.0], "c": 2.0})
    assert problem.fun(problem.x0).tolist() == [1, 2, 3, 2, 4, 6, 3, 6, 9, 6, 2.5, 2, 4, 6]
    v = np.array([1.0, 2.0, 3.0])
    eye = np.eye(3)
    products = np.array([np.outer(eye[k], v) + np.outer(v, eye[k]) for k in range(3)]).reshape(3, 9).T
    expected = np.zeros((14, 4))
    expected[:9, :3] = products
    expected[9, :3] = 1.0
    expected[11:, :3] = 2.0 * eye
    expected[11:, 3] = v
    assert problem.jac(problem.x0).tolist() == expected.tolist()


def test_an_input_may_be_named_as_a_tangent() -> None:
    problem = sb.compile_scipy("w*w_dot, w_dot", {"w": 2.0, "w_dot": 3.0})
    assert problem.jac([2.0, 3.0]).tolist() == [[3.0, 2.0], [0.0, 1.0]]


def test_jacobians_with_masks_and_tables() -> None:
    problem = sb.compile_scipy("where(x > 0, log(x), 0)*x[index]", {"x": [-1.0, 2.0, 3.0]}, {"index": [2, 0, 0]})
    a, b, c = problem.x0
    expected = [[0, 0, 0], [np.log(b), a / b, 0], [np.log(c), 0, a / c]]
    np.testing.assert_allclose(problem.jac([a, b, c]), expected, rtol=1e-14)


def test_roots() -> None:
    circle = sb.compile_scipy("x**2 + y**2 - 4, exp(x) + y - 1", {"x": 1.0, "y": -1.7})
    for method in ("hybr", "lm", "krylov"):
        fit = circle.root(method=method)
        assert fit.success
        assert fit.params["x"] ** 2 + fit.params["y"] ** 2 == pytest.approx(4, abs=1e-5)
    assert sb.compile_scipy("x**2 - 2", {"x": 1.0}).root().params["x"] == pytest.approx(np.sqrt(2), rel=1e-12)
    matrix = RNG.normal(size=(20, 20))  # large enough to be an array that is bound to the function
    solution = sb.compile_scipy(lambda x: matrix @ x - 1, {"x": np.zeros(20)}).root().params["x"]
    np.testing.assert_allclose(solution, np.linalg.solve(matrix, np.ones(20)), rtol=1e-9)


# --- bounds and fixed entries -------------------------------------------------------------------------------------------


def test_bounds_by_name() -> None:
    problem = sb.compile_scipy(LOSS, START, DATA, bounds={"w": (0, 1), "b": (None, 0.25)})
    assert problem.bounds.lb.tolist() == [0, 0, 0, -np.inf]
    assert problem.bounds.ub.tolist() == [1, 1, 1, 0.25]
    fit = problem.minimize()
    assert fit.params["w"][1] == 0.0
    assert fit.params["b"] <= 0.25
    same = sb.compile_scipy(LOSS, START, DATA, bounds={"w": scipy.optimize.Bounds([0, 0, 0], 1), "b": (-np.inf, 0.25)})
    assert same.bounds.ub.tolist() == problem.bounds.ub.tolist()
    entries = problem.replace(bounds={"w": ([-1, -2, -3], 1)})
    assert entries.bounds.lb.tolist() == [-1, -2, -3, -np.inf]
    pairs = problem.replace(bounds={"w": [(-1, None), (None, 2), (0, 3)]})
    assert pairs.bounds.lb.tolist() == [-1, -np.inf, 0, -np.inf]
    assert pairs.bounds.ub.tolist() == [np.inf, 2, 3, np.inf]


def test_residuals_have_bounds_in_any_case() -> None:
    problem = sb.compile_scipy(DECAY, {"a": 1.0, "k": 1.0}, TIMES)
    fit = scipy.optimize.least_squares(problem.fun, problem.x0, jac=problem.jac, bounds=problem.bounds)
    bounded = problem.replace(bounds={"k": (0, 0.9), "a": (0, None)}, start={"k": 0.5}).least_squares()
    assert fit.x[1] > 0.9
    assert bounded.params["k"] == pytest.approx(0.9, rel=1e-6)


def test_fixed_parameters_are_no_part_of_the_vector() -> None:
    problem = sb.compile_scipy(LOSS, {"w": np.zeros(3), "b": 0.5}, DATA, fixed="b", bounds={"w": (-1, 1), "b": (0, 1)})
    assert problem.x0.shape == (3,)
    assert problem.bounds.ub.tolist() == [1.0, 1.0, 1.0]
    assert problem.fun(np.ones(3)) == pytest.approx(loss_by_hand(np.ones(3), 0.5))
    assert problem.unpack(np.ones(3))["b"] == 0.5
    assert [label.wrt for label in problem.compiled.graph.labels] == [None, "w"]
    assert problem.minimize().params["b"] == 0.5
    assert problem.replace(fixed=()).x0.shape == (4,)
    assert problem.replace(fixed=(name for name in ["w"])).replace(start={"b": 0.25}).x0.tolist() == [0.25]


def test_fixed_entries() -> None:
    start = {"w": [0.5, 0.0, 0.0], "b": 0.0}
    problem = sb.compile_scipy(LOSS, start, DATA, fixed={"w": [True, False, True], "b": False})
    assert problem.names == ["w[1]", "b"]
    assert problem.fun([2.0, 3.0]) == pytest.approx(loss_by_hand(np.array([0.5, 2.0, 0.0]), 3.0))
    assert scipy.optimize.check_grad(problem.fun, problem.jac, np.array([2.0, 3.0])) < 1e-6
    assert problem.unpack([2.0, 3.0])["w"].tolist() == [0.5, 2.0, 0.0]
    assert problem.pack({"w": [0.5, 2.0, 0.0]}).tolist() == [2.0, 0.0]
    residuals = sb.compile_scipy("X @ w + b - y", start, DATA, fixed={"w": [True, False, True]})
    np.testing.assert_allclose(residuals.jac([2.0, 3.0]), np.stack([X[:, 1], np.ones(40)], axis=1), rtol=1e-14)


# --- structures ---------------------------------------------------------------------------------------------------------


def network(params, x, y):
    hidden = np.tanh(x @ params["W"])
    return np.mean((hidden @ params["out"]["v"] + params["out"]["c"] - y) ** 2)


WEIGHTS = {"W": RNG.normal(size=(3, 4)), "out": {"v": np.ones(4), "c": 0}}


def test_nested_parameters() -> None:
    problem = sb.compile_scipy(
        network, {"params": WEIGHTS}, {"x": X, "y": Y},
        bounds={"params": {"out": {"v": (-2, 2)}}}, fixed={"params": {"out": {"c": True}}},
    )  # fmt: skip
    assert problem.names[0] == 'params["W"][0, 0]'
    assert problem.names[-1] == 'params["out"]["v"][3]'
    assert problem.x0.size == 16
    assert problem.bounds.lb.tolist() == [-np.inf] * 12 + [-2.0] * 4
    x = problem.x0 + 0.1
    params = problem.unpack(x)
    assert params["params"]["out"]["c"] == 0.0
    assert problem.fun(x) == pytest.approx(network(params["params"], X, Y), rel=1e-13)
    assert scipy.optimize.check_grad(problem.fun, problem.jac, x) < 1e-6
    assert problem.pack(params).tolist() == x.tolist()
    assert problem.pack({"params": {"W": params["params"]["W"]}})[12:].tolist() == [1.0] * 4
    assert problem.replace(fixed={"params": {"out": True}}).x0.size == 12


def test_records_lists_and_tuples() -> None:
    def total(line, layers, x):
        for layer in layers:
            x = np.tanh(layer.W @ x + layer.b)
        return np.sum((line.slope * x + line.offset) ** 2)

    layers = [Layer(np.eye(2), np.ones(2)), Layer(np.eye(2), [1, 2])]
    problem = sb.compile_scipy(total, {"line": Line(1.0, 2.0), "layers": layers}, {"x": [0.5, -0.5]}, fixed="line")
    assert problem.x0.size == 12
    found = problem.unpack(problem.x0 + 1)
    assert found["line"] == Line(1.0, 2.0)
    assert type(found["layers"][1]) is Layer
    assert found["layers"][1].b.tolist() == [2.0, 3.0]
    assert scipy.optimize.check_grad(problem.fun, problem.jac, problem.x0) < 1e-6
    bounded = problem.replace(bounds={"line": Line(None, (0, 3)), "layers": [None, {"b": (0, 5)}]}, fixed=())
    assert bounded.bounds.ub[[0, 1, -2, -1]].tolist() == [np.inf, 3.0, 5.0, 5.0]


def test_functions_with_defaults_fixed_values_and_names_only() -> None:
    def cost(x, scale, *, degree, shift=1.0):
        return np.sum((x * scale - shift) ** degree)

    problem = sb.compile_scipy(cost, {"x": [1.0, 2.0]}, {"scale": 2.0, "degree": 4}, static="degree")
    assert problem.fun([1.0, 2.0]) == 1 + 3**4
    assert problem.jac([1.0, 2.0]).tolist() == [8.0, 8.0 * 27]
    known = sb.compile_scipy(cost, {"x": [1.0], "shift": 0.0}, {"scale": 2.0, "degree": 2}, static=("degree",))
    assert known.jac([1.0, 3.0]).tolist() == [-4.0, 2.0]


def test_results_in_a_dict_are_residuals() -> None:
    problem = sb.compile_scipy(lambda x: {"b": x[:1], "a": 2 * x[0]}, {"x": [3.0, 4.0]})
    assert problem.fun(problem.x0).tolist() == [3.0, 6.0]
    assert problem.jac(problem.x0).tolist() == [[1.0, 0.0], [2.0, 0.0]]


# --- the forms of a formula ---------------------------------------------------------------------------------------------


def test_sympy_expressions_with_symbols_as_names() -> None:
    a, t, y = sympy.symbols("a t y")
    k = sympy.Symbol("k_{1}")
    problem = sb.compile_scipy(
        a * sympy.exp(-k * t) - y, {a: 1, k: 1}, {t: TIMES["t"], "y": TIMES["y"]}, bounds={k: (0, None)}
    )
    fit = problem.least_squares()
    text = sb.compile_scipy(DECAY, {"a": 1.0, "k": 1.0}, TIMES, bounds={"k": (0, None)}).least_squares()
    assert [*fit.params] == [a, k]
    assert fit.params[k] == pytest.approx(text.params["k"], rel=1e-8)
    assert problem.pack({"k_{1}": 2.0}).tolist() == [1.0, 2.0]


def test_as_a_decorator() -> None:
    @sb.compile_scipy(start={"x": [-1.2, 1.0]})
    def rosenbrock(x):
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    np.testing.assert_allclose(rosenbrock.jac(rosenbrock.x0), scipy.optimize.rosen_der(rosenbrock.x0), rtol=1e-14)
    assert "rosenbrock" in repr(rosenbrock)


@pytest.mark.parametrize(
    ("formula", "inputs"),
    [(f"X[n,d] w[d] b y[n] -> {LOSS}", None), (LOSS, {"X": "n d", "w": "d", "b": "", "y": "n"})],
    ids=["prefix", "inputs"],
)
def test_declared_sizes_take_other_data(formula: str, inputs: Any) -> None:
    problem = sb.compile_scipy(formula, START, DATA, inputs=inputs)
    other = problem.replace(data={"X": X[:7], "y": Y[:7]}, start={"b": 1.0})
    assert other.compiled is problem.compiled
    assert other.x0.tolist() == [0.0, 0.0, 0.0, 1.0]
    assert other.fun(np.ones(4)) == sb.compile_scipy(LOSS, START, {"X": X[:7], "y": Y[:7]}).fun(np.ones(4))
    wider = problem.replace(data={"X": X[:, :2]}, start={"w": [1.0, 2.0]})
    assert wider.x0.size == 3


def test_results_are_a_start() -> None:
    problem = sb.compile_scipy(LOSS, START, DATA)
    fit = problem.minimize()
    again = problem.replace(start=fit.params)
    assert again.x0.tolist() == fit.x.tolist()
    assert again.minimize().nfev <= 2


# --- solvers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", ["Nelder-Mead", "Powell", "CG", "BFGS", "Newton-CG", "L-BFGS-B", "TNC", "COBYLA", "SLSQP", "trust-constr"]
)
def test_methods_of_minimize(method: str) -> None:
    problem = sb.compile_scipy("(x - 1)**2 + 2*(y + x)**2 + 3", {"x": 0.3, "y": 0.2})
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # SciPy warns of derivatives that a method has no use for
        fit = problem.minimize(method)
    assert fit.params["x"] == pytest.approx(1, abs=1e-2)
    assert fit.params["y"] == pytest.approx(-1, abs=1e-2)


def test_options_reach_scipy() -> None:
    problem = sb.compile_scipy(LOSS, START, DATA)
    seen: list[Any] = []
    fit = problem.minimize("L-BFGS-B", callback=lambda x: seen.append(problem.unpack(x)["b"]), options={"maxiter": 2})
    assert fit.nit == len(seen) == 2
    constrained = problem.minimize("SLSQP", constraints={"type": "eq", "fun": lambda x: x[3] - 0.25})
    assert constrained.params["b"] == pytest.approx(0.25)


# --- keeping it ---------------------------------------------------------------------------------------------------------


def test_pickles_and_copies() -> None:
    scale = np.linspace(1, 2, 200)
    for problem in (
        sb.compile_scipy(LOSS, START, DATA, bounds={"w": (0, 1)}, fixed="b"),
        sb.compile_scipy(network, {"params": WEIGHTS}, {"x": X, "y": Y}),
        sb.compile_scipy(lambda x: scale * x[0], {"x": Line(1.0, 2.0)}),
    ):
        again = pickle.loads(pickle.dumps(problem))
        x = problem.x0 + 0.125
        assert np.array_equal(again.fun(x), problem.fun(x))
        assert np.array_equal(again.jac(x), problem.jac(x))
        assert str(again) == str(problem)
        assert np.array_equal(copy.deepcopy(problem).jac(x), problem.jac(x))


def test_it_says_what_it_is() -> None:
    problem = sb.compile_scipy(LOSS, START, DATA, bounds={"w": ([0, 0, -1], None)}, fixed={"w": [True, False, False]})
    assert (
        repr(problem)
        == "<ScipyProblem: objective 'mean(logaddexp(0, -y*(X @ w + b))) + 0.01*sum(w**2)', 3 free entries>"
    )
    assert str(problem).split("\n")[1:] == [
        "parameter  shape  free    bounds",
        "w          (3,)   2 of 3  (-1 ... 0) to inf",
        "b          ()     1 of 1  none",
        "data: X, y",
    ]


def test_the_code_that_runs_can_be_read_and_verified() -> None:
    objective = sb.compile_scipy("a*exp(-k*t)", {"a": 1.0, "k": 1.0}, {"t": 0.5})
    assert "def value_and_grad(a, k, t):" in objective.compiled.source
    assert objective.compiled.verify(seconds=2)
