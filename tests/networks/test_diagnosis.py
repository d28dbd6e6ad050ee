"""What `diagnose` measures, and what it makes of it."""

import math
import pickle

import numpy as np
import pytest

import symbackprop as sb


def deep(activation: str, weights: str, depth: int = 50) -> sb.Network:
    hidden = [sb.Dense(30, activation, weights=weights) for _ in range(depth)]
    return sb.Sequential([sb.Input(20), *hidden, sb.Dense(3), sb.SoftmaxCrossEntropy()])


def report(net: sb.Network, params: dict | None = None):  # type: ignore[no-untyped-def,type-arg]
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 20)), np.eye(3)[rng.integers(3, size=40)]
    return sb.compile_value_and_grad(net).diagnose(net.init(seed=0) if params is None else params, x=x, y=y)


@pytest.mark.parametrize(
    ("activation", "weights", "verdict"),
    [
        ("tanh", "orthogonal", "healthy"),
        ("tanh", "normal(0.05)", "vanishing"),
        ("tanh", "normal(1.5)", "saturated"),
        ("relu", "he_normal", "healthy"),
        ("relu", "normal(1.0)", "exploding"),
        ("sigmoid", "glorot_uniform", "vanishing"),
    ],
)
def test_a_deep_network_and_its_beginning(activation: str, weights: str, verdict: str) -> None:
    found = report(deep(activation, weights, 12))
    assert found.verdict == verdict
    assert bool(found) == (verdict == "healthy")
    assert verdict in str(found).split("\n")[-1] and len(found.rows) == 13
    assert found.advice in str(found) or verdict == "healthy"


def test_dead_units() -> None:
    net = deep("relu", "he_normal", 2)
    params = net.init(seed=0)
    params["b1"][:20] = -100.0
    found = report(net, params)
    assert found.rows[0].dead == pytest.approx(20 / 30) and found.rows[0].verdict == "dead"
    assert math.isnan(found.rows[0].saturated)  # half of its inputs are below 0 where all is well


def test_the_numbers_by_hand() -> None:
    net = sb.read_layers("input 3\ndense 4 tanh\ndense 2\nloss squared_error")
    params, rng = net.init(seed=0), np.random.default_rng(0)
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    W1, b1, W2, b2 = params.values()
    a1 = np.tanh(x @ W1.T + b1)
    delta2 = a1 @ W2.T + b2 - y
    delta1 = (delta2 @ W2) * (1 - a1**2)
    first, second = sb.compile_grad(net).diagnose(params, x, y).rows

    def rms(*arrays: np.ndarray) -> float:
        return math.sqrt(np.mean(np.concatenate([array.ravel() for array in arrays]) ** 2))

    assert first.activation == pytest.approx(rms(a1)) and second.delta == pytest.approx(rms(delta2))
    assert first.delta == pytest.approx(rms(delta1))
    gradient = rms(delta1.T @ x / 5, delta1.sum(axis=0) / 5)
    assert first.gradient == pytest.approx(gradient) and first.ratio == pytest.approx(gradient / rms(W1, b1))
    norms = [np.linalg.norm((1 - a[:, None] ** 2) * W1, 2) for a in a1[:3]]
    assert first.stretch == pytest.approx(max(norms), rel=0.02)
    assert second.stretch == pytest.approx(np.linalg.norm(W2, 2), rel=0.02)


@pytest.mark.parametrize("batch", ["columns", "none"])
def test_other_conventions(batch: str) -> None:
    layers = sb.read_layers("input 3\ndense 4 relu\nresidual\n    dense 4 tanh\ntanh\nloss squared_error").layers
    net = sb.Sequential(layers, batch=batch)
    shape = {"columns": (5,), "none": ()}[batch]
    found = sb.compile_grad(net).diagnose(net.init(seed=0), x=np.ones((3, *shape)), y=np.zeros((4, *shape)))
    assert [row.layer for row in found.rows] == ["dense 1", "residual 2", "activation 2"]
    assert all(math.isfinite(row.stretch) for row in found.rows)


def test_nan_is_seen() -> None:
    net = deep("relu", "he_normal", 2)
    params = net.init(seed=0)
    params["W2"][0, 0] = np.nan
    assert report(net, params).verdict == "exploding"


def test_a_network_without_loss_is_refused() -> None:
    net = sb.read_layers("input 3\ndense 2")
    with pytest.raises(sb.UnsupportedError, match="end it with a loss"):
        sb.compile_value(net).diagnose(net.init(), x=np.ones((1, 3)))


def test_plots_and_pickles() -> None:
    net = deep("tanh", "orthogonal", 2)
    g = pickle.loads(pickle.dumps(sb.compile_grad(net)))
    assert g.network == net
    rng = np.random.default_rng(0)
    found = g.value.diagnose(net.init(seed=0), rng.normal(size=(4, 20)), np.eye(3)[[0, 1, 2, 0]])
    above, below = found.plot().axes
    assert len(above.lines) == 3 and len(below.lines) == 2
    assert above.lines[0].get_ydata()[0] == pytest.approx(found.rows[0].activation)


@pytest.mark.parametrize(
    ("text", "shape", "titles"),
    [
        ("input 1 8 8\nconv2d 4 3 relu\nmax_pool2d 2\nflatten\ndense 3\n", (1, 8, 8), {"conv2d 1", "dense 2"}),
        ("input 4 3\nlstm 4\nmulti_head_attention 2\nlayer_norm\nflatten\ndense 3\n", (4, 3), {"lstm 1", "dense 4"}),
    ],
)
def test_layers_of_other_kinds(text: str, shape: tuple[int, ...], titles: set[str]) -> None:
    net = sb.read_layers(f"{text}loss softmax_cross_entropy labels=index")
    x = np.random.default_rng(0).normal(size=(6, *shape))
    found = sb.compile_grad(net).diagnose(net.init(seed=0), x, [0, 1, 2, 0, 1, 2])
    assert found and titles <= {row.layer for row in found.rows}
