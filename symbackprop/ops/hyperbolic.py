"""Hyperbolic functions and their inverses."""

from __future__ import annotations

from symbackprop.ops.declare import Primitive
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.powers import sqrt

__all__ = ["arccosh", "arcsinh", "arctanh", "cosh", "sinh", "tanh"]

_MIXED = [(0.7,), (-1.3,), (0.0,), (5.0,)]

sinh: Primitive = elementwise(
    "sinh",
    numpy="np.sinh({0})",
    math="math.sinh({0})",
    partials=(lambda x, out: cosh(x),),
    derivative="cosh(x)",
    points=_MIXED,
    safe=(0.0,),
    flops=10,
    sympy="sinh",
    source="DLMF 4.34.1",
)

cosh: Primitive = elementwise(
    "cosh",
    numpy="np.cosh({0})",
    math="math.cosh({0})",
    partials=(lambda x, out: sinh(x),),
    derivative="sinh(x)",
    points=_MIXED,
    safe=(0.0,),
    flops=10,
    sympy="cosh",
    source="DLMF 4.34.2",
)

tanh: Primitive = elementwise(
    "tanh",
    numpy="np.tanh({0})",
    math="math.tanh({0})",
    partials=(lambda x, out: 1 - out * out,),
    derivative="1 - tanh(x)**2",
    points=_MIXED,
    flops=10,
    sympy="tanh",
    source="DLMF 4.34.3",
)

arcsinh: Primitive = elementwise(
    "arcsinh",
    numpy="np.arcsinh({0})",
    math="math.asinh({0})",
    partials=(lambda x, out: 1 / sqrt(x * x + 1),),
    derivative="1 / sqrt(x**2 + 1)",
    points=_MIXED,
    aliases=("asinh",),
    flops=10,
    sympy="asinh",
    source="DLMF 4.38.9",
)

arccosh: Primitive = elementwise(
    "arccosh",
    numpy="np.arccosh({0})",
    math="math.acosh({0})",
    partials=(lambda x, out: 1 / (sqrt(x - 1) * sqrt(x + 1)),),
    derivative="1 / (sqrt(x - 1)*sqrt(x + 1))",
    points=[(1.7,), (3.0,), (1.01,)],
    safe=(2.0,),
    domain="x >= 1",
    aliases=("acosh",),
    flops=10,
    sympy="acosh",
    source="DLMF 4.38.10",
)

arctanh: Primitive = elementwise(
    "arctanh",
    numpy="np.arctanh({0})",
    math="math.atanh({0})",
    partials=(lambda x, out: 1 / ((1 - x) * (1 + x)),),
    derivative="1 / ((1 - x)*(1 + x))",
    points=[(0.7,), (-0.3,), (0.0,), (0.99,)],
    safe=(0.0,),
    domain="-1 < x < 1",
    aliases=("atanh",),
    flops=10,
    sympy="atanh",
    source="DLMF 4.38.11",
)
