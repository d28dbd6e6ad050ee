"""Batches of random steps, with branches, tables and loops inside, against single calls."""

from __future__ import annotations

from typing import Any

import numpy as np
from comparing import RANDOM, flat, programs
from hypothesis import given, settings
from hypothesis import strategies as st
from random_steps import Program, arguments_of, declared, scanned

import symbackprop as sb


@settings(RANDOM, max_examples=15)
@given(
    programs(),
    st.sampled_from([1, 2, 5]),
    st.lists(st.sampled_from(["init", "xs", "shared"]), min_size=1, unique=True),
    st.integers(0, 2**32 - 1),
)
def test_loops(program: Program, steps: int, names: list[str], seed: int) -> None:
    rows = [arguments_of(program, steps, seed + i) for i in range(3)]
    names = [name for name in names if rows[0][name]]
    if not names:
        return
    shapes = declared(program, "n")
    one, many = (
        sb.compile_value_and_grad(scanned(program), inputs=shapes, batch=batch)
        for batch in (None, dict.fromkeys(names, 0))
    )
    with np.errstate(all="ignore"):  # of constants in branches that are never taken
        expected = [flat(one(**{key: row[key] if key in names else rows[0][key] for key in row})) for row in rows]
        found = flat(many(**{key: _stacked(key, rows) if key in names else rows[0][key] for key in rows[0]}))
    for position, value in enumerate(found):
        np.testing.assert_allclose(value, np.stack([row[position] for row in expected]), rtol=1e-9, atol=1e-9)


def _stacked(key: str, rows: list[Any]) -> dict[str, Any]:
    return {name: np.stack([row[key][name] for row in rows]) for name in rows[0][key]}
