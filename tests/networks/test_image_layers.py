"""Convolutions and pooling: brute force, the sizes that come out, and what is refused."""

from itertools import product

import numpy as np
import pytest

import symbackprop as sb

RNG = np.random.default_rng(0)
SPECS = [
    "input 1 2 2\nconv2d 1 2 tanh padding=1 bias=false\nloss squared_error\n",
    "input 2 3\nconv1d 2 2 relu padding=same groups=2\nmax_pool1d 2\nloss squared_error\n",
    "input 1 2\nconv_transpose1d 1 2 stride=2 output_padding=1\navg_pool1d 2\nloss squared_error\n",
    "input 1 2 1\nconv_transpose2d 1 size=2,1 stride=2,1\navg_pool2d 2 padding=1 count_include_pad=false\n"
    "global_avg_pool\nloss squared_error\n",
    "input 2 2 3\nmax_pool2d size=1,2 stride=1\nglobal_max_pool\nloss squared_error\n",
]


@pytest.mark.parametrize("text", SPECS)
def test_four_forms_and_the_gradient(text: str) -> None:
    net = sb.read_layers(text)
    assert net.to_text() == text
    assert sb.read_layers(net.to_json()) == sb.read_layers(net.to_toml()) == sb.read_layers(net.to_dict()) == net
    one = sb.Sequential(net.layers, batch="none")
    assert sb.compile_value_and_grad(one, wrt=("params", "x") if one.shapes else "x").verify(seconds=1.0)


@pytest.mark.parametrize("text", SPECS)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_single_precision_stays_single_for_any_count(text: str, count: int) -> None:
    net = sb.read_layers(text.replace("squared_error", "squared_error sum"))
    shape = [count, *net.layers[0].shape]
    x = RNG.normal(size=shape).astype(np.float32)
    params = net.init(seed=0, dtype="float32")
    output = sb.compile_value(net.inference(), dtype="float32")(params, x=x)
    assert output.dtype == np.float32 and len(output) == count
    loss, (grads, x_bar) = sb.compile_value_and_grad(net, dtype="float32", wrt=("params", "x"))(
        params, x=x, y=np.zeros_like(output)
    )
    assert loss == pytest.approx(0.5 * np.sum(output**2), rel=1e-5)
    assert all(array.dtype == np.float32 for array in (x_bar, *grads.values()))


def test_a_convolution_by_its_definition() -> None:
    net = sb.read_layers("input 4 5 6\nconv2d 6 2,3 stride=2,1 padding=1,2 dilation=2 groups=2")
    params, x = net.init(seed=1), RNG.normal(size=(2, 4, 5, 6))
    W, b = params["W1"], RNG.normal(size=6)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (2, 2)))
    expected = np.zeros((2, 6, 3, 6))
    for o, i, j, k, l, c in product(range(6), range(3), range(6), range(2), range(3), range(2)):
        expected[:, o, i, j] += W[o, c, k, l] * padded[:, c + 2 * (o // 3), 2 * i + 2 * k, j + 2 * l]
    found = sb.compile_value(net)({"W1": W, "b1": b}, x=x)
    np.testing.assert_allclose(found, expected + b[:, None, None], rtol=1e-12)


def test_a_transposed_convolution_is_the_transpose() -> None:
    forward = sb.read_layers("input 2 5 7\nconv2d 3 3 stride=2 padding=1 bias=false")
    back = sb.read_layers("input 3 3 4\nconv_transpose2d 2 3 stride=2 padding=1 bias=false")
    W = forward.init(seed=0)["W1"]
    x, g = RNG.normal(size=(1, 2, 5, 7)), RNG.normal(size=(1, 3, 3, 4))
    there = sb.compile_value(forward)({"W1": W}, x=x)
    here = sb.compile_value(back)({"W1": W}, x=g)
    assert np.vdot(there, g) == pytest.approx(np.vdot(x, here), rel=1e-12)


def test_ties_share_equally() -> None:
    net = sb.read_layers("network batch=none\ninput 1 2 2\nmax_pool2d 2\nloss squared_error")
    assert sb.compile_grad(net, wrt="x")({}, x=np.ones((1, 2, 2)), y=np.zeros((1, 1, 1))).tolist() == [[[0.25] * 2] * 2]


def test_weights_begin_by_what_reaches_a_filter() -> None:
    params = sb.read_layers("input 8 9 9\nconv2d 64 5 relu groups=2").init(seed=0)
    assert params["W1"].shape == (64, 4, 5, 5)
    assert params["W1"].std() == pytest.approx(np.sqrt(2 / 100), rel=0.05)
    params = sb.read_layers("input 64 9 9\nconv_transpose2d 8 5 relu").init(seed=0)
    assert params["W1"].shape == (64, 8, 5, 5)
    assert params["W1"].std() == pytest.approx(np.sqrt(2 / (64 * 25)), rel=0.05)


def test_softmax_behind_a_convolution_is_over_channels() -> None:
    net = sb.read_layers("input 1 3 4\nconv2d 5 2 softmax")
    a = sb.compile_value(net)(net.init(seed=0), x=RNG.normal(size=(2, 1, 3, 4)))
    np.testing.assert_allclose(a.sum(axis=1), np.ones((2, 2, 3)), rtol=1e-13)


def test_sizes_with_names_are_checked_when_called() -> None:
    net = sb.read_layers("input 1 h w\nconv2d 2 3\nmax_pool2d 2")
    f, params = sb.compile_value(net), net.init(seed=0)
    assert f(params, x=np.zeros((1, 1, 6, 9))).shape == (1, 2, 2, 3)
    with pytest.raises(sb.SymbackpropError, match="a window fits into the image"):
        f(params, x=np.zeros((1, 1, 2, 9)))


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("input 3\nconv1d 2 3", sb.ShapeError, r"needs \(channels, length\) an example, .* shape \(3,\) arrived"),
        ("input c 3 3\nconv2d 2 3", sb.ShapeError, r"with a number of channels; shape \(c, 3, 3\) arrived"),
        ("input 2 3 3\nconv2d 2 5 padding=0,1", sb.ShapeError, r"reach over 5 entries, and shape \(3, 3\) has"),
        ("input 2 3\nconv1d 2 3 dilation=2 padding=0", sb.ShapeError, "reach over 5 entries"),
        ("input 2 3 3\nmax_pool2d 4", sb.ShapeError, "reach over 4 entries"),
        ("input 3 5\nconv1d 2 3 groups=2", sb.ShapeError, r"in 2 groups of the same size; shape \(3, 5\) arrived"),
        ("input 2 5\nconv1d 3 3 groups=2", sb.ArgumentError, "filters is 3; it is a multiple of groups, 2"),
        ("input 2 5\nconv1d 3 3 groups=0", sb.ArgumentError, "groups is 0"),
        ("input 2 5\nconv1d 3 0", sb.ArgumentError, "size is 0; it is a number of at least 1"),
        ("input 2 5\nconv1d 3 3,3", sb.ArgumentError, "size is 3, 3; it is a number of at least 1"),
        ("input 2 5 5\nconv2d 3 1,2,3", sb.ArgumentError, "it is a number or 2 of at least 1"),
        ("input 2 5\nconv1d 3 3 padding=sam", sb.ArgumentError, "Did you mean same?"),
        ("input 2 5\nconv1d 3 3 padding=same stride=2", sb.ArgumentError, "padding=same goes with stride=1"),
        ("input 2 5\nconv1d 3 3 padding=-1", sb.ArgumentError, "padding is -1"),
        ("input 2 5\nconv1d 3 3 rleu", sb.ArgumentError, "Did you mean relu?"),
        ("input 2 5\nconv_transpose1d 2 2 output_padding=1", sb.ArgumentError, "smaller than the stride"),
        ("input 2 2\nconv_transpose1d 2 2 padding=2", sb.ShapeError, "nothing of shape"),
        ("input 2 5\nmax_pool1d 2 padding=2", sb.ArgumentError, "at most half the size, 2"),
        ("input 2 5\navg_pool1d 2 stride=0", sb.ArgumentError, "stride is 0"),
        ("input 2\nglobal_avg_pool", sb.ShapeError, r"axes behind the channels; shape \(2,\) arrived"),
        ("network batch=columns\ninput 2 5\nconv1d 2 2", sb.ArgumentError, "not written for examples as columns"),
        ("network batch=columns\ninput 2 5\nmax_pool1d 2", sb.ArgumentError, "not written for examples as columns"),
        ("network batch=columns\ninput 2 5\nglobal_max_pool", sb.ArgumentError, "not written for examples as columns"),
    ],
)
def test_refused(text: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        sb.read_layers(text)
