"""Axes that are joined after two groups of them have changed places are joined before."""

from __future__ import annotations

import numpy as np
import pytest
from differences import body_of

import symbackprop as sb


@pytest.mark.parametrize(
    ("inputs", "word", "is_joined_before"),
    [
        ("p[2,3,n]", "p.transpose(2, 0, 1).reshape(-1, 6)", True),
        ("p[n,2,3]", "p.transpose(1, 2, 0).reshape(6, -1)", True),
        ("p[2,3,n]", "p.transpose(2, 1, 0).reshape(-1, 6)", False),
        ("p[2,3,n]", "p.transpose(2, 0, 1).reshape(-1, 3)", False),
        ("p[2,3,n]", "p.transpose(2, 0, 1).reshape(-1)", False),
    ],
)
def test_value_gradient_and_order(inputs: str, word: str, is_joined_before: bool) -> None:
    compiled = sb.compile_value_and_grad(
        f"{inputs} -> sum(sin({word}) * arange(6 * p.size // 6).reshape({word}.shape))"
    )
    p = np.random.default_rng(0).normal(size=[4 if size == "n" else int(size) for size in inputs[2:-1].split(",")])
    found = eval(word, {"p": p})
    weights = np.arange(p.size).reshape(found.shape)
    value, (gradient,) = compiled(p)
    assert value == pytest.approx(np.sum(np.sin(found) * weights))
    places = eval(word, {"p": np.arange(p.size).reshape(p.shape)})
    expected = np.zeros(p.size)
    expected[places.ravel()] = (np.cos(found) * weights).ravel()
    np.testing.assert_allclose(gradient, expected.reshape(p.shape), rtol=1e-13)
    assert ("reshape before rotation" in compiled.rewrites) == is_joined_before
    assert "np.reshape(p, " in body_of(compiled) or not is_joined_before
