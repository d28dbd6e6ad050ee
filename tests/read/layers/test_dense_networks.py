"""Dense networks: the worked examples 5 to 12 by hand, conventions of the batch, and the printed backward pass."""

import numpy as np
import pytest

import symbackprop as sb

TWO_LAYERS = "input 3\ndense 4 {activation}\ndense 2\nloss squared_error\n"
SLOPES = {
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
    "relu": lambda z: (z > 0) * 1.0,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)) * (1 - 1 / (1 + np.exp(-z))),
    "identity": np.ones_like,
}
VALUES = {
    "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "identity": lambda z: z,
}  # fmt: skip


def code(function: sb.CompiledFunction) -> str:
    return function.source.split('"""')[-1]


@pytest.mark.parametrize("activation", SLOPES)
def test_two_layers_by_hand(activation: str) -> None:
    net = sb.read_layers(
        TWO_LAYERS.format(activation=activation),
    )
    one = sb.Sequential(net.layers, batch="none")
    params, rng = one.init(seed=3), np.random.default_rng(0)
    x, y = rng.normal(size=3), rng.normal(size=2)
    W1, b1, W2, b2 = params.values()
    z1 = W1 @ x + b1
    a1 = VALUES[activation](z1)
    delta2 = W2 @ a1 + b2 - y
    delta1 = (W2.T @ delta2) * SLOPES[activation](z1)
    g = sb.compile_value_and_grad(one, wrt=("params", "x"))
    loss, (grads, x_bar) = g(params, x=x, y=y)
    assert loss == pytest.approx(0.5 * np.sum(delta2**2), rel=1e-14)
    expected = {"W1": np.outer(delta1, x), "b1": delta1, "W2": np.outer(delta2, a1), "b2": delta2}
    for name, array in expected.items():
        np.testing.assert_allclose(grads[name], array, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(x_bar, W1.T @ delta1, rtol=1e-12)
    assert g.verify()


@pytest.mark.parametrize("batch", ["rows", "columns"])
def test_a_batch_is_the_mean_of_its_examples(batch: str) -> None:
    layers = sb.read_layers("input 3\ndense 4 tanh\ndense 5 relu\ndense 2\nloss softmax_cross_entropy").layers
    net, one = sb.Sequential(layers, batch=batch), sb.Sequential(layers, batch="none")
    params, rng = net.init(seed=3), np.random.default_rng(0)
    x, y = rng.normal(size=(6, 3)), np.eye(2)[rng.integers(2, size=6)]
    single = sb.compile_value_and_grad(one)
    each = [single(params, x=row, y=label) for row, label in zip(x, y, strict=True)]
    g = sb.compile_value_and_grad(net)
    loss, grads = g(params, x=x, y=y) if batch == "rows" else g(params, x=x.T, y=y.T)
    assert loss == pytest.approx(np.mean([value for value, _ in each]), rel=1e-13)
    for name, array in grads.items():
        np.testing.assert_allclose(
            array, np.mean([gradient[name] for _, gradient in each], axis=0), rtol=1e-11, atol=1e-15
        )


def test_columns_are_the_textbook_s() -> None:
    net = sb.read_layers("network batch=columns\ninput 3\ndense 4 tanh\ndense 2\nloss squared_error")
    text = code(sb.compile_value_and_grad(net))
    assert "z1 = W1 @ x + b1[:, None]" in text
    assert "delta1 = (W2.T @ delta2) * (1.0 - a1 * a1)" in text
    assert "delta1 @ x.T" in text and "delta1.sum(axis=1)" in text and text.count("einsum") == 1


def test_softmax_with_cross_entropy_prints_p_minus_y() -> None:
    text = code(sb.compile_grad("input 3\ndense 2\nloss softmax_cross_entropy"))
    assert "delta1 = p - y" in text


def test_the_printed_code_of_the_classic_network() -> None:
    g = sb.compile_value_and_grad(
        "input 784\ndense 256 tanh\ndense 128 tanh\ndense 10\nloss softmax_cross_entropy"
    )  # fmt: skip
    text = code(g)
    assert len(text.strip().split("\n")) <= 60
    assert "einsum" not in text
    for number in (1, 2, 3):
        assert f"    delta{number} = " in text
        assert f"W{number}_bar = " in text and f"b{number}_bar = " in text
    comments = [line.partition("# ")[2][:3] for line in text.split("\n") if "# BP" in line]
    assert comments == ["BP1", "BP3", "BP4", "BP2", "BP3", "BP4", "BP2", "BP3", "BP4"]


def test_residual() -> None:
    net = sb.Sequential([sb.Input(3), sb.Residual((sb.Dense(3, "tanh"),)), sb.SquaredError()], batch="none")
    params, rng = net.init(seed=0), np.random.default_rng(1)
    x, y = rng.normal(size=3), rng.normal(size=3)
    W, b = params.values()
    u = x + np.tanh(W @ x + b) - y
    jacobian = (1 - np.tanh(W @ x + b) ** 2)[:, None] * W
    np.testing.assert_allclose(sb.compile_grad(net, wrt="x")(params, x=x, y=y), u + jacobian.T @ u, rtol=1e-12)


def test_wrt() -> None:
    net = sb.read_layers("input 3\ndense 2\nloss squared_error")
    params = net.init(seed=0)
    x, y = np.ones((4, 3)), np.zeros((4, 2))
    whole = sb.compile_grad(net)(params, x, y)
    assert np.array_equal(sb.compile_grad(net, wrt="W1")(params, x, y), whole["W1"])
    weights, inputs = sb.compile_grad(net, wrt=["params", "x"])(params, x, y)
    assert list(weights) == ["W1", "b1"] and inputs.shape == (4, 3)
    with pytest.raises(sb.UnknownNameError, match="Did you mean W1"):
        sb.compile_grad(net, wrt="w1")
    with pytest.raises(sb.UnsupportedError, match="twice"):
        sb.compile_grad(net, wrt=["params", "W1"])


def test_parameters_begin() -> None:
    net = sb.read_layers(
        "input 100\ndense 80 relu\ndense 60 weights=orthogonal\ndense 3 weights=normal(0.5) biases=2.0"
    )
    params = net.init(seed=0)
    assert params["W1"].std() == pytest.approx(np.sqrt(2 / 100), rel=0.05)
    np.testing.assert_allclose(params["W2"] @ params["W2"].T, np.eye(60), atol=1e-12)
    assert params["W3"].std() == pytest.approx(0.5, rel=0.2) and params["b3"].tolist() == [2.0] * 3
    assert all(np.array_equal(array, net.init(seed=0)[name]) for name, array in params.items())
    assert net.init(seed=0, dtype="float32")["W1"].dtype == np.float32
    given = sb.Sequential([sb.Input(2), sb.Dense(1, weights=[[1.0, 2.0]])])
    assert given.init()["W1"].tolist() == [[1.0, 2.0]]
    assert sb.read_layers(given.to_json()) == given
    wrong = sb.Sequential([sb.Input(3), sb.Dense(1, weights=[[1.0, 2.0]])])
    with pytest.raises(sb.ShapeError, match=r"parameter W1: the array that is given has shape \(1, 2\)"):
        wrong.init()


def test_single_precision_throughout() -> None:
    net = sb.read_layers("input 3\ndense 4 relu\ndense 2\nloss softmax_cross_entropy")
    g = sb.compile_value_and_grad(net, dtype="float32")
    x, y = np.ones((5, 3), np.float32), np.eye(2, dtype=np.float32)[[0, 1, 0, 1, 1]]
    loss, grads = g(net.init(seed=0, dtype="float32"), x=x, y=y)
    assert loss.dtype == np.float32 and all(array.dtype == np.float32 for array in grads.values())


def test_functions_are_layers() -> None:
    def swish(x, beta):  # type: ignore[no-untyped-def]
        return x / (1 + np.exp(-beta * x))

    layer = sb.FunctionLayer(swish, parameters=lambda shape: {"beta": shape}, weights={"beta": 1.0})
    net = sb.read_layers("input 3\ndense 2\nfunction swish\nloss squared_error", functions={"swish": layer})
    assert sb.read_layers(net.to_json(), functions=net.functions) == net
    params = net.init(seed=0)
    assert params["beta2"].tolist() == [1.0, 1.0]
    g = sb.compile_value_and_grad(net)
    assert g.verify()
    z = np.ones((1, 3)) @ params["W1"].T + params["b1"]
    assert g(params, x=np.ones((1, 3)), y=np.zeros((1, 2)))[0] == pytest.approx(0.5 * np.sum(swish(z, 1.0) ** 2))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: np.sum(x), "does not keep the axis of the examples"),
        (lambda x: (x, x), "returns a structure"),
    ],
)
def test_functions_that_are_no_layers(function: object, message: str) -> None:
    with pytest.raises(sb.SymbackpropError, match=message):
        sb.compile_value(sb.Sequential([sb.Input(3), sb.FunctionLayer(function)]))


def test_kept_and_sent(tmp_path: object) -> None:
    import pickle

    net = sb.read_layers("input 3\ndense 2 tanh\nloss squared_error")
    g = pickle.loads(pickle.dumps(sb.compile_value_and_grad(net)))
    assert pickle.loads(pickle.dumps(net)) == net
    assert "delta1" in g.source
    path = f"{tmp_path}/net.py"
    g.save(path)
    from symbackprop.api import check_saved

    check_saved(path)


def test_three_layers_unrolled() -> None:
    net = sb.Sequential(
        [sb.Input(3), sb.Dense(4, "tanh"), sb.Dense(5, "sigmoid"), sb.Dense(2, "tanh"), sb.SquaredError()], batch="none"
    )
    params, rng = net.init(seed=5), np.random.default_rng(5)
    x, y = rng.normal(size=3), rng.normal(size=2)
    a, slopes = x, []
    for number, name in enumerate(("tanh", "sigmoid", "tanh"), 1):
        z = params[f"W{number}"] @ a + params[f"b{number}"]
        a = VALUES[name](z)
        slopes.append(np.diag(SLOPES[name](z)))
    S1, S2, S3 = slopes
    delta1 = S1 @ params["W2"].T @ S2 @ params["W3"].T @ S3 @ (a - y)
    g = sb.compile_grad(net)
    np.testing.assert_allclose(g(params, x=x, y=y)["b1"], delta1, rtol=1e-11)
    text = code(g)
    assert "delta2 = (W3.T @ delta3) * (a2 * (1.0 - a2))" in text
    assert "W2_bar = np.outer(delta2, a1)" in text and '"b2": delta2' in text
