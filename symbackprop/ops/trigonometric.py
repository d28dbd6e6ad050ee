"""Trigonometric functions and their inverses."""

from __future__ import annotations

from symbackprop.ops.elementwise import elementwise

__all__ = ["cos", "sin"]

sin = elementwise(
    "sin",
    numpy="np.sin({0})",
    math="math.sin({0})",
    partials=(lambda x, out: cos(x),),
    points=[(0.7,), (-1.3,), (0.0,)],
    sympy="sin",
    source="DLMF 4.20.1",
)

cos = elementwise(
    "cos",
    numpy="np.cos({0})",
    math="math.cos({0})",
    partials=(lambda x, out: -sin(x),),
    points=[(0.7,), (-1.3,), (0.0,)],
    sympy="cos",
    source="DLMF 4.20.2",
)
