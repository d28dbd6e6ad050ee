"""Elliptic integrals of the third kind, complete and incomplete, of the characteristic n and the parameter m = k**2.

With y = 1 - m, p = 1 - n and I(p) = R_J(0, y, 1, p)/3 the complete one is ``I(p) + y/p*I(y/p)``, whose terms are
positive everywhere. So are those of its derivatives, or they leave most digits, but for one quotient of differences,
``D = (I(y) - I(p))/(m - n)``, which is a power series where n is near m. Nothing is singular at n = 0 or m = 0.

The incomplete one is the difference of two terms where n is negative, and loses digits as n goes to -infinity: half as
many as n has.

Not in here: second derivatives of the complete one, and the derivatives of the incomplete one in n and m, which are
refused.
"""

from __future__ import annotations

from fractions import Fraction

from symbackprop.ir.node import PI, Apply, Node
from symbackprop.ops.comparison import greater_equal, less, where
from symbackprop.ops.declare import Primitive, Refused
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.elliptic import delta_squared, ellipk, over_turns, rd_plain, rd_weighted
from symbackprop.ops.extrema import maximum
from symbackprop.ops.hypergeometric import hyp2f1
from symbackprop.ops.powers import sqrt
from symbackprop.ops.rounding import absolute
from symbackprop.ops.scipy_text import called, fixed_number
from symbackprop.ops.trigonometric import cos, sin

__all__ = ["elliptic_pi", "elliptic_pi_incomplete"]

_TWICE = Refused("n or m (a second derivative)")
_POINTS = [(0.3, 0.6), (-1.5, 0.4), (0.2, -2.0), (-3.0, -0.7)]  # where the textbook's derivatives have their digits
_NEAR = Fraction(1, 100)  # relative distance of n and m below which D is a series
_SERIES = 8  # terms that give 16 digits there

elliprj: Primitive = elementwise(
    "elliprj",
    numpy=called("elliprj", 4),
    partials=(Refused("its arguments"),) * 4,
    derivative="none",
    points=[(0.3, 1.0, 0.8, 0.5), (0.0, 2.0, 1.0, 3.0)],
    safe=(1.0, 1.0, 1.0, 1.0),
    domain="x, y, z >= 0, p > 0",
    public=False,
    analytic=False,
    flops=200,
    source="DLMF 19.16.2",
)

elliprf: Primitive = elementwise(
    "elliprf",
    numpy=called("elliprf", 3),
    partials=(Refused("its arguments"),) * 3,
    derivative="none",
    points=[(0.3, 1.0, 0.8), (0.0, 2.0, 1.0)],
    safe=(1.0, 1.0, 1.0),
    domain="x, y, z >= 0",
    public=False,
    analytic=False,
    flops=100,
    source="DLMF 19.16.1",
)


def _part(y: Node, p: Node) -> Node:
    """Return I(p)."""
    return elliprj(0, y, 1, p) / 3


# --- the quotient of differences --------------------------------------------------------------------------------------


def _weight(k: int) -> Fraction:
    """Return the k-th coefficient of the series over pi: B(1/2, k + 5/2)/(2*pi)."""
    ratio = Fraction(1, 2)
    for i in range(1, k + 3):
        ratio *= Fraction(2 * i - 1, 2 * i)
    return ratio


def _series(m: Node, ratio: Node) -> Node:
    """Return the sum of ``B(1/2, k + 5/2)/2 * 2F1(1/2, 1/2; k + 3; m) * ratio**k``."""

    def term(k: int) -> Node:
        return _weight(k) * hyp2f1(Fraction(1, 2), Fraction(1, 2), k + 3, m)

    total = term(_SERIES - 1)
    for k in range(_SERIES - 2, -1, -1):
        total = term(k) + ratio * total
    return PI * total


class _Differences:
    """D, and its mirror ``E = (I(y/p) - I(1))*p/(m - n)``, where n is near m from the same series.

    For m < 0 the series is that of E, in the parameter -m/y of DLMF 15.8.1; D follows from it.
    """

    def __init__(self, n: Node, m: Node) -> None:
        self.y, self.p = 1 - m, 1 - n
        self.gap = m - n
        self.positive = greater_equal(m, 0)
        self.known = fixed_number(m)  # of a number it is known already which way the series goes
        ratio = self._by_sign(-self.gap / self.y, self.gap / self.p)
        self.near = less(absolute(ratio), _NEAR)
        self.safe_gap = where(self.near, 1, self.gap)
        self.series = _series(self._by_sign(m, -m / self.y), where(self.near, ratio, 0))

    def _by_sign(self, above: Node, below: Node) -> Node:
        """Return `above` where m >= 0."""
        if self.known is not None:
            return above if self.known >= 0 else below
        return where(self.positive, above, below)

    def first(self) -> Node:
        """Return D."""
        y, p = self.y, self.p
        mirrored = (_part(y, p) - (_part(y, y / p) - self.series / sqrt(y)) / p) / y
        near = self._by_sign(self.series / (y * y), mirrored)
        return where(self.near, near, (rd_weighted(y) / 3 - _part(y, p)) / self.safe_gap)

    def mirror(self) -> Node:
        """Return E, for n < -1/2."""
        y, p = self.y, self.p
        return where(self.near, self.series / sqrt(y), (_part(y, y / p) - rd_plain(y) / 3) * (p / self.safe_gap))


# --- the complete integral --------------------------------------------------------------------------------------------


def _lower_complete(node: Apply) -> Node:
    n, m = node.args
    y, p = 1 - m, 1 - n
    return _part(y, p) + y / p * _part(y, y / p)


def _lower_slope_n(node: Apply) -> Node:
    n, m = node.args
    differences = _Differences(n, m)
    y, p = differences.y, differences.p
    above = ((1 - p / 2) * _part(y, p) + rd_plain(y) / 6 - n * y * differences.first() / 2) / p
    q = y / p
    rest = ellipk(m) - q * _part(y, q) / 2 - y * rd_weighted(y) / 6
    below = (rest + (y - q) * differences.mirror() / 2) / (p * p)
    return where(greater_equal(n, Fraction(-1, 2)), above, below)


def _lower_slope_m(node: Apply) -> Node:
    n, m = node.args
    differences = _Differences(n, m)
    y, p = differences.y, differences.p
    smaller = where(greater_equal(n, m), rd_weighted(y) / 3, _part(y, p))
    return (smaller + maximum(n, m) * differences.first()) / 2


elliptic_pi_slope_n: Primitive = elementwise(
    "elliptic_pi_slope_n",
    numpy="(special.ellipe({1}) + ({1} - {0}) / {0} * special.ellipk({1}) + ({0}**2 - {1}) / {0} * "
    "(special.ellipk({1}) + {0} / 3.0 * special.elliprj(0.0, 1.0 - {1}, 1.0, 1.0 - {0})))"
    " / (2.0 * ({1} - {0}) * ({0} - 1.0))",
    partials=(_TWICE, _TWICE),
    derivative="none",
    lower=_lower_slope_n,
    points=_POINTS,
    safe=(0.0, 0.0),
    domain="n < 1, m < 1",
    public=False,
    analytic=False,
    flops=1500,
    source="integration by parts of DLMF 19.16.2; 15.6.1 for the series",
)

elliptic_pi_slope_m: Primitive = elementwise(
    "elliptic_pi_slope_m",
    numpy="(special.ellipe({1}) / ({1} - 1.0) + special.ellipk({1}) + "
    "{0} / 3.0 * special.elliprj(0.0, 1.0 - {1}, 1.0, 1.0 - {0})) / (2.0 * ({0} - {1}))",
    partials=(_TWICE, _TWICE),
    derivative="none",
    lower=_lower_slope_m,
    points=_POINTS,
    safe=(0.0, 0.0),
    domain="n < 1, m < 1",
    public=False,
    analytic=False,
    flops=1500,
    source="partial fractions in DLMF 19.16.2; 15.6.1 for the series",
)

elliptic_pi: Primitive = elementwise(
    "elliptic_pi",
    numpy="special.elliprf(0.0, 1.0 - {1}, 1.0) + {0} / 3.0 * special.elliprj(0.0, 1.0 - {1}, 1.0, 1.0 - {0})",
    partials=(
        lambda n, m, out: elliptic_pi_slope_n(n, m),
        lambda n, m, out: elliptic_pi_slope_m(n, m),
    ),
    derivative="(E + (m - n)/n*K + (n**2 - m)/n*Pi)/(2*(m - n)*(n - 1)), (E/(m - 1) + Pi)/(2*(n - m))",
    lower=_lower_complete,
    points=_POINTS,
    safe=(0.0, 0.0),
    domain="n < 1, m < 1",
    analytic=False,
    flops=400,
    source="DLMF 19.25.2, 19.25.14; 19.4.4",
)


# --- the incomplete integral ------------------------------------------------------------------------------------------


def _lower_incomplete(node: Apply) -> Node:
    n, phi, m = node.args
    sine, cosine = sin(phi), cos(phi)
    third = n * (sine * sine * sine) / 3
    delta = delta_squared(phi, m)
    part = sine * elliprf(cosine * cosine, delta, 1) + third * elliprj(cosine * cosine, delta, 1, delta_squared(phi, n))
    return over_turns(phi, 2 * elliptic_pi(n, m), part)


def _incomplete_slope(n: Node, phi: Node, m: Node, out: Node) -> Node:
    return 1 / (delta_squared(phi, n) * sqrt(delta_squared(phi, m)))


elliptic_pi_incomplete: Primitive = elementwise(
    "elliptic_pi_incomplete",
    numpy="np.sin({1}) * special.elliprf(np.cos({1})**2, 1.0 - {2} * np.sin({1})**2, 1.0) + "
    "{0} * np.sin({1})**3 / 3.0 * "
    "special.elliprj(np.cos({1})**2, 1.0 - {2} * np.sin({1})**2, 1.0, 1.0 - {0} * np.sin({1})**2)",
    partials=(Refused("n"), _incomplete_slope, Refused("m")),
    derivative="1/((1 - n*sin(phi)**2)*sqrt(1 - m*sin(phi)**2)) in phi; none in n and m",
    lower=_lower_incomplete,
    points=[(0.3, 0.7, 0.6), (-1.5, 1.2, 0.4), (0.2, -0.5, -2.0)],
    safe=(0.0, 0.0, 0.0),
    domain="n < 1, m < 1",
    public=False,
    analytic=False,
    flops=400,
    source="DLMF 19.2.7, 19.25.14",
)
