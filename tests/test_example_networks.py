"""The examples of networks learn what they are to learn, and their gradients are verified."""

from __future__ import annotations

import pytest

import symbackprop as sb
from examples.networks import (
    deep_tanh,
    digits,
    forward_forward,
    reinforce,
    straight_through,
    synthetic_gradients,
    vae,
)


def test_a_perceptron_recognises_digits(capsys: pytest.CaptureFixture[str]) -> None:
    assert digits.main()["accuracy"] > 0.97
    printed = capsys.readouterr().out
    assert "delta3 = p - y" in printed and "healthy" in printed and "epoch 30" in printed


def test_fifty_layers_diagnosed() -> None:
    assert deep_tanh.main() == {"normal(0.05)": "vanishing", "normal(1.0)": "exploding", "orthogonal": "healthy"}


def test_binary_units_learn_parity() -> None:
    assert straight_through.main()["right"] == 1.0


def test_a_policy_finds_the_best_arms() -> None:
    figures = reinforce.main()
    assert figures["reward"] > 0.97 * figures["best"]


def test_a_variational_autoencoder_beats_the_mean_image() -> None:
    figures = vae.main(epochs=20)
    assert figures["test"] < figures["mean image"] - 1.0


def test_modules_learn_by_predicted_adjoints() -> None:
    figures = synthetic_gradients.main(epochs=25)
    assert figures["accuracy"] > 0.95 and figures["accuracy"] > figures["frozen"] - 0.01


def test_layers_learn_by_losses_of_their_own() -> None:
    assert forward_forward.main(epochs=15)["accuracy"] > 0.9


@pytest.mark.parametrize(
    "text",
    [
        "network batch=none\n" + digits.PERCEPTRON.replace("64", "3").replace("256", "2").replace("10", "2"),
        "input 2\ndense 2 tanh\ndense 2 tanh\nloss softmax_cross_entropy",
    ],
)
def test_networks_of_the_same_kind_at_small_sizes(text: str) -> None:
    assert sb.compile_value_and_grad(text).verify(points=1, seconds=2)


def test_a_binary_network_verifies() -> None:
    net = sb.Sequential([sb.Input(2), sb.Dense(2), sb.FunctionLayer(straight_through.binary), sb.SquaredError()])
    assert sb.compile_value_and_grad(net).value.verify(points=1, seconds=1)


@pytest.mark.parametrize(
    ("loss", "sizes", "wrt"),
    [
        (vae.loss, {"64": "3", "48": "2", "8": "2"}, vae.SHAPES),
        (forward_forward.loss, {}, {"W": "2 3", "b": "2"}),
    ],
)
def test_losses_written_in_numpy_verify(loss: object, sizes: dict[str, str], wrt: dict[str, str]) -> None:
    shapes = {name: " ".join(sizes.get(size, size) for size in text.split()) for name, text in wrt.items()}
    if loss is vae.loss:
        inputs = {"params": shapes, "x": "m 3", "noise": "m 2"}
    else:
        inputs = {"params": shapes, "positive": "m 3", "negative": "m 3"}
    assert sb.compile_value_and_grad(loss, inputs=inputs, wrt="params").verify(points=1, seconds=2)
