"""Hypergeometric functions of a real argument: 0F1, Kummer's 1F1 and Gauss's 2F1.

SciPy's 2F1 is wrong near x = 1 where c - a - b is an integer but for rounding (hyp2f1(1.3, 1.4, 2.7, 0.999) is -49, and
should be 11.6); a derivative that would need such a one is refused where the parameters are numbers.

Not in here: their derivatives in the parameters, which are not elementary; asking for one is an error.
"""

from __future__ import annotations

from fractions import Fraction

from symbackprop.errors import UnsupportedError
from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ops.declare import Primitive, Refused
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.scipy_text import called, moved

__all__ = ["hyp0f1", "hyp1f1", "hyp2f1"]

_ROUNDING = 1e-9


hyp0f1: Primitive = elementwise(
    "hyp0f1",
    numpy=called("hyp0f1"),
    partials=(Refused("its parameter v"), lambda v, x, out: hyp0f1(moved(v, 1), x) / v),
    derivative="hyp0f1(v + 1, x)/v in x; none in v",
    points=[(1.5, 0.7), (2.0, -3.0), (0.5, 9.0)],
    safe=(1.0, 0.0),
    domain="v is not 0, -1, -2, ...",
    analytic=False,
    flops=80,
    source="DLMF 16.3.1",
)


def _confluent_slope(a: Node, b: Node, x: Node, out: Node) -> Node:
    return a / b * hyp1f1(moved(a, 1), moved(b, 1), x)


hyp1f1: Primitive = elementwise(
    "hyp1f1",
    numpy=called("hyp1f1", 3),
    partials=(Refused("its parameter a"), Refused("its parameter b"), _confluent_slope),
    derivative="a/b*hyp1f1(a + 1, b + 1, x) in x; none in a and b",
    points=[(0.5, 1.5, 0.7), (2.0, 3.5, -1.3), (1.0, 2.0, 4.0)],
    safe=(1.0, 1.0, 0.0),
    domain="b is not 0, -1, -2, ...",
    analytic=False,
    flops=100,
    source="DLMF 13.3.15",
)


def _slope(a: Node, b: Node, c: Node, x: Node, out: Node) -> Node:
    numbers = [_number(parameter) for parameter in (a, b, c)]
    if None not in numbers:
        first, second, third = numbers
        excess = (third + 1) - (first + 1) - (second + 1)  # type: ignore[operator]
        if excess != round(excess) and abs(excess - round(excess)) < _ROUNDING:
            raise UnsupportedError(
                f"the derivative of hyp2f1({first:g}, {second:g}, {third:g}, x) needs hyp2f1 where c - a - b is an integer "
                "but for rounding, of which SciPy's is wrong near x = 1; write parameters that floats hold exactly"
            )
    return a * b / c * hyp2f1(moved(a, 1), moved(b, 1), moved(c, 1), x)


def _number(x: Node) -> float | None:
    while isinstance(x, Apply) and x.op.name in ("broadcast", "cast"):
        x = x.args[0]
    if not isinstance(x, Const) or not isinstance(x.value, (int, float, Fraction)):
        return None
    return float(x.value)


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
