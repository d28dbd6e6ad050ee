"""Forward accumulation, of which Jacobians are made, against gradients of reverse accumulation, for every word."""

from __future__ import annotations

from typing import Any

import formulas
import numpy as np
import pytest
from support import tangents_of

import symbackprop as sb
from symbackprop.ir.dtype import is_float
from symbackprop.ir.size import evaluate

FORMULAS = [*formulas.ALL, *formulas.WRITES, *formulas.CHOSEN]
GROUPS = 10
SIZES = {"n": 6, "d": 4, "k": 3}


@pytest.mark.parametrize("group", range(GROUPS))
def test_tangents_are_products_with_the_gradient(group: int) -> None:
    for text in FORMULAS[group::GROUPS]:
        tangent, product = both(text)
        assert tangent == pytest.approx(product, rel=1e-9, abs=1e-10, nan_ok=True), text


def both(text: str) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    gradient = sb.compile_grad(text, target="numpy")
    specs = gradient.signature
    shapes = [tuple(evaluate(size, SIZES) for size in spec.shape or ()) for spec in specs]
    values: list[Any] = [
        rng.normal(size=shape) if is_float(spec.dtype) else rng.integers(0, 2, size=shape)
        for spec, shape in zip(specs, shapes, strict=True)
    ]
    wrt = [spec.name for spec in specs if is_float(spec.dtype)]
    directions = [
        rng.normal(size=np.shape(value)) for value, spec in zip(values, specs, strict=True) if spec.name in wrt
    ]
    with np.errstate(all="ignore"):
        (tangent,) = tangents_of(gradient.recipe, wrt)(*values, *directions)
        parts = zip(gradient(*values), directions, strict=True)
        return float(tangent), float(sum(np.sum(slope * direction) for slope, direction in parts))
