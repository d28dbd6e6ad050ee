"""Derivatives of binomial coefficients of order 1 and 2, at their zeros too; what is refused."""

from __future__ import annotations

from collections import Counter

import mpmath
import pytest
from support import graph_of, run

import symbackprop as sb
from symbackprop.diff.reverse import pull_back
from symbackprop.ir.node import Node, constant, make_input
from symbackprop.ops.binomial import binom
from symbackprop.simplify import lower
from symbackprop.simplify.pattern import rewrite

N, K = make_input(0, (), "float64"), make_input(1, (), "float64")
POINTS = [(5.0, -1.0), (5.0, -4.0), (3.0, 5.0), (3.0, 8.0), (0.5, -2.0), (-0.5, 1.5), (5.5, 2.5), (40.0, 3.0)]


def derivatives(orders: tuple[int, int]) -> Node:
    """Return the derivative of binom(n, k) of these orders."""
    node: Node = binom(N, K)
    for variable, order in zip((N, K), orders, strict=True):
        for _ in range(order):
            node = pull_back((node,), (constant(1, (), "float64"),), [variable])[variable]
    return rewrite(graph_of([node]), lower.rows(), Counter()).outputs[0]


@pytest.mark.parametrize("point", POINTS, ids=str)
@pytest.mark.parametrize("orders", [(1, 0), (0, 1), (2, 0), (1, 1), (0, 2)], ids=str)
def test_derivatives(orders: tuple[int, int], point: tuple[float, float]) -> None:
    (found,) = run([derivatives(orders)], dict(zip((N, K), point, strict=True)))
    with mpmath.workdps(60):
        expected = mpmath.diff(mpmath.binomial, point, orders)
    assert float(found) == pytest.approx(float(expected), rel=1e-12, abs=1e-14)


def test_third_derivatives_are_refused() -> None:
    with pytest.raises(sb.UnsupportedError, match="third derivatives of binom"):
        derivatives((2, 1))
