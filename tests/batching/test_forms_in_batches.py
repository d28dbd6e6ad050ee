"""A documented form of every name in batches against single calls."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from coverage_table import TABLE
from numpy_forms import DECLARATION, SIZES, drawn

import symbackprop as sb

REFUSED = ("masked", "repeated_positions")  # where what is chosen differs between examples


def flat(tree: Any) -> list[Any]:
    """Return the arrays of a nest of results."""
    return [leaf for part in tree for leaf in flat(part)] if isinstance(tree, (tuple, list)) else [np.asarray(tree)]


@pytest.mark.parametrize("name", TABLE)
def test_a_form_of_every_name(name: str) -> None:
    formula, inputs = TABLE[name][-1]
    names = [DECLARATION.fullmatch(declaration)[1] for declaration in inputs.split()]  # type: ignore[index]
    rows = [drawn(formula + " " * i, inputs, SIZES) for i in range(3)]
    one = sb.compile_value(formula, inputs=inputs)
    try:
        many = sb.compile_value(formula, inputs=inputs, batch=dict.fromkeys(names, -1))
    except sb.UnsupportedError as error:
        if not any(f"with {refused} is not supported" in str(error) for refused in REFUSED):
            raise
        return
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of empty and undefined means
        expected = [flat(one(**row)) for row in rows]
        found = flat(many(**{name: np.stack([row[name] for row in rows], axis=-1) for name in names}))
    for position, value in enumerate(found):
        wanted = np.stack([row[position] for row in expected])
        assert value.dtype == wanted.dtype
        np.testing.assert_allclose(value, wanted, rtol=1e-9, atol=1e-10)
