"""The dilogarithm Li2(x), SciPy's spence(x) = Li2(1 - x), and Li0(x) = x/(1 - x).

SciPy has few digits of Li2 near x = 0, where 1 - x rounds; there a series in log(1 - x) stands in.
"""

from __future__ import annotations

from fractions import Fraction

from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.comparison import equal, less, where
from symbackprop.ops.declare import Primitive
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.exponential import log, log1p
from symbackprop.ops.rounding import absolute

__all__ = ["dilogarithm", "odds", "spence"]

_SERIES = (  # B[2*k]/(2*k + 1)!, the even Bernoulli numbers over factorials
    Fraction(1, 36), Fraction(-1, 3600), Fraction(1, 211680), Fraction(-1, 10886400), Fraction(1, 526901760),
    Fraction(-691, 16999766784000), Fraction(1, 1120863744000), Fraction(-3617, 181400588328960000),
)  # fmt: skip


def _spence_slope(x: Node, out: Node) -> Node:
    """Return log(x)/(1 - x), which is -1 at x = 1."""
    at_one = equal(x, 1)
    return where(at_one, -1, log(x) / where(at_one, 1, 1 - x))


spence: Primitive = elementwise(
    "spence",
    numpy="special.spence({0})",
    partials=(_spence_slope,),
    derivative="log(x)/(1 - x), -1 at 1",
    points=[(0.7,), (0.01,), (1.6,), (30.0,)],
    safe=(1.0,),
    domain="x >= 0",
    analytic=False,
    flops=60,
    source="DLMF 25.12.2",
)


def _lower(node: Apply) -> Node:
    """Return the sum of B[k]*u**(k + 1)/(k + 1)! with u = -log(1 - x) for small x."""
    (x,) = node.args
    near = less(absolute(x), 0.5)
    u = -log1p(-where(near, x, 0))
    square = u * u
    series: Node = constant(_SERIES[-1], x.shape, x.dtype)
    for coefficient in reversed(_SERIES[:-1]):
        series = coefficient + square * series
    return where(near, u * (1 - u / 4 + square * series), spence(1 - x))


def _slope(x: Node, out: Node) -> Node:
    """Return -log(1 - x)/x, which is 1 at x = 0."""
    at_zero = equal(x, 0)
    return where(at_zero, 1, -log1p(-x) / where(at_zero, 1, x))


dilogarithm: Primitive = elementwise(
    "dilogarithm",
    numpy="special.spence(1.0 - {0})",
    partials=(_slope,),
    derivative="-log(1 - x)/x, 1 at 0",
    lower=_lower,
    points=[(0.7,), (0.3,), (-0.2,), (-30.0,)],
    safe=(0.0,),
    domain="x <= 1",
    public=False,
    analytic=False,
    flops=80,
    source="DLMF 25.12.2; the series of DLMF 24.2.1, integrated",
)

odds: Primitive = elementwise(
    "odds",
    numpy="{0} / (1.0 - {0})",
    math="{0} / (1.0 - {0})",
    partials=(lambda x, out: 1 / ((1 - x) * (1 - x)),),  # the quotient rule would cancel for large x
    derivative="1/(1 - x)**2",
    points=[(0.7,), (0.0,), (-30.0,), (2.5,)],
    safe=(0.0,),
    domain="x is not 1",
    public=False,
    flops=2,
    source="DLMF 25.12.10",
)
