"""Gauss's hypergeometric function of a real argument.

SciPy loses digits near x = 1 where c - a - b is an integer up to rounding (all of them in hyp2f1(1.3, 1.4, 2.7, 0.999));
the derivative is as good as SciPy's function is.

Not in here: its derivatives in the parameters, which are not elementary; asking for one is an error.
"""

from __future__ import annotations

from symbackprop.ir.node import Node
from symbackprop.ops.declare import Primitive, Refused
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.scipy_text import called, moved

__all__ = ["hyp2f1"]


def _slope(a: Node, b: Node, c: Node, x: Node, out: Node) -> Node:
    return a * b / c * hyp2f1(moved(a, 1), moved(b, 1), moved(c, 1), x)


hyp2f1: Primitive = elementwise(
    "hyp2f1",
    numpy=called("hyp2f1", 4),
    partials=(Refused("its parameter a"), Refused("its parameter b"), Refused("its parameter c"), _slope),
    derivative="a*b/c*hyp2f1(a + 1, b + 1, c + 1, x) in x; none in a, b, c",
    points=[(0.5, 1.5, 2.5, 0.3), (1.0, 2.0, 3.0, -0.7), (0.3, 0.4, 1.7, 0.6), (2.0, 1.0, 1.5, -3.0)],
    safe=(1.0, 1.0, 2.0, 0.0),
    domain="x < 1, c is not 0, -1, -2, ...",
    analytic=False,
    flops=200,
    source="DLMF 15.5.1",
)
