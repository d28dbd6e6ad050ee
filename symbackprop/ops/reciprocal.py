"""Secant, cosecant, cotangent, their hyperbolic relatives, and the inverses of all six.

The inverses are written with square roots of differences that keep their digits where the argument is near 1; the
hyperbolic ones with exponentials that do not overflow.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node
from symbackprop.ops.comparison import less, where
from symbackprop.ops.declare import Primitive
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.exponential import exp, expm1
from symbackprop.ops.hyperbolic import tanh
from symbackprop.ops.powers import sqrt
from symbackprop.ops.rounding import absolute
from symbackprop.ops.trigonometric import hypot, sin, tan

__all__ = [
    "acot",
    "acoth",
    "acsc",
    "acsch",
    "asec",
    "asech",
    "cot",
    "coth",
    "csc",
    "csch",
    "sec",
    "sech",
]

_ANY = [(0.7,), (-1.3,), (2.5,), (-0.01,)]
_OUTSIDE = [(1.5,), (-2.5,), (1.001,), (40.0,)]


def _beside_one(x: Node) -> Node:
    """Return sqrt(x**2 - 1) for |x| > 1, exact where |x| is near 1."""
    size = absolute(x)
    return sqrt(size - 1) * sqrt(size + 1)


# --- trigonometric ----------------------------------------------------------------------------------------------------

sec: Primitive = elementwise(
    "sec",
    numpy="1.0 / np.cos({0})",
    math="1.0 / math.cos({0})",
    partials=(lambda x, out: out * tan(x),),
    derivative="sec(x)*tan(x)",
    points=_ANY,
    safe=(0.0,),
    domain="cos(x) is not 0",
    flops=11,
    sympy="sec",
    source="DLMF 4.20.5",
)

csc: Primitive = elementwise(
    "csc",
    numpy="1.0 / np.sin({0})",
    math="1.0 / math.sin({0})",
    partials=(lambda x, out: -out / tan(x),),
    derivative="-csc(x)*cot(x)",
    points=_ANY,
    safe=(1.0,),
    domain="sin(x) is not 0",
    flops=11,
    sympy="csc",
    source="DLMF 4.20.4",
)

cot: Primitive = elementwise(
    "cot",
    numpy="1.0 / np.tan({0})",
    math="1.0 / math.tan({0})",
    partials=(lambda x, out: -1 / (sin(x) * sin(x)),),
    derivative="-1 / sin(x)**2",
    points=_ANY,
    safe=(1.0,),
    domain="sin(x) is not 0",
    flops=11,
    sympy="cot",
    source="DLMF 4.20.6",
)

asec: Primitive = elementwise(
    "asec",
    numpy="np.arctan2(np.sqrt(np.abs({0}) - 1.0) * np.sqrt(np.abs({0}) + 1.0), np.sign({0}))",
    math="math.atan2(math.sqrt(abs({0}) - 1.0) * math.sqrt(abs({0}) + 1.0), math.copysign(1.0, {0}))",
    partials=(lambda x, out: 1 / (absolute(x) * _beside_one(x)),),
    derivative="1 / (|x|*sqrt(x**2 - 1))",
    points=_OUTSIDE,
    safe=(2.0,),
    domain="|x| >= 1",
    aliases=("arcsec",),
    analytic=False,
    flops=15,
    sympy="asec",
    source="DLMF 4.24.11",
)

acsc: Primitive = elementwise(
    "acsc",
    numpy="np.arctan2(np.sign({0}), np.sqrt(np.abs({0}) - 1.0) * np.sqrt(np.abs({0}) + 1.0))",
    math="math.atan2(math.copysign(1.0, {0}), math.sqrt(abs({0}) - 1.0) * math.sqrt(abs({0}) + 1.0))",
    partials=(lambda x, out: -1 / (absolute(x) * _beside_one(x)),),
    derivative="-1 / (|x|*sqrt(x**2 - 1))",
    points=_OUTSIDE,
    safe=(2.0,),
    domain="|x| >= 1",
    aliases=("arccsc",),
    analytic=False,
    flops=15,
    sympy="acsc",
    source="DLMF 4.24.10",
)

acot: Primitive = elementwise(
    "acot",
    numpy="np.arctan2(np.where({0} < 0.0, -1.0, 1.0), np.abs({0}))",
    math="math.atan2(-1.0 if {0} < 0.0 else 1.0, abs({0}))",
    partials=(lambda x, out: -1 / (1 + x * x),),
    derivative="-1 / (1 + x**2)",
    points=_ANY,
    kinks="it jumps at 0, where it is pi/2 and its derivative -1",
    aliases=("arccot",),
    analytic=False,
    flops=12,
    sympy="acot",
    source="DLMF 4.24.12; the branch of SymPy, arctan(1/x)",
)

# --- hyperbolic -------------------------------------------------------------------------------------------------------


def _lower_sech(node: Apply) -> Node:
    """Return 2*e / (1 + e**2) with e = exp(-|x|), which does not overflow."""
    decay = exp(-absolute(node.args[0]))
    return 2 * decay / (1 + decay * decay)


def _lower_csch(node: Apply) -> Node:
    """Return -2*sign(x)*e / (e**2 - 1) with e = exp(-|x|), which does not overflow."""
    (x,) = node.args
    size = absolute(x)
    return where(less(x, 0), 2, -2) * exp(-size) / expm1(-2 * size)


sech: Primitive = elementwise(
    "sech",
    numpy="2.0 * np.exp(-np.abs({0})) / (1.0 + np.exp(-2.0 * np.abs({0})))",
    math="2.0 * math.exp(-abs({0})) / (1.0 + math.exp(-2.0 * abs({0})))",
    partials=(lambda x, out: -out * tanh(x),),
    derivative="-sech(x)*tanh(x)",
    lower=_lower_sech,
    points=[*_ANY, (0.0,), (800.0,)],
    analytic=False,
    flops=14,
    sympy="sech",
    source="DLMF 4.34.5",
)

csch: Primitive = elementwise(
    "csch",
    numpy="np.where({0} < 0.0, 2.0, -2.0) * np.exp(-np.abs({0})) / np.expm1(-2.0 * np.abs({0}))",
    math="(2.0 if {0} < 0.0 else -2.0) * math.exp(-abs({0})) / math.expm1(-2.0 * abs({0}))",
    partials=(lambda x, out: -out / tanh(x),),
    derivative="-csch(x)*coth(x)",
    lower=_lower_csch,
    points=[*_ANY, (800.0,)],
    safe=(1.0,),
    domain="x is not 0",
    analytic=False,
    flops=14,
    sympy="csch",
    source="DLMF 4.34.4",
)

coth: Primitive = elementwise(
    "coth",
    numpy="1.0 / np.tanh({0})",
    math="1.0 / math.tanh({0})",
    partials=(lambda x, out: -(csch(x) * csch(x)),),
    derivative="-csch(x)**2",
    points=_ANY,
    safe=(1.0,),
    domain="x is not 0",
    flops=11,
    sympy="coth",
    source="DLMF 4.34.6",
)

asech: Primitive = elementwise(
    "asech",
    numpy="np.arcsinh(np.sqrt(1.0 - {0}) * np.sqrt(1.0 + {0}) / {0})",
    math="math.asinh(math.sqrt(1.0 - {0}) * math.sqrt(1.0 + {0}) / {0})",
    partials=(lambda x, out: -1 / (x * (sqrt(1 - x) * sqrt(1 + x))),),
    derivative="-1 / (x*sqrt(1 - x**2))",
    points=[(0.7,), (0.01,), (0.999,)],
    safe=(0.5,),
    domain="0 < x <= 1",
    aliases=("arcsech",),
    flops=14,
    sympy="asech",
    source="DLMF 4.38.13",
)

acsch: Primitive = elementwise(
    "acsch",
    numpy="np.arcsinh(1.0 / {0})",
    math="math.asinh(1.0 / {0})",
    partials=(lambda x, out: -1 / (absolute(x) * hypot(1, x)),),
    derivative="-1 / (|x|*sqrt(1 + x**2))",
    points=_ANY,
    safe=(1.0,),
    domain="x is not 0",
    aliases=("arccsch",),
    flops=11,
    sympy="acsch",
    source="DLMF 4.38.12",
)

acoth: Primitive = elementwise(
    "acoth",
    numpy="np.sign({0}) * (0.5 * np.log1p(2.0 / (np.abs({0}) - 1.0)))",
    math="math.copysign(0.5 * math.log1p(2.0 / (abs({0}) - 1.0)), {0})",
    partials=(lambda x, out: 1 / ((1 - x) * (1 + x)),),
    derivative="1 / (1 - x**2)",
    points=_OUTSIDE,
    safe=(2.0,),
    domain="|x| > 1",
    aliases=("arccoth",),
    analytic=False,
    flops=12,
    sympy="acoth",
    source="DLMF 4.38.14",
)
