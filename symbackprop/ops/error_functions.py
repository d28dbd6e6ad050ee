"""The error function, what is made of it, and their inverses; the normal distribution; Fresnel's integrals."""

from __future__ import annotations

from symbackprop.ir.node import PI, Apply, Node, constant
from symbackprop.ops.arithmetic import integer_power
from symbackprop.ops.comparison import less, where
from symbackprop.ops.declare import Primitive
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.exponential import exp
from symbackprop.ops.extrema import maximum
from symbackprop.ops.powers import sqrt
from symbackprop.ops.rounding import absolute
from symbackprop.ops.several import result_of, several
from symbackprop.ops.trigonometric import cos, sin

__all__ = [
    "erf",
    "erf2",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfi",
    "erfinv",
    "fresnelc",
    "fresnels",
    "log_ndtr",
    "ndtr",
    "ndtri",
]

_MIXED = [(0.7,), (-1.3,), (0.0,), (3.0,)]
_PROBABILITIES = [(0.7,), (0.02,), (0.5,), (1e-10,)]


def _gaussian(x: Node) -> Node:
    """Return 2/sqrt(pi) * exp(-x**2)."""
    return 2 / sqrt(_pi(x)) * exp(-integer_power(x, n=2))


def _pi(like: Node) -> Node:
    return constant(PI, like.shape, like.dtype)


erf: Primitive = elementwise(
    "erf",
    numpy="special.erf({0})",
    math="math.erf({0})",
    partials=(lambda x, out: _gaussian(x),),
    derivative="2/sqrt(pi) * exp(-x**2)",
    points=_MIXED,
    flops=20,
    sympy="erf",
    source="DLMF 7.2.1",
)

erfc: Primitive = elementwise(
    "erfc",
    numpy="special.erfc({0})",
    math="math.erfc({0})",
    partials=(lambda x, out: -_gaussian(x),),
    derivative="-2/sqrt(pi) * exp(-x**2)",
    points=_MIXED,
    flops=20,
    sympy="erfc",
    source="DLMF 7.2.2",
)

erfi: Primitive = elementwise(
    "erfi",
    numpy="special.erfi({0})",
    partials=(lambda x, out: 2 / sqrt(_pi(x)) * exp(integer_power(x, n=2)),),
    derivative="2/sqrt(pi) * exp(x**2)",
    points=_MIXED,
    safe=(0.0,),
    domain="abs(x) < 26.6, beyond which it overflows",
    flops=20,
    sympy="erfi",
    source="erfi(x) = -i*erf(i*x), DLMF 7.2.1",
)

_FAR = 20.0  # from here on the terms of the derivative of erfcx cancel, and its asymptotic series is short


def _erfcx_partial(x: Node, out: Node) -> Node:
    """Return 2*x*erfcx(x) - 2/sqrt(pi), by its asymptotic series where the two cancel."""
    near = less(x, _FAR)
    scale = 2 / sqrt(_pi(x))
    share = 0.5 / integer_power(maximum(x, _FAR), n=2)
    series: Node = constant(1, x.shape, x.dtype)
    for factor in (15, 13, 11, 9, 7, 5, 3):
        series = 1 - factor * share * series
    return where(near, 2 * x * out - scale, -(scale * share * series))


erfcx: Primitive = elementwise(
    "erfcx",
    numpy="special.erfcx({0})",
    partials=(_erfcx_partial,),
    derivative="2*x*erfcx(x) - 2/sqrt(pi)",
    points=[*_MIXED, (25.0,), (-3.0,)],
    safe=(0.0,),
    domain="x > -26, before which it overflows",
    analytic=False,
    flops=30,
    source="DLMF 7.2.2; for large x 7.12.1",
)


def _lower_erf2(node: Apply) -> Node:
    """Return erf(y) - erf(x), from the tails on that side of 0 where the middle of x and y is.

    Where x and y are close the tails cancel, and the integral of the Gaussian is its Taylor series about the middle.
    """
    x, y = node.args
    whole = (x + y) / 2
    below = less(whole, 0)
    tails = erfc(where(below, -y, x)) - erfc(where(below, -x, y))
    near = less(absolute(y - x) * (1 + absolute(whole)), 0.05)
    width, middle = where(near, y - x, 0), where(near, whole, 0)
    h, m = integer_power(width, n=2), 4 * integer_power(middle, n=2)
    hermite_2, hermite_4, hermite_6 = m - 2, m * (m - 12) + 12, m * (m * (m - 30) + 180) - 120
    series = width * (1 + h / 24 * (hermite_2 + h / 80 * (hermite_4 + h / 168 * hermite_6)))
    return where(near, _gaussian(middle) * series, tails)


erf2: Primitive = elementwise(
    "erf2",
    numpy="special.erf({1}) - special.erf({0})",
    math="math.erf({1}) - math.erf({0})",
    partials=(lambda x, y, out: -_gaussian(x), lambda x, y, out: _gaussian(y)),
    derivative="-2/sqrt(pi) * exp(-x**2), 2/sqrt(pi) * exp(-y**2)",
    lower=_lower_erf2,
    points=[(0.7, -1.9), (-0.5, 0.5), (0.0, 2.0), (-1.0, -3.0), (0.5, 0.51)],
    analytic=False,
    flops=60,
    sympy="erf2",
    source="DLMF 7.2.1; the series from 7.10.1 and Taylor's theorem",
)

# --- inverses ---------------------------------------------------------------------------------------------------------

erfinv: Primitive = elementwise(
    "erfinv",
    numpy="special.erfinv({0})",
    partials=(lambda x, out: sqrt(_pi(x)) / 2 * exp(integer_power(out, n=2)),),
    derivative="sqrt(pi)/2 * exp(erfinv(x)**2)",
    points=[(0.7,), (-0.3,), (0.0,), (0.999,)],
    safe=(0.0,),
    domain="-1 < x < 1",
    analytic=False,
    flops=30,
    sympy="erfinv",
    source="inverse of DLMF 7.2.1",
)

erfcinv: Primitive = elementwise(
    "erfcinv",
    numpy="special.erfcinv({0})",
    partials=(lambda x, out: -(sqrt(_pi(x)) / 2 * erfcx(out) / x),),
    derivative="-sqrt(pi)/2 * erfcx(erfcinv(x))/x",
    points=[(0.7,), (1.3,), (1.0,), (1e-10,)],
    safe=(1.0,),
    domain="0 < x < 2",
    analytic=False,
    flops=30,
    sympy="erfcinv",
    source="inverse of DLMF 7.2.2, with exp(y**2) = erfcx(y)/erfc(y)",
)

# --- the normal distribution ------------------------------------------------------------------------------------------

ndtr: Primitive = elementwise(
    "ndtr",
    numpy="special.ndtr({0})",
    math="0.5 * math.erfc(-{0} / math.sqrt(2.0))",
    partials=(lambda x, out: exp(-integer_power(x, n=2) / 2) / sqrt(2 * _pi(x)),),
    derivative="exp(-x**2/2) / sqrt(2*pi)",
    points=_MIXED,
    flops=20,
    source="DLMF 7.2.2, 7.17.2",
)


def _ratio(x: Node) -> Node:
    """Return exp(-x**2/2) / (sqrt(2*pi)*ndtr(x)), which neither underflows nor cancels."""
    return sqrt(2 / _pi(x)) / erfcx(-x / sqrt(constant(2, (), x.dtype)))


log_ndtr: Primitive = elementwise(
    "log_ndtr",
    numpy="special.log_ndtr({0})",
    partials=(lambda x, out: _ratio(x),),
    derivative="sqrt(2/pi) / erfcx(-x/sqrt(2))",
    points=[*_MIXED, (-8.0,)],
    analytic=False,
    flops=30,
    source="DLMF 7.2.2, 7.17.2",
)

ndtri: Primitive = elementwise(
    "ndtri",
    numpy="special.ndtri({0})",
    partials=(lambda p, out: 1 / (p * _ratio(out)),),
    derivative="sqrt(pi/2) * erfcx(-ndtri(p)/sqrt(2))/p",
    points=_PROBABILITIES,
    safe=(0.5,),
    domain="0 < p < 1",
    analytic=False,
    flops=30,
    source="inverse of DLMF 7.17.2",
)

# --- Fresnel's integrals ----------------------------------------------------------------------------------------------


def _phase(x: Node) -> Node:
    return _pi(x) / 2 * integer_power(x, n=2)


fresnel: Primitive = several(
    "fresnel", ("s", "c"), lambda x, values: (sin(_phase(x)), cos(_phase(x))), source="DLMF 7.2.7, 7.2.8"
)

fresnels: Primitive = elementwise(
    "fresnels",
    numpy="special.fresnel({0})[0]",
    partials=(lambda x, out: sin(_phase(x)),),
    derivative="sin(pi*x**2/2)",
    points=_MIXED,
    analytic=False,
    flops=40,
    sympy="fresnels",
    lower=result_of(fresnel, 0),
    source="DLMF 7.2.8",
)

fresnelc: Primitive = elementwise(
    "fresnelc",
    numpy="special.fresnel({0})[1]",
    partials=(lambda x, out: cos(_phase(x)),),
    derivative="cos(pi*x**2/2)",
    points=_MIXED,
    analytic=False,
    flops=40,
    sympy="fresnelc",
    lower=result_of(fresnel, 1),
    source="DLMF 7.2.7",
)
