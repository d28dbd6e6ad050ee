"""Riemann's and Hurwitz's zeta functions.

Not in here: their derivatives in s, which are not elementary; asking for one is an error.
"""

from __future__ import annotations

from symbackprop.ir.node import Node
from symbackprop.ops.declare import Primitive, Refused
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.scipy_text import moved, of_order

__all__ = ["riemann_zeta", "zeta"]


def _zeta_partial(s: Node, a: Node, out: Node) -> Node:
    return -(s * zeta(moved(s, 1), a))


zeta: Primitive = elementwise(
    "zeta",
    numpy=of_order("zeta"),
    partials=(Refused("s"), _zeta_partial),
    derivative="-s*zeta(s + 1, a) in a; none in s",
    points=[(2.0, 0.7), (1.5, 3.0), (4.5, 12.5)],
    safe=(2.0, 1.0),
    domain="s > 1, a > 0",
    analytic=False,
    flops=40,
    sympy="zeta",
    source="DLMF 25.11.17",
)

riemann_zeta: Primitive = elementwise(
    "riemann_zeta",
    numpy="special.zeta({0})",
    partials=(Refused("s"),),
    derivative="none",
    points=[(2.0,), (0.5,), (-1.5,), (7.0,)],
    safe=(2.0,),
    domain="s is not 1",
    public=False,
    analytic=False,
    flops=40,
    source="DLMF 25.2.1",
)
