"""The checks themselves: a rule off by 0.1 %, of the wrong sign or with its arguments swapped is caught."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import test_every_primitive as every

import symbackprop as sb
from symbackprop.diff.reverse import pull_back
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.ir.node import Apply, Node, constant, make_input
from symbackprop.ops import primitives
from symbackprop.ops.declare import Primitive


@contextmanager
def spoiled(primitive: Primitive, how: str) -> Iterator[None]:
    """Give `primitive` a wrong reverse rule for a while."""
    right = primitive.vjp

    def wrong(g: Node, out: Apply) -> Sequence[Node | None]:
        found = list(right(g, out))
        if how == "swapped":
            return found[::-1]
        factor = 1.001 if how == "off by 0.1 %" else -1
        return [None if x is None else factor * x for x in found]

    object.__setattr__(primitive, "vjp", wrong)
    try:
        yield
    finally:
        object.__setattr__(primitive, "vjp", right)


CASES = [
    (name, how)
    for name in ("tanh", "exp", "sqrt", "arctan2", "divide", "power", "hypot", "logaddexp", "softplus", "xlogy", "erf")
    for how in ("off by 0.1 %", "sign", "swapped")
    if how != "swapped" or primitives()[name].arity == 2
]


@pytest.mark.parametrize(("name", "how"), CASES)
def test_wrong_elementwise_rule_is_caught(name: str, how: str) -> None:
    primitive = primitives()[name]
    with spoiled(primitive, how), pytest.raises(AssertionError):
        every.test_partials_against_fifty_digits(primitive)


@pytest.mark.parametrize("name", ["mean", "prod", "max", "einsum", "softmax", "cumsum", "slice", "concatenate"])
@pytest.mark.parametrize("how", ["off by 0.1 %", "sign"])
def test_wrong_array_rule_is_caught(name: str, how: str) -> None:
    primitive = primitives()[name]
    node = primitive.samples()[0]  # type: ignore[misc]
    with spoiled(primitive, how), pytest.raises(AssertionError):
        every.both_modes(node, np.random.default_rng(0))


@pytest.mark.parametrize("how", ["off by 0.1 %", "sign"])
def test_wrong_rule_does_not_verify(how: str) -> None:
    with spoiled(primitives()["sin"], how):
        assert not sb.compile_grad("sin(x)*y").verify()


def test_a_rule_of_the_wrong_shape_names_the_primitive() -> None:
    right = primitives()["sum"]
    bad = replace(right, vjp=lambda g, out: [g])
    x = make_input(0, (3,), "float64")
    with pytest.raises(ShapeError, match="vjp of primitive 'sum'"):
        pull_back((bad(x, axes=(0,)),), (constant(1),), [x])


def test_a_rule_with_too_few_cotangents_names_the_primitive() -> None:
    bad = replace(primitives()["multiply"], vjp=lambda g, out: [g])
    x, y = make_input(0, (), "float64"), make_input(1, (), "float64")
    with pytest.raises(SymbackpropError, match="returned 1 cotangents for 2"):
        pull_back((bad(x, y),), (constant(1),), [x, y])
