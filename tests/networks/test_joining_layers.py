"""Layers with several inputs, other shapes, tables, and activations with parameters: by hand, and what they refuse."""

import numpy as np
import pytest

import symbackprop as sb

RNG = np.random.default_rng(0)
SPECS = [
    "network batch=none\na = input 2\nb = input 2\ngated_sum from=a,b\nloss squared_error\n",
    "network batch=none\na = input 2\nb = input 2\nbilinear 2 from=a,b\nloss squared_error\n",
    "a = input 2\nb = input 1\nconcatenate from=a,b\nloss squared_error\n",
    "a = input 2\nb = input 2\nadd from=a,b\nloss squared_error\n",
    "input 2 int\nembedding 3 2\nflatten\nloss squared_error\n",
    "input 2 1\nprelu channels=true\nreshape 1 -1\nloss squared_error\n",
    "input 4\nmaxout\nprelu\nloss squared_error\n",
]


@pytest.mark.parametrize("text", SPECS)
def test_four_forms_and_the_gradient(text: str) -> None:
    net = sb.read_layers(text)
    assert net.to_text() == text
    assert sb.read_layers(net.to_json()) == sb.read_layers(net.to_toml()) == sb.read_layers(net.to_dict()) == net
    assert sb.Sequential(net.layers, batch=net.batch) == net
    reals = [name for name, spec in net.written.inputs.items() if spec.dtype == "float64"]
    assert sb.compile_value_and_grad(net, wrt=("params", *reals) if net.shapes else reals).verify(seconds=1.0)


@pytest.mark.parametrize("text", SPECS)
def test_single_precision_stays_single(text: str) -> None:
    net = sb.read_layers(text)
    inputs = {
        name: np.ones([size if isinstance(size, int) else 3 for size in spec.shape], spec.dtype.replace("64", "32"))
        for name, spec in net.written.inputs.items()
    }
    inputs = {name: array.astype(np.int64) if array.dtype == np.int32 else array for name, array in inputs.items()}
    g = sb.compile_value_and_grad(net, dtype="float32", wrt="params" if net.shapes else "y")
    loss, slopes = g(net.init(seed=0, dtype="float32"), **inputs)
    assert loss.dtype == np.float32
    for array in slopes.values() if isinstance(slopes, dict) else [slopes]:
        assert array.dtype == np.float32


def test_an_embedding_adds_up_at_rows_that_are_taken_often() -> None:
    net = sb.read_layers("input 3 int\nembedding 4 2\nloss squared_error sum")
    x, y = np.array([[0, 2, 2], [2, 0, 2]]), RNG.normal(size=(2, 3, 2))
    params = net.init(seed=0)
    expected = np.zeros((4, 2))
    for row, target in zip(x.ravel(), y.reshape(-1, 2), strict=True):
        expected[row] += params["E1"][row] - target
    g = sb.compile_grad(net)
    np.testing.assert_allclose(g(params, x=x, y=y)["E1"], expected, rtol=1e-13)
    assert "np.add.at" in g.source
    assert g(params, x=x[:0], y=y[:0])["E1"].tolist() == [[0.0, 0.0]] * 4


def test_maxout_shares_ties() -> None:
    net = sb.read_layers("network batch=none\ninput 4\nmaxout\nloss squared_error")
    slope = sb.compile_grad(net, wrt="x")({}, x=[1.0, 1.0, 2.0, 5.0], y=[0.0, 0.0])
    assert slope.tolist() == [0.5, 0.5, 0.0, 5.0]


def test_prelu_at_the_kink_has_its_slope() -> None:
    net = sb.read_layers("network batch=none\ninput 3\nprelu alpha=0.5\nloss squared_error")
    g = sb.compile_grad(net, wrt=("x", "params"))
    slope, grads = g(net.init(), x=[-2.0, 0.0, 2.0], y=[0.0, 2.0, 0.0])
    assert slope.tolist() == [-0.5, -1.0, 2.0]
    assert grads["alpha1"].shape == () and float(grads["alpha1"]) == 2.0


def test_a_gate_that_is_open_lets_the_first_through() -> None:
    net = sb.read_layers("a = input 2\nb = input 2\ngated_sum biases=50.0 weights=zeros from=a,b")
    a, b = RNG.normal(size=(2, 3, 2))
    np.testing.assert_allclose(sb.compile_value(net)(net.init(), a=a, b=b), a, rtol=1e-12)


def test_bilinear_is_a_form_for_each_unit() -> None:
    net = sb.read_layers("network batch=none\na = input 3\nb = input 2\nbilinear 4 from=a,b")
    params, a, b = net.init(seed=1), RNG.normal(size=3), RNG.normal(size=2)
    W, c = params.values()
    np.testing.assert_allclose(sb.compile_value(net)(params, a=a, b=b), [a @ W[k] @ b + c[k] for k in range(4)])
    large = sb.read_layers("a = input 30\nb = input 20\nbilinear 40 weights=he_normal bias=false from=a,b")
    assert large.init(seed=0)["W1"].std() == pytest.approx(np.sqrt(2 / 600), rel=0.05)


def test_sizes_with_names_are_kept() -> None:
    net = sb.read_layers("input t 3 h\nflatten")
    x = RNG.normal(size=(2, 4, 3, 5))
    f = sb.compile_value(net)
    assert np.array_equal(f({}, x=x), x.reshape(2, -1))
    assert f({}, x=x[:0]).shape == (0, 60)
    back = sb.read_layers("input t 4\nreshape t 2 -1")
    assert sb.compile_value(back)({}, x=x.reshape(2, 15, 4)).shape == (2, 15, 2, 2)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("input 6\nreshape 4 -1", sb.ShapeError, r"shape \(6,\) does not divide into \(4, -1\)"),
        ("input 6\nreshape -1 -1", sb.ArgumentError, "one size only"),
        ("input 6\nreshape -2 3", sb.ArgumentError, "-2 is no size"),
        ("input 6\nreshape 2 2", sb.ShapeError, r"shape \(2, 2\) does not hold what shape \(6,\) does, 6 entries"),
        ("input t 4\nreshape s 4", sb.ShapeError, r"shape \(s, 4\) does not hold"),
        ("network batch=columns\ninput 2 3\nflatten", sb.ArgumentError, "not written for examples as columns"),
        ("a = input 3\nb = input 2\nadd from=a,b", sb.ShapeError, r"a \(3,\), b \(2,\) arrived"),
        ("a = input 3\nb = input 2\ngated_sum from=a,b", sb.ShapeError, r"a \(3,\), b \(2,\) arrived"),
        ("a = input 3\ngated_sum from=a", sb.ArgumentError, "takes 2 values"),
        ("a = input 2 3\nb = input 3 2\nconcatenate from=a,b", sb.ShapeError, "only axis -1 may differ"),
        ("a = input 3\nb = input 3\nconcatenate axis=1 from=a,b", sb.ShapeError, r"no axis 1 in shape \(3,\)"),
        ("a = input 3\nb = input 3 int\nconcatenate from=a,b", sb.ArgumentError, "of one dtype"),
        ("a = input 4 3\nb = input 5 3\nbilinear 2 from=a,b", sb.ShapeError, "in their last axis only"),
        ("a = input 3\nb = input t\nbilinear 2 from=a,b", sb.ShapeError, "a last axis of known size"),
        ("a = input 3\nb = input 3\nbilinear 0 from=a,b", sb.ArgumentError, "at least one"),
        ("input 3\nembedding 4 2", sb.ArgumentError, "takes whole numbers, and 'x' is float"),
        ("input int\nembedding 4 0", sb.ArgumentError, "units is 0"),
        ("input 5\nmaxout 2", sb.ShapeError, r"in groups of 2; shape \(5,\) arrived"),
        ("input 5\nmaxout 0", sb.ArgumentError, "pieces is 0"),
        ("input t\nprelu channels=true", sb.ShapeError, r"shape \(t,\) arrived"),
    ],
)
def test_refused(text: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        sb.read_layers(text)
