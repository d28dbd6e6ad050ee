"""Maxima and minima of two arguments; ties share the derivative equally."""

from __future__ import annotations

from symbackprop.ir.node import Node, constant
from symbackprop.ops.broadcasting import cast
from symbackprop.ops.comparison import equal, greater, isnan, less, logical_or, where
from symbackprop.ops.declare import Primitive
from symbackprop.ops.elementwise import elementwise

__all__ = ["maximum", "minimum", "relu"]

_PAIRS = [(0.7, -1.9), (-1.0, 3.0), (2.0, 1.5)]
_SOURCE = "the derivative of the larger (smaller) argument; policy at ties"


def _share(wins: Node, ties: Node, like: Node) -> Node:
    return where(wins, constant(1, like.shape, like.dtype), where(ties, constant(0.5, like.shape, like.dtype), 0))


def _extremum(name: str, math: str, sympy: str | None, wins: Primitive) -> Primitive:
    return elementwise(
        name,
        numpy=f"np.{name}({{0}}, {{1}})",
        math=math,
        partials=(
            lambda x, y, out: _share(wins(x, y), equal(x, y), x),
            lambda x, y, out: _share(wins(y, x), equal(x, y), y),
        ),
        derivative="1 for the one chosen, 0 for the other",
        dtypes="numeric",
        points=_PAIRS,
        kinks="ties share equally: 1/2 each",
        analytic=False,
        sympy=sympy,
        source=_SOURCE,
    )


def _ignoring_nan(name: str, math: str, wins: Primitive) -> Primitive:
    return elementwise(
        name,
        numpy=f"np.{name}({{0}}, {{1}})",
        math=math,
        partials=(
            lambda x, y, out: _share(logical_or(wins(x, y), isnan(y)), equal(x, y), x),
            lambda x, y, out: _share(logical_or(wins(y, x), isnan(x)), equal(x, y), y),
        ),
        derivative="1 for the one chosen, 0 for the other",
        dtypes="numeric",
        points=_PAIRS,
        kinks="ties share equally: 1/2 each; a nan is not chosen",
        analytic=False,
        source=_SOURCE,
    )


maximum: Primitive = _extremum("maximum", "{0} if {0} >= {1} or {0} != {0} else {1}", "Max", greater)
minimum: Primitive = _extremum("minimum", "{0} if {0} <= {1} or {0} != {0} else {1}", "Min", less)
fmax: Primitive = _ignoring_nan("fmax", "{0} if {0} >= {1} or {1} != {1} else {1}", greater)
fmin: Primitive = _ignoring_nan("fmin", "{0} if {0} <= {1} or {1} != {1} else {1}", less)

relu: Primitive = elementwise(
    "relu",
    numpy="np.maximum({0}, 0.0)",
    math="{0} if {0} > 0.0 else 0.0",
    partials=(lambda x, out: cast(greater(x, 0), dtype=x.dtype),),
    derivative="x > 0",
    points=[(0.7,), (-1.3,), (2.0,)],
    kinks="the derivative at 0 is 0",
    analytic=False,
    source="max(x, 0)",
)
