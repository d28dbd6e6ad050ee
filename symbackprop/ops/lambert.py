"""Lambert's W function, the inverse of w*exp(w): its two real branches.

SciPy's value has few digits of 1 + w near the branch point x = -1/e, and on the lower branch none; there the series in
sqrt(2*(e*x + 1)) stands in. Outside a branch's domain the value is nan, not the real part of a complex number.
"""

from __future__ import annotations

from fractions import Fraction

from symbackprop.errors import UnsupportedError
from symbackprop.ir.node import Apply, E, Node, constant
from symbackprop.ops.comparison import equal, greater, less, where
from symbackprop.ops.declare import Primitive, Style
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.powers import sqrt
from symbackprop.ops.scipy_text import rounded

__all__ = ["lambertw", "lambertw_away"]

_BRANCH = {  # 1/e to the digits of a dtype, and what is left of it
    "float64": (0.36787944117144233, -1.2428753672788363e-17),
    "float32": (0.3678794503211975, -9.1497551881701e-09),
}
_NEAR = 3e-4  # distance to the branch point below which the series has all its digits
_SERIES = (  # of w in p = sqrt(2*(e*x + 1))
    Fraction(-1), Fraction(1), Fraction(-1, 3), Fraction(11, 72), Fraction(-43, 540), Fraction(769, 17280),
    Fraction(-221, 8505), Fraction(680863, 43545600), Fraction(-1963, 204120), Fraction(226287557, 37623398400),
)  # fmt: skip


def _text(node: Apply, style: Style) -> str:
    branch = "" if node.param("k") == 0 else f", {node.param('k')}"
    return rounded(f"special.lambertw({{0}}{branch}).real", node)


def _slope(x: Node, out: Node, k: int) -> Node:
    """Return w/(x*(1 + w)), which is 1 at x = 0 on the upper branch, and -infinity at -1/e on the lower one."""
    if k == -1:
        return -(out / (x * (-1 - out)))  # so that 0 has its sign
    at_zero = equal(x, 0)
    return where(at_zero, 1, out / where(at_zero, 1, x)) / (1 + out)


def _lower(node: Apply) -> Node:
    (x,) = node.args
    k: int = node.param("k")  # type: ignore[assignment]
    if x.dtype not in _BRANCH:
        raise UnsupportedError(f"lambertw has no {x.dtype}; compute it in float32, with astype(x, float32)")
    branch, rest = _BRANCH[x.dtype]
    gap = x + branch
    gap = where(greater(gap, 0), gap + rest, gap)  # the distance to the branch point, with all its digits
    near = less(gap, _NEAR)
    p = sqrt(2 * constant(E) * where(near, gap, 0))
    p = -p if k == -1 else p
    series: Node = constant(_SERIES[-1], x.shape, x.dtype)
    for coefficient in reversed(_SERIES[:-1]):
        series = coefficient + p * series
    away = where(near, -0.25, x)
    if k == -1:
        away = where(greater(away, 0), float("nan"), away)
    return where(near, series, lambertw_away(away, k=k))


lambertw: Primitive = elementwise(
    "lambertw",
    numpy=_text,
    partials=(_slope,),
    derivative="w/(x*(1 + w))",
    lower=_lower,
    points=[(-0.2,), (-0.3,), (-0.05,), (-0.3676,)],
    safe=(-0.25,),
    domain="x >= -1/e for k = 0, -1/e <= x < 0 for k = -1",
    public=False,
    defaults={"k": 0},
    analytic=False,
    flops=100,
    source="DLMF 4.13.4; near the branch point Corless et al. (1996), equation 4.22",
)

lambertw_away: Primitive = elementwise(
    "lambertw_away",
    numpy=_text,
    partials=(_slope,),
    derivative="w/(x*(1 + w))",
    points=[(-0.2,), (-0.3,), (-0.05,)],
    safe=(-0.25,),
    domain="as lambertw, away from -1/e",
    public=False,
    defaults={"k": -1},
    analytic=False,
    flops=100,
    source="DLMF 4.13.4",
)
