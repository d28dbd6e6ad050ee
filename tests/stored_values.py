"""The inputs at which gradients of an independent peer are stored: the script and the test draw the same."""

from __future__ import annotations

import re
import zlib
from typing import Any

import numpy as np

__all__ = ["drawn_for", "is_real"]

SIZES = {"n": 4, "d": 3}
_DECLARATION = re.compile(r"(\w+)(?:\[(.*?)\])?(?::(\w+))?")


def drawn_for(form: str, inputs: str) -> dict[str, Any]:
    """Return values of inputs: real numbers, positions up to 2, truth values."""
    rng = np.random.default_rng(zlib.crc32(f"{form} of {inputs}".encode()))
    values: dict[str, Any] = {}
    for declaration in inputs.split():
        name, shape_text, kind = _DECLARATION.fullmatch(declaration).groups()  # type: ignore[union-attr]
        sizes = shape_text.split(",") if shape_text else []
        shape = tuple(SIZES.get(size) or int(size) for size in sizes)
        if kind == "int":
            values[name] = rng.integers(0, 3, shape)
        elif kind == "bool":
            values[name] = rng.random(shape) < 0.6
        else:
            values[name] = rng.normal(size=shape)[()]
    return values


def is_real(value: Any) -> bool:
    """Tell whether a value is of real numbers."""
    return np.asarray(value).dtype.kind == "f"
