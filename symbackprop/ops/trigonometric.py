"""Trigonometric functions, their inverses, sinc and hypot."""

from __future__ import annotations

from symbackprop.ir.node import PI, Node, constant
from symbackprop.ops.comparison import equal, less, where
from symbackprop.ops.declare import Primitive
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.powers import sqrt
from symbackprop.ops.rounding import absolute

__all__ = ["arccos", "arcsin", "arctan", "arctan2", "cos", "hypot", "over_length", "sin", "sinc", "tan"]

_MIXED = [(0.7,), (-1.3,), (0.0,), (4.0,)]
_UNIT = [(0.7,), (-0.3,), (0.0,), (0.999,)]

sin: Primitive = elementwise(
    "sin",
    numpy="np.sin({0})",
    math="math.sin({0})",
    partials=(lambda x, out: cos(x),),
    derivative="cos(x)",
    points=_MIXED,
    flops=10,
    sympy="sin",
    source="DLMF 4.20.1",
)

cos: Primitive = elementwise(
    "cos",
    numpy="np.cos({0})",
    math="math.cos({0})",
    partials=(lambda x, out: -sin(x),),
    derivative="-sin(x)",
    points=_MIXED,
    flops=10,
    sympy="cos",
    source="DLMF 4.20.2",
)

tan: Primitive = elementwise(
    "tan",
    numpy="np.tan({0})",
    math="math.tan({0})",
    partials=(lambda x, out: 1 + out * out,),
    derivative="1 + tan(x)**2",
    points=[(0.7,), (-1.3,), (0.0,)],
    flops=10,
    sympy="tan",
    source="DLMF 4.20.3",
)

arcsin: Primitive = elementwise(
    "arcsin",
    numpy="np.arcsin({0})",
    math="math.asin({0})",
    partials=(lambda x, out: 1 / sqrt((1 - x) * (1 + x)),),
    derivative="1 / sqrt((1 - x)*(1 + x))",
    points=_UNIT,
    safe=(0.0,),
    domain="-1 <= x <= 1",
    aliases=("asin",),
    flops=10,
    sympy="asin",
    source="DLMF 4.24.7",
)

arccos: Primitive = elementwise(
    "arccos",
    numpy="np.arccos({0})",
    math="math.acos({0})",
    partials=(lambda x, out: -1 / sqrt((1 - x) * (1 + x)),),
    derivative="-1 / sqrt((1 - x)*(1 + x))",
    points=_UNIT,
    safe=(0.0,),
    domain="-1 <= x <= 1",
    aliases=("acos",),
    flops=10,
    sympy="acos",
    source="DLMF 4.24.8",
)

arctan: Primitive = elementwise(
    "arctan",
    numpy="np.arctan({0})",
    math="math.atan({0})",
    partials=(lambda x, out: 1 / (1 + x * x),),
    derivative="1 / (1 + x**2)",
    points=_MIXED,
    aliases=("atan",),
    flops=10,
    sympy="atan",
    source="DLMF 4.24.9",
)


def _over_square(part: Node, x: Node, y: Node) -> Node:
    """Return part / (x**2 + y**2), whose squares overflow where their quotient does not."""
    length = hypot(x, y)
    return part / length / length


arctan2: Primitive = elementwise(
    "arctan2",
    numpy="np.arctan2({0}, {1})",
    math="math.atan2({0}, {1})",
    partials=(lambda y, x, out: _over_square(x, x, y), lambda y, x, out: -_over_square(y, x, y)),
    derivative="x / (x**2 + y**2), -y / (x**2 + y**2)",
    points=[(0.7, -1.9), (-2.0, 0.5), (1.0, 3.0)],
    safe=(0.0, 1.0),
    domain="not both 0",
    aliases=("atan2",),
    analytic=False,
    flops=20,
    sympy="atan2",
    source="partials of atan(y/x)",
)


def over_length(part: Node, out: Node) -> Node:
    """Return part / out, and 0 where the length is 0, as are all its derivatives there."""
    return part / where(equal(out, 0), float("inf"), out)


hypot: Primitive = elementwise(
    "hypot",
    numpy="np.hypot({0}, {1})",
    math="math.hypot({0}, {1})",
    partials=(lambda x, y, out: over_length(x, out), lambda x, y, out: over_length(y, out)),
    derivative="x / hypot(x, y), y / hypot(x, y)",
    points=[(0.7, -1.9), (3.0, 4.0), (0.0, 2.0)],
    kinks="the gradient at (0, 0) is (0, 0), and the second derivatives are 0",
    analytic=False,
    flops=8,
    source="power rule",
)


def _tail(square: Node) -> Node:
    return square / 88 * (1 - square / 130 * (1 - square / 180))


def _sinc_partial(x: Node, out: Node) -> Node:
    """Return (cos(pi x) - sinc(x)) / x; near 0, where that cancels, its series -pi^2 x/3 + pi^4 x^3/30 - ..."""
    near = less(absolute(x), constant(0.25))
    safe = where(near, 1, x)
    far = (cos(PI * x) - out) / safe
    square = (PI * x) * (PI * x)
    series = -(PI * (PI * x)) * (1 - square / 10 * (1 - square / 28 * (1 - square / 54 * (1 - _tail(square))))) / 3
    return where(near, series, far)


sinc: Primitive = elementwise(
    "sinc",
    numpy="np.sinc({0})",
    math="math.sin(math.pi * {0}) / (math.pi * {0}) if {0} != 0.0 else 1.0",
    partials=(_sinc_partial,),
    derivative="(cos(pi*x) - sinc(x)) / x",
    points=[(0.7,), (-1.3,), (1e-3,), (0.2,)],
    kinks="the derivative at 0 is 0",
    analytic=False,
    flops=20,
    source="DLMF 4.20.1 and the quotient rule; NumPy's sinc is sin(pi*x)/(pi*x)",
)
