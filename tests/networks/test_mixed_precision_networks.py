"""Networks in short floats: what is float32, what is not, and gradients that would be lost without a scale."""

import importlib.util
import warnings

import numpy as np
import pytest

import symbackprop as sb

BODY = "input 4\nresidual\n    dense 4 tanh\ndense 3 relu l2=0.001\ndense 2\nloss softmax_cross_entropy"
needs_bfloat16 = pytest.mark.skipif(importlib.util.find_spec("ml_dtypes") is None, reason="ml_dtypes is not installed")


def data(net: sb.Network, count: int = 6) -> tuple[dict, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    rng = np.random.default_rng(0)
    labels = np.eye(2, dtype=np.float32)[rng.integers(2, size=count)]
    return net.init(seed=0, dtype="float32"), rng.normal(size=(count, 4)).astype(np.float32), labels


@pytest.mark.parametrize(
    ("precision", "tolerance"), [("float16", 5e-3), pytest.param("bfloat16", 5e-2, marks=needs_bfloat16)]
)
def test_gradients_are_near_those_of_full_precision(precision: str, tolerance: float) -> None:
    net = sb.read_layers(f"network precision={precision}\n{BODY}")
    assert sb.read_layers(net.to_json()) == net == sb.read_layers(net.to_text())
    params, x, y = data(net)
    scale = {"loss_scale": 1024.0} if precision == "float16" else {}
    loss, grads, finite = sb.compile_value_and_grad(net)(params, x=x, y=y, **scale)
    exact = sb.compile_grad(BODY)(params, x=x, y=y)
    assert finite and loss.dtype == np.float32
    largest = max(np.abs(array).max() for array in exact.values())
    for name, array in grads.items():
        assert array.dtype == np.float32
        np.testing.assert_allclose(array, exact[name], atol=tolerance * largest)
    assert sb.compile_value(net.inference())(params, x=x).dtype == np.float32


def test_layers_compute_in_float16() -> None:
    text = sb.compile_value_and_grad(f"network precision=float16\n{BODY}").source.split('"""')[-1]
    assert "z1 = x_16 @ W1_16.T + b1_16" in text and "W1_16 = W1.astype(np.float16)" in text
    assert "wide_z3 = z3.astype(np.float32)" in text
    assert "(delta1.T @ x_16).astype(np.float32)" in text and "1.0 / loss_scale" in text
    assert "0.002 * W2" in text  # the penalty is that of the parameter itself, and is not scaled


def test_small_gradients_are_not_lost() -> None:
    text = "network precision=float16\ninput 4\ndense 3 tanh\ndense 1\nloss squared_error"
    net = sb.read_layers(text)
    g = sb.compile_grad(net)
    params, x, _ = data(net)
    params = {name: np.float32(1e-4) * array for name, array in params.items()}
    y = np.full((6, 1), 1e-4, np.float32)
    exact = sb.compile_grad(text.split("\n", 1)[1])(params, x, y)["W1"]
    without, _ = g(params, x=x, y=y, loss_scale=1.0)
    scaled, finite = g(params, x=x, y=y, loss_scale=2.0**20)
    assert finite and np.all(without["W1"] == 0.0)
    np.testing.assert_allclose(scaled["W1"], exact, atol=0.01 * np.abs(exact).max())


def test_an_overflow_is_a_flag_and_no_warning() -> None:
    net = sb.read_layers(f"network precision=float16\n{BODY}")
    params, x, y = data(net)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, _, finite = sb.compile_value_and_grad(net)(params, x=x, y=y, loss_scale=1e9)
    assert not finite


def test_training_with_a_scale_that_adapts() -> None:
    net = sb.read_layers(f"network precision=float16\n{BODY}")
    params, x, _ = data(net, 64)
    y = np.eye(2, dtype=np.float32)[(x.sum(axis=1) > 0).astype(int)]
    g, scale, skipped, good = sb.compile_value_and_grad(net), 2.0**24, 0, 0
    for _ in range(200):
        loss, grads, finite = g(params, x=x, y=y, loss_scale=scale)
        if not finite:
            scale, skipped, good = scale / 2, skipped + 1, 0
            continue
        good += 1
        scale = 2 * scale if good % 100 == 0 else scale
        params = {name: array - np.float32(0.3) * grads[name] for name, array in params.items()}
    assert skipped >= 1 and loss < 0.2
    assert all(np.isfinite(array).all() for array in params.values())


@pytest.mark.parametrize(
    "body",
    [
        "input 3 4\nlstm 3\ndense 2\nloss softmax_cross_entropy labels=index",
        "input 3 4\ngru 3 output=last stateful=true\ndense 2\nloss softmax_cross_entropy labels=index",
        "input 1 6 6\nconv2d 2 3 relu\nmax_pool2d 2\nflatten\ndense 2\nloss softmax_cross_entropy labels=index",
        "input 4\nbatch_norm\nlayer_norm\ndense 2\nloss squared_error",
    ],
)
def test_other_layers(body: str) -> None:
    net = sb.read_layers(f"network precision=float16\n{body}")
    g, exact = sb.compile_grad(net), sb.compile_grad(body)
    params, rng = net.init(seed=0, dtype="float32"), np.random.default_rng(0)
    given = {}
    for spec in g.graph.arguments:
        shape = tuple(5 if str(size) == "m" else int(str(size)) for size in spec.shape or ())
        if spec.name not in params and spec.name != "loss_scale" and spec.name not in net.written.states:
            given[spec.name] = rng.integers(2, size=shape) if spec.dtype == "int64" else rng.normal(size=shape)
    states = {"state": net.init_state("float32", m=5)} if net.written.states else {}
    found, *_ = g(params, **given, **states, loss_scale=256.0)
    expected = exact(params, **given, **states)
    expected = expected[0] if states else expected
    largest = max(np.abs(array).max() for array in expected.values())
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, atol=0.03 * largest)


def test_there_is_no_other_precision() -> None:
    with pytest.raises(sb.ArgumentError, match=r"precision is 'float8'.*Did you mean float16"):
        sb.Sequential([sb.Input(3)], precision="float8")


@pytest.mark.parametrize("norm", ["batch_norm", "layer_norm", "rms_norm", "group_norm 2"])
def test_statistics_are_float32(norm: str) -> None:
    body = f"input 4\n{norm}\nloss squared_error"
    net = sb.read_layers(f"network precision=float16\n{body}")
    x = np.array([[0.0, 600.0, 30.0, -600.0], [300.0, -30000.0, 2.0, 4.0], [1.0, 2.0, 3.0, 4.0]], np.float32)
    y, params = np.ones((3, 4), np.float32), net.init(seed=0, dtype="float32")
    states = {"state": net.init_state("float32")} if net.written.states else {}
    found, grads, finite = sb.compile_value_and_grad(net)(params, x=x, y=y, loss_scale=1.0, **states)
    expected, exact = sb.compile_value_and_grad(body)(params, x=x, y=y, **states)
    assert finite
    for name, array in exact.items():
        np.testing.assert_allclose(grads[name], array, atol=3e-3)
    if not states:
        assert found == pytest.approx(expected, rel=1e-3)
        return
    assert found[0] == pytest.approx(expected[0], rel=1e-3)
    for name, array in expected[1].items():
        assert found[1][name].dtype == np.float32
        np.testing.assert_allclose(found[1][name], array, rtol=1e-3)
    network = net.inference()
    assert np.isfinite(sb.compile_value(network)(params, x=x, state=found[1])[0]).all()
