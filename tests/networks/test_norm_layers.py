"""Layers that normalise, and dropout: by hand, over several calls, at the edges, and what they refuse."""

import numpy as np
import pytest

import symbackprop as sb

NORMS = ["batch_norm", "layer_norm", "rms_norm", "group_norm 2"]


def call(net: sb.Network, x: np.ndarray, y: np.ndarray, dtype: str = "float64", **more: object) -> tuple:
    """Return what the compiled value and gradient of a network are, with the states to begin with."""
    g = sb.compile_value_and_grad(net, dtype=dtype, wrt=("params", "x"))
    state = {"state": net.init_state(dtype)} if net.written.states else {}
    return g(net.init(seed=0, dtype=dtype), x=x, y=y, **state, **more)


def test_running_statistics_move_towards_those_of_the_batch() -> None:
    net = sb.read_layers("input 2\nbatch_norm momentum=0.25\nloss squared_error")
    f, state = sb.compile_value(net), net.init_state()
    assert {name: array.tolist() for name, array in state.items()} == {
        "running_mean1": [0.0, 0.0], "running_var1": [1.0, 1.0],
    }  # fmt: skip
    mean, var = np.zeros(2), np.ones(2)
    rng = np.random.default_rng(0)
    for _ in range(3):
        x = rng.normal(size=(4, 2))
        before = {name: array.copy() for name, array in state.items()}
        _, new = f(net.init(), x=x, y=x, state=state)
        mean, var = 0.75 * mean + 0.25 * x.mean(axis=0), 0.75 * var + 0.25 * x.var(axis=0, ddof=1)
        np.testing.assert_allclose(new["running_mean1"], mean, rtol=1e-14)
        np.testing.assert_allclose(new["running_var1"], var, rtol=1e-14)
        assert all(np.array_equal(state[name], before[name]) for name in state)
        state = new


def test_inference_uses_what_was_gathered() -> None:
    net = sb.read_layers("input 2\nbatch_norm eps=0.5\nloss squared_error").inference()
    state = {"running_mean1": np.array([1.0, 2.0]), "running_var1": np.array([3.5, 8.5])}
    params = {"gamma1": np.array([1.0, 2.0]), "beta1": np.array([0.0, 1.0])}
    value, new = sb.compile_value(net)(params, x=[[3.0, 5.0]], state=state)
    np.testing.assert_allclose(value, [[1.0, 3.0]], rtol=1e-15)
    assert all(np.array_equal(new[name], state[name]) for name in state)


@pytest.mark.parametrize("norm", NORMS)
def test_gradients_are_verified(norm: str) -> None:
    net = sb.read_layers(f"input {1 if norm == 'batch_norm' else 2}\n{norm}\nloss squared_error")
    assert sb.compile_value_and_grad(net, wrt=("params", "x")).verify(seconds=1.0)


@pytest.mark.parametrize("norm", [*NORMS, "dropout 0.25"])
def test_single_precision_stays_single(norm: str) -> None:
    net = sb.read_layers(f"input 4\n{norm}\nloss squared_error")
    x = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    value, (grads, x_bar) = call(net, x, np.zeros_like(x), "float32", **net.masks(seed=0, m=3))
    loss, states = value if isinstance(value, tuple) else (value, {})
    for array in (loss, x_bar, *grads.values(), *states.values()):
        assert array.dtype == np.float32


@pytest.mark.parametrize("norm", ["layer_norm", "rms_norm", "group_norm 2"])
@pytest.mark.parametrize("count", [0, 1])
def test_no_example_and_one(norm: str, count: int) -> None:
    net = sb.read_layers(f"input 4\n{norm}\nloss squared_error sum")
    x = np.arange(4.0 * count).reshape(count, 4)
    loss, (grads, x_bar) = call(net, x, np.zeros_like(x))
    assert np.isfinite(loss) and x_bar.shape == x.shape
    assert all(np.isfinite(array).all() for array in grads.values())


def test_examples_that_are_all_alike_have_no_slope() -> None:
    net = sb.read_layers("input 4\nlayer_norm\nloss squared_error")
    x, y = np.full((2, 4), 3.0), np.array([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0]])
    _, (grads, x_bar) = call(net, x, y)
    assert grads["gamma1"].tolist() == [0.0] * 4
    np.testing.assert_allclose(x_bar[0], 0.5 * (y[0].mean() - y[0]) / np.sqrt(1e-5), rtol=1e-12)


def test_a_batch_of_one_has_no_variance() -> None:
    net = sb.read_layers("input 2\nbatch_norm\nloss squared_error sum")
    for count in (0, 1):
        with pytest.raises(
            sb.ArgumentError, match=f"one value a channel has no variance: needs 2 <= m, got 2 and {count}"
        ):
            call(net, np.ones((count, 2)), np.ones((count, 2)))
    inference = sb.compile_value(net.inference())
    assert inference(net.init(seed=0), x=[[1.0, 2.0]], state=net.init_state())[0].tolist()[0] == pytest.approx(
        [1.0, 2.0], rel=1e-4
    )
    net = sb.read_layers("input 2 t\nbatch_norm\nloss squared_error")
    (loss, _), _ = call(net, np.array([[[1.0, 3.0], [2.0, 2.0]]]), np.zeros((1, 2, 2)))
    assert loss == pytest.approx(1.0, rel=1e-4)


def test_dropout_scales_what_is_kept() -> None:
    net = sb.read_layers("network batch=none\ninput 4\ndropout 0.2\nloss squared_error")
    x, mask = np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, True, True])
    kept = np.where(mask, x / 0.8, 0.0)
    g = sb.compile_grad(net, wrt="x")
    np.testing.assert_allclose(g({}, x=x, mask=mask, y=np.zeros(4)), kept * mask / 0.8, rtol=1e-15)
    assert sb.compile_value(net.inference())({}, x=x).tolist() == x.tolist()
    assert "mask" not in net.inference().written.inputs


def test_masks() -> None:
    net = sb.read_layers("input 50\ndropout 0.2\ndense 40\ndropout 0.7\nrepeat 2\n    dropout\n")
    masks = net.masks(seed=1, m=30)
    assert {name: mask.shape for name, mask in masks.items()} == {
        "mask": (30, 50), "mask1": (30, 40), "mask1_2": (30, 40), "mask1_3": (30, 40),
    }  # fmt: skip
    rates = [1 - mask.mean() for mask in masks.values()]
    np.testing.assert_allclose(rates, [0.2, 0.7, 0.5, 0.5], atol=0.05)
    again = net.masks(seed=1, m=30)
    assert all(np.array_equal(mask, again[name]) for name, mask in masks.items())
    assert sb.read_layers("input 3\ndropout 0.0").masks() == {}
    with pytest.raises(sb.ArgumentError, match=r"mask mask has an axis of size m; give it: masks\(m=\.\.\.\)"):
        net.masks(seed=1)


@pytest.mark.parametrize(
    "text",
    [
        "input 4\nbatch_norm 0.2 eps=0.001 offset=false gamma=0.5\nlayer_norm\nrms_norm\ngroup_norm 2\ndropout 0.3\n",
        "input 3 4\nlayer_norm 2 scale=false\nrms_norm offset=true beta=normal(0.1)\ndropout\n",
    ],
)
def test_four_forms(text: str) -> None:
    net = sb.read_layers(text)
    assert net.to_text() == text
    assert sb.read_layers(net.to_json()) == sb.read_layers(net.to_toml()) == sb.read_layers(net.to_dict()) == net
    assert sb.Sequential(net.layers) == net


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("input 3\nbatch_norm eps=-1.0", sb.ArgumentError, "eps is -1.0; a positive number"),
        ("input 3\nlayer_norm eps=0", sb.ArgumentError, "eps is 0.0; a positive number"),
        ("input 3\nrms_norm eps=nan", sb.ArgumentError, "eps is .?nan"),
        ("input 3\nbatch_norm 1.5", sb.ArgumentError, "momentum is 1.5"),
        ("input\nbatch_norm", sb.ShapeError, r"shape \(\) arrived"),
        ("input c 3\nbatch_norm", sb.ShapeError, r"shape \(c, 3\) arrived"),
        ("network batch=none\ninput 3\nbatch_norm", sb.ShapeError, "one value a channel has no variance"),
        ("network batch=none\ninput 3 1 1\nbatch_norm", sb.ShapeError, "one value a channel has no variance"),
        ("input 3\nlayer_norm 2", sb.ShapeError, r"needs 2 axes an example; shape \(3,\) arrived"),
        ("input 3\nlayer_norm 0", sb.ArgumentError, "axes is 0"),
        ("input 3 t\nrms_norm", sb.ShapeError, r"a parameter for each of \(t,\) entries"),
        ("input 3\ngroup_norm 2", sb.ShapeError, r"in 2 groups of the same size; shape \(3,\) arrived"),
        ("input 3\ngroup_norm 0", sb.ArgumentError, "groups is 0"),
        ("input 3\ngroup_norm", sb.ArgumentError, "needs groups"),
        ("input 3\ndropout 1.0", sb.ArgumentError, "rate is 1.0"),
    ],
)
def test_refused(text: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        sb.read_layers(text)
