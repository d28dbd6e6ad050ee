"""Bessel functions, modified ones, scaled ones, and spherical ones.

Not in here: their derivatives in the order, which are not elementary; asking for one is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symbackprop.ir.node import Node
from symbackprop.ops.declare import Primitive, Refused
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.rounding import sign
from symbackprop.ops.scipy_text import moved, of_order, whole_number, with_parameters

__all__ = ["iv", "ive", "jv", "kv", "kve", "spherical_jn", "spherical_yn", "yv"]

_ORDER = Refused("its order")
_POINTS = [(2.0, 0.7), (0.0, 2.5), (1.0, 0.3), (0.5, 3.0), (3.0, 12.5)]
_HALF_LINE = "x > 0"


def _bessel(
    name: str,
    short: Mapping[int, str],
    slope: Callable[[Node, Node, Node], Node],
    *,
    derivative: str,
    domain: str,
    sympy: str | None = None,
    kinks: str = "",
    source: str,
) -> Primitive:
    """Declare a function of an order and an argument, given its derivative in the argument."""
    return elementwise(
        name,
        numpy=of_order(name, short),
        partials=(_ORDER, slope),
        derivative=f"{derivative} in x; none in the order",
        points=_POINTS,
        safe=(1.0, 1.0),
        domain=domain,
        kinks=kinks,
        analytic=False,
        flops=60,
        sympy=sympy,
        source=source,
    )


def _mean(function: Primitive, v: Node, x: Node, sign_above: int) -> Node:
    """Return half the function of the order below, plus or minus half that of the order above.

    The terms do not cancel: the one is far larger than the other for small x, and they are out of step for large x.
    """
    below, above = function(moved(v, -1), x), function(moved(v, 1), x)
    return (below + above if sign_above > 0 else below - above) / 2


def _cylinder_slope(function: Callable[[], Primitive]) -> Callable[[Node, Node, Node], Node]:
    def slope(v: Node, x: Node, out: Node) -> Node:
        if whole_number(v) == 0:
            return -function()(moved(v, 1), x)
        return _mean(function(), v, x, -1)

    return slope


jv: Primitive = _bessel(
    "jv",
    {0: "j0", 1: "j1"},
    _cylinder_slope(lambda: jv),
    derivative="(jv(v - 1, x) - jv(v + 1, x))/2",
    domain="x >= 0, or v an integer",
    sympy="besselj",
    source="DLMF 10.6.1, 10.6.3",
)

yv: Primitive = _bessel(
    "yv",
    {0: "y0", 1: "y1"},
    _cylinder_slope(lambda: yv),
    derivative="(yv(v - 1, x) - yv(v + 1, x))/2",
    domain=_HALF_LINE,
    sympy="bessely",
    source="DLMF 10.6.1, 10.6.3",
)


def _iv_slope(v: Node, x: Node, out: Node) -> Node:
    return iv(moved(v, 1), x) if whole_number(v) == 0 else _mean(iv, v, x, 1)


iv: Primitive = _bessel(
    "iv",
    {0: "i0", 1: "i1"},
    _iv_slope,
    derivative="(iv(v - 1, x) + iv(v + 1, x))/2",
    domain="x >= 0, or v an integer",
    sympy="besseli",
    source="DLMF 10.29.1, 10.29.3",
)


def _kv_slope(v: Node, x: Node, out: Node) -> Node:
    return -(kv(moved(v, 1), x) if whole_number(v) == 0 else _mean(kv, v, x, 1))


kv: Primitive = _bessel(
    "kv",
    {0: "k0", 1: "k1"},
    _kv_slope,
    derivative="-(kv(v - 1, x) + kv(v + 1, x))/2",
    domain=_HALF_LINE,
    sympy="besselk",
    source="DLMF 10.29.1, 10.29.3",
)


def _ive_slope(v: Node, x: Node, out: Node) -> Node:
    growth = ive(moved(v, 1), x) if whole_number(v) == 0 else _mean(ive, v, x, 1)
    return growth - sign(x) * out


ive: Primitive = _bessel(
    "ive",
    {0: "i0e", 1: "i1e"},
    _ive_slope,
    derivative="(ive(v - 1, x) + ive(v + 1, x))/2 - sign(x)*ive(v, x), which loses log10(2*x) digits for large x",
    domain="x >= 0, or v an integer",
    kinks="the derivative of abs(x) in exp(-abs(x)) at 0 is 0",
    source="ive(v, x) = exp(-abs(x))*iv(v, x), DLMF 10.29.1",
)


def _kve_slope(v: Node, x: Node, out: Node) -> Node:
    return out - (kve(moved(v, 1), x) if whole_number(v) == 0 else _mean(kve, v, x, 1))


kve: Primitive = _bessel(
    "kve",
    {0: "k0e", 1: "k1e"},
    _kve_slope,
    derivative="kve(v, x) - (kve(v - 1, x) + kve(v + 1, x))/2, which loses log10(2*x) digits for large x",
    domain=_HALF_LINE,
    source="kve(v, x) = exp(x)*kv(v, x), DLMF 10.29.1",
)


# --- spherical functions ----------------------------------------------------------------------------------------------


def _spherical(name: str, sympy: str, domain: str) -> Primitive:
    def slope(x: Node, out: Node, n: int) -> Node:
        if n == 0:
            return -primitive(x, n=1)
        return (n * primitive(x, n=n - 1) - (n + 1) * primitive(x, n=n + 1)) / (2 * n + 1)

    primitive = elementwise(
        name,
        numpy=with_parameters(name, "n"),
        partials=(slope,),
        derivative=f"(n*{name}(n - 1, x) - (n + 1)*{name}(n + 1, x))/(2*n + 1)",
        points=[(0.7,), (3.0,), (12.5,)],
        safe=(1.0,),
        domain=domain,
        fixed=("n",),
        defaults={"n": 2},
        analytic=False,
        flops=40,
        sympy=sympy,
        source="DLMF 10.51.2",
    )
    return primitive


spherical_jn: Primitive = _spherical("spherical_jn", "jn", "all x")
spherical_yn: Primitive = _spherical("spherical_yn", "yn", "x is not 0")
