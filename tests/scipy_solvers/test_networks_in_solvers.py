"""Layer specs for SciPy's solvers: their parameters are found, by their names."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.errors import ArgumentError, UnsupportedError

RNG = np.random.default_rng(6)
X = RNG.normal(size=(40, 2))
Y = np.eye(2)[(X[:, 0] * X[:, 1] > 0).astype(int)]
SPEC = """
input 2
dense 4 tanh
dense 2
loss softmax_cross_entropy
"""


def test_a_network_is_trained_by_newton_and_quasi_newton() -> None:
    net = sb.read_layers(SPEC)
    problem = sb.compile_scipy(net, {"params": net.init(seed=1)}, {"x": X, "y": Y})
    gradient = sb.compile_grad(net)(net.init(seed=1), X, Y)
    np.testing.assert_allclose(problem.jac(problem.x0), np.concatenate([g.ravel() for g in gradient.values()]))
    before = problem.fun(problem.x0)
    for method in ("L-BFGS-B", "trust-krylov"):
        fit = problem.minimize(method, options={"maxiter": 30})
        assert fit.fun < 0.5 * before
        assert {name: w.shape for name, w in fit.params["params"].items()} == {
            "W1": (4, 2), "b1": (4,), "W2": (2, 4), "b2": (2,),
        }  # fmt: skip
    again = pickle.loads(pickle.dumps(problem))
    assert again.hess(again.x0).tolist() == problem.hess(problem.x0).tolist()


def test_some_parameters_stay_and_others_are_bounded() -> None:
    start = {"params": sb.read_layers(SPEC).init(seed=1)}
    start = {"params": {**start["params"], "W2": np.zeros((2, 4))}}
    problem = sb.compile_scipy(
        SPEC,
        start,
        {"x": X, "y": Y},
        fixed={"params": {"W1": True, "b1": True}},
        bounds={"params": {"W2": (-0.1, 0.1)}},
    )
    fit = problem.minimize()
    assert np.abs(fit.params["params"]["W2"]).max() <= 0.1
    assert fit.params["params"]["W1"].tolist() == start["params"]["W1"].tolist()


def test_a_network_is_a_right_hand_side() -> None:
    net = sb.Sequential([sb.Input(2), sb.Dense(8, "tanh"), sb.Dense(2)])
    params = net.init(seed=0)
    problem = sb.compile_ivp(net, {"x": [[1.0, 0.0], [0.0, 1.0]]}, {"params": params})
    solution = problem.solve_ivp((0, 1), "BDF", rtol=1e-8)
    assert solution.state["x"].shape == (2, 2, solution.t.size)
    np.testing.assert_allclose(
        solution.state["x"][..., -1], problem.solve_ivp((0, 1), rtol=1e-9).state["x"][..., -1], rtol=1e-5
    )


def test_refused() -> None:
    net = sb.read_layers(SPEC)
    start = {"params": net.init(seed=1)}
    states = sb.Sequential([sb.Input(2), sb.Dense(4), sb.BatchNorm(), sb.Dense(2), sb.SoftmaxCrossEntropy()])
    with pytest.raises(UnsupportedError, match="has states or several heads"):
        sb.compile_scipy(states, {"params": states.init(seed=0)}, {"x": X, "y": Y})
    with pytest.raises(ArgumentError, match="says itself what its inputs are"):
        sb.compile_scipy(net, start, {"x": X, "y": Y}, inputs={"x": "n 2"})
    with pytest.raises(ArgumentError, match="'y'"):
        sb.compile_scipy(net, start, {"x": X})
