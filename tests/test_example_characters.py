"""The network of `examples/networks/characters.py` learns to spell, hands its state on, and is verified at a small size."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb
from examples.networks import characters

NET = sb.read_layers(characters.NETWORK)


def test_characters_are_foreseen(capsys: pytest.CaptureFixture[str]) -> None:
    figures = characters.main(epochs=12)
    assert figures["last"] < figures["entropy"] - 1.5
    *_, cold, warm = capsys.readouterr().out.split("at temperature ")
    assert cold.startswith("0.5:\nTyger") and warm.startswith("1.0:\nTyger") and cold[4:300] != warm[4:300]


def test_chunks_are_the_text_at_several_places() -> None:
    text = characters.TEXT[:62]
    inputs, targets = zip(*characters.chunks(text, places=3, steps=8), strict=True)
    read = np.concatenate(inputs, axis=1)
    assert [x.shape for x in inputs] == [(3, 8), (3, 8), (3, 4)]
    assert np.array_equal(read.ravel(), characters.codes(text)[:60])
    assert np.array_equal(np.concatenate(targets, axis=1).ravel(), characters.codes(text)[1:61])


def test_two_chunks_are_one_long_one_where_the_state_is_handed_on() -> None:
    output, params = sb.compile_value(NET.inference()), NET.init(seed=0)
    (x, _), *_ = characters.chunks(characters.TEXT, places=2, steps=20)
    whole, last = output(params, x=x, state=NET.init_state(m=2))
    one, state = output(params, x=x[:, :7], state=NET.init_state(m=2))
    other, state = output(params, x=x[:, 7:], state=state)
    np.testing.assert_allclose(np.concatenate([one, other], axis=1), whole, rtol=1e-12)
    np.testing.assert_allclose(state["c2"], last["c2"], rtol=1e-12)


def test_a_cold_sample_is_what_is_most_likely() -> None:
    params = NET.init(seed=0)
    written = characters.sampled(NET, params, "Tyger", 12, temperature=1e-6)
    assert len(written) == 12
    outputs, _ = sb.compile_value(NET.inference())(params, x=characters.codes(written)[None], state=NET.init_state(m=1))
    assert np.array_equal(np.argmax(outputs[0, 4:-1], axis=1), characters.codes(written)[5:])


def test_a_small_network_of_characters_verifies() -> None:
    small = characters.NETWORK.replace("steps", "2").replace("96", "2")
    small = small.replace(f"{len(characters.ALPHABET)} 16", "3 2").replace(f"{len(characters.ALPHABET)}", "3")
    assert sb.compile_value_and_grad(small).verify(points=1, seconds=0.1)
