"""Every primitive, from the registry alone: its samples and points in batches against a stack of single calls."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from batches import agree, in_batches
from primitive_meanings import dtypes_of
from support import graph_of, inputs_of

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
BY_COUNT = ("repeated_positions",)
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
        inputs = inputs_of([node])
        among = [x for x in inputs if not is_refused(primitive, x)]
        if inputs and not among:
            continue
        RAN[primitive.name] += agree(node, draw, SIZE, among=among)


def is_refused(primitive: Primitive, x: Input) -> bool:
    """Tell whether a primitive is refused where this argument differs between examples."""
    return primitive.name in BY_COUNT or (primitive.name in BY_MASK and x.dtype == "bool")


@pytest.mark.parametrize("name", [*BY_MASK, *BY_COUNT])
def test_counts_that_differ_are_refused(name: str) -> None:
    primitive = primitives()[name]
    assert primitive.samples is not None
    for node in primitive.samples():
        for x in inputs_of([node]):
            if is_refused(primitive, x):
                with pytest.raises(
                    UnsupportedError, match=f"batch= of a formula with {name} is not supported: how many"
                ):
                    in_batches(graph_of([node]), [x], SIZE, 0)
                RAN[name] += 1


def test_every_primitive_was_tried_or_is_refused() -> None:
    if len(RAN) < 10:
        pytest.skip("only when the whole file runs")
    elsewhere = {
        "require",
        "assuming",
        *WITHOUT_ARGUMENTS,
        *(op.name for op in REFUSED),
    }  # see test_functions_in_batches.py
    elsewhere |= {"csr_array", "entries_array"}  # results: tests/transform/sparse/test_batches.py
    missing = [name for name in primitives() if not RAN[name] and name not in elsewhere]
    assert not missing, missing
