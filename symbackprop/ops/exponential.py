"""Exponentials and logarithms."""

from __future__ import annotations

from symbackprop.ops.elementwise import elementwise

__all__ = ["exp", "log"]

exp = elementwise(
    "exp",
    numpy="np.exp({0})",
    math="math.exp({0})",
    partials=(lambda x, out: out,),
    points=[(0.7,), (-3.0,), (0.0,)],
    sympy="exp",
    source="DLMF 4.20.1",
)

log = elementwise(
    "log",
    numpy="np.log({0})",
    math="math.log({0})",
    partials=(lambda x, out: 1 / x,),
    points=[(0.7,), (3.0,), (1e-3,)],
    safe=(1.0,),
    domain="x > 0",
    sympy="log",
    source="DLMF 4.7.1",
)
