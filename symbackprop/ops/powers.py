"""General powers and roots; what ``**`` on nodes builds."""

from __future__ import annotations

import math
from fractions import Fraction

from symbackprop.ir.node import Const, Node, Operand, bind_operators, constant
from symbackprop.ops.arithmetic import integer_exponent
from symbackprop.ops.comparison import equal, logical_and, where
from symbackprop.ops.declare import Primitive, as_node
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.exponential import log

__all__ = ["cbrt", "pow_", "power", "root", "sqrt"]

_HALF = Fraction(1, 2)
_LARGEST = 2**31


def _power_base_partial(x: Node, y: Node, out: Node) -> Node:
    """Return y * x**(y - 1), and 0 at x = y = 0."""
    if isinstance(y, Const):
        return y * power(x, _less_one(y))
    return y * power(x, where(logical_and(equal(x, 0), equal(y, 0)), 1, y - 1))


def _less_one(exponent: Const) -> Node:
    """Return an exponent minus 1, as a number where that is exact, so that the next derivative sees that it is one."""
    value = exponent.value
    if isinstance(value, (int, Fraction)) or (isinstance(value, float) and math.isfinite(value)):
        return constant(Fraction(value) - 1, exponent.shape, exponent.dtype)
    return exponent - 1


pow_: Primitive = elementwise(
    "power",
    numpy="{0}**{1}",
    math="math.pow({0}, {1})",
    partials=(
        _power_base_partial,
        lambda x, y, out: out * log(where(equal(x, 0), 1, x)),
    ),
    derivative="y * x**(y - 1), x**y * log(x)",
    dtypes="numeric",
    analytic=False,
    flops=20,
    points=[(0.7, -1.9), (2.5, 0.5), (3.0, 0.0), (0.4, 3.0)],
    safe=(1.0, 1.0),
    domain="x > 0, or x = 0 and y > 0, or y an integer",
    kinks="x**0 has derivative 0 with respect to x, and 0**0 with respect to y; at x = 0 all others follow the limit",
    aliases=("float_power", "pow"),
    sympy="Pow",
    source="d(x**y)/dx = y*x**(y - 1); d(x**y)/dy = x**y*log(x)",
)

sqrt: Primitive = elementwise(
    "sqrt",
    numpy="np.sqrt({0})",
    math="math.sqrt({0})",
    partials=(lambda x, out: _HALF / out,),
    derivative="1 / (2*sqrt(x))",
    points=[(0.7,), (4.0,), (1e-3,)],
    safe=(1.0,),
    domain="x >= 0",
    flops=4,
    source="power rule",
)

root: Primitive = elementwise(
    "root",
    numpy="np.sqrt({0})",
    math="math.sqrt({0})",
    partials=(lambda x, out: _HALF / where(equal(out, 0), float("inf"), out),),
    derivative="1 / (2*sqrt(x)), 0 at 0",
    points=[(0.7,), (4.0,)],
    safe=(1.0,),
    domain="x >= 0",
    kinks="the derivative at 0 is 0, as that of a norm",
    flops=4,
    public=False,
    source="power rule; policy at 0",
)

cbrt: Primitive = elementwise(
    "cbrt",
    numpy="np.cbrt({0})",
    math="math.cbrt({0})",
    partials=(lambda x, out: 1 / (3 * integer_exponent(out, 2)),),
    derivative="1 / (3*cbrt(x)**2)",
    points=[(0.7,), (-4.0,), (1e-3,)],
    safe=(1.0,),
    analytic=False,
    flops=10,
    source="power rule",
)


def power(x: Operand, y: Operand) -> Node:
    """Return ``x**y``; a fixed integer exponent gives an integer power, whose derivative needs no logarithm."""
    x, y = as_node(x), as_node(y)
    if isinstance(y, Const):
        value = y.value
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if (
            isinstance(value, int)
            and not isinstance(value, bool)
            and abs(value) < _LARGEST
            and y.shape in ((), x.shape)
        ):
            return integer_exponent(x, value)
    return pow_(x, y)


bind_operators(pow=power)
