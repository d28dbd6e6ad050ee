"""Every primitive, from the registry alone: its samples and points in batches against a stack of single calls."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from batches import agree
from primitive_meanings import dtypes_of

from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import Input, make_input
from symbackprop.ops import primitives
from symbackprop.ops.declare import Primitive
from symbackprop.transform.batching.rules import REFUSED

ELEMENTWISE = [p for p in primitives().values() if p.kind == "elementwise"]
OTHERS = [p for p in primitives().values() if p.samples is not None and p.samples()]
RAN: Counter[str] = Counter()
BY_MASK = ("masked", "place_masked", "place_counted")  # whose masks are refused as batches
WITHOUT_ARGUMENTS = ("arange", "eye")
SIZE = 3


def drawn(x: Input, number: int) -> Any:
    """Return the value of an input in an example; positions are 0 and 1."""
    shape: tuple[int, ...] = x.shape  # type: ignore[assignment]
    rng = np.random.default_rng((x.index, number))
    if is_float(x.dtype):
        return rng.uniform(0.2, 0.8, shape).astype(x.dtype)
    if x.dtype == "bool":
        return np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2 == number % 2
    return rng.integers(0, 2, shape)


@pytest.mark.parametrize("primitive", ELEMENTWISE, ids=lambda p: p.name)
def test_points(primitive: Primitive) -> None:
    points = list(primitive.points)

    def draw(x: Input, number: int) -> Any:
        value = points[number % len(points)][x.index]
        return np.full(x.shape, value, dtype=x.dtype)[()]  # type: ignore[arg-type]

    for shape in ((), (2,)):
        inputs = [make_input(i, shape, dtype) for i, dtype in enumerate(dtypes_of(primitive))]
        node = primitive(*inputs, **primitive.defaults)
        RAN[primitive.name] += agree(node, draw, len(points), rtol=1e-13)


@pytest.mark.parametrize("primitive", OTHERS, ids=lambda p: p.name)
def test_samples(primitive: Primitive) -> None:
    def draw(x: Input, number: int) -> Any:
        value = drawn(x, 0 if x.dtype == "bool" and primitive.name in BY_MASK else number)
        return np.sort(value) if primitive.name == "searchsorted" and x.index == 0 else value

    assert primitive.samples is not None
    for node in primitive.samples():
        try:
            RAN[primitive.name] += agree(node, draw, SIZE)
        except UnsupportedError as error:
            assert f"batch= of a formula with {primitive.name}" in str(error)
            assert primitive in REFUSED or primitive.name in BY_MASK
            RAN[primitive.name] += primitive.name in BY_MASK


def test_every_primitive_was_tried_or_is_refused() -> None:
    if len(RAN) < 10:
        pytest.skip("only when the whole file runs")
    known = {name for name, count in RAN.items() if count} | {op.name for op in REFUSED} | set(WITHOUT_ARGUMENTS)
    missing = [name for name in primitives() if name not in known and name != "require"]
    assert not missing, missing
