"""Positions that are named once are added to as they stand; those that may repeat by `np.add.at`."""

import numpy as np
import pytest

import symbackprop as sb

ROWS, COLUMNS, Y = np.arange(3)[:, None], np.arange(3), np.array([[0, 0, 1], [2, 2, 2], [1, 0, 1]])


@pytest.mark.parametrize(
    ("read", "places", "distinct"),
    [
        ("x[arange(len(x))[:, None], arange(x.shape[1]), y]", (ROWS, COLUMNS, Y), True),
        ("x[arange(len(x))[:, None], y, arange(x.shape[1])]", (ROWS, Y, COLUMNS), True),
        ("x[arange(len(x))[:, None], arange(x.shape[1])[::-1], y]", (ROWS, COLUMNS[::-1], Y), False),  # it is not seen
        ("x[:, arange(x.shape[1]), y]", (slice(None), COLUMNS, Y), False),
        ("x[y, arange(x.shape[1]), y]", (Y, COLUMNS, Y), False),
        ("x[arange(len(x))[:, None], y, y]", (ROWS, Y, Y), False),
    ],
)
def test_positions_along_several_axes(read: str, places: tuple[np.ndarray, ...], distinct: bool) -> None:
    compiled = sb.compile_grad(f"sum(sin({read}))", inputs={"x": "m t k", "y": "m t : int"}, wrt="x")
    assert ("np.add.at" not in compiled.source) == distinct
    x = np.random.default_rng(0).normal(size=(3, 3, 3))
    expected = np.zeros_like(x)
    np.add.at(expected, places, np.cos(x[places]))
    np.testing.assert_allclose(compiled(x, Y), expected, rtol=1e-14)
