"""Elliptic integrals of the first and second kind, complete and incomplete, of the parameter m = k**2.

The textbook's derivatives in m are differences of these integrals, which cancel for small m; Carlson's symmetric
integral R_D gives them in one piece. Not in here: integrals of the third kind (`elliptic_third`); second derivatives in
m of the incomplete ones, which are refused.
"""

from __future__ import annotations

from fractions import Fraction

from symbackprop.ir.node import PI, Apply, Node, constant
from symbackprop.ops.comparison import equal, less, where
from symbackprop.ops.declare import Primitive, Refused
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.powers import sqrt
from symbackprop.ops.rounding import absolute, remainder, rint
from symbackprop.ops.scipy_text import called, single
from symbackprop.ops.trigonometric import cos, sin

__all__ = [
    "delta_squared",
    "ellipe",
    "ellipeinc",
    "ellipk",
    "ellipkinc",
    "ellipkm1",
    "over_turns",
    "rd_plain",
    "rd_weighted",
]

_PARAMETERS = [(0.7,), (0.02,), (-1.3,), (0.99,)]
_COMPLEMENTS = [(0.3,), (0.995,), (2.3,), (0.01,)]
_TWICE = Refused("its parameter m, a second time")
_SERIES = 7  # terms that give 14 digits for abs(m) < 0.01


# --- Carlson's integral, with one argument free -----------------------------------------------------------------------


def _coefficient(n: int) -> Fraction:
    """Return n*(n - 1)/(2*n - 1) * ((2*n - 1)!!/(2*n)!!)**2."""
    ratio = Fraction(1)
    for i in range(1, n + 1):
        ratio *= Fraction(2 * i - 1, 2 * i)
    return Fraction(n * (n - 1), 2 * n - 1) * ratio**2


def _gap(p: Node) -> Node:
    """Return (R_D(0, 1, p) - R_D(0, p, 1)) / (6*m) with m = 1 - p; its power series where that cancels."""
    m = 1 - p
    near = less(absolute(m), 0.01)
    series: Node = constant(_coefficient(_SERIES + 1), p.shape, p.dtype)
    for n in range(_SERIES, 1, -1):
        series = _coefficient(n) + m * series
    return where(near, PI * series, (rd_weighted(p) - rd_plain(p)) / (6 * where(near, 1, m)))


rd_weighted: Primitive = elementwise(
    "rd_weighted",
    numpy=single("special.elliprd(0.0, 1.0, {0})"),
    partials=(lambda p, out: -(3 * (out - 2 * _gap(p)) / (2 * p)),),
    derivative="-3*(R_D(0, 1, p) - 2*D'(m))/(2*p), where D'(m) = (R_D(0, 1, p) - R_D(0, p, 1))/(6*m)",
    points=_COMPLEMENTS,
    safe=(1.0,),
    domain="p > 0",
    public=False,
    analytic=False,
    flops=150,
    source="DLMF 19.25.1, 19.4.1",
)

rd_plain: Primitive = elementwise(
    "rd_plain",
    numpy=single("special.elliprd(0.0, {0}, 1.0)"),
    partials=(lambda p, out: -3 * _gap(p),),
    derivative="-(R_D(0, 1, p) - R_D(0, p, 1))/(2*m), where m = 1 - p",
    points=_COMPLEMENTS,
    safe=(1.0,),
    domain="p > 0",
    public=False,
    analytic=False,
    flops=150,
    source="DLMF 19.25.1, 19.4.1",
)

elliprd: Primitive = elementwise(
    "elliprd",
    numpy=called("elliprd", 3),
    partials=(Refused("its arguments"), Refused("its arguments"), Refused("its arguments")),
    derivative="none",
    points=[(0.3, 1.0, 0.8), (0.0, 2.0, 1.0)],
    safe=(1.0, 1.0, 1.0),
    domain="x, y >= 0, z > 0",
    public=False,
    analytic=False,
    flops=150,
    source="DLMF 19.16.5",
)

# --- complete integrals -----------------------------------------------------------------------------------------------

ellipk: Primitive = elementwise(
    "ellipk",
    numpy="special.ellipk({0})",
    partials=(lambda m, out: rd_weighted(1 - m) / 6,),
    derivative="R_D(0, 1, 1 - m)/6, that is (ellipe(m) - (1 - m)*ellipk(m))/(2*m*(1 - m))",
    points=_PARAMETERS,
    safe=(0.0,),
    domain="m < 1",
    analytic=False,
    flops=50,
    sympy="elliptic_k",
    source="DLMF 19.4.1, 19.25.1",
)

ellipkm1: Primitive = elementwise(
    "ellipkm1",
    numpy="special.ellipkm1({0})",
    partials=(lambda p, out: -(rd_weighted(p) / 6),),
    derivative="-R_D(0, 1, p)/6",
    points=[(0.3,), (1.9,), (0.01,)],
    safe=(1.0,),
    domain="p > 0",
    analytic=False,
    flops=50,
    source="ellipkm1(p) = ellipk(1 - p), DLMF 19.4.1, 19.25.1",
)

ellipe: Primitive = elementwise(
    "ellipe",
    numpy="special.ellipe({0})",
    partials=(lambda m, out: -(rd_plain(1 - m) / 6),),
    derivative="-R_D(0, 1 - m, 1)/6, that is (ellipe(m) - ellipk(m))/(2*m)",
    points=_PARAMETERS,
    safe=(0.0,),
    domain="m <= 1",
    analytic=False,
    flops=50,
    sympy="elliptic_e",
    source="DLMF 19.4.2, 19.25.1",
)

# --- incomplete integrals ---------------------------------------------------------------------------------------------

_ARGUMENTS = [(0.7, 0.3), (-1.2, -2.0), (0.1, 0.9), (1.5, 1e-9)]
_INSIDE = "m < 1"


def delta_squared(phi: Node, m: Node) -> Node:
    """Return 1 - m*sin(phi)**2."""
    sine = sin(phi)
    return 1 - m * (sine * sine)


def over_turns(phi: Node, complete: Node, part: Node) -> Node:
    """Return an odd integral to phi: a part to the next multiple of pi, and complete ones for the half turns."""
    turns = rint(phi / PI)
    return where(equal(turns, 0), 0, turns * complete) + (1 - 2 * remainder(turns, 2)) * part


def _lower_first_slope(node: Apply) -> Node:
    phi, m = node.args
    sine, cosine = sin(phi), cos(phi)
    part = sine * sine * sine * elliprd(cosine * cosine, 1, delta_squared(phi, m))
    return over_turns(phi, 2 * rd_weighted(1 - m), part) / 6


def _lower_second_slope(node: Apply) -> Node:
    phi, m = node.args
    sine, cosine = sin(phi), cos(phi)
    part = sine * sine * sine * elliprd(cosine * cosine, delta_squared(phi, m), 1)
    return -(over_turns(phi, 2 * rd_plain(1 - m), part) / 6)


ellipkinc_slope: Primitive = elementwise(
    "ellipkinc_slope",
    numpy="np.sin({0})**3 * special.elliprd(np.cos({0})**2, 1.0, 1.0 - {1} * np.sin({0})**2) / 6.0",
    partials=(
        lambda phi, m, out: sin(phi) * sin(phi) / (2 * delta_squared(phi, m) * sqrt(delta_squared(phi, m))),
        _TWICE,
    ),
    derivative="sin(phi)**2/(2*(1 - m*sin(phi)**2)**1.5) in phi; none in m",
    lower=_lower_first_slope,
    points=_ARGUMENTS,
    safe=(0.0, 0.0),
    domain=_INSIDE,
    public=False,
    analytic=False,
    flops=200,
    source="DLMF 19.2.4, 19.25.5",
)

ellipeinc_slope: Primitive = elementwise(
    "ellipeinc_slope",
    numpy="np.sin({0})**3 * special.elliprd(np.cos({0})**2, 1.0 - {1} * np.sin({0})**2, 1.0) / -6.0",
    partials=(lambda phi, m, out: -(sin(phi) * sin(phi) / (2 * sqrt(delta_squared(phi, m)))), _TWICE),
    derivative="-sin(phi)**2/(2*sqrt(1 - m*sin(phi)**2)) in phi; none in m",
    lower=_lower_second_slope,
    points=_ARGUMENTS,
    safe=(0.0, 0.0),
    domain=_INSIDE,
    public=False,
    analytic=False,
    flops=200,
    source="DLMF 19.2.5, 19.25.10",
)

ellipkinc: Primitive = elementwise(
    "ellipkinc",
    numpy=called("ellipkinc"),
    partials=(
        lambda phi, m, out: 1 / sqrt(delta_squared(phi, m)),
        lambda phi, m, out: ellipkinc_slope(phi, m),
    ),
    derivative="1/sqrt(1 - m*sin(phi)**2), sin(phi)**3*R_D(cos(phi)**2, 1, 1 - m*sin(phi)**2)/6 for abs(phi) <= pi/2",
    points=_ARGUMENTS,
    safe=(0.0, 0.0),
    domain=_INSIDE,
    analytic=False,
    flops=100,
    sympy="elliptic_f",
    source="DLMF 19.2.4, 19.2.10",
)

ellipeinc: Primitive = elementwise(
    "ellipeinc",
    numpy=called("ellipeinc"),
    partials=(
        lambda phi, m, out: sqrt(delta_squared(phi, m)),
        lambda phi, m, out: ellipeinc_slope(phi, m),
    ),
    derivative="sqrt(1 - m*sin(phi)**2), -sin(phi)**3*R_D(cos(phi)**2, 1 - m*sin(phi)**2, 1)/6 for abs(phi) <= pi/2",
    points=_ARGUMENTS,
    safe=(0.0, 0.0),
    domain="m <= 1",
    analytic=False,
    flops=100,
    source="DLMF 19.2.5, 19.2.10",
)
