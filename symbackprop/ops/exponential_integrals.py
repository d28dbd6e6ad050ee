"""Integrals of exp(x)/x, sin(x)/x and their like: E1, Ei, En, the sine and cosine integrals, the hyperbolic ones."""

from __future__ import annotations

from collections.abc import Callable

from symbackprop.ir.node import Apply, Node
from symbackprop.ops.comparison import equal, where
from symbackprop.ops.declare import Partial, Primitive
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.exponential import exp
from symbackprop.ops.hyperbolic import cosh, sinh
from symbackprop.ops.scipy_text import with_parameters
from symbackprop.ops.several import result_of, several
from symbackprop.ops.trigonometric import cos, sin

__all__ = ["Chi", "Ci", "Shi", "Si", "exp1", "expi", "expn"]

_POSITIVE = [(0.7,), (3.0,), (0.05,), (9.0,)]
_MIXED = [(0.7,), (-1.3,), (9.0,)]


def _integral(
    name: str,
    numpy: str,
    partial: Partial,
    derivative: str,
    source: str,
    *,
    domain: str = "",
    sympy: str | None = None,
    lower: Callable[[Apply], Node] | None = None,
) -> Primitive:
    """Declare an integral of one argument; `domain` is given where 0 is not in it. The hyperbolic ones overflow."""
    return elementwise(
        name,
        numpy=numpy,
        partials=(partial,),
        derivative=derivative,
        points=_POSITIVE if domain else _MIXED,
        safe=(1.0,),
        domain=domain,
        analytic=False,
        flops=60,
        sympy=sympy,
        lower=lower,
        source=source,
    )


def _over(function: Callable[[Node], Node], x: Node) -> Node:
    """Return an odd function over x, which is 1 at 0."""
    at_zero = equal(x, 0)
    return where(at_zero, 1, function(x) / where(at_zero, 1, x))


exp1: Primitive = _integral(
    "exp1",
    "special.exp1({0})",
    lambda x, out: -exp(-x) / x,
    "-exp(-x)/x",
    "DLMF 6.2.1",
    domain="x > 0",
)

expi: Primitive = _integral(
    "expi",
    "special.expi({0})",
    lambda x, out: exp(x) / x,
    "exp(x)/x",
    "DLMF 6.2.5",
    domain="x is not 0",
    sympy="Ei",
)

expn: Primitive = elementwise(
    "expn",
    numpy=with_parameters("expn", "n"),
    partials=(lambda x, out, n: -(expn(x, n=n - 1) if n > 2 else exp1(x) if n == 2 else exp(-x) / x),),
    derivative="-expn(n - 1, x)",
    points=_POSITIVE,
    safe=(1.0,),
    domain="x > 0, or x = 0 and n > 1",
    fixed=("n",),
    defaults={"n": 3},
    analytic=False,
    flops=60,
    sympy="expint",
    source="DLMF 8.19.13",
)

sici: Primitive = several(
    "sici", ("si", "ci"), lambda x, values: (_over(sin, x), cos(x) / x), source="DLMF 6.2.9, 6.2.13"
)

Si: Primitive = _integral(
    "Si",
    "special.sici({0})[0]",
    lambda x, out: _over(sin, x),
    "sin(x)/x, 1 at 0",
    "DLMF 6.2.9",
    sympy="Si",
    lower=result_of(sici, 0),
)

Ci: Primitive = _integral(
    "Ci",
    "special.sici({0})[1]",
    lambda x, out: cos(x) / x,
    "cos(x)/x",
    "DLMF 6.2.13",
    domain="x > 0; below 0 it is the real part, Ci(-x)",
    sympy="Ci",
    lower=result_of(sici, 1),
)

shichi: Primitive = several(
    "shichi", ("shi", "chi"), lambda x, values: (_over(sinh, x), cosh(x) / x), source="DLMF 6.2.15, 6.2.16"
)

Shi: Primitive = _integral(
    "Shi",
    "special.shichi({0})[0]",
    lambda x, out: _over(sinh, x),
    "sinh(x)/x, 1 at 0",
    "DLMF 6.2.15",
    sympy="Shi",
    lower=result_of(shichi, 0),
)

Chi: Primitive = _integral(
    "Chi",
    "special.shichi({0})[1]",
    lambda x, out: cosh(x) / x,
    "cosh(x)/x",
    "DLMF 6.2.16",
    domain="x > 0; below 0 it is the real part, Chi(-x)",
    sympy="Chi",
    lower=result_of(shichi, 1),
)
