"""The networks of `examples/networks` that recognise digits do so, and are verified at small sizes."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb
from examples.networks import digits_convolution, digits_lstm, digits_transformer
from examples.networks.digits_convolution import CONVOLUTION


def test_a_convolutional_network_recognises_digits(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = digits_convolution.main(epochs=12, seeds=1)["accuracy"]  # past 98 % in 25 epochs
    assert found > 0.97
    printed = capsys.readouterr().out
    assert "sliding_window_view" in printed and f"{found:.1%} of the test's digits" in printed and "epoch 12" in printed


def test_images_move_by_a_pixel_at_most() -> None:
    dot = np.zeros((200, 1, 8, 8))
    dot[:, 0, 0, 3] = 1.0
    images = digits_convolution.moved(np.random.default_rng(0), dot)
    count, channel, row, column = np.nonzero(images)
    assert images.shape == dot.shape and not channel.any()
    assert {*zip(row, column, strict=True)} == {(i, j) for i in (0, 1) for j in (2, 3, 4)}
    assert len(count) == len({*count}) < len(dot)  # some dots have left the image


def test_a_small_convolutional_network_verifies() -> None:
    small = CONVOLUTION.replace("8 8", "4 4").replace("dense 10", "dense 2")
    for channels in ("16", "32", "64"):
        small = small.replace(f"conv2d {channels}", "conv2d 1")
    assert sb.compile_value_and_grad(small).verify(points=1, seconds=0.1)


def test_an_lstm_recognises_digits_row_by_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert digits_lstm.main()["accuracy"] > 0.95
    assert "forget_gate * c + input_gate * candidate" in capsys.readouterr().out


def test_a_transformer_recognises_digits_of_patches(capsys: pytest.CaptureFixture[str]) -> None:
    assert digits_transformer.main()["accuracy"] > 0.95
    assert "p2 = " in capsys.readouterr().out


def test_patches_are_parts_of_the_image() -> None:
    image = np.arange(64.0).reshape(8, 8)
    (sequence,) = digits_transformer.patches(image.reshape(1, 64))
    corners = [image[:4, :4], image[:4, 4:], image[4:, :4], image[4:, 4:]]
    assert np.array_equal(sequence, [corner.ravel() for corner in corners])


def test_small_networks_of_sequences_verify() -> None:
    lstm = digits_lstm.ROW_BY_ROW.replace("8 8", "2 2").replace("64", "2").replace("dense 10", "dense 2")
    assert sb.compile_value_and_grad(lstm).verify(points=1, seconds=0.1)
    small = digits_transformer.PATCHES
    for whole, part in (("input 4 16", "input 2 2"), ("48", "2"), ("heads=4 units=96", "heads=1 units=1"), ("10", "2")):
        small = small.replace(whole, part)
    assert sb.compile_value_and_grad(digits_transformer.network(small)).verify(points=1, seconds=0.1)
