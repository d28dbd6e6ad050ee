"""Networks whose gradient computes activations again: by layers, and by segments."""

import tracemalloc

import numpy as np
import pytest

import symbackprop as sb


def deep(depth: int) -> sb.Network:
    hidden = [sb.Dense(64, "tanh", name=f"h{i}" if i % 10 == 0 else None) for i in range(1, depth + 1)]
    return sb.Sequential([sb.Input(64), *hidden, sb.Dense(10), sb.SoftmaxCrossEntropy()])


def peak(function: sb.CompiledFunction, *args: object) -> int:
    tracemalloc.start()
    function.function(*args)
    _, found = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return found


@pytest.mark.parametrize("checkpoint", ["sqrt", [f"h{i}" for i in range(10, 100, 10)]])
def test_a_hundred_layers_need_a_third_of_the_memory(checkpoint: object) -> None:
    net = deep(100)
    params, rng = net.init(seed=0), np.random.default_rng(0)
    x, y = rng.normal(size=(512, 64)), np.eye(10)[rng.integers(10, size=512)]
    whole, parts = sb.compile_value_and_grad(net), sb.compile_value_and_grad(net, checkpoint=checkpoint)
    assert peak(parts, params, x, y) <= 0.3 * peak(whole, params, x, y)
    loss, grads = parts(params, x, y)
    expected, others = whole(params, x, y)
    assert loss == expected
    assert all(np.array_equal(grads[name], others[name]) for name in others)
    assert parts.source.count("# again: ") >= 8
    assert "delta50 = " in parts.source or "delta_h50 = " in parts.source
    cost = parts.cost()
    assert cost.peak_bytes({"m": 512}) < 0.3 * whole.cost().peak_bytes({"m": 512})


def test_layers_that_are_not_there() -> None:
    with pytest.raises(sb.UnknownNameError, match="Did you mean"):
        sb.compile_grad(deep(20), checkpoint=["h11"])
