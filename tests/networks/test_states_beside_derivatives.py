"""Derivatives of networks with states: by the parameters, while states are held, and beside the new states."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.api import check_saved

RNG = np.random.default_rng(3)
SPECS = {
    "statistics": "input 2\ndense 3 tanh\nbatch_norm momentum=0.25\ndropout 0.5\ndense 1 name=out\nloss squared_error",
    "steps": "input t 2\ngru 2 stateful=true\ndense 1 name=out\nloss squared_error",
}


class Case:
    """A network with data, and its value, new states and gradient as functions of a flat vector of parameters."""

    def __init__(self, spec: str) -> None:
        self.net = sb.read_layers(spec)
        self.params = self.net.init(seed=0)
        self.names = [*self.params]
        steps = (3,) if " t " in spec else ()
        data = {"x": RNG.normal(size=(4, *steps, 2)), "y": RNG.normal(size=(4, *steps, 1))}
        state = {name: array + 0.5 for name, array in self.net.init_state(m=4).items()}
        self.data = {**data, "state": state, **self.net.masks(seed=1, m=4)}
        self.point = self.flat(self.params)
        self.direction = RNG.normal(size=self.point.size)
        self._gradient = sb.compile_value_and_grad(self.net)
        (self.loss, self.states), _ = self._gradient(self.params, **self.data)

    def flat(self, tree: dict[str, Any]) -> np.ndarray:
        return np.concatenate([np.ravel(tree[name]) for name in self.names])

    def nested(self, vector: np.ndarray) -> dict[str, np.ndarray]:
        ends = np.cumsum([self.params[name].size for name in self.names])[:-1]
        parts = zip(self.names, np.split(vector, ends), strict=True)
        return {name: part.reshape(self.params[name].shape) for name, part in parts}

    def gradient(self, vector: np.ndarray) -> np.ndarray:
        return self.flat(self._gradient(self.nested(vector), **self.data)[1])

    def hessian(self) -> np.ndarray:
        """Return the Hessian by differences of gradients."""
        units = np.eye(self.point.size) * 1e-5
        return np.array([self.gradient(self.point + e) - self.gradient(self.point - e) for e in units]) / 2e-5

    def call(self, compiler: Callable[..., Any], **more: Any) -> Any:
        options = {name: more.pop(name) for name in [*more] if name in ("with_value_and_grad", "order", "outputs")}
        return compiler(self.net, **options)(self.params, **self.data, **more)

    def has_states(self, found: dict[str, Any]) -> bool:
        assert list(found) == list(self.states)
        for name, array in self.states.items():
            np.testing.assert_allclose(found[name], array, rtol=1e-13)
            assert not np.array_equal(array, self.data["state"][name])
        return True


@pytest.fixture(scope="module", params=SPECS)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(SPECS[request.param])


def test_second_derivatives(case: Case) -> None:
    hessian, vector = case.hessian(), case.nested(case.direction)
    blocks, states = case.call(sb.compile_hessian)
    found = [
        np.hstack([np.reshape(block, (case.params[a].size, -1)) for block in blocks[a].values()]) for a in case.names
    ]
    assert case.has_states(states)
    np.testing.assert_allclose(np.vstack(found), hessian, atol=1e-8)
    (loss, states), gradient, product = case.call(sb.compile_hvp, params_dot=vector, with_value_and_grad=True)
    assert loss == pytest.approx(case.loss)
    assert case.has_states(states)
    np.testing.assert_allclose(case.flat(gradient), case.gradient(case.point), rtol=1e-12)
    np.testing.assert_allclose(case.flat(product), hessian @ case.direction, atol=1e-8)
    (value, states), first, second = case.call(sb.compile_taylor, order=2, params_dot=vector)
    assert case.has_states(states)
    expected = [case.loss, case.gradient(case.point) @ case.direction, case.direction @ hessian @ case.direction]
    np.testing.assert_allclose([value, first, second], expected, atol=1e-7)


def test_first_derivatives(case: Case) -> None:
    slope = case.gradient(case.point)
    (loss, states), tangent = case.call(sb.compile_jvp, params_dot=case.nested(case.direction))
    assert loss == pytest.approx(case.loss)
    assert case.has_states(states)
    assert tangent == pytest.approx(slope @ case.direction)
    (_, states), cotangents = case.call(sb.compile_vjp, loss_bar=2.0)
    assert case.has_states(states)
    np.testing.assert_allclose(case.flat(cotangents), 2 * slope, rtol=1e-12)
    jacobian, states = case.call(sb.compile_jacobian)
    assert case.has_states(states)
    np.testing.assert_allclose(case.flat(jacobian), slope, rtol=1e-12)


def test_products_with_matrices_of_curvature(case: Case) -> None:
    """Of half a sum of squares by the residuals: where these vanish, the Hessian is nothing but the Gauss-Newton matrix."""
    fitted = Case.__new__(Case)
    fitted.__dict__.update(case.__dict__)
    without_loss = case.net.with_layers(case.net.layers[:-1])
    data = {name: value for name, value in case.data.items() if name != "y"}
    output, states = sb.compile_value(without_loss)(case.params, **data)
    assert case.has_states(states)
    fitted.data = {**case.data, "y": output}
    product, states = fitted.call(sb.compile_gnvp, outputs="out", params_dot=case.nested(case.direction))
    assert case.has_states(states)
    np.testing.assert_allclose(case.flat(product), fitted.hessian() @ case.direction, atol=1e-8)
    jacobian, states = sb.compile_jacobian(without_loss)(case.params, **data)
    assert case.has_states(states)
    flat = np.hstack([np.reshape(jacobian[name], (output.size, -1)) for name in case.names])
    fisher = sb.compile_fvp(without_loss, distribution="normal")
    product, _ = fisher(case.params, **data, params_dot=case.nested(case.direction))
    np.testing.assert_allclose(case.flat(product), flat.T @ flat @ case.direction, atol=1e-12)


def test_verified_saved_and_pickled(tmp_path: Path) -> None:
    f = sb.compile_gnvp("input 1\nbatch_norm momentum=0.25 name=out\nloss squared_error", outputs="out")
    report = f.verify(points=1, seconds=0.2)
    assert report
    assert {"aux[0]", "aux[1]"} <= {output.label for output in report.outputs}
    assert "As product, aux." in f.__doc__
    f.save(tmp_path / "f.py")
    check_saved(tmp_path / "f.py")
    assert pickle.loads(pickle.dumps(f)).source == f.source


def test_single_precision(case: Case) -> None:
    params = {name: array.astype(np.float32) for name, array in case.params.items()}
    product, states = sb.compile_hvp(case.net, dtype="float32")(params, **case.data, params_dot=params)
    assert {array.dtype.name for array in (*product.values(), *states.values())} == {"float32"}


def test_a_network_without_states_has_nothing_beside() -> None:
    with pytest.raises(sb.ArgumentError, match="beside the value, and this network has no states"):
        sb.compile_hvp("input 1\ndense 1\nloss squared_error", has_aux=True)
